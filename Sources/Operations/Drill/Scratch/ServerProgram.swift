import ObjectStorage
import SnapshotModel
import Transport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A server program on this host, and what it says that it is.
struct ServerProgram: Hashable, Sendable {
    let path: String
    let engine: Engine
    let version: ServerVersion
    /// As the program writes it.
    let versionText: String

    private static let patience = Duration.seconds(10)

    /// Whether it loads payloads of this format as they are.
    ///
    /// The engines have gone apart after RDB version 11.
    func loads(_ format: PayloadFormat) -> Bool {
        if engine == .memcached || format.engine == .memcached { return engine == format.engine }
        guard engine == format.engine || format.rdbVersion <= 11 else { return false }
        return NodeInfo.newestRDBVersion(of: engine, version) >= format.rdbVersion
    }

    /// The program that was named, else the one on the search path that suits the snapshot best.
    ///
    /// The engine's own is preferred, unless only the other one loads the format. What cannot be found or does not run
    /// leaves the drill undecided.
    static func find(named: String?, for format: PayloadFormat, searchPath: String) async throws(DrillObstacle) -> Self
    {
        if let named {
            guard let path = executable(named, searchPath) else {
                throw DrillObstacle("there is no program '\(named)'", "name the server's program with --server")
            }
            return try await Self(asking: path)
        }
        let names = Self.names(for: format.engine)
        var found: [Self] = []
        var problem: DrillObstacle?
        for name in names {
            guard let path = executable(name, searchPath) else { continue }
            do throws(DrillObstacle) {
                found.append(try await Self(asking: path))
            } catch {
                problem = problem ?? error
            }
        }
        if let best = found.first(where: { $0.loads(format) }) ?? found.first { return best }
        throw problem
            ?? DrillObstacle(
                names.count == 1
                    ? "\(names[0]) is not on the search path"
                    : "neither \(names[0]) nor \(names[1]) is on the search path",
                "install \(names.count == 1 ? "it" : "one of them"), name it with --server, or name an empty node with --target"
            )
    }

    private static func names(for engine: Engine) -> [String] {
        switch engine {
        case .redis: ["redis-server", "valkey-server"]
        case .valkey: ["valkey-server", "redis-server"]
        case .memcached: ["memcached"]
        }
    }

    /// Runs it with `--version`.
    private init(asking path: String) async throws(DrillObstacle) {
        let process = ChildProcess(
            arguments: [path, "--version"],
            environment: .current,
            input: [],
            keptOutputByteCount: 4 << 10,
            timeLimit: Self.patience,
            grace: .seconds(1)
        )
        let end = await process.run(endsWhenCancelled: true)
        let output = String(decoding: end.output, as: UTF8.self)
        guard end.ending == .exited(0), let parts = Self.parse(output) else {
            throw DrillObstacle(
                "'\(path)' is no server program",
                "name redis-server, valkey-server or memcached with --server"
            )
        }
        self.init(path: path, engine: parts.engine, version: ServerVersion(parts.version), versionText: parts.version)
    }

    init(path: String, engine: Engine, version: ServerVersion, versionText: String) {
        (self.path, self.engine, self.version, self.versionText) = (path, engine, version, versionText)
    }

    /// `Redis server v=7.0.15 sha=…`, `Valkey server v=8.0.1 sha=…`, of Valkey 7.2 `Server v=7.2.7 sha=…`, and
    /// `memcached 1.6.18`.
    static func parse(_ output: String) -> (engine: Engine, version: String)? {
        let words = output.split(whereSeparator: \.isWhitespace)
        if words.first == "memcached", words.count > 1 { return (.memcached, String(words[1])) }
        guard let version = words.first(where: { $0.hasPrefix("v=") })?.dropFirst(2) else { return nil }
        switch words.first {
        case "Redis": return (.redis, String(version))
        case "Valkey", "Server": return (.valkey, String(version))
        default: return nil
        }
    }

    /// A name with a slash is a path; any other is looked for.
    ///
    /// Absolute, as the server starts in a directory of its own.
    private static func executable(_ name: String, _ searchPath: String) -> String? {
        guard !name.contains("/") else { return isExecutable(name) ? AbsolutePath.of(name) : nil }
        return searchPath.split(separator: ":").map { $0 + "/" + name }.first(where: isExecutable)
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
