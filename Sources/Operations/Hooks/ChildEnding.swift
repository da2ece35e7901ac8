/// How a program that was started came to its end.
package enum ChildEnding: Hashable, Sendable {
    case exited(Int32)
    /// By a signal that was not ours.
    case signalled(Int32)
    /// It took longer than this and was ended.
    case timedOut(Duration)
    /// It was ended because the task that ran it was cancelled.
    case cancelled
    /// There never was a process.
    case notStarted(reason: String)

    /// Of a status as wait(2) gives it: the signal in the low seven bits, the exit code in the next byte.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7F
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xFF) : .signalled(signal)
    }
}
