import Operations
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Shows how far the operation is: a bar on a terminal, lines at an interval where they were asked for.
final class ProgressDisplay: Sendable {
    enum Style: Sendable {
        /// A line that is drawn over, on standard error.
        case bar
        /// Lines on standard error.
        case lines
        /// Lines of type `status` on standard output.
        case json
    }

    private struct State {
        var latest: OperationProgress?
        var meter = ProgressMeter()
        var isDrawn = false
        /// Nothing is drawn any more.
        var isOver = false
    }

    let interval: Duration
    private let style: Style
    private let output: OutputDescriptor
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// nil where nothing is to be shown: silence is what a log wants.
    static func choose(
        json: Bool,
        quiet: Bool,
        interval: Duration?,
        output: OutputDescriptor,
        errors: OutputDescriptor
    ) -> ProgressDisplay? {
        if json { return interval.map { ProgressDisplay(.json, interval: $0, output: output) } }
        if let interval { return ProgressDisplay(.lines, interval: interval, output: errors) }
        guard !quiet, errors.isTerminal, canRedraw else { return nil }
        return ProgressDisplay(.bar, interval: .milliseconds(200), output: errors)
    }

    /// False on a terminal that says of itself that it knows no control sequences.
    private static var canRedraw: Bool {
        guard let name = getenv("TERM") else { return false }
        return strcmp(name, "dumb") != 0 && name.pointee != 0
    }

    private init(_ style: Style, interval: Duration, output: OutputDescriptor) {
        self.style = style
        self.interval = interval
        self.output = output
    }

    func update(_ progress: OperationProgress) {
        state.withLock { $0.latest = progress }
    }

    /// Draws until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: interval)
            if !Task.isCancelled { draw() }
        }
    }

    /// Takes the bar off the terminal, so that a line can be written.
    func clear() {
        withoutBar {}
    }

    /// Takes the bar off the terminal and keeps it off until `write` is done.
    func withoutBar(_ write: () -> Void) {
        state.withLock { state in
            if state.isDrawn {
                state.isDrawn = false
                output.write("\r\u{1B}[K")
                output.flush()
            }
            write()
        }
    }

    /// Draws nothing from here on.
    func end() {
        clear()
        state.withLock { $0.isOver = true }
    }

    private func draw() {
        state.withLock { state in
            guard !state.isOver, let progress = state.latest else { return }
            let elapsed = (ContinuousClock.now - start).milliseconds
            let reading = state.meter.read(progress, at: elapsed)
            switch style {
            case .bar:
                let line = ProgressText.bar(progress, reading, columnCount: output.columnCount)
                output.write("\r" + line + "\u{1B}[K")
                state.isDrawn = true
            case .lines: output.write(ProgressText.line(progress, reading) + "\n")
            case .json: JSONLine.write("status", ProgressText.json(progress, reading, elapsed), to: output)
            }
            output.flush()
        }
    }
}
