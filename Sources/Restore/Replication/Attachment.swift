package import SnapshotModel

/// A target that was told to replicate from here: what must be undone.
///
/// Journaled before the target is told, so that after a crash the next run, or an operator, knows.
package struct Attachment: Codable, Hashable, Sendable {
    package var snapshot: SnapshotID
    /// `host:port` or a socket's path.
    package var target: String
    package var targetRunID: String?
    /// What the target was told as its primary.
    package var host: String
    package var port: Int
    /// The target's `repl-diskless-load` before it was changed; nil if it was not.
    package var disklessLoad: String?
    package var startedAt: UnixMilliseconds
    package var processID: Int32

    package init(
        snapshot: SnapshotID,
        target: String,
        targetRunID: String?,
        host: String,
        port: Int,
        disklessLoad: String?,
        startedAt: UnixMilliseconds,
        processID: Int32
    ) {
        self.snapshot = snapshot
        self.target = target
        self.targetRunID = targetRunID
        self.host = host
        self.port = port
        self.disklessLoad = disklessLoad
        self.startedAt = startedAt
        self.processID = processID
    }

    /// What the target calls its primary, `host:port`.
    package var primary: String { "\(host):\(port)" }

    /// What an operator does to undo it by hand.
    package var remedy: String {
        let setting = disklessLoad.map { ", then CONFIG SET repl-diskless-load \($0)" } ?? ""
        return "run REPLICAOF NO ONE on \(target)\(setting)"
    }
}
