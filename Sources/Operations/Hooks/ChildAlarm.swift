import Dispatch

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What wakes the supervisor of a child: a pipe into which a byte is written for each thing that happened.
///
/// Lives until the last of those who write and read is done with it, so that no descriptor is used after its end.
final class ChildAlarm: Sendable {
    enum Reason: UInt8, Sendable {
        /// The process has ended; it is not collected yet.
        case exited
        /// Nobody wants it any more.
        case cancelled
    }

    /// To be polled; the reasons are read by `reasons()`.
    let descriptor: Int32
    private let writing: Int32

    init() throws(SystemCallFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ChildLaunch.failure("pipe", errno) }
        (descriptor, writing) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(descriptor)
        close(writing)
    }

    /// Never blocks; a full pipe wakes as well as one byte more.
    func raise(_ reason: Reason) {
        var byte = reason.rawValue
        while write(writing, &byte, 1) < 0, errno == EINTR {}
    }

    /// What was raised since the last call.
    func reasons() -> Set<Reason> {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = read(descriptor, &bytes, bytes.count)
        return Set(bytes.prefix(max(0, count)).compactMap { Reason(rawValue: $0) })
    }

    /// Raises `exited` when the child has ended, and leaves it uncollected: until then no other process can get its
    /// number, so that no signal of ours meets a stranger.
    func watch(_ processID: Int32) {
        DispatchQueue(label: "rewarm.child-exit").async { [self] in
            var information = siginfo_t()
            while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            raise(.exited)
        }
    }
}
