import ByteCoding

extension ValueMachine {
    /// Begins a string: its bytes follow as they are, or it is compressed and comes out plain.
    @inline(__always)
    mutating func takeString(_ token: RDBToken, _ window: inout MachineWindow) -> RDBFault? {
        if token.isLength {
            emit(token, &window)
            left = token.value
            stage = .copy
            return nil
        }
        switch token.value {
        case 0: left = 1
        case 1: left = 2
        case 2: left = 4
        case 3:
            stage = .compressedLength
            return nil
        default: return .stringEncoding
        }
        // A number in place of a listpack has no entries to count.
        if listpack != nil { return .listpack }
        emit(token, &window)
        stage = .copy
        return nil
    }

    /// The two lengths of a compressed string; after the second its plain length is written.
    mutating func takeCompressed(_ token: RDBToken, _ window: inout MachineWindow) -> RDBFault? {
        guard token.byteCount > 0 else { return .lengthEncoding }
        guard token.isLength else { return .encodedLength }
        if stage == .compressedLength {
            compressedLeft = token.value
            stage = .plainLength
            return nil
        }
        plainCount = token.value
        let (bound, overflow) = compressedLeft.multipliedReportingOverflow(by: UInt64(LZF.maximumRatio))
        guard overflow || plainCount <= bound else { return .compressedString }
        var prefix: (UInt64, UInt64) = (0, 0)
        let count = withUnsafeMutableBytes(of: &prefix) { bytes in
            bytes.baseAddress.map { RDBLength.store(token.value, to: $0) } ?? 0
        }
        let low = UInt64(littleEndian: prefix.0)
        let ninth = UInt8(truncatingIfNeeded: UInt64(littleEndian: prefix.1))
        emit(RDBToken(low: low, ninth: ninth, byteCount: count), &window)
        stage = .decompressionStart
        return nil
    }

    /// Decompresses: in one go if all of it is here and has room, else as far as it goes; nil once the string is done.
    mutating func decompress(_ window: inout MachineWindow) -> MachineStatus? {
        if stage == .decompressionStart {
            if compressedLeft <= UInt64(window.inputLeft) {
                if plainCount <= UInt64(window.outputLeft) { return decompressWhole(&window) }
                // Asks once for room; the caller may not have it to give.
                if wantedRoom == 0, plainCount <= UInt64(Self.largestWish) {
                    wantedRoom = Int(plainCount)
                    return .outputFull
                }
            }
            wantedRoom = 0
            lzf.reset(inputByteCount: compressedLeft, outputByteCount: plainCount)
            stage = .decompression
        }
        let begin = window.write
        let progress = lzf.decompress(&window.next, window.end, into: &window.write, window.limit)
        listpack?.add(UnsafeRawBufferPointer(start: begin, count: window.write - begin))
        switch progress {
        case .done:
            stage = listpack == nil ? .step : .listpackEnd
            return nil
        case .needsInput: return .needsInput
        case .outputFull: return .outputFull
        case .malformed: return .failed(.compressedString)
        }
    }

    private static var largestWish: Int { 1 << 20 }

    @inline(__always)
    private mutating func decompressWhole(_ window: inout MachineWindow) -> MachineStatus? {
        wantedRoom = 0
        let input = UnsafeRawBufferPointer(start: window.next, count: Int(compressedLeft))
        let output = UnsafeMutableRawBufferPointer(start: window.write, count: Int(plainCount))
        guard LZF.decompress(input, into: output) else { return .failed(.compressedString) }
        listpack?.add(UnsafeRawBufferPointer(output))
        window.next += input.count
        window.write += output.count
        stage = listpack == nil ? .step : .listpackEnd
        return nil
    }

    /// Passes on as much of `left` as there is input and room.
    @inline(__always)
    mutating func copy(_ window: inout MachineWindow) {
        let count = Int(min(left, UInt64(min(window.inputLeft, window.outputLeft))))
        if count <= 32, window.inputLeft >= 32, window.outputLeft >= 32 {
            // Short strings are most: two moves of fixed size are faster than a call, and what is too much is overwritten.
            let first = window.next.loadUnaligned(as: SIMD16<UInt8>.self)
            let second = window.next.loadUnaligned(fromByteOffset: 16, as: SIMD16<UInt8>.self)
            window.write.storeBytes(of: first, as: SIMD16<UInt8>.self)
            window.write.storeBytes(of: second, toByteOffset: 16, as: SIMD16<UInt8>.self)
        } else if count > 0 {
            window.write.copyMemory(from: window.next, byteCount: count)
        }
        listpack?.add(UnsafeRawBufferPointer(start: window.write, count: count))
        window.next += count
        window.write += count
        left -= UInt64(count)
    }

    /// Writes a small item, or keeps what has no room for ``flush(_:)``.
    @inline(__always)
    mutating func emit(_ token: RDBToken, _ window: inout MachineWindow) {
        if window.outputLeft >= RDBLength.maximumByteCount {
            window.write.storeBytes(of: token.low.littleEndian, as: UInt64.self)
            window.write.storeBytes(of: token.ninth, toByteOffset: 8, as: UInt8.self)
            window.write += token.byteCount
        } else {
            held = token
        }
    }

    /// Writes what `emit` kept; false if the output is full before all is written.
    mutating func flush(_ window: inout MachineWindow) -> Bool {
        while held.byteCount > 0 {
            guard window.outputLeft > 0 else { return false }
            window.write.storeBytes(of: UInt8(truncatingIfNeeded: held.low), as: UInt8.self)
            window.write += 1
            held.low = held.low >> 8 | UInt64(held.ninth) << 56
            held.ninth = 0
            held.byteCount -= 1
        }
        return true
    }
}

/// Watches the bytes of a listpack go by for the number of its entries: two bytes, little-endian, at offset 4.
struct ListpackProbe: Sendable {
    private var position = 0
    private var count: UInt64 = 0

    /// Nil if the listpack was too short, or has 65535 entries or more, which the field cannot say.
    var entryCount: UInt64? { position >= 6 && count < 0xFFFF ? count : nil }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes.prefix(max(0, 6 - position)) {
            if position >= 4 { count |= UInt64(byte) << UInt64(8 * (position - 4)) }
            position += 1
        }
    }
}
