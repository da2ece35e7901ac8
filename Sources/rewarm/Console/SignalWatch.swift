import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// SIGINT and SIGTERM as events: the first is told, the second ends the process at once.
///
/// Both are blocked in every thread and taken by the main thread, which does nothing but wait for them: no code runs
/// inside a signal handler. (`dispatch_main`, which an asynchronous `main` ends in, would start a thread that takes all
/// signals.) A child process inherits the block: whoever starts one resets the mask.
final class SignalWatch: Sendable {
    /// The one of this process, made at the start of the program.
    static let shared = SignalWatch()

    private let received = Mutex<ExitStatus?>(nil)
    private let events: AsyncStream<ExitStatus>
    private let continuation: AsyncStream<ExitStatus>.Continuation

    /// To be made before the process has a second thread.
    private init() {
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
        signal(SIGPIPE, SIG_IGN)
        var set = Self.watchedSignals()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// The signal that came, if one did.
    var status: ExitStatus? { received.withLock { $0 } }

    /// Waits for the first signal; nil if the task is cancelled before.
    func first() async -> ExitStatus? {
        for await status in events { return status }
        return nil
    }

    private static func watchedSignals() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        return set
    }

    /// Takes signals for as long as the process lives; to be called by the main thread.
    func waitForSignals() -> Never {
        var set = Self.watchedSignals()
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            let status: ExitStatus = number == SIGINT ? .interrupted : .terminated
            let isFirst = received.withLock { received in
                defer { received = received ?? status }
                return received == nil
            }
            guard isFirst else { _exit(status.rawValue) }
            continuation.yield(status)
        }
    }
}
