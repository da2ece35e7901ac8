import CZlib
import NIOCore

/// A zlib compressor for one block after the other; its state (about 270 KB) is taken once and reset.
struct Deflater: ~Copyable {
    // zlib keeps a pointer to the stream, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var level: Int

    init(level: Int) throws(ArchiveError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        self.level = level
        let status = deflateInit_(stream, Int32(level), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw .codecFailed(codec: "zlib", reason: "deflateInit gave \(status)") }
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Compresses `input` into `output`; nil if the result has no room there.
    mutating func compress(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        level wanted: Int
    ) throws(ArchiveError) -> Int? {
        deflateReset(stream)
        if level != wanted {
            let status = deflateParams(stream, Int32(wanted), Z_DEFAULT_STRATEGY)
            guard status == Z_OK else { throw .codecFailed(codec: "zlib", reason: "deflateParams gave \(status)") }
            level = wanted
        }
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(output.count)
        switch deflate(stream, Z_FINISH) {
        case Z_STREAM_END: return output.count - Int(stream.pointee.avail_out)
        case Z_OK, Z_BUF_ERROR: return nil
        case let status: throw .codecFailed(codec: "zlib", reason: "deflate gave \(status)")
        }
    }
}

/// A zlib decompressor for one block after the other; its state is taken once and reset.
struct Inflater: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(ArchiveError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw .codecFailed(codec: "zlib", reason: "inflateInit gave \(status)") }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Decompresses one whole stream; true if it ends exactly with `input` and fills exactly `output`.
    mutating func decompress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        inflateReset(stream)
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(output.count)
        return inflate(stream, Z_FINISH) == Z_STREAM_END && stream.pointee.avail_in == 0
            && stream.pointee.avail_out == 0
    }
}
