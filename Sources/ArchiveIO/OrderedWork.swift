import ArchiveFormat

/// Work on one input after the other, in several tasks.
protocol BlockWork: Sendable {
    associatedtype Input: Sendable
    associatedtype Output: Sendable

    /// Sends the inputs in their order.
    func feed(to inputs: BlockInputs<Input>) async throws

    /// Does the work on one input; `decoder` belongs to the task.
    func work(on input: Input, with decoder: BlockDecoder) async throws -> Output
}

/// Where `BlockWork.feed` sends its inputs; `send` waits while as many inputs wait as there are workers.
struct BlockInputs<Input: Sendable>: Sendable {
    fileprivate let queue: SequencedQueue<Input>
    fileprivate let count = Monitor<UInt64>(0)

    func send(_ input: Input) async throws {
        try await queue.send(input, at: count.read { $0 })
        count.update { $0 += 1 }
    }
}

/// Does `job` in `parallelism` child tasks beside `body`, which receives the results in the order of the inputs.
///
/// `body` may stop early: then the rest is cancelled. At most `parallelism` inputs and as many results wait.
func withOrderedResults<Work: BlockWork, Value>(
    of job: Work,
    parallelism: Int,
    body: (SequencedQueue<Work.Output>) async throws -> Value
) async throws -> Value {
    let inputs = BlockInputs<Work.Input>(queue: SequencedQueue(bound: parallelism))
    let outputs = SequencedQueue<Work.Output>(bound: parallelism)
    @Sendable func fail(_ error: any Error) {
        inputs.queue.fail(error)
        outputs.fail(error)
    }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask(executorPreference: BlockExecutor.shared) {
            do {
                try await job.feed(to: inputs)
                let count = inputs.count.read { $0 }
                inputs.queue.finish(count: count)
                outputs.finish(count: count)
            } catch {
                fail(error)
            }
        }
        for _ in 0..<parallelism {
            group.addTask(executorPreference: BlockExecutor.shared) {
                let decoder = BlockDecoder()
                do {
                    while let (sequence, input) = try await inputs.queue.receive() {
                        try await outputs.send(try await job.work(on: input, with: decoder), at: sequence)
                    }
                } catch {
                    fail(error)
                }
            }
        }
        defer {
            fail(CancellationError())
            group.cancelAll()
        }
        return try await body(outputs)
    }
}
