/// A bounded queue between tasks whose elements have sequence numbers and leave it in that order.
///
/// Producers may deliver out of order; one that is further ahead than the bound waits, and the one whose element is
/// next never does.
final class SequencedQueue<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var slots: [UInt64: Element] = [:]
        /// The sequence number of the next element to leave.
        var next: UInt64 = 0
        /// The number of elements in all, once it is known.
        var count: UInt64?
        var failure: (any Error)?
    }

    /// The most elements that wait, gaps for those that are not there yet included.
    private let bound: UInt64
    private let monitor = Monitor(State())

    init(bound: Int) {
        self.bound = UInt64(bound)
    }

    /// Delivers an element; waits while it is further ahead than the bound.
    ///
    /// Throws what the queue failed with.
    func send(_ element: consuming Element, at sequence: UInt64) async throws {
        // Moved, so that whoever receives it has the only reference to its memory.
        var waiting: Element? = element
        try await monitor.perform { [bound] state in
            if let failure = state.failure { throw failure }
            guard sequence < state.next + bound else { return nil as Void? }
            state.slots[sequence] = waiting.take()
            return ()
        }
    }

    /// The next element; nil after the last one.
    ///
    /// Throws what the queue failed with.
    func receive() async throws -> (sequence: UInt64, element: Element)? {
        let received: (sequence: UInt64, element: Element)?? = try await monitor.perform { state in
            if let failure = state.failure { throw failure }
            if let element = state.slots.removeValue(forKey: state.next) {
                defer { state.next += 1 }
                return .some((state.next, element))
            }
            return state.count.map { state.next >= $0 } ?? false ? .some(nil) : nil
        }
        return received ?? nil
    }

    /// States how many elements there are in all.
    func finish(count: UInt64) {
        monitor.update { $0.count = count }
    }

    /// Makes every `send` and `receive` throw; the first failure stays.
    func fail(_ error: any Error) {
        monitor.update { state in
            state.failure = state.failure ?? error
            state.slots = [:]
        }
    }

    /// True if an element with this sequence number would have to wait.
    func isFull(at sequence: UInt64) -> Bool {
        monitor.read { [bound] in sequence >= $0.next + bound }
    }

    /// Elements that wait to be received.
    var waitingCount: Int { monitor.read { $0.slots.count } }

    /// True if at most one more element has room: whoever takes one should hurry.
    var isCrowded: Bool {
        monitor.read { [bound] in UInt64($0.slots.count) + 1 >= bound }
    }
}
