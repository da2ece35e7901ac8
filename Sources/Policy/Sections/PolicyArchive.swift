package import ArchiveFormat

/// `archive:`, how snapshots are stored and labelled.
package struct PolicyArchive: PolicySection {
    package var codec = CodecRequest.standard
    package var tags: [String: String] = [:]

    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init(
            "codec",
            \.codec,
            .codec,
            example: "zstd:3",
            "How blocks are compressed: zlib:1 to zlib:9, zstd:1 to zstd:19, zlib:auto or zstd:auto, or none"
        ),
        .init("tags", \.tags, .labels, example: "{env: prod}", "Labels of each snapshot, to select by"),
    ]
}
