import NIOCore
import SnapshotModel

extension RDBSkimmer {
    /// Starts reading a DUMP body.
    mutating func beginValue(type: UInt8) throws(RDBError) {
        if KeyMetadata.isMarked(by: type, format) {
            machine.begin(RDBCode.shared.keyWithMetadata)
        } else {
            machine.begin(try entry(ofValue: type))
        }
        state = .body
    }

    /// The program for the value of a DUMP body, behind metadata if there is any.
    ///
    /// Types that refer to a template cannot stand there.
    private mutating func entry(ofValue type: UInt8) throws(RDBError) -> Int {
        let action = types.isEmpty ? .none : types[Int(type)]
        guard action.isReadable, !action.refersToTemplate else {
            throw .unknownType(type: type, format: format, offset: offset)
        }
        valueAction = action
        return Int(action.entry)
    }

    /// Passes the current body on as far as input and room go.
    mutating func passBody(
        _ input: inout ByteBuffer,
        _ output: inout ByteBuffer,
        _ outputLimit: Int
    ) throws(RDBError) -> RDBEvent? {
        let room = max(0, outputLimit - output.readableBytes)
        switch runMachine(&input, &output, room) {
        case .done:
            if case .body = state { state = isValue ? .valueEnd : .opcode }
            return .endRecord
        case .needsInput: return .needsInput
        case .outputFull: return output.readableBytes >= outputLimit ? .outputFull : nil
        case .innerType(let type):
            machine.goOn(with: try entry(ofValue: type))
            return nil
        case .failed(let fault): throw .malformed(fault, offset: offset)
        }
    }

    /// Passes on what the body begins with, then goes on with the body.
    mutating func passPrologue(_ output: inout ByteBuffer, _ outputLimit: Int) -> RDBEvent? {
        let room = max(0, outputLimit - output.readableBytes)
        if let part = prologue.readSlice(length: min(room, prologue.readableBytes)) {
            output.writeImmutableBuffer(part)
        }
        if prologue.readableBytes > 0 { return .outputFull }
        prologue.clear()
        state = .body
        return nil
    }

    /// Runs the machine over the input, with at most `room` more bytes of output.
    mutating func runMachine(_ input: inout ByteBuffer, _ output: inout ByteBuffer, _ room: Int) -> MachineStatus {
        var status = MachineStatus.needsInput
        let wish = min(room, max(machine.wantedRoom, min(input.readableBytes, 64 << 10), 64))
        let isMetered = !isValue
        var written = 0
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: wish) { target in
            input.readWithUnsafeReadableBytes { source in
                // A zero-sized end of either may have no address; then the other's serves, as nothing is moved there.
                let spare = source.baseAddress ?? target.baseAddress.map { UnsafeRawPointer($0) }
                guard let spare else { return 0 }
                let next = source.baseAddress ?? spare
                let write = target.baseAddress ?? UnsafeMutableRawPointer(mutating: spare)
                var window = MachineWindow(
                    next: next,
                    end: next + source.count,
                    write: write,
                    limit: write + min(target.count, room)
                )
                status = machine.run(&window, code.base)
                let used = window.next - next
                if isMetered { meter.advance(used, of: source) } else { meter.advance(used) }
                written = window.write - write
                return used
            }
            return written
        }
        return status
    }
}
