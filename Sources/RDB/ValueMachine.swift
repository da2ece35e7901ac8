import ByteCoding

/// Where a run of the machine reads and writes: memory that the caller holds for the time of the call.
struct MachineWindow {
    var next: UnsafeRawPointer
    let end: UnsafeRawPointer
    var write: UnsafeMutableRawPointer
    let limit: UnsafeMutableRawPointer

    @inline(__always) var inputLeft: Int { end - next }
    @inline(__always) var outputLeft: Int { limit - write }
}

/// How a run of the machine ended.
enum MachineStatus: Equatable {
    case done
    /// All input was used.
    case needsInput
    case outputFull
    /// The metadata of a key ended; a value of this type follows.
    case innerType(UInt8)
    case failed(RDBFault)
}

/// Passes one value from input to output, step by step of its program; knows where it ends, and unwraps LZF.
///
/// It can stop at any byte of input and output and then goes on as if nothing had been. It takes no memory but the LZF
/// window (8 KiB, once). Counted blocks may nest four deep; the deepest layout, a stream, has three.
struct ValueMachine: Sendable {
    enum Stage {
        case step
        /// Waits for the length that the current step begins with.
        case token
        case scoreLength
        case innerType
        /// Passes `left` bytes on.
        case copy
        case compressedLength
        case plainLength
        case decompressionStart
        case decompression
        case listpackEnd
    }

    /// The next instruction.
    var counter = 0
    var stage = Stage.step
    var operation = RDBInstruction.Operation.end
    private var start = 0
    private var lexer = RDBLexer()
    var left: UInt64 = 0
    // Counts of the open blocks, the innermost at depth - 1.
    private var stack: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private var depth = 0
    // Up to nine bytes that did not fit the output.
    var held = RDBToken(low: 0, ninth: 0, byteCount: 0)
    var lzf = LZFStream()
    var compressedLeft: UInt64 = 0
    var plainCount: UInt64 = 0
    var listpack: ListpackProbe?
    /// Output that would let the next string be decompressed in one go; a wish, 0 for none.
    var wantedRoom = 0
    /// The data type of the module value that was read last.
    private(set) var moduleID: UInt64?

    /// Begins a program; `count` is on the stack from the start, for a program that expects one.
    mutating func begin(_ entry: Int, count: UInt64? = nil) {
        held.byteCount = 0
        goOn(with: entry)
        if let count { push(count) }
    }

    /// Begins a program behind one whose last bytes may still wait for room in the output.
    mutating func goOn(with entry: Int) {
        start = entry
        counter = entry
        stage = .step
        depth = 0
        listpack = nil
        wantedRoom = 0
        moduleID = nil
    }

    mutating func run(_ window: inout MachineWindow, _ code: UnsafePointer<RDBInstruction>) -> MachineStatus {
        while true {
            if held.byteCount > 0, !flush(&window) { return .outputFull }
            switch stage {
            case .step:
                if let status = beginStep(&window, code) { return status }
            case .token:
                guard let token = lexer.length(&window.next, window.end) else { return .needsInput }
                if let fault = take(token, code, &window) { return .failed(fault) }
            case .copy:
                copy(&window)
                if left > 0 { return window.inputLeft == 0 ? .needsInput : .outputFull }
                stage = listpack == nil ? .step : .listpackEnd
            case .compressedLength, .plainLength:
                guard let token = lexer.length(&window.next, window.end) else { return .needsInput }
                if let fault = takeCompressed(token, &window) { return .failed(fault) }
            case .decompressionStart, .decompression:
                if let status = decompress(&window) { return status }
            case .scoreLength:
                guard let byte = lexer.fixed(1, &window.next, window.end) else { return .needsInput }
                emit(byte, &window)
                left = byte.low < 253 ? byte.low : 0
                stage = .copy
            case .innerType:
                guard let byte = lexer.fixed(1, &window.next, window.end) else { return .needsInput }
                emit(byte, &window)
                return .innerType(UInt8(truncatingIfNeeded: byte.low))
            case .listpackEnd:
                guard let count = listpack?.entryCount else { return .failed(.listpack) }
                listpack = nil
                push(count)
                stage = .step
            }
        }
    }

    /// Starts the next instruction; returns a status only at the end of the program.
    @inline(__always)
    private mutating func beginStep(
        _ window: inout MachineWindow,
        _ code: UnsafePointer<RDBInstruction>
    ) -> MachineStatus? {
        let instruction = code[counter]
        operation = instruction.operation
        counter += 1
        switch operation {
        case .string, .length, .moduleID, .count, .doubleCount, .choose:
            stage = .token
        case .listpackThenCount:
            listpack = ListpackProbe()
            stage = .token
        case .bytes:
            left = UInt64(instruction.operand)
            stage = .copy
        case .score:
            stage = .scoreLength
        case .loop:
            if top == 0 {
                depth -= 1
                counter = start + Int(instruction.operand) + 1
            }
        case .again:
            top -= 1
            counter = start + Int(instruction.operand)
        case .jump:
            counter = start + Int(instruction.operand)
        case .innerType:
            stage = .innerType
        case .end:
            counter -= 1
            return .done
        }
        return nil
    }

    /// Uses the length that the current instruction waited for.
    @inline(__always)
    private mutating func take(
        _ token: RDBToken,
        _ code: UnsafePointer<RDBInstruction>,
        _ window: inout MachineWindow
    ) -> RDBFault? {
        if token.byteCount == 0 { return .lengthEncoding }
        if operation == .string || operation == .listpackThenCount { return takeString(token, &window) }
        guard token.isLength else { return .encodedLength }
        emit(token, &window)
        stage = .step
        switch operation {
        case .count: push(token.value)
        case .doubleCount:
            push(token.value)
            push(token.value)
        case .moduleID: moduleID = token.value
        case .choose:
            let instruction = code[counter - 1]
            guard token.value < UInt64(instruction.operand) else { return .alternative }
            counter = start + withUnsafeBytes(of: instruction.targets) { Int($0[Int(token.value)]) }
        default: break
        }
        return nil
    }

    private var top: UInt64 {
        @inline(__always) get {
            switch depth {
            case 1: stack.0
            case 2: stack.1
            case 3: stack.2
            default: stack.3
            }
        }
        @inline(__always) set {
            switch depth {
            case 1: stack.0 = newValue
            case 2: stack.1 = newValue
            case 3: stack.2 = newValue
            default: stack.3 = newValue
            }
        }
    }

    private mutating func push(_ count: UInt64) {
        depth += 1
        precondition(depth <= 4, "a layout nests deeper than the machine's stack")
        top = count
    }
}
