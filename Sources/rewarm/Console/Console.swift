import Operations

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Everything a command prints goes through here: results on standard output, the rest on standard error.
///
/// With `--json` every line is an object on standard output, and standard error stays empty.
final class Console: Sendable {
    /// Raised when results can no longer be written, because their reader is gone, as `head` is after ten lines.
    struct ReaderGone: Error {}

    let output: OutputDescriptor
    let errors: OutputDescriptor
    let isJSON: Bool
    let isQuiet: Bool
    let isVerbose: Bool
    let progress: ProgressDisplay?

    init(json: Bool, quiet: Bool, verbose: Bool, progressInterval: Duration?) {
        output = OutputDescriptor(1)
        errors = OutputDescriptor(2)
        isJSON = json
        isQuiet = quiet
        isVerbose = verbose
        progress = ProgressDisplay.choose(
            json: json,
            quiet: quiet,
            interval: progressInterval,
            output: output,
            errors: errors
        )
    }

    // MARK: Results

    /// One result: a JSON line of type `item`, or its text (with its own line feeds) for people.
    ///
    /// It is printed with `-q` as well: it is what was asked for.
    func item(_ object: @autoclosure () -> JSONObject, text: @autoclosure () -> String) throws {
        if isJSON { writeLine("item", object()) } else { writeResult { output.write(text()) } }
        try checkOutput()
    }

    /// The bytes that were asked for, as they are.
    func raw(_ bytes: some Sequence<UInt8>) throws {
        // No line feed ends them: a bar would be drawn over what stands there.
        if output.isTerminal { progress?.end() }
        writeResult { output.write(bytes: bytes) }
        try checkOutput()
    }

    /// Throws if something that was printed on standard output did not get there.
    func checkOutput() throws {
        switch output.failureNumber {
        case 0: return
        case EPIPE: throw ReaderGone()
        case let number:
            throw OperationError(.failure, "cannot write standard output: \(String(cString: strerror(number)))")
        }
    }

    /// A line about what was done: for people, unless they want quiet.
    func done(_ text: @autoclosure () -> String) {
        guard !isJSON, !isQuiet else { return }
        writeResult { output.write(text() + "\n") }
    }

    // MARK: Messages

    func notify(_ notice: OperationNotice) {
        switch notice.severity {
        case .warning: warning(notice.text)
        case .notice: status(notice.text)
        case .detail where isVerbose: status(notice.text)
        case .detail: break
        }
    }

    private func warning(_ text: String) {
        if isJSON {
            writeLine("warning", ["message": .string(text)])
        } else {
            writeMessage("warning: " + text)
        }
    }

    private func status(_ text: String) {
        if isJSON {
            writeLine("status", ["message": .string(text)])
        } else if !isQuiet {
            writeMessage(text)
        }
    }

    func error(_ failure: OperationError, status: ExitStatus) {
        if isJSON {
            var object: JSONObject = ["message": .string(failure.message), "kind": .string(failure.kind.rawValue)]
            if let hint = failure.hint { object.add("hint", .string(hint)) }
            object.add("exitCode", .integer(Int64(status.rawValue)))
            writeLine("error", object)
        } else {
            writeMessage("error: " + failure.message + (failure.hint.map { "\n  next: " + $0 } ?? ""))
        }
    }

    /// The last line of a JSON run.
    func summary(_ object: JSONObject) {
        if isJSON { writeLine("summary", object) }
    }

    func flush() {
        progress?.clear()
        output.flush()
        errors.flush()
    }

    // MARK: Lines

    private func writeMessage(_ text: String) {
        withoutBar {
            errors.write(Printable.text(text, keepingLineFeeds: true) + "\n")
            errors.flush()
        }
    }

    /// On a terminal a result shows at once, and never behind the bar that is drawn on the same screen.
    private func writeResult(_ write: () -> Void) {
        guard output.isTerminal else { return write() }
        withoutBar {
            write()
            output.flush()
        }
    }

    private func withoutBar(_ write: () -> Void) {
        if let progress { progress.withoutBar(write) } else { write() }
    }

    private func writeLine(_ type: String, _ members: JSONObject) {
        JSONLine.write(type, members, to: output)
        if type != "item" { output.flush() }
    }
}

/// The frame of every line that `--json` prints.
enum JSONLine {
    /// Grows only if a field changes its meaning; fields are only ever added.
    static let schema: Int64 = 1

    static func write(_ type: String, _ members: JSONObject, to output: OutputDescriptor) {
        var object: JSONObject = ["schema": .integer(schema), "type": .string(type)]
        object.add(members)
        output.write(object.text + "\n")
    }
}
