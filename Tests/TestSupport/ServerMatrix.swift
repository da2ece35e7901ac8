import Foundation

/// The servers in the directory REWARM_TEST_SERVERS, and which of the versions that Rewarm reads are missing there.
///
/// The directory holds programs named `redis-server-7.4.1`, `valkey-server-8.0.1`, … or folders with `redis-server` or
/// `valkey-server` inside.
package enum ServerMatrix {
    /// A version that writes something of its own; tests of what is not here prove nothing about it.
    package struct Line: Sendable, Hashable, CustomStringConvertible {
        package let isValkey: Bool
        package let release: ServerBinary.Release

        package init(isValkey: Bool, release: ServerBinary.Release) {
            self.isValkey = isValkey
            self.release = release
        }

        package var description: String { "\(isValkey ? "valkey" : "redis") \(release)" }
    }

    /// The versions that differ in what they write: RDB 9 to 13 of Redis, 11 and 80 of Valkey.
    package static let wanted: [Line] =
        [(5, 0), (6, 2), (7, 0), (7, 2), (7, 4), (8, 0), (8, 6)].map { Line(isValkey: false, release: .init($0, $1)) }
        + [(7, 2), (8, 0), (8, 1), (9, 1)].map { Line(isValkey: true, release: .init($0, $1)) }

    /// The programs in REWARM_TEST_SERVERS, oldest first by engine; empty where it is not set.
    ///
    /// What is wanted and absent is printed, a line each that begins with "absent server:"; Scripts/test repeats these
    /// lines in its summary.
    package static func present() async throws -> [ServerBinary] {
        let found = try await found()
        let onPath = try await ServerBinary.onPath()
        for line in wanted.filter({ line in !(found + [onPath]).contains { isOf(line, $0) } }) {
            print("absent server: \(line) (nothing is proven about it by this run)")
        }
        return found
    }

    /// Whether the server is of that line: the same major and minor version.
    package static func isOf(_ line: Line, _ server: ServerBinary) -> Bool {
        server.isValkey == line.isValkey && server.release == line.release
    }

    private static func found() async throws -> [ServerBinary] {
        guard let directory = ProcessInfo.processInfo.environment["REWARM_TEST_SERVERS"] else { return [] }
        var found: [ServerBinary] = []
        for entry in try FileManager.default.contentsOfDirectory(atPath: directory).sorted() {
            let inside = ["", "/redis-server", "/valkey-server", "/bin/redis-server", "/bin/valkey-server"]
                .map { directory + "/" + entry + $0 }
            for path in inside where (entry.contains("server") || path != inside[0]) && ServerBinary.isProgram(path) {
                found.append(try await ServerBinary.ask(path))
            }
        }
        return found.sorted { ($0.isValkey ? 1 : 0, $0.release) < ($1.isValkey ? 1 : 0, $1.release) }
    }
}
