import Foundation

/// Kills what the tests started, and removes their directories, when the test process itself dies, however it dies.
///
/// A small shell reads "+ pid", "- pid", "+ /path" and "- /path" from a pipe; when it closes, what is left goes.
final class Reaper: Sendable {
    static let shared = Reaper()

    private static let script = """
        trap '' INT TERM HUP
        things=" "
        while read -r sign thing; do
          case "$sign" in
            +) things="$things$thing " ;;
            -) things="${things%% $thing *} ${things#* $thing }" ;;
          esac
        done
        for thing in $things; do case "$thing" in /*) ;; *) kill -9 "$thing" ;; esac; done
        for thing in $things; do case "$thing" in /tmp/rewarm-test-*|/dev/shm/rewarm-test-*) rm -rf "$thing" ;; esac; done
        """

    /// The writing end of the pipe, -1 if the shell could not be started.
    private let descriptor: Int32

    private init() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            descriptor = -1
            return
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let started = try? Spawn.start("/bin/sh", ["-c", Self.script], input: ends[0])
        close(ends[0])
        descriptor = started == nil ? -1 : ends[1]
    }

    func add(_ processID: pid_t) {
        tell("+ \(processID)\n")
    }

    func remove(_ processID: pid_t) {
        tell("- \(processID)\n")
    }

    func add(directory: String) {
        tell("+ \(directory)\n")
    }

    func remove(directory: String) {
        tell("- \(directory)\n")
    }

    private func tell(_ line: String) {
        guard descriptor >= 0 else { return }
        let bytes = Array(line.utf8)
        // A line is shorter than PIPE_BUF: written whole or not at all.
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
