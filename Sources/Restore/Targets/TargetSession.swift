package import SnapshotModel
package import Transport

/// A connection to the target of a restore: the URL's scheme says which store is there.
package struct TargetSession: Sendable {
    let store: any TargetStore

    /// Connects, and waits for a store that loads its dataset.
    package static func connect(_ options: ConnectionOptions) async throws(TransportError) -> Self {
        switch options.url.family {
        case .redis: Self(store: RedisStore(connection: try await NodeConnection.connect(options)))
        case .memcached:
            Self(store: MemcachedStore(connection: try await MemcachedConnection.connect(options), target: options))
        }
    }

    init(store: any TargetStore) {
        self.store = store
    }

    package var address: String { store.address }

    /// The connection for what only Redis and Valkey know; nil for another store.
    package var node: NodeConnection? { (store as? RedisStore)?.connection }

    /// What the plan is made of; writes nothing.
    package func survey(_ manifest: Manifest, _ options: RestoreOptions) async throws(TransportError) -> TargetFacts {
        try await store.survey(manifest, options)
    }

    /// The store's clock; nil where it does not tell.
    package func clock() async throws(TransportError) -> TargetClock? { try await store.clock() }

    package func close() async { await store.close() }
}
