package import SnapshotModel

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// The version of this program, as manifests and `--version` tell it.
package enum ToolVersion {
    package static let current = "0.1.0"
}

extension UnixMilliseconds {
    /// The instant by this host's clock.
    package static var now: Self {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Self(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// Who runs this process.
package enum SystemIdentity {
    /// `user@host`; the user's number where it has no name.
    package static var actor: String { userName + "@" + hostName }

    package static var processID: Int32 { getpid() }

    package static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// From the user database, since LOGNAME can be anything.
    package static var userName: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        let status = getpwuid_r(getuid(), &entry, &buffer, buffer.count, &found)
        guard status == 0, found != nil, let name = entry.pw_name else { return String(getuid()) }
        return String(cString: name)
    }
}
