import Dispatch

/// Runs the work on blocks on threads of its own, apart from those that all other tasks share.
///
/// Compressing a block takes some ten milliseconds, in which a thread of the shared pool would not serve the task
/// that reads the source; child tasks cannot be given a lower priority than the task that waits for them. Here the
/// operating system shares the cores between both, so that the source is read whenever there is something to read.
final class BlockExecutor: TaskExecutor {
    static let shared = BlockExecutor()

    private let queue = DispatchQueue(label: "rewarm.blocks", qos: .utility, attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async {
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
