import ArchiveFormat
import NIOCore
import RDB
import SnapshotModel

// What becomes of a value in an RDB stream: there a value over several blocks goes along block by block, and no command
// can say it in another form.

extension RecordPump {
    /// The value in the form that the stream's format knows; nil if it goes as it is.
    ///
    /// `isWhole` is false for a value over several blocks: then `bytes` holds its beginning.
    func streamForm(
        of layout: RecordLayout,
        in bytes: ByteBuffer,
        isWhole: Bool,
        typeName: String,
        now: UnixMilliseconds
    ) -> Result<Rewritten?, Unsupported> {
        switch routes[layout.type] {
        case .restore:
            guard needsRewriting(layout.type, isWhole: isWhole) else { return .success(nil) }
            guard isWhole else { return .failure(.init(reason: .fieldDeadlines(typeName))) }
            return rewritten(layout, in: bytes, now: now).map { $0 }
        case .rewrite, .metadata:
            guard isWhole else { return .failure(.init(reason: .tooLargeToRewrite(typeName))) }
            return rewritten(layout, in: bytes, now: now).map { $0 }
        case .item, .typeCommands, .unsupported: return .failure(.init(reason: .unknownType(typeName)))
        }
    }

    /// When a hash is gone because its last field is; of one over several blocks nobody has seen all fields at once.
    func streamFieldEnd(
        _ layout: RecordLayout,
        _ bytes: ByteBuffer,
        isWhole: Bool,
        now: UnixMilliseconds
    ) -> DeadlineResolver.Resolution {
        guard isWhole else { return hasFieldDeadlines[Int(layout.type)] ? .at(UnixMilliseconds(1)) : .never }
        return fieldEnd(layout, bytes, now: now)
    }
}
