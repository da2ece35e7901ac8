import NIOCore
import RDB

/// What came out of a skimmer: the same however its input was split and however small its output was.
struct SkimRun {
    /// An event, or the bytes of a body between two of them.
    enum Item: Equatable {
        case event(RDBEvent)
        case body([UInt8])
    }

    private(set) var items: [Item] = []
    private(set) var error: RDBError?
    private var overflowed = false
    private var input = ByteBuffer()
    private var output = ByteBuffer()

    /// The body of a run over one value; nil if it was refused.
    var body: ByteBuffer? {
        guard error == nil else { return nil }
        return items.reduce(into: ByteBuffer()) { buffer, item in
            if case .body(let bytes) = item { buffer.writeBytes(bytes) }
        }
    }

    init(_ pieces: [ArraySlice<UInt8>], mode: RDBSkimmer.Mode, outputLimit: Int) throws {
        var skimmer = RDBSkimmer(mode: mode)
        do throws(RDBError) {
            var rest = pieces[...]
            while try step(&skimmer, &rest, mode, outputLimit) {}
            try skimmer.finish()
        } catch {
            self.error = error
            // How much of a refused value came out before is nobody's business.
            if case .body? = items.last { items.removeLast() }
        }
        try FuzzFinding.unless(!overflowed, "more output than was allowed")
    }

    /// One event; false at the end.
    private mutating func step(
        _ skimmer: inout RDBSkimmer,
        _ rest: inout ArraySlice<ArraySlice<UInt8>>,
        _ mode: RDBSkimmer.Mode,
        _ outputLimit: Int
    ) throws(RDBError) -> Bool {
        let event = try skimmer.next(&input, into: &output, outputLimit: outputLimit)
        if output.readableBytes > outputLimit { overflowed = true }
        takeOutput()
        switch event {
        case .needsInput:
            guard let piece = rest.popFirst() else { return false }
            input = ByteBuffer(bytes: piece)
            return true
        case .outputFull: return true
        case .end:
            items.append(.event(event))
            return false
        default:
            items.append(.event(event))
            // Who has a whole value gives all of it before he asks whether something follows.
            if event == .endRecord, mode != .stream, let last = rest.popLast() {
                for piece in rest + [last] { input.writeBytes(piece) }
                rest = []
            }
            return true
        }
    }

    private mutating func takeOutput() {
        guard output.readableBytes > 0 else { return }
        if case .body(let before)? = items.last {
            items[items.count - 1] = .body(before + output.readableBytesView)
        } else {
            items.append(.body(Array(output.readableBytesView)))
        }
        output.clear()
    }

    /// Where this run first differs from another; nil if it does not.
    func difference(from other: Self) -> String? {
        for (mine, theirs) in zip(items, other.items) where mine != theirs { return "\(mine) against \(theirs)" }
        let ends = [self, other].map { "\($0.items.count) items, \($0.reason)" }
        return ends[0] == ends[1] ? nil : "\(ends[0]) against \(ends[1])"
    }

    /// The error without its offset: that is where the reader stood when it saw that something is wrong, which may be a
    /// few bytes earlier if more had come.
    private var reason: String {
        guard let error else { return "no error" }
        return "\(error)".split(separator: " ").filter { !$0.allSatisfy { $0.isNumber || $0 == ":" } }
            .joined(separator: " ")
    }
}
