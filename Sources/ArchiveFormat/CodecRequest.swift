/// How blocks are to be compressed: always in the same way, or at the level that keeps up with the source.
package enum CodecRequest: Hashable, Sendable {
    case fixed(BlockCodec)
    /// `method` is `zlib` or `zstd`.
    case automatic(method: CodecIdentifier)

    /// What is used unless asked otherwise.
    package static let standard = Self.fixed(.standard)

    package static let none = Self.fixed(.none)
    package static func zlib(level: Int) -> Self { .fixed(.zlib(level: level)) }
    package static func zstd(level: Int) -> Self { .fixed(.zstd(level: level)) }

    /// Parses `zlib:auto`, `zstd:auto`, or what `BlockCodec` parses; nil for anything else.
    package init?(_ text: some StringProtocol) {
        switch text {
        case "zlib:auto": self = .automatic(method: .zlib)
        case "zstd:auto": self = .automatic(method: .zstd)
        default:
            guard let codec = BlockCodec(text) else { return nil }
            self = .fixed(codec)
        }
    }

    /// What the first block is compressed with.
    package var firstCodec: BlockCodec {
        switch self {
        case .fixed(let codec): codec
        case .automatic(.zlib): .zlib(level: BlockCodec.automaticLevels.lowerBound)
        case .automatic: .zstd(level: BlockCodec.automaticLevels.lowerBound)
        }
    }
}

extension CodecRequest: CustomStringConvertible {
    /// The form of `--codec`.
    package var description: String {
        switch self {
        case .fixed(let codec): codec.description
        case .automatic(.zlib): "zlib:auto"
        case .automatic: "zstd:auto"
        }
    }
}

extension BlockCodec {
    /// Between these an automatic level moves: above, a block of 1 MiB takes so long that the source would wait before
    /// the next one can be made faster.
    package static let automaticLevels = 1...9

    /// The same method at another level.
    package func atLevel(_ level: Int) -> Self {
        switch self {
        case .none: .none
        case .zlib: .zlib(level: level)
        case .zstd: .zstd(level: level)
        }
    }
}
