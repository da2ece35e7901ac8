#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// How many tasks share the work on blocks.
package enum ArchiveConcurrency {
    /// Cores that are online.
    package static let coreCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
