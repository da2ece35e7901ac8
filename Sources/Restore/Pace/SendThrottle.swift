import Synchronization

/// Holds the connections of a restore back: to the rates that were asked for, and to what the target bears.
///
/// The lanes wait on it before they write; `TargetPulse` feeds it.
package final class SendThrottle: Sendable {
    /// How far a restore was held back to keep its target quick.
    package struct Slowing: Hashable, Sendable {
        /// Time in which a connection waited for it.
        package var duration: Duration
        /// Readings of the target that made it slower.
        package var slowdownCount: UInt64
        package var highestLatency: Duration
    }

    /// The longest sleep before the allowance is looked at again: it may have risen.
    private static let longestSleep = Duration.milliseconds(100)

    private struct State {
        var pacer: RatePacer?
        var control: LatencyControl?
        /// Bytes sent that the allowance has not paid for yet, at that moment.
        var debt = 0.0
        var paidAt = ContinuousClock.now
        var sentByteCount: UInt64 = 0
        var observedAt = ContinuousClock.now
        var observedByteCount: UInt64 = 0
        var slowedDuration = Duration.zero

        /// What is left to wait until earlier bytes are paid for, at most `longestSleep`.
        mutating func delay(at now: ContinuousClock.Instant) -> Duration {
            guard let allowance = control?.allowance else {
                debt = 0
                paidAt = now
                return .zero
            }
            debt = max(0, debt - allowance * (now - paidAt).seconds)
            paidAt = now
            return min(SendThrottle.longestSleep, .seconds(debt / allowance))
        }
    }

    private let state: Mutex<State>

    /// Without a limit and a pacer it holds nothing back.
    package init(pacer: RatePacer?, control: LatencyControl?) {
        state = Mutex(State(pacer: pacer, control: control))
    }

    /// nil if nothing watched the target.
    package var slowing: Slowing? {
        state.withLock { state in
            state.control.map {
                Slowing(
                    duration: state.slowedDuration,
                    slowdownCount: $0.slowdownCount,
                    highestLatency: $0.highestLatency
                )
            }
        }
    }

    /// Waits until so much may be sent.
    func wait(recordCount: Int, byteCount: Int) async throws(CancellationError) {
        let moment = state.withLock { state in
            state.pacer?.moment(toSend: recordCount, byteCount: byteCount, now: .now)
        }
        if let moment, moment > .now { try await Self.sleep(until: moment) }
        while true {
            let delay = state.withLock { $0.delay(at: .now) }
            guard delay > .zero else { break }
            let start = ContinuousClock.now
            try await Self.sleep(until: start + delay)
            state.withLock { $0.slowedDuration += start.duration(to: .now) }
        }
        state.withLock { state in
            state.debt += Double(byteCount)
            state.sentByteCount += UInt64(byteCount)
        }
    }

    /// Takes a reading of the target.
    func observe(_ reading: LatencyControl.Reading) {
        state.withLock { state in
            let now = ContinuousClock.now
            let seconds = max((now - state.observedAt).seconds, 1e-3)
            let rate = Double(state.sentByteCount - state.observedByteCount) / seconds
            state.observedAt = now
            state.observedByteCount = state.sentByteCount
            state.control?.observe(reading, rate: rate)
        }
    }

    private static func sleep(until moment: ContinuousClock.Instant) async throws(CancellationError) {
        do {
            try await Task.sleep(until: moment, clock: .continuous)
        } catch {
            throw CancellationError()
        }
    }
}

extension Duration {
    fileprivate var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
