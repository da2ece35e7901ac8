import Foundation

/// What a finished process left.
package struct SubprocessResult: Sendable {
    package enum Termination: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    package let termination: Termination
    package let output: [UInt8]
    package let errors: [UInt8]

    package var outputText: String { String(decoding: output, as: UTF8.self) }
    package var errorText: String { String(decoding: errors, as: UTF8.self) }
    /// The exit code as a shell shows it: 128 and the number for a signal.
    package var exitCode: Int32 {
        switch termination {
        case .exited(let code): code
        case .signalled(let number): 128 + number
        }
    }
}

extension SubprocessResult: CustomStringConvertible {
    package var description: String {
        "\(termination)\n--- output\n\(outputText.suffix(4000))\n--- errors\n\(errorText.suffix(4000))"
    }
}

/// A process started by a test: it gets no descriptor but 0, 1 and 2, and dies with the test process.
///
/// Output and errors go to files, so that no pipe can fill up and stop it.
package final class Subprocess: Sendable {
    package let processID: Int32
    /// Where its output and its errors go.
    package let outputPath: String
    package let errorPath: String
    private let directory: TemporaryDirectory
    private let exit: ExitWatch

    /// Starts `path`; `environment` replaces the whole environment unless it is nil.
    package init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String]? = nil,
        workingDirectory: String? = nil,
        input: [UInt8] = []
    ) throws {
        directory = try TemporaryDirectory()
        outputPath = directory.path("output")
        errorPath = directory.path("errors")
        let inputPath = directory.path("input")
        try Data(input).write(to: URL(fileURLWithPath: inputPath))
        processID = try Spawn.start(
            path,
            arguments,
            environment: environment ?? ProcessInfo.processInfo.environment,
            workingDirectory: workingDirectory,
            files: [inputPath, outputPath, errorPath]
        )
        Reaper.shared.add(processID)
        exit = ExitWatch(processID)
    }

    deinit {
        if exit.termination == nil { Foundation.kill(processID, SIGKILL) }
    }

    /// Sends a signal, unless the process has ended.
    package func send(signal number: Int32) {
        exit.whileRunning { _ = Foundation.kill(processID, number) }
    }

    package var isRunning: Bool { exit.termination == nil }

    /// Waits for the end; a process that still runs after `limit` is killed, so that a test of it fails and ends.
    package func wait(atMost limit: Duration) async -> SubprocessResult {
        let watchdog = Task { [self] in
            try await Task.sleep(for: limit)
            print("killed after \(limit): process \(processID)")
            send(signal: SIGKILL)
        }
        defer { watchdog.cancel() }
        return await wait()
    }

    /// Waits for the end without occupying a thread of the tests.
    package func wait() async -> SubprocessResult {
        let termination = await exit.wait()
        return SubprocessResult(
            termination: termination,
            output: Self.contents(outputPath),
            errors: Self.contents(errorPath)
        )
    }

    /// Waits for the end and returns the largest resident size in bytes that was seen on the way, too.
    ///
    /// The kernel's own figure at the end (`ru_maxrss`) would count what this test process had at the spawn.
    package func waitMeasuringMemory() async throws -> (result: SubprocessResult, peakByteCount: UInt64) {
        var peak: UInt64 = 0
        while isRunning {
            peak = max(peak, Self.residentPeak(of: processID))
            try await Task.sleep(for: .milliseconds(3))
        }
        return (await wait(), peak)
    }

    /// `VmHWM` of a process; 0 when it is gone.
    private static func residentPeak(of processID: Int32) -> UInt64 {
        let status = String(decoding: contents("/proc/\(processID)/status"), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { UInt64($0) }
        return (kibibytes ?? 0) * 1024
    }

    /// What it has written so far.
    package var outputSoFar: String { String(decoding: Self.contents(outputPath), as: UTF8.self) }

    /// Starts a process and waits for its end.
    package static func run(
        _ path: String,
        _ arguments: [String],
        environment: [String: String]? = nil,
        workingDirectory: String? = nil,
        input: [UInt8] = []
    ) async throws -> SubprocessResult {
        try await Self(
            path,
            arguments,
            environment: environment,
            workingDirectory: workingDirectory,
            input: input
        ).wait()
    }

    /// The path of a program on PATH, nil if there is none.
    package static func find(_ name: String) -> String? {
        let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return directories.map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
    }

    private static func contents(_ path: String) -> [UInt8] {
        FileManager.default.contents(atPath: path).map { Array($0) } ?? []
    }
}
