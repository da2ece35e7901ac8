#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What becomes of the memory of blocks that are freed, where the allocator can be told (glibc's).
///
/// A block of an archive takes about a megabyte. One that comes fresh from the system costs a page fault for every
/// 4 KiB, which the kernel clears: more than a third of the time that a block of zstd takes to be read and checked.
enum FreedMemory {
    /// It goes back to the system at once.
    ///
    /// For what writes archives: blocks wait there for their turn, as many as there are cores, and memory that stays in
    /// the allocator's arenas is up to twice as much in all (measured on 2 cores).
    case returned
    /// It is kept for the next blocks: up to 12 MiB more, and 12 to 35 % less processor time (the same).
    case reused

    /// For all threads, from now on.
    func apply() {
        switch self {
        case .returned: Self.setOption(.systemBlock, 512 << 10)
        case .reused:
            Self.setOption(.systemBlock, 4 << 20)
            Self.setOption(.trim, 8 << 20)
        }
    }

    /// The numbers of malloc.h, which the Glibc module leaves out.
    private enum Option: Int32 {
        /// M_TRIM_THRESHOLD: free bytes at an arena's end from which they are given back.
        case trim = -1
        /// M_MMAP_THRESHOLD: a block of at least so many bytes is the system's own.
        case systemBlock = -3
    }

    private static func setOption(_ option: Option, _ value: Int32) {
        #if canImport(Glibc)
        typealias SetOption = @convention(c) (Int32, Int32) -> Int32
        guard let address = dlsym(nil, "mallopt") else { return }
        _ = unsafeBitCast(address, to: SetOption.self)(option.rawValue, value)
        #endif
    }
}
