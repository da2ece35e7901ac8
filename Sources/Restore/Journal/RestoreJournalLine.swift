package import ByteCoding
package import NIOCore
package import SnapshotModel

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the first line of a journal says: which restore it is of.
package struct RestoreJournalHeader: Codable, Hashable, Sendable {
    /// The newest form of journal that this program writes and reads.
    package static let currentVersion = 1

    package var version = Self.currentVersion
    package var snapshot: SnapshotID
    /// `host:port` or a socket's path.
    package var address: String
    package var node: JournaledNode
    /// The options that a later run must share, by their names.
    package var options: [String: String]
    /// The target's clock when the restore began: remaining lives are counted from it.
    package var start: UnixMilliseconds
    package var sampleSeed: UInt64
    /// Of the fingerprints of the sample's values; nil in journals that have none.
    package var sampleSecret: SipHasher.Secret?
    /// Whether the target held no keys when the restore began, so that its counts can be compared afterwards.
    package var wasEmpty: Bool
    /// `evicted_keys` of the target when the restore began.
    package var evictedBefore: UInt64
    /// Blocks in their order, and its fingerprint.
    package var blockCount: Int
    package var orderFingerprint: UInt64
}

/// By what a target is known again.
package struct JournaledNode: Codable, Hashable, Sendable {
    /// Of the server's process.
    package var runID: String?
    /// Of its data: a replica that is promoted keeps it as its second one.
    package var replicationID: String?
}

/// A line of a journal: what has come to pass since the line before.
///
/// ```
/// 16 hexadecimal digits: CRC-64 of the text | space | JSON | line feed
/// ```
/// A line that was torn by a crash is not there for a reader, nor is what stands behind it.
struct RestoreJournalLine: Codable, Sendable {
    /// Of the first line only.
    var header: RestoreJournalHeader?
    /// Windows whose answers are all in.
    var confirmed: [ConfirmedWindow] = []
    /// Units before this one may have been sent, by this run or an earlier one, when the next line is written.
    var reach = 0
    /// The target has become another process, and units from this one on are done again.
    var restart: Restart?

    struct Restart: Codable, Sendable {
        var node: JournaledNode
        var from: Int
    }

    private static let checksumDigitCount = 16

    func encode() throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = try encoder.encode(self)
        let checksum = text.withUnsafeBytes { CRC64.of($0) }
        let digits = String(checksum, radix: 16)
        var line = ByteBuffer()
        line.writeString(String(repeating: "0", count: Self.checksumDigitCount - digits.count) + digits + " ")
        line.writeBytes(text)
        line.writeString("\n")
        return line
    }

    /// Takes the next line from `bytes`; nil, and nothing taken, at the end or at a line that is not whole.
    static func next(in bytes: inout ByteBuffer) -> Self? {
        let view = bytes.readableBytesView
        guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = view[view.startIndex..<end]
        let digits = line.prefix(checksumDigitCount)
        let text = Data(line.dropFirst(checksumDigitCount + 1))
        guard line.dropFirst(checksumDigitCount).first == UInt8(ascii: " "),
            let checksum = UInt64(String(decoding: digits, as: UTF8.self), radix: 16),
            text.withUnsafeBytes({ CRC64.of($0) }) == checksum,
            let decoded = try? JSONDecoder().decode(Self.self, from: text)
        else { return nil }
        bytes.moveReaderIndex(forwardBy: end - view.startIndex + 1)
        return decoded
    }
}

/// What a journal has to say: where a restore can be continued.
package struct RestoreJournalContent: Sendable {
    package let header: RestoreJournalHeader
    /// By what the target was known last.
    package private(set) var node: JournaledNode
    /// Bytes of the lines that are whole: the next one goes there.
    package private(set) var byteCount: UInt64
    private(set) var confirmed: ConfirmedProgress
    private(set) var sample: [RestoreSample.Entry] = []
    /// Units before this one may have been sent.
    private(set) var reach = 0

    /// nil if there is no whole first line, or it is of a form that this program does not know.
    package init?(_ bytes: ByteBuffer) {
        var rest = bytes
        guard let first = RestoreJournalLine.next(in: &rest), let header = first.header,
            header.version == RestoreJournalHeader.currentVersion
        else { return nil }
        self.header = header
        node = header.node
        confirmed = ConfirmedProgress(start: header.start)
        byteCount = 0
        while let line = RestoreJournalLine.next(in: &rest) { apply(line) }
        byteCount = UInt64(bytes.readableBytes - rest.readableBytes)
    }

    private mutating func apply(_ line: RestoreJournalLine) {
        if let restart = line.restart {
            node = restart.node
            if restart.from == 0 {
                confirmed = ConfirmedProgress(start: header.start)
            } else if restart.from < confirmed.end {
                confirmed.dropUncertain()
            }
            sample.removeAll { $0.unit >= confirmed.end }
        }
        for window in line.confirmed where window.start == confirmed.end {
            confirmed.add(window)
            sample += window.sample.map { entry in
                var entry = entry
                // Nobody knows with which secret a run has made it that continued a journal without one.
                if header.sampleSecret == nil { entry.fingerprint = nil }
                return entry
            }
        }
        reach = line.reach
        // Many more than are ever used: the lowest ranks are the sample.
        if sample.count > 4 * RestoreSample.targetCount {
            sample = Array(sample.sorted { $0.rank < $1.rank }.prefix(RestoreSample.targetCount))
        }
    }

    /// Records that had their turn.
    package var handledRecordCount: UInt64 { confirmed.handledRecordCount }
}
