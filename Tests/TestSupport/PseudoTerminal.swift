import Foundation
import Synchronization

/// A terminal that a process of a test is started on, and everything that the process writes to it.
package final class PseudoTerminal: Sendable {
    /// TIOCSPTLCK and TIOCGPTN of Linux (ioctl_tty(2)): the portable calls around them are not in the Glibc module.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    private let master: Int32
    private let transcript = Mutex<[UInt8]>([])

    /// Runs a program with standard input, output and errors on a new terminal of so many columns, and waits for its end.
    ///
    /// `meanwhile` is given the process while it runs.
    package static func run(
        _ path: String,
        _ arguments: [String],
        columnCount: Int,
        environment: [String: String],
        meanwhile: (_ processID: Int32, _ terminal: PseudoTerminal) async throws -> Void = { _, _ in }
    ) async throws -> (exitCode: Int32, transcript: String) {
        let terminal = try PseudoTerminal(columnCount: columnCount)
        let device = try terminal.devicePath
        // Held open until the process has the terminal: one without a writer is at its end.
        let held = open(device, O_RDWR | O_NOCTTY | O_CLOEXEC)
        let processID: pid_t
        do {
            processID = try Spawn.start(
                path,
                arguments,
                environment: environment,
                workingDirectory: nil,
                files: [device, device, device]
            )
        } catch {
            close(held)
            throw error
        }
        close(held)
        Reaper.shared.add(processID)
        let exit = ExitWatch(processID)
        async let isRead: Void = terminal.readToEnd()
        try await meanwhile(processID, terminal)
        let code: Int32 =
            switch await exit.wait() {
            case .exited(let code): code
            case .signalled(let number): 128 + number
            }
        await isRead
        return (code, terminal.text)
    }

    private init(columnCount: Int) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var isLocked: Int32 = 0
        guard master >= 0, ioctl(master, Self.setLock, &isLocked) == 0 else {
            throw TestSystemCallError(call: "open /dev/ptmx", number: errno)
        }
        var size = winsize()
        size.ws_col = UInt16(columnCount)
        size.ws_row = 24
        guard ioctl(master, UInt(TIOCSWINSZ), &size) == 0 else {
            throw TestSystemCallError(call: "ioctl", number: errno)
        }
    }

    deinit {
        close(master)
    }

    private var devicePath: String {
        get throws {
            var number: Int32 = 0
            guard ioctl(master, Self.getNumber, &number) == 0 else {
                throw TestSystemCallError(call: "ioctl", number: errno)
            }
            return "/dev/pts/\(number)"
        }
    }

    /// What was written so far.
    package var text: String {
        String(decoding: transcript.withLock { $0 }, as: UTF8.self)
    }

    /// Reads on a thread of its own until no process has the terminal any more.
    private func readToEnd() async {
        await withCheckedContinuation { (end: CheckedContinuation<Void, Never>) in
            Thread.detachNewThread { [self] in
                var buffer = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = read(master, &buffer, buffer.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { break }
                    transcript.withLock { $0 += buffer[..<count] }
                }
                end.resume()
            }
        }
    }
}
