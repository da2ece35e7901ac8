import ByteCoding
import NIOCore

/// Reads one string that has to be decoded as a whole: a key, a part of an auxiliary field.
///
/// A plain string that lies in the input as a whole is told by its place, without a copy. Any other is gathered in
/// `gathered`, which grows only as bytes arrive. Numbers become decimal text.
struct RDBTextReader: Sendable {
    enum Status: Equatable {
        case needsInput
        /// The string lies in the input: bytes from the pointer before the end of what was used.
        case inPlace(count: Int)
        case gathered
        case failed(RDBFault)
        case tooLarge
    }

    private enum Stage {
        case length, plain, integer, compressedLength, plainLength, decompression
    }

    private var stage = Stage.length
    private var lexer = RDBLexer()
    private var left: UInt64 = 0
    private var compressedCount: UInt64 = 0
    private var lzf = LZFStream()
    private let limit: UInt64
    private(set) var gathered = ByteBuffer()

    init(limit: Int) {
        self.limit = UInt64(limit)
    }

    @inline(__always)
    mutating func read(_ next: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> Status {
        if stage == .length {
            guard let token = lexer.length(&next, end) else { return .needsInput }
            if token.isLength, token.value <= UInt64(end - next), token.value <= limit {
                next += Int(token.value)
                return .inPlace(count: Int(token.value))
            }
            if let status = begin(token) { return status }
        }
        let status = gather(&next, end)
        if status != .needsInput { stage = .length }
        return status
    }

    private mutating func begin(_ token: RDBToken) -> Status? {
        guard token.byteCount > 0 else { return .failed(.lengthEncoding) }
        // A large key's memory is not kept for the next ones.
        if gathered.capacity > 1 << 20 { gathered = ByteBuffer() } else { gathered.clear() }
        if token.isLength {
            guard token.value <= limit else { return .tooLarge }
            left = token.value
            stage = .plain
            return nil
        }
        switch token.value {
        case 0, 1, 2:
            left = 1 << token.value
            stage = .integer
        case 3: stage = .compressedLength
        default: return .failed(.stringEncoding)
        }
        return nil
    }

    private mutating func gather(_ next: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> Status {
        switch stage {
        case .length: return .needsInput
        case .plain:
            let count = Int(min(left, UInt64(end - next)))
            gathered.writeBytes(UnsafeRawBufferPointer(start: next, count: count))
            next += count
            left -= UInt64(count)
            return left == 0 ? .gathered : .needsInput
        case .integer:
            guard let token = lexer.fixed(Int(left), &next, end) else { return .needsInput }
            RDBString.writeDecimal(RDBString.integer(token.low, byteCount: Int(left)), into: &gathered)
            return .gathered
        case .compressedLength, .plainLength:
            guard let token = lexer.length(&next, end) else { return .needsInput }
            guard token.isLength else { return .failed(.encodedLength) }
            if stage == .compressedLength {
                compressedCount = token.value
                stage = .plainLength
            } else {
                guard token.value <= limit else { return .tooLarge }
                left = token.value
                if let status = decompressWhole(&next, end) { return status }
                lzf.reset(inputByteCount: compressedCount, outputByteCount: left)
                stage = .decompression
            }
            return gather(&next, end)
        case .decompression: return decompress(&next, end)
        }
    }

    /// The usual case: all of the compressed string is here, so that its plain length can be believed or refuted.
    private mutating func decompressWhole(_ next: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> Status? {
        guard compressedCount <= UInt64(end - next) else { return nil }
        guard left <= compressedCount * UInt64(LZF.maximumRatio) else { return .failed(.compressedString) }
        let input = UnsafeRawBufferPointer(start: next, count: Int(compressedCount))
        var isComplete = false
        gathered.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(left)) { output in
            isComplete = LZF.decompress(input, into: UnsafeMutableRawBufferPointer(rebasing: output[..<Int(left)]))
            return Int(left)
        }
        next += input.count
        return isComplete ? .gathered : .failed(.compressedString)
    }

    private mutating func decompress(_ next: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> Status {
        while true {
            var progress = LZFStream.Progress.needsInput
            gathered.writeWithUnsafeMutableBytes(minimumWritableBytes: 1024) { output in
                guard let start = output.baseAddress else { return 0 }
                var write = start
                progress = lzf.decompress(&next, end, into: &write, start + output.count)
                return write - start
            }
            switch progress {
            case .done: return .gathered
            case .needsInput: return .needsInput
            case .malformed: return .failed(.compressedString)
            case .outputFull: continue
            }
        }
    }
}
