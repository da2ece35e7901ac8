import Foundation

/// The few socket calls of the oracle client and of the choice of free ports.
package enum SocketCalls {
    /// A TCP port of the loopback interface that was free a moment ago.
    package static func freeLoopbackPort() throws -> Int {
        let descriptor = try makeSocket(AF_INET)
        defer { close(descriptor) }
        var address = loopback(port: 0)
        try withSocketAddress(&address) { pointer, size in
            guard bind(descriptor, pointer, size) == 0 else { throw TestSystemCallError(call: "bind", number: errno) }
        }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withSocketAddress(&address) { pointer, _ in
            guard getsockname(descriptor, pointer, &size) == 0 else {
                throw TestSystemCallError(call: "getsockname", number: errno)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Starts something on a free port, at most five times: between the choice of the port and the bind of whoever is to
    /// have it another process may take it.
    package static func withFreeLoopbackPort<Started>(_ start: (Int) async throws -> Started) async throws -> Started {
        var attemptCount = 1
        while true {
            let port = try freeLoopbackPort()
            do {
                return try await start(port)
            } catch  where attemptCount < 5 {
                attemptCount += 1
            }
        }
    }

    /// Whether a socket can be bound to ::1.
    package static var hasIPv6Loopback: Bool {
        guard let descriptor = try? makeSocket(AF_INET6) else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_addr = in6addr_loopback
        return withUnsafeBytes(of: &address) { bytes in
            let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return bind(descriptor, pointer, socklen_t(bytes.count)) == 0
        }
    }

    static func connect(loopbackPort port: Int) throws -> Int32 {
        let descriptor = try makeSocket(AF_INET)
        var address = loopback(port: port)
        do {
            try withSocketAddress(&address) { try connect(descriptor, to: $0, size: $1) }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    static func connect(unixSocket path: String) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw TestSystemCallError(call: "connect", number: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = try makeSocket(AF_UNIX)
        do {
            try withSocketAddress(&address) { try connect(descriptor, to: $0, size: $1) }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw RedisClientError.connectionClosed }
            sent += count
        }
    }

    static func read(from descriptor: Int32, appendingTo received: inout [UInt8]) throws {
        while true {
            let pieceByteCount = 256 * 1024
            var count = 0
            let piece = [UInt8](unsafeUninitializedCapacity: pieceByteCount) { buffer, initialized in
                count = recv(descriptor, buffer.baseAddress, pieceByteCount, 0)
                initialized = max(0, count)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { throw RedisClientError.timedOut }
            guard count > 0 else { throw RedisClientError.connectionClosed }
            received += piece
            return
        }
    }

    private static func makeSocket(_ family: Int32) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestSystemCallError(call: "socket", number: errno) }
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        return descriptor
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return address
    }

    private static func connect(_ descriptor: Int32, to address: UnsafePointer<sockaddr>, size: socklen_t) throws {
        while true {
            if Foundation.connect(descriptor, address, size) == 0 { return }
            if errno == EINTR { continue }
            throw TestSystemCallError(call: "connect", number: errno)
        }
    }

    private static func withSocketAddress<Address, Result>(
        _ address: inout Address,
        _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) throws -> Result
    ) rethrows -> Result {
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
