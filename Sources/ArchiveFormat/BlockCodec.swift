/// How a block is compressed.
package enum BlockCodec: Hashable, Sendable {
    case none
    /// A plain zlib stream (RFC 1950), levels 1 to 9.
    case zlib(level: Int)
    /// A Zstandard frame (RFC 8878), levels 1 to 19.
    case zstd(level: Int)

    /// What is used unless asked otherwise.
    package static let standard = Self.zlib(level: 1)

    package static let zlibLevels = 1...9
    package static let zstdLevels = 1...19

    /// Parses `none`, `zlib[:1-9]` or `zstd[:1-19]`; nil for anything else.
    ///
    /// Without a level it is 1.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let level = parts.count == 1 ? 1 : parts[1].allSatisfy(\.isNumber) ? Int(parts[1]) : nil
        switch (parts.first, level) {
        case ("none", 1?) where parts.count == 1: self = .none
        case ("zlib", let level?) where Self.zlibLevels.contains(level): self = .zlib(level: level)
        case ("zstd", let level?) where Self.zstdLevels.contains(level): self = .zstd(level: level)
        default: return nil
        }
    }

    /// The codec byte of a block's header.
    package var identifier: CodecIdentifier {
        switch self {
        case .none: .none
        case .zlib: .zlib
        case .zstd: .zstd
        }
    }

    /// The same method at its lowest level: what a capture falls back to before its source has to wait.
    package var fastest: Self {
        switch self {
        case .none: .none
        case .zlib: .zlib(level: Self.zlibLevels.lowerBound)
        case .zstd: .zstd(level: Self.zstdLevels.lowerBound)
        }
    }
}

extension BlockCodec: CustomStringConvertible {
    /// The form of `--codec`.
    package var description: String {
        switch self {
        case .none: "none"
        case .zlib(let level): "zlib:\(level)"
        case .zstd(let level): "zstd:\(level)"
        }
    }
}

/// The codec byte of a block's header.
package enum CodecIdentifier: UInt8, Hashable, Sendable, CaseIterable {
    /// The stored bytes are the raw bytes.
    case none = 0
    case zlib = 1
    case zstd = 2
}
