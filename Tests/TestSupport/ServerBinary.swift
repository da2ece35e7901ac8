import Foundation

/// A server program of the tests: the one on PATH, and those in the directory REWARM_TEST_SERVERS.
///
/// That directory holds programs named `redis-server-7.4.1`, `valkey-server-8.0.1`, … or folders with `redis-server` inside.
package struct ServerBinary: Sendable, Hashable, CustomStringConvertible {
    package let path: String
    /// The version it tells, "7.0.15".
    package let version: String
    package let isValkey: Bool

    package var description: String { (isValkey ? "valkey " : "redis ") + version }

    /// True from this version on; Valkey counts as the Redis 7.2 that it came from.
    package func isRedis(atLeast major: Int, _ minor: Int) -> Bool {
        let numbers = isValkey ? [7, 2] : version.split(separator: ".").compactMap { Int($0) }
        guard numbers.count >= 2 else { return false }
        return (numbers[0], numbers[1]) >= (major, minor)
    }

    /// The `redis-server` on PATH.
    package static func onPath() async throws -> Self {
        guard let path = Subprocess.find("redis-server") ?? Subprocess.find("valkey-server") else {
            throw TestEnvironmentError.missingProgram("redis-server")
        }
        return try await ask(path)
    }

    /// The programs in REWARM_TEST_SERVERS; empty, and said so in the log, where it is not set.
    package static func additional() async throws -> [Self] {
        guard let directory = ProcessInfo.processInfo.environment["REWARM_TEST_SERVERS"] else {
            print("REWARM_TEST_SERVERS is not set: only the server on PATH is tested, other versions are absent")
            return []
        }
        let entries = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        var found: [Self] = []
        for entry in entries {
            let inside = ["", "/redis-server", "/valkey-server", "/bin/redis-server", "/bin/valkey-server"]
                .map { directory + "/" + entry + $0 }
            for path in inside where (entry.contains("server") || path != inside[0]) && isProgram(path) {
                found.append(try await ask(path))
            }
        }
        print("REWARM_TEST_SERVERS: \(found.map(\.description).joined(separator: ", "))")
        return found
    }

    private static func isProgram(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    private static func ask(_ path: String) async throws -> Self {
        let result = try await Subprocess.run(path, ["--version"])
        // "Redis server v=7.0.15 sha=00000000:0 malloc=…", "Valkey server v=8.0.1 …"
        guard let word = result.outputText.split(separator: " ").first(where: { $0.hasPrefix("v=") }) else {
            throw TestEnvironmentError.failed(path, result.description)
        }
        return Self(
            path: path,
            version: String(word.dropFirst(2)),
            isValkey: result.outputText.hasPrefix("Valkey") || result.outputText.hasPrefix("Server")
        )
    }
}
