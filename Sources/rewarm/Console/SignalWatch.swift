import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// SIGINT, SIGTERM and SIGHUP as events: the first is told, the second ends the process at once.
///
/// A SIGHUP that is ignored (`nohup`) stays ignored. They are blocked in every thread and taken by the main thread, which does nothing but wait for them: no code runs
/// inside a signal handler. (`dispatch_main`, which an asynchronous `main` ends in, would start a thread that takes all
/// signals.) A child process inherits the block: whoever starts one resets the mask.
final class SignalWatch: Sendable {
    /// The one of this process, made at the start of the program.
    static let shared = SignalWatch()

    private let watchedSignals: sigset_t
    private let received = Mutex<ExitStatus?>(nil)
    private let events: AsyncStream<ExitStatus>
    private let continuation: AsyncStream<ExitStatus>.Continuation

    /// To be made before the process has a second thread.
    private init() {
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
        signal(SIGPIPE, SIG_IGN)
        var set = Self.signals(withHangUp: !Self.ignoresHangUp)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        watchedSignals = set
    }

    /// Whether whoever started this process wants it to outlive its terminal.
    private static var ignoresHangUp: Bool {
        let before = signal(SIGHUP, SIG_IGN)
        guard unsafeBitCast(before, to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self) else { return true }
        signal(SIGHUP, before)
        return false
    }

    /// The signal that came, if one did.
    var status: ExitStatus? { received.withLock { $0 } }

    /// Waits for the first signal; nil if the task is cancelled before.
    func first() async -> ExitStatus? {
        for await status in events { return status }
        return nil
    }

    private static func signals(withHangUp: Bool) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        if withHangUp { sigaddset(&set, SIGHUP) }
        return set
    }

    /// Takes signals for as long as the process lives; to be called by the main thread.
    func waitForSignals() -> Never {
        var set = watchedSignals
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            let status: ExitStatus = number == SIGINT ? .interrupted : number == SIGHUP ? .hungUp : .terminated
            let isFirst = received.withLock { received in
                defer { received = received ?? status }
                return received == nil
            }
            guard isFirst else { _exit(status.rawValue) }
            continuation.yield(status)
        }
    }
}
