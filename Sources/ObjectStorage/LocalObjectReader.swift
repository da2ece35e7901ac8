package import NIOCore

/// An open file of a `LocalObjectStore`.
final class LocalObjectReader: ObjectReader {
    let byteCount: UInt64
    private let file: OpenFile
    private let operations: FileOperations

    init(file: OpenFile, byteCount: UInt64, _ operations: FileOperations) {
        self.file = file
        self.byteCount = byteCount
        self.operations = operations
    }

    func read(offset: UInt64, byteCount: Int) async throws(ObjectStoreError) -> ByteBuffer {
        let wanted = Int(min(UInt64(byteCount), self.byteCount - min(self.byteCount, offset)))
        return try storing("read '\(file.path)'") { () throws(SystemCallError) in
            try operations.read(file, offset: offset, byteCount: wanted)
        }
    }

    func close() async {
        file.close()
    }
}

extension FileOperations {
    /// Up to `byteCount` bytes from `offset` in a buffer of their own; fewer only at the end of the file.
    package func read(_ file: OpenFile, offset: UInt64, byteCount: Int) throws(SystemCallError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: byteCount)
        try read(file, offset: offset, byteCount: byteCount, into: &buffer)
        return buffer
    }

    /// Appends up to `byteCount` bytes from `offset`; fewer only at the end of the file.
    func read(
        _ file: OpenFile,
        offset: UInt64,
        byteCount: Int,
        into buffer: inout ByteBuffer
    ) throws(SystemCallError) {
        var failure: SystemCallError?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { pointer in
            do throws(SystemCallError) {
                return try read(
                    file,
                    into: UnsafeMutableRawBufferPointer(rebasing: pointer[..<byteCount]),
                    offset: offset
                )
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
    }
}
