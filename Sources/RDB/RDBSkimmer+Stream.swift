import ByteCoding
import NIOCore
import SnapshotModel

extension RDBSkimmer {
    /// What a look at the input's bytes ended with.
    enum Found {
        case needsInput
        case event(RDBEvent)
        /// The key lies in the input, `offset` bytes from the reader index.
        case keyInPlace(offset: Int, byteCount: Int)
        case keyGathered
        /// The number of the template that the current hash refers to.
        case templateID(UInt64)
        case endOpcode
        /// The state changed to one that does not read the input here.
        case other
        case fault(RDBFault)
        case unknownType(UInt8)
        case unknownOpcode(UInt8)
        case tooLarge(RDBHeldItem, limit: Int)
        case notReadable(RDBError)
    }

    /// Reads on, outside of bodies, until there is something to tell.
    mutating func scan(_ input: inout ByteBuffer) throws(RDBError) -> RDBEvent? {
        var used = 0
        let found: Found = input.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else { return .needsInput }
            var next = start
            var isMetered = true
            if case .checksum = state { isMetered = false }
            let found = look(start, &next, start + bytes.count)
            used = next - start
            if isMetered { meter.advance(used, of: bytes) } else { meter.advance(used) }
            if case .endOpcode = found {
                computedChecksum = meter.settle(UnsafeRawBufferPointer(rebasing: bytes[used...]))
            }
            return found
        }
        defer { input.moveReaderIndex(forwardBy: used) }
        switch found {
        case .needsInput: return .needsInput
        case .event(let event): return event
        case .keyInPlace(let offset, let byteCount):
            return try beginKey(input.getSlice(at: input.readerIndex + offset, length: byteCount) ?? ByteBuffer())
        case .keyGathered: return try beginKey(text.gathered)
        case .templateID(let id): return try beginReferringArray(templateID: id)
        case .endOpcode, .other: return nil
        case .fault(let fault): throw .malformed(fault, offset: offset)
        case .unknownType(let type): throw .unknownType(type: type, format: format, offset: offset)
        case .unknownOpcode(let opcode): throw .unknownOpcode(opcode: opcode, format: format, offset: offset)
        case .tooLarge(let item, let limit): throw .tooLarge(what: item, limit: limit, offset: offset)
        case .notReadable(let error): throw error
        }
    }

    private mutating func look(
        _ start: UnsafeRawPointer,
        _ next: inout UnsafeRawPointer,
        _ end: UnsafeRawPointer
    ) -> Found {
        while true {
            let step: Found?
            switch state {
            case .opcode:
                guard next < end else { return .needsInput }
                step = begin(Self.takeByte(&next))
            case .key:
                switch text.read(&next, end) {
                case .needsInput: return .needsInput
                case .inPlace(let count): return .keyInPlace(offset: next - start - count, byteCount: count)
                case .gathered: return .keyGathered
                case .failed(let fault): return .fault(fault)
                case .tooLarge: return .tooLarge(.key, limit: Self.maximumKeyByteCount)
                }
            case .number(let opcode, let byteCount):
                guard let token = lexer.fixed(byteCount, &next, end) else { return .needsInput }
                step = take(number: token.low, of: opcode)
            case .lengths(let opcode, let index, let first, let second):
                guard let token = lexer.length(&next, end) else { return .needsInput }
                step = take(token, index: index, of: opcode, first, second)
            case .auxiliaryName, .auxiliaryValue: step = lookAtAuxiliaryField(&next, end)
            case .typeAfterMetadata:
                guard next < end else { return .needsInput }
                step = beginType(Self.takeByte(&next))
            case .templateReference:
                guard let token = lexer.length(&next, end) else { return .needsInput }
                return token.isLength ? .templateID(token.value) : .fault(.encodedLength)
            case .magic:
                guard let token = lexer.fixed(9, &next, end) else { return .needsInput }
                step = takeMagic(token)
            case .checksum:
                guard let token = lexer.fixed(8, &next, end) else { return .needsInput }
                step = takeChecksum(token.low)
            case .held, .prologue, .body, .valueStart, .valueEnd, .ended: return .other
            }
            if let step { return step }
        }
    }

    @inline(__always)
    private static func takeByte(_ next: inout UnsafeRawPointer) -> UInt8 {
        defer { next += 1 }
        return next.load(as: UInt8.self)
    }

    private mutating func lookAtAuxiliaryField(_ next: inout UnsafeRawPointer, _ end: UnsafeRawPointer) -> Found? {
        let part: ByteBuffer
        switch text.read(&next, end) {
        case .needsInput: return .needsInput
        case .inPlace(let count): part = ByteBuffer(bytes: UnsafeRawBufferPointer(start: next - count, count: count))
        case .gathered: part = text.gathered
        case .failed(let fault): return .fault(fault)
        case .tooLarge: return .tooLarge(.auxiliaryField, limit: Self.maximumKeyByteCount)
        }
        if case .auxiliaryName = state {
            auxiliaryName = part
            state = .auxiliaryValue
            return nil
        }
        defer { auxiliaryName = ByteBuffer() }
        state = .opcode
        return .event(.auxiliary(name: auxiliaryName, value: part))
    }
}
