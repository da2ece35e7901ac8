/// The temporary file of an external sort: appended to and read, and gone when the last reference goes.
///
/// The file is unlinked as soon as it is open, so a crash leaves nothing behind.
package final class ExternalSortSpill {
    /// Where temporary files are made.
    package struct Place: Sendable {
        package var fileSystem: any FileSystem
        /// A directory on a device with room: 32 bytes for each key of a scan; for a comparison some 80 bytes and the
        /// key's own for each key of both sides.
        package var directory: String

        package init(fileSystem: any FileSystem = PosixFileSystem(), directory: String) {
            self.fileSystem = fileSystem
            self.directory = directory
        }
    }

    private static let bufferByteCount = 256 << 10

    private let fileSystem: any FileSystem
    private let directory: String
    private let descriptor: FileDescriptor
    private let buffer: UnsafeMutableRawBufferPointer
    private var bufferedByteCount = 0
    private var writtenByteCount: UInt64 = 0

    /// Bytes that were appended.
    package var byteCount: UInt64 { writtenByteCount + UInt64(bufferedByteCount) }

    package init(_ place: Place) throws(ObjectStoreError) {
        let name = ".rewarm-sort-" + String(UInt64.random(in: .min ... .max), radix: 16)
        let path = place.directory + "/" + name
        do throws(SystemCallError) {
            let opened = try place.fileSystem.open(path, .createExclusively)
            do throws(SystemCallError) {
                try place.fileSystem.unlink(path)
            } catch {
                // The error of unlink is the one to tell.
                try? place.fileSystem.close(opened)
                throw error
            }
            descriptor = opened
        } catch {
            throw ObjectStoreError(error, "make a temporary file in '\(place.directory)'")
        }
        fileSystem = place.fileSystem
        directory = place.directory
        buffer = .allocate(byteCount: Self.bufferByteCount, alignment: 16)
    }

    deinit {
        buffer.deallocate()
        // Nothing of the file is needed any more, so nothing depends on how closing it goes.
        try? fileSystem.close(descriptor)
    }

    /// Appends bytes; they can be read after `flush`.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(ObjectStoreError) {
        if bufferedByteCount + bytes.count > buffer.count { try flush() }
        guard bytes.count <= buffer.count else { return try write(bytes) }
        UnsafeMutableRawBufferPointer(rebasing: buffer[bufferedByteCount...]).copyMemory(from: bytes)
        bufferedByteCount += bytes.count
    }

    package func flush() throws(ObjectStoreError) {
        let pending = UnsafeRawBufferPointer(rebasing: buffer[..<bufferedByteCount])
        bufferedByteCount = 0
        try write(pending)
    }

    /// Fills `target` with the bytes from `offset` on, all of which must have been flushed.
    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(ObjectStoreError) {
        var done = 0
        while done < target.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
            let count = try attempt("read") { () throws(SystemCallError) in
                try fileSystem.read(descriptor, into: rest, offset: offset + UInt64(done))
            }
            guard count > 0 else {
                throw ObjectStoreError(.corrupted, "the temporary file in '\(directory)' is shorter than written")
            }
            done += count
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(ObjectStoreError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = try attempt("write") { () throws(SystemCallError) in
                try fileSystem.write(descriptor, from: rest, offset: writtenByteCount)
            }
            done += count
            writtenByteCount += UInt64(count)
        }
    }

    /// Calls until the call was not interrupted.
    private func attempt(
        _ action: String,
        _ call: () throws(SystemCallError) -> Int
    ) throws(ObjectStoreError) -> Int {
        while true {
            do throws(SystemCallError) {
                return try call()
            } catch {
                guard error.condition != .interrupted else { continue }
                throw ObjectStoreError(error, "\(action) a temporary file in '\(directory)'")
            }
        }
    }
}
