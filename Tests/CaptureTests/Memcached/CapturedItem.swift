import ArchiveFormat
import Capture
import ObjectStorage
import SnapshotModel
import TestSupport
import Testing
import Transport

/// An item's record, decoded by the format article alone: nothing of the module that wrote it is used.
struct CapturedItem: Hashable {
    var value: [UInt8]
    var clientFlags: UInt64
    var cas: UInt64?
    var slabClass: UInt64?
    var isFetched: Bool
    var isStale: Bool
    var hasSentWin: Bool
    var isBase64Key: Bool
    /// Unix milliseconds; nil for never.
    var deadline: Int64?
    var idleSeconds: UInt64?

    init(_ record: CapturedArchive.Record) throws {
        var rest = record.body[...]
        guard let marks = rest.popFirst() else { throw CancellationError() }
        #expect(marks < 64)
        clientFlags = try Self.varint(&rest)
        cas = marks & 8 != 0 ? try Self.varint(&rest) : nil
        slabClass = marks & 16 != 0 ? try Self.varint(&rest) : nil
        value = Array(rest)
        isFetched = marks & 1 != 0
        isStale = marks & 2 != 0
        hasSentWin = marks & 4 != 0
        isBase64Key = marks & 32 != 0
        deadline = if case .at(let instant) = record.expiry { instant.rawValue } else { nil }
        idleSeconds = if case .idle(let seconds) = record.access { seconds } else { nil }
        #expect(record.type == 0 && record.database == 0 && record.kind == .key)
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) throws -> UInt64 {
        var (value, shift) = (UInt64(0), UInt64(0))
        while true {
            guard let byte = bytes.popFirst() else { throw CancellationError() }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }
}

/// A crawl of a test's server into an archive, and what is in that.
struct CapturedCrawl {
    let archive: CapturedArchive
    let items: [[UInt8]: CapturedItem]

    var consistency: Consistency { archive.result.consistency }

    static func options(_ url: String) throws -> ConnectionOptions {
        ConnectionOptions(url: try NodeURL(url))
    }

    static func take(
        _ url: String,
        keysPerSecond: Int? = nil
    ) async throws -> Self {
        try await take(try options(url), keysPerSecond: keysPerSecond)
    }

    /// Fails if a key has more than one live record, or if the label's counts do not add up.
    static func take(_ options: ConnectionOptions, keysPerSecond: Int? = nil) async throws -> Self {
        let directory = try TemporaryDirectory()
        let session = try await CrawlCapture.open(
            options,
            keysPerSecond: keysPerSecond,
            spillingTo: ExternalSortSpill.Place(directory: directory.path)
        )
        let archive = try await CapturedArchive.take(session, codec: .none, in: directory)
        let items = try archive.keys.map { ($0.key, try CapturedItem($0)) }
        let byKey = Dictionary(items) { first, _ in first }
        #expect(byKey.count == items.count, "a key has more than one live record")
        let label = archive.result.consistency
        #expect(
            label.listedKeyCount == UInt64(items.count) + label.duplicateKeyCount + label.vanishedKeyCount
                + (label.unreadableKeyCount ?? 0)
        )
        #expect(archive.result.statistics.keyCount == UInt64(items.count))
        return Self(archive: archive, items: byKey)
    }
}
