import ArchiveFormat
import ArgumentParser

/// `zlib[:1-9|auto]`, `zstd[:1-19|auto]` or `none`.
struct CodecArgument: ExpressibleByArgument, Hashable, Sendable {
    let codec: CodecRequest

    init(_ codec: CodecRequest) {
        self.codec = codec
    }

    init?(argument: String) {
        guard let codec = CodecRequest(argument) else { return nil }
        self.codec = codec
    }

    var defaultValueDescription: String { codec.description }
}

/// How a new snapshot is stored and labelled.
struct ArchiveOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("zlib[:1-9|auto], zstd[:1-19|auto] or none.", valueName: "codec"))
    var codec = CodecArgument(.standard)

    @Option(name: .customLong("tag"), help: ArgumentHelp("Label the snapshot; repeatable.", valueName: "k=v"))
    var tags: [TagArgument] = []

    var tagValues: [String: String] { Dictionary(tags.map { ($0.name, $0.value) }) { $1 } }
}
