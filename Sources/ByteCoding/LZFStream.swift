/// LZF decompression that can stop at any byte of its input or output.
///
/// It keeps the last 8 KiB of output in a window of its own, so that output may be taken away as it comes. Used where a
/// compressed string does not lie in memory as a whole; ``LZF`` is faster where it does.
package struct LZFStream: Sendable {
    /// How one call of ``decompress(_:_:into:_:)`` ended.
    package enum Progress: Hashable, Sendable {
        /// All output was written and all input was used.
        case done
        case needsInput
        case outputFull
        /// A copy from before the start, or the lengths do not agree.
        case malformed
    }

    private enum Stage {
        case control
        case literal
        case copyLength
        case copyDistance
        case copy
    }

    private var window: [UInt8]
    private var written: UInt64 = 0
    private var stage = Stage.control
    private var control = 0
    private var count = 0
    private var distance = 0
    /// Bytes of the declared lengths that have not been used or written yet.
    package private(set) var inputLeft: UInt64
    package private(set) var outputLeft: UInt64

    /// A stream without work, so that an owner can keep its window from string to string.
    package init() {
        window = []
        inputLeft = 0
        outputLeft = 0
    }

    /// Starts over; the window's memory is taken at the first use and kept.
    package mutating func reset(inputByteCount: UInt64, outputByteCount: UInt64) {
        if window.isEmpty { window = [UInt8](repeating: 0, count: LZF.windowByteCount) }
        written = 0
        stage = .control
        inputLeft = inputByteCount
        outputLeft = outputByteCount
    }

    /// Decompresses until the input ends, the output is full, or the string is complete.
    /// - Parameters: `next` and `write` are moved over what was used and written.
    package mutating func decompress(
        _ next: inout UnsafeRawPointer,
        _ end: UnsafeRawPointer,
        into write: inout UnsafeMutableRawPointer,
        _ limit: UnsafeMutableRawPointer
    ) -> Progress {
        while true {
            switch stage {
            case .control:
                if inputLeft == 0 { return outputLeft == 0 ? .done : .malformed }
                guard let byte = take(&next, end) else { return .needsInput }
                control = byte
                if control < 32 {
                    count = control + 1
                    guard UInt64(count) <= inputLeft, UInt64(count) <= outputLeft else { return .malformed }
                    stage = .literal
                } else {
                    count = control >> 5 + 2
                    stage = count == 9 ? .copyLength : .copyDistance
                }
            case .copyLength:
                if inputLeft == 0 { return .malformed }
                guard let byte = take(&next, end) else { return .needsInput }
                count += byte
                stage = .copyDistance
            case .copyDistance:
                if inputLeft == 0 { return .malformed }
                guard let byte = take(&next, end) else { return .needsInput }
                distance = (control & 0x1F) << 8 + byte + 1
                guard UInt64(distance) <= written, UInt64(count) <= outputLeft else { return .malformed }
                stage = .copy
            case .literal:
                while count > 0 {
                    if write == limit { return .outputFull }
                    guard let byte = take(&next, end) else { return .needsInput }
                    put(UInt8(truncatingIfNeeded: byte), &write)
                }
                stage = .control
            case .copy:
                while count > 0 {
                    if write == limit { return .outputFull }
                    put(window[Int((written &- UInt64(distance)) % UInt64(LZF.windowByteCount))], &write)
                }
                stage = .control
            }
        }
    }

    @inline(__always)
    private mutating func take(_ next: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> Int? {
        guard next < end else { return nil }
        defer { next += 1 }
        inputLeft -= 1
        return Int(next.load(as: UInt8.self))
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8, _ write: inout UnsafeMutableRawPointer) {
        write.storeBytes(of: byte, as: UInt8.self)
        write += 1
        window[Int(written % UInt64(LZF.windowByteCount))] = byte
        written += 1
        count -= 1
        outputLeft -= 1
    }
}
