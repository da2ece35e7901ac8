import Dispatch

/// A program that is run to its end, or to the end of its time.
///
/// ```
/// start it in a process group of its own, input a file in memory, output a pipe
/// until it has exited: read the output, keep its end
/// time over or cancelled: SIGTERM to the group, after the grace time SIGKILL to the group
/// collect it, and wait for nobody else who may still hold the pipe
/// ```
/// Why not the package swift-subprocess: on time-out it has to end the group, but read on until the grandchildren have
/// had their grace time; and a grandchild that keeps the pipe open must not keep us waiting for the end of the output.
/// Both are decisions in the middle of the loop that the package keeps to itself.
struct ChildProcess: Sendable {
    /// Program (a path, or a name that is looked for on PATH) and arguments.
    var arguments: [String]
    var environment: ChildEnvironment
    /// What it finds on standard input.
    var input: [UInt8]
    /// At most so many bytes of the end of its output are kept.
    var keptOutputByteCount: Int
    var timeLimit: Duration
    /// Between SIGTERM and SIGKILL.
    var grace: Duration
    /// nil for that of this process.
    var workingDirectory: String?

    /// How it ended, and the end of what it printed.
    struct End: Sendable {
        var ending: ChildEnding
        var output: [UInt8] = []
        var omittedOutputByteCount: UInt64 = 0
    }

    /// Runs it; occupies a thread of its own, none of the task's.
    func run(endsWhenCancelled: Bool) async -> End {
        let alarm: ChildAlarm
        do throws(SystemCallFailure) {
            alarm = try ChildAlarm()
        } catch {
            return End(ending: .notStarted(reason: error.description))
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DispatchQueue(label: "rewarm.child").async { continuation.resume(returning: supervise(alarm)) }
            }
        } onCancel: {
            if endsWhenCancelled { alarm.raise(.cancelled) }
        }
    }

    private func supervise(_ alarm: ChildAlarm) -> End {
        do throws(SystemCallFailure) {
            let child = try ChildLaunch(self).start()
            alarm.watch(child.processID)
            var supervision = ChildSupervision(child, self, alarm)
            return supervision.run()
        } catch {
            return End(ending: .notStarted(reason: error.description))
        }
    }
}

/// A system call that failed while a program was being started.
struct SystemCallFailure: Error, CustomStringConvertible {
    let description: String
}
