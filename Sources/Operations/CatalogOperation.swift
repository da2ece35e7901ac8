package import Catalog

/// Makes the catalog anew, or compares it with the store.
package struct CatalogOperation: Sendable {
    package init() {}

    package func rebuild(_ context: OperationContext) async throws -> CatalogRebuild {
        context.progress(OperationProgress(.rebuilding))
        let rebuild = try await context.openRepositoryForWriting().rebuildCatalog()
        context.tell(rebuild.notices)
        return rebuild
    }

    package func check(_ context: OperationContext) async throws -> CatalogCheck {
        try await context.openRepositoryForWriting().checkCatalog()
    }
}
