import Fuzzing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The target that `REWARM_FUZZ_TARGET` names.
private let target: FuzzTarget = {
    let name = getenv("REWARM_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.named(name) else {
        print("REWARM_FUZZ_TARGET names no target: '\(name)'")
        exit(2)
    }
    return target
}()

/// What libFuzzer calls with each input.
///
/// A finding ends the process as a crash, so that the input is kept.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try target.check(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        print("finding of \(target.name): \(error)")
        fflush(nil)
        abort()
    }
    return 0
}
