import Operations

/// Runs a command's work with signals watched and progress drawn, and turns its end into messages and an exit code.
struct VerbRunner<V: Verb> {
    private enum Event: Sendable {
        case finished(Result<VerbResult, any Error>)
        case signalled
        case drawn
    }

    let verb: V

    func run() async -> ExitStatus {
        let start = ContinuousClock.now
        let console = verb.output.makeConsole()
        let outcome = await perform(console)
        let status: ExitStatus
        var summary: JSONObject = ["command": .string(V.verb)]
        switch outcome {
        case .success(let result):
            status = result.failure.map { report($0, on: console) } ?? result.status
            summary.add(finish(status, start))
            summary.add(result.summary)
        case .failure(let error):
            status = report(error, on: console)
            summary.add(finish(status, start))
        }
        console.summary(summary)
        console.flush()
        return status
    }

    private func finish(_ status: ExitStatus, _ start: ContinuousClock.Instant) -> JSONObject {
        [
            "exitCode": .integer(Int64(status.rawValue)),
            "durationMilliseconds": .integer((ContinuousClock.now - start).milliseconds),
        ]
    }

    private func perform(_ console: Console) async -> Result<VerbResult, any Error> {
        let verb = verb
        return await withTaskGroup(of: Event.self) { group in
            group.addTask {
                do {
                    let result = try await verb.perform(console)
                    console.output.flush()
                    try console.checkOutput()
                    return .finished(.success(result))
                } catch {
                    return .finished(.failure(error))
                }
            }
            group.addTask {
                _ = await SignalWatch.shared.first()
                return .signalled
            }
            if let progress = console.progress {
                group.addTask {
                    await progress.run()
                    return .drawn
                }
            }
            var outcome: Result<VerbResult, any Error>?
            // The first signal cancels the work, which then ends with an error; or it was just done, and stays done.
            while let event = await group.next() {
                if case .finished(let result) = event { outcome = result }
                group.cancelAll()
            }
            return outcome ?? .failure(CancellationError())
        }
    }

    private func report(_ error: any Error, on console: Console) -> ExitStatus {
        if let signal = SignalWatch.shared.status {
            console.error(OperationError(.cancelled, "rewarm \(V.verb) was \(signal.meaning)"), status: signal)
            return signal
        }
        if error is Console.ReaderGone { return .readerGone }
        let failure = OperationError(describing: error)
        let status = ExitStatus(failure.kind)
        console.error(failure, status: status)
        return status
    }
}
