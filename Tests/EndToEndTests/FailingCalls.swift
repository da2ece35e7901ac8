import Foundation
import TestSupport

/// What becomes of a system call; the raw values are the places in `kinds` of failing_calls.c.
enum FaultKind: Int, CaseIterable, Sendable {
    case inputOutputError
    case inputOutputErrorForGood
    case diskFull
    case diskFullForGood
    case denied
    case readOnlyForGood
    case outOfDescriptors
    case interrupted
    case shortened
    case connectionReset
    case connectionTimedOut
    /// SIGKILL just before the call.
    case death

    /// Nothing has failed: whoever reads and writes goes on.
    var isHarmless: Bool { self == .interrupted || self == .shortened }
}

/// The library that lets the n-th system call of a process fail: failing_calls.c, compiled once per run of the tests.
struct FailingCalls: Sendable {
    private static let reportByteCount = 4096
    private static let build = Task { try await compile() }

    private let directory: TemporaryDirectory
    private var library: String { directory.path("failing_calls.so") }

    static func library() async throws -> Self {
        try await build.value
    }

    private static func compile() async throws -> Self {
        let source = ProjectFile.root + "/Tests/EndToEndTests/FailingCalls/failing_calls.c"
        guard let compiler = Subprocess.find("clang") ?? Subprocess.find("cc") else {
            throw TestEnvironmentError.missingProgram("clang (it comes with the Swift toolchain)")
        }
        let built = Self(directory: try TemporaryDirectory())
        let arguments = ["-std=c17", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", built.library]
        let result = try await Subprocess.run(compiler, arguments + [source, "-ldl"])
        guard result.exitCode == 0 else { throw TestEnvironmentError.failed(compiler, result.errorText) }
        return built
    }

    /// The environment of a process whose `call`-th call of the kind on files below `root` or on sockets fails; with
    /// call 0 all are only counted.
    func environment(_ kind: FaultKind, call: UInt64, below root: String, report: String) throws -> [String: String] {
        try Data(count: Self.reportByteCount).write(to: URL(fileURLWithPath: report))
        return [
            "LD_PRELOAD": library,
            "REWARM_FAULT_ROOT": root,
            "REWARM_FAULT_KIND": String(kind.rawValue),
            "REWARM_FAULT_CALL": String(call),
            "REWARM_FAULT_REPORT": report,
        ]
    }

    /// What the library wrote about one process.
    struct Report {
        /// How many calls each kind applies to.
        let counts: [UInt64]
        let failureCount: UInt64
        /// The first that failed, "pwrite64 /repository/…".
        let name: String

        init(_ path: String) throws {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let numbers = bytes.withUnsafeBytes { bytes in
                (0...FaultKind.allCases.count).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
            }
            counts = Array(numbers.dropLast())
            failureCount = numbers[FaultKind.allCases.count]
            name = String(decoding: bytes.dropFirst(numbers.count * 8).prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
