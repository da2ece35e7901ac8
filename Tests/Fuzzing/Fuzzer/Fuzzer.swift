import Fuzzing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// libFuzzer's driver: runs `callback` over inputs until its options say otherwise; `arguments` are its options.
///
/// Integers and pointers are passed alike by Swift and C. Source: llvm.org/docs/LibFuzzer.html, "Using libFuzzer as a
/// library".
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Searches for an input that breaks the property of the target that `REWARM_FUZZ_TARGET` names.
@main
struct Fuzzer {
    private static let target = getenv("REWARM_FUZZ_TARGET").flatMap { FuzzTarget.named(String(cString: $0)) }

    static func main() {
        guard target != nil else {
            print("REWARM_FUZZ_TARGET names no target")
            exit(2)
        }
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(runDriver(&count, &arguments) { Self.check($0, $1) })
    }

    /// A finding ends the process as a crash, so that libFuzzer keeps the input.
    private static func check(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        do {
            try target?.check(Array(UnsafeBufferPointer(start: start, count: count)))
        } catch {
            print("finding: \(error)")
            fflush(nil)
            abort()
        }
        return 0
    }
}
