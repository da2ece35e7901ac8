import Foundation

/// A server program of the tests: the one on PATH, and those in the directory REWARM_TEST_SERVERS.
package struct ServerBinary: Sendable, Hashable, CustomStringConvertible {
    package let path: String
    /// The version it tells, "7.0.15".
    package let version: String
    package let isValkey: Bool

    /// Major and minor version.
    package struct Release: Sendable, Hashable, Comparable, CustomStringConvertible {
        package let major: Int
        package let minor: Int

        package init(_ major: Int, _ minor: Int) {
            self.major = major
            self.minor = minor
        }

        package static func < (left: Self, right: Self) -> Bool {
            (left.major, left.minor) < (right.major, right.minor)
        }

        package var description: String { "\(major).\(minor)" }
    }

    package var description: String { (isValkey ? "valkey " : "redis ") + version }

    package var release: Release {
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        return numbers.count >= 2 ? Release(numbers[0], numbers[1]) : Release(0, 0)
    }

    /// Whether the server has it, by its version.
    package func knows(_ feature: ServerFeature) -> Bool {
        let first = isValkey ? feature.firstVersions.valkey : feature.firstVersions.redis
        return first.map { release >= $0 } ?? false
    }

    /// The `redis-server` on PATH.
    package static func onPath() async throws -> Self {
        guard let path = Subprocess.find("redis-server") ?? Subprocess.find("valkey-server") else {
            throw TestEnvironmentError.missingProgram("redis-server")
        }
        return try await ask(path)
    }

    static func isProgram(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    static func ask(_ path: String) async throws -> Self {
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
