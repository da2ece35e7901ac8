import CZstd

/// A Zstandard compressor for one block after the other; its context is reused.
struct ZstdCompressor: ~Copyable {
    private let context: OpaquePointer

    init() throws(ArchiveError) {
        guard let context = ZSTD_createCCtx() else {
            throw .codecFailed(codec: "zstd", reason: "no memory for a context")
        }
        self.context = context
    }

    deinit {
        ZSTD_freeCCtx(context)
    }

    /// Compresses `input` into `output`; nil if the result has no room there.
    mutating func compress(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        level: Int
    ) throws(ArchiveError) -> Int? {
        let result = ZSTD_compressCCtx(
            context,
            output.baseAddress,
            output.count,
            input.baseAddress,
            input.count,
            Int32(level)
        )
        guard ZSTD_isError(result) != 0 else { return result }
        guard ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall else {
            throw .codecFailed(codec: "zstd", reason: String(cString: ZSTD_getErrorName(result)))
        }
        return nil
    }
}

/// A Zstandard decompressor for one block after the other; its context is reused.
struct ZstdDecompressor: ~Copyable {
    private let context: OpaquePointer

    init() throws(ArchiveError) {
        guard let context = ZSTD_createDCtx() else {
            throw .codecFailed(codec: "zstd", reason: "no memory for a context")
        }
        self.context = context
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    /// Decompresses one whole frame; true if it fills exactly `output`.
    mutating func decompress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        let result = ZSTD_decompressDCtx(context, output.baseAddress, output.count, input.baseAddress, input.count)
        return ZSTD_isError(result) == 0 && result == output.count
    }
}
