import NIOCore
import ObjectStorage
import Restore
import SnapshotModel
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Which targets were told to replicate from this host, in the user's state directory: one file per target.
///
/// A file is there from before the target is told until after it is detached. One that stays is of a run that was
/// killed; its target replicates from an address where nobody answers any more.
struct AttachmentJournal: Sendable {
    /// The directory; nil where there is no home, and nothing can be kept.
    private let directory: String?
    private let operations = FileOperations(PosixFileSystem())

    init(_ directories: UserDirectories) {
        directory = directories.state.map { $0 + "/attached" }
    }

    /// Notes a target that is about to be told; nil if nothing can be kept.
    ///
    /// - Returns: what tells others, for as long as it is held, that the run is alive
    func begin(_ attachment: Attachment) throws -> OpenFile? {
        guard let directory else { return nil }
        do {
            try operations.makeDirectories(directory)
        } catch {
            throw OperationError(
                .denied,
                "cannot keep a journal in '\(directory)': \(error)",
                hint: "make it writable, or choose another directory with XDG_STATE_HOME"
            )
        }
        let path = path(of: attachment.target, in: directory)
        let file = try ReplacingFile(path: path)
        try file.append(ByteBuffer(bytes: try JSONEncoder().encode(attachment)))
        try file.finish()
        let sign = try operations.open(path, .readWrite)
        _ = try operations.tryLock(sign, .exclusive)
        return sign
    }

    /// The target is detached.
    func end(_ attachment: Attachment) {
        guard let directory else { return }
        _ = try? operations.unlinkIfPresent(path(of: attachment.target, in: directory))
    }

    /// What a run told the server of these facts and did not undo, and whether that run is alive; nil if none did.
    ///
    /// A server is known by whom it replicates from, or, once it does not any more, by its run id.
    func attachment(of target: TargetFacts) -> (attachment: Attachment, isAlive: Bool)? {
        guard let directory else { return nil }
        for name in (try? operations.names(in: directory)) ?? [] where name.hasSuffix(".json") {
            guard let file = try? operations.open(directory + "/" + name, .readWrite) else { continue }
            defer { file.close() }
            guard let bytes = read(file),
                let found = try? JSONDecoder().decode(Attachment.self, from: Data(bytes.readableBytesView)),
                target.isReplica ? found.primary == target.primary : found.targetRunID == target.runID
            else { continue }
            let isFree = (try? operations.tryLock(file, .exclusive)) ?? true
            return (found, isAlive: !isFree)
        }
        return nil
    }

    private func read(_ file: OpenFile) -> ByteBuffer? {
        guard let status = try? operations.status(of: file), status.byteCount < 1 << 20 else { return nil }
        return try? operations.read(file, offset: 0, byteCount: Int(status.byteCount))
    }

    /// The target's address with what no file name may hold escaped.
    private func path(of target: String, in directory: String) -> String {
        let name = target.utf8.map { byte -> String in
            let isPlain = byte.isLetterOrDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
            return isPlain ? String(UnicodeScalar(byte)) : "_" + String(byte, radix: 16)
        }
        return directory + "/" + name.joined() + ".json"
    }
}

extension AttachmentJournal {
    /// What the engine is given.
    func engineJournal(_ context: OperationContext) -> ReplicationEngine.Journal {
        let sign = Mutex<OpenFile?>(nil)
        return ReplicationEngine.Journal(
            begin: { attachment in
                let opened = try begin(attachment)
                sign.withLock { $0 = opened }
                guard opened == nil else { return }
                context.warn("there is no home directory: if this run is killed, no later one will know of it")
            },
            end: { attachment in
                end(attachment)
                sign.withLock { $0 = nil }
            }
        )
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
