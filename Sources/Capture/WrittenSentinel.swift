import ArchiveFormat
package import ArchiveIO
import Memcached
import NIOCore
import RDB
import RESP
package import SnapshotModel
package import Transport

/// A sentinel that stands in a source, with what explains that an archive does not have it.
package struct WrittenSentinel: Sendable {
    /// Of the node that it was written to.
    private let runID: String?
    /// Whether the node was so full that it may have evicted the key again.
    private let mayBeEvicted: Bool
    package let sentinel: SnapshotSentinel

    package init(_ sentinel: SnapshotSentinel, runID: String?, mayBeEvicted: Bool) {
        (self.sentinel, self.runID, self.mayBeEvicted) = (sentinel, runID, mayBeEvicted)
    }

    /// What was found in the archive, and what there is to say of it.
    package struct Judgement: Hashable, Sendable {
        package var sentinel: SnapshotSentinel
        /// Why the snapshot is suspicious.
        package var suspicion: String?
        package var warning: String?
    }

    /// Judges what an archive has of it; pure.
    package func judge(
        _ finding: SnapshotSentinel.Finding,
        _ opening: CaptureOpening,
        _ consistency: Consistency
    ) -> Judgement {
        var judgement = Judgement(sentinel: sentinel)
        judgement.sentinel.finding = finding
        switch finding {
        case .found, .undecided: break
        case .different:
            judgement.suspicion = "the sentinel has another value in the archive than was written to the source"
        case .missing:
            if let explanation = explanation(opening, consistency) {
                judgement.sentinel.finding = .undecided
                judgement.warning = "the sentinel is not in the archive, which proves nothing: \(explanation)"
            } else {
                judgement.suspicion =
                    "the sentinel is not in the archive: what was read is not the node that it was written to, or not at "
                    + "that time"
            }
        }
        return judgement
    }

    /// Nothing explains it of another node than the one that was written to.
    private func explanation(_ opening: CaptureOpening, _ consistency: Consistency) -> String? {
        guard let runID, opening.runID == runID else { return nil }
        if consistency.isPointInTime, consistency.to < sentinel.writtenAt {
            return "the source handed over data of before, which it was saving for another replica"
        }
        if consistency.to >= sentinel.deadline { return "it had expired when the source was read" }
        return mayBeEvicted ? "the source's memory is full, so that it may have evicted it" : nil
    }
}

extension SnapshotSentinel {
    /// Looks for it in an archive: `found`, `different` or `missing`.
    package func search(_ archive: ArchiveReader) async throws -> Finding {
        guard let record = try await archive.lookup(database: database, key: ByteBuffer(string: key)) else {
            return .missing
        }
        if archive.header.description.format.engine == .memcached { return finding(item: record) }
        var text = ByteBuffer()
        guard record.layout.type == Self.stringType, record.chain == nil,
            RDBString.write(record.layout.body(in: record.block.bytes), into: &text)
        else { return .different }
        return text == ByteBuffer(string: value) ? .found : .different
    }

    private func finding(item record: FoundRecord) -> Finding {
        var body = record.layout.body(in: record.block.bytes)
        guard record.chain == nil, (try? MemcachedItem(reading: &body)) != nil else { return .different }
        return body == ByteBuffer(string: value) ? .found : .different
    }

    /// Looks for it in a node; what the node answers instead is as good as another value.
    package func search(_ node: NodeConnection) async throws(TransportError) -> Finding {
        _ = try await node.command("SELECT", .number(Int64(database)))
        let reply = try await node.reply(to: ["GET", .text(key)])
        if reply.bytes == ByteBuffer(string: value) { return .found }
        return reply.isNull ? .missing : .different
    }

    /// `RDB_TYPE_STRING` of both engines (redis:src/rdb.h).
    private static let stringType: UInt8 = 0
}
