import Synchronization

/// A value that tasks share, and wait on until it lets them go on.
///
/// `perform` tries its closure under the lock; nil means "not yet": then the task sleeps until another one has
/// changed the value. Waiting ends with `CancellationError` if the task is cancelled.
final class Monitor<State: Sendable>: Sendable {
    private struct Guarded {
        var state: State
        /// Counts the changes, so that none between a failed try and falling asleep is missed.
        var version: UInt64 = 0
        var sleepers: [CheckedContinuation<Void, Never>] = []
    }

    private let guarded: Mutex<Guarded>

    init(_ state: State) {
        guarded = Mutex(Guarded(state: state))
    }

    /// Runs `attempt` until it gives a value.
    ///
    /// It may change the state only when it does, or throws.
    func perform<Value: Sendable>(_ attempt: (inout State) throws -> Value?) async throws -> Value {
        while true {
            let (value, version) = try guarded.withLock { guarded in
                (try attempt(&guarded.state), guarded.version)
            }
            if let value {
                wakeAll()
                return value
            }
            try Task.checkCancellation()
            await sleep(unlessChangedSince: version)
        }
    }

    /// Changes the state without waiting.
    func update(_ change: (inout State) -> Void) {
        guarded.withLock { change(&$0.state) }
        wakeAll()
    }

    /// Reads the state.
    func read<Value: Sendable>(_ value: (State) -> Value) -> Value {
        guarded.withLock { value($0.state) }
    }

    private func sleep(unlessChangedSince version: UInt64) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let hasChanged = guarded.withLock { guarded in
                    guard guarded.version == version else { return true }
                    guarded.sleepers.append(continuation)
                    return false
                }
                if hasChanged { continuation.resume() }
            }
        } onCancel: {
            wakeAll()
        }
    }

    private func wakeAll() {
        let sleepers = guarded.withLock { guarded in
            guarded.version &+= 1
            defer { guarded.sleepers = [] }
            return guarded.sleepers
        }
        for sleeper in sleepers {
            sleeper.resume()
        }
    }
}
