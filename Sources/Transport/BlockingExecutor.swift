import Dispatch

/// Runs a task on a thread that may wait in system calls: the threads that all other tasks share are as many as cores,
/// and none of them should.
///
/// Each task that waits so needs one of its own.
package final class BlockingExecutor: TaskExecutor {
    private let queue: DispatchQueue

    /// `label` is what the thread is called.
    package init(label: String) {
        queue = DispatchQueue(label: label)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async {
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
