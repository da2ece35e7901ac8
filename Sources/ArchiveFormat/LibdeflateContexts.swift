#if Libdeflate
import CDeflate

/// A compressor of libdeflate for one block after the other; it is made anew for another level.
struct LibdeflateCompressor: ~Copyable {
    private var compressor: OpaquePointer
    private var level: Int

    /// `level` is 1 to 9, as zlib counts.
    init(level: Int) throws(ArchiveError) {
        compressor = try Self.make(level)
        self.level = level
    }

    deinit {
        libdeflate_free_compressor(compressor)
    }

    private static func make(_ level: Int) throws(ArchiveError) -> OpaquePointer {
        guard let compressor = libdeflate_alloc_compressor(Int32(level)) else {
            throw .codecFailed(codec: "zlib", reason: "no memory for a compressor of level \(level)")
        }
        return compressor
    }

    /// Compresses `input` into `output`; nil if the result has no room there.
    mutating func compress(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        level wanted: Int
    ) throws(ArchiveError) -> Int? {
        if level != wanted {
            let other = try Self.make(wanted)
            libdeflate_free_compressor(compressor)
            compressor = other
            level = wanted
        }
        let count = libdeflate_zlib_compress(
            compressor,
            input.baseAddress,
            input.count,
            output.baseAddress,
            output.count
        )
        return count > 0 ? count : nil
    }
}

/// A decompressor of libdeflate for one block after the other.
struct LibdeflateDecompressor: ~Copyable {
    private let decompressor: OpaquePointer

    init() throws(ArchiveError) {
        guard let decompressor = libdeflate_alloc_decompressor() else {
            throw .codecFailed(codec: "zlib", reason: "no memory for a decompressor")
        }
        self.decompressor = decompressor
    }

    deinit {
        libdeflate_free_decompressor(decompressor)
    }

    /// Decompresses one whole stream; true if it ends exactly with `input` and fills exactly `output`.
    mutating func decompress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        var usedByteCount = 0
        var writtenByteCount = 0
        let result = libdeflate_zlib_decompress_ex(
            decompressor,
            input.baseAddress,
            input.count,
            output.baseAddress,
            output.count,
            &usedByteCount,
            &writtenByteCount
        )
        return result == LIBDEFLATE_SUCCESS && usedByteCount == input.count && writtenByteCount == output.count
    }
}
#endif
