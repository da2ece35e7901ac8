import NIOCore
import SnapshotModel

/// A body of type 243 taken apart: metadata of the key (Redis 8.6), then the type and body of the value.
struct KeyMetadata {
    /// The metadata with the value's type byte behind them.
    var prefix: ByteBuffer
    var type: UInt8
    var value: ByteBuffer

    /// Whether a record or payload of this type starts with metadata.
    static func isMarked(by type: UInt8, _ format: PayloadFormat) -> Bool {
        type == RDBOpcode.keyMetadataOrSlotImport && format.engine == .redis && format.rdbVersion >= 13
    }

    init(body: ByteBuffer) throws(RDBError) {
        var machine = ValueMachine()
        machine.begin(RDBCode.shared.keyWithMetadata)
        var used = 0
        var scrap = ByteBuffer()
        while true {
            scrap.clear()
            var status = MachineStatus.needsInput
            scrap.writeWithUnsafeMutableBytes(minimumWritableBytes: 4096) { output in
                body.withUnsafeReadableBytes { input in
                    guard let start = input.baseAddress, let write = output.baseAddress else { return }
                    var window = MachineWindow(
                        next: start + used,
                        end: start + input.count,
                        write: write,
                        limit: write + output.count
                    )
                    status = machine.run(&window, RDBCode.shared.base)
                    used = window.next - start
                }
                return 0
            }
            switch status {
            case .outputFull: continue
            case .innerType(let type):
                self.type = type
                var value = body
                prefix = value.readSlice(length: used) ?? ByteBuffer()
                self.value = value
                return
            case .failed(let fault): throw .malformed(fault, offset: UInt64(used))
            case .needsInput, .done: throw .truncated(offset: UInt64(used))
            }
        }
    }
}
