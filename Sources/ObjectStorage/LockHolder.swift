package import SnapshotModel

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Who holds a lock, as its holder file tells: for people, never for decisions.
package struct LockHolder: Hashable, Sendable {
    package var processID: Int32
    package var host: String
    /// What the process does ("snapshot cache-1"); no secrets, the file is readable.
    package var command: String
    package var since: UnixMilliseconds

    package init(processID: Int32, host: String, command: String, since: UnixMilliseconds) {
        self.processID = processID
        self.host = host
        self.command = command
        self.since = since
    }

    /// This process.
    package static func current(command: String, now: UnixMilliseconds) -> Self {
        var name = [CChar](repeating: 0, count: 256)
        let isNamed = gethostname(&name, name.count - 1) == 0
        let host = isNamed ? name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } : nil
        return Self(processID: getpid(), host: host ?? "unknown", command: command, since: now)
    }

    /// The text of a holder file: one `name: value` a line.
    package var fileText: String {
        "pid: \(processID)\nhost: \(host)\ncommand: \(command)\nsince: \(since)\n"
    }

    /// Reads a holder file; nil if it is not one (its writer may have crashed half way).
    package init?(fileText: String) {
        var fields: [Substring: Substring] = [:]
        for line in fileText.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
        }
        guard let processID = fields["pid"].flatMap({ Int32($0) }), let host = fields["host"],
            let command = fields["command"], let since = fields["since"].flatMap({ UnixMilliseconds(rfc3339: $0) })
        else { return nil }
        self.init(processID: processID, host: String(host), command: String(command), since: since)
    }
}

extension LockHolder: CustomStringConvertible {
    package var description: String { "\(command) (pid \(processID) on \(host), since \(since.tableText))" }
}
