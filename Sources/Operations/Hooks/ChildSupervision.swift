#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The life of one child, from its start until it is collected.
struct ChildSupervision {
    private enum Phase {
        case running(until: ContinuousClock.Instant)
        /// SIGTERM was sent.
        case ending(until: ContinuousClock.Instant)
        /// SIGKILL was sent.
        case killed(until: ContinuousClock.Instant)

        var deadline: ContinuousClock.Instant {
            switch self {
            case .running(let deadline), .ending(let deadline), .killed(let deadline): deadline
            }
        }
    }

    /// After SIGKILL only a process that hangs in the kernel stays; it is given up then.
    private static let killPatience = Duration.seconds(5)
    /// What a child left in the pipe at its end is at most what a pipe holds; who prints on is not listened to.
    private static let lastReadByteCount = 1 << 20

    private let child: StartedChild
    private let process: ChildProcess
    private let alarm: ChildAlarm
    private var phase: Phase
    private var tail: OutputTail
    private var isOutputOpen = true
    private var hasExited = false
    /// Why it was ended, if it was.
    private var reason: ChildEnding?

    init(_ child: StartedChild, _ process: ChildProcess, _ alarm: ChildAlarm) {
        self.child = child
        self.process = process
        self.alarm = alarm
        phase = .running(until: .now + process.timeLimit)
        tail = OutputTail(limit: process.keptOutputByteCount)
    }

    mutating func run() -> ChildProcess.End {
        defer { close(child.output) }
        while !isOver {
            wait()
            if ContinuousClock.now >= phase.deadline { advance() }
        }
        readOutput(atMost: Self.lastReadByteCount)
        // Those of its group that are left had their time, too.
        if reason != nil { kill(-child.processID, SIGKILL) }
        let ending = collect()
        return ChildProcess.End(
            ending: reason ?? ending,
            output: tail.kept,
            omittedOutputByteCount: tail.omittedByteCount
        )
    }

    /// A child that ended by itself is over at once.
    ///
    /// One that was told to end is over when the others who print into
    /// its pipe are gone, too, or were killed.
    private var isOver: Bool {
        switch phase {
        case .running: hasExited
        case .ending: hasExited && !isOutputOpen
        case .killed(let deadline): hasExited || ContinuousClock.now >= deadline
        }
    }

    /// Waits for output, for the end of the child, for a cancellation, or for the end of the phase.
    private mutating func wait() {
        var events = [pollfd(fd: alarm.descriptor, events: Int16(POLLIN), revents: 0)]
        if isOutputOpen { events.append(pollfd(fd: child.output, events: Int16(POLLIN), revents: 0)) }
        let milliseconds = max(0, (phase.deadline - ContinuousClock.now).milliseconds + 1)
        let count = poll(&events, nfds_t(events.count), Int32(clamping: milliseconds))
        guard count > 0 else { return }
        if events.count > 1, events[1].revents != 0 { readOutput(atMost: 256 << 10) }
        guard events[0].revents != 0 else { return }
        let reasons = alarm.reasons()
        if reasons.contains(.exited) { hasExited = true }
        if reasons.contains(.cancelled), case .running = phase, !hasExited { end(because: .cancelled) }
    }

    private mutating func advance() {
        switch phase {
        case .running:
            if !hasExited { end(because: .timedOut(process.timeLimit)) }
        case .ending:
            kill(-child.processID, SIGKILL)
            phase = .killed(until: .now + Self.killPatience)
        case .killed: break
        }
    }

    private mutating func end(because reason: ChildEnding) {
        self.reason = reason
        kill(-child.processID, SIGTERM)
        phase = .ending(until: .now + process.grace)
    }

    private mutating func readOutput(atMost limit: Int) {
        var readByteCount = 0
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            while isOutputOpen, readByteCount < limit {
                let count = read(child.output, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN { return }
                guard count > 0 else {
                    isOutputOpen = false
                    return
                }
                tail.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                readByteCount += count
            }
        }
    }

    /// Frees the process's number; one that hangs in the kernel stays until this process ends.
    private func collect() -> ChildEnding {
        var status: Int32 = 0
        while waitpid(child.processID, &status, hasExited ? 0 : WNOHANG) < 0, errno == EINTR {}
        return ChildEnding(waitStatus: status)
    }
}
