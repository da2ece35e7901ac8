import Foundation
import Synchronization

/// A server process of a test: own directory, free loopback port or Unix socket, removed with the object.
///
/// Besides what the test asks for it always listens on a Unix socket, over which the oracle client speaks.
package final class RedisServer: Sendable {
    /// How the server is started.
    package struct Configuration: Sendable {
        /// How clients under test reach it.
        package enum Endpoint: Sendable {
            case tcp
            case unixSocket
            /// TLS with certificates of the test's own authority; `requiringClientCertificate` as it says.
            case tls(requiringClientCertificate: Bool)
        }

        package var endpoint = Endpoint.tcp
        /// Lines of redis.conf, "maxmemory-policy allkeys-lru".
        package var lines: [String] = []
        /// `requirepass`: the password of the default user.
        package var password: String?
        /// ACL rules without the word `user`: "backup on >secret ~* &* +@all".
        package var users: [String] = []
        /// Commands that clients under test do not find, as on a managed service.
        package var withheldCommands: [String] = []
        /// The names and addresses in the certificate of a TLS endpoint.
        package var certificateNames = TestCertificates.defaultNames
        /// nil takes the server on PATH.
        package var binary: ServerBinary?

        package init(
            endpoint: Endpoint = .tcp,
            lines: [String] = [],
            password: String? = nil,
            users: [String] = [],
            withheldCommands: [String] = [],
            binary: ServerBinary? = nil
        ) {
            self.endpoint = endpoint
            self.lines = lines
            self.password = password
            self.users = users
            self.withheldCommands = withheldCommands
            self.binary = binary
        }

        /// What a managed service withholds.
        ///
        /// Source: docs.aws.amazon.com/AmazonElastiCache/latest/dg/ClientConfig.RestrictedCommands.html
        package static let managedService = Self(
            withheldCommands: [
                "SYNC", "PSYNC", "CONFIG", "DEBUG", "REPLICAOF", "SLAVEOF", "SAVE", "BGSAVE", "BGREWRITEAOF", "MIGRATE",
                "SHUTDOWN",
            ]
        )
    }

    package static let oraclePassword = "oracle-of-the-tests"
    private static let withheldDebug = "DEBUG-OF-THE-ORACLE"

    package let directory: TemporaryDirectory
    package let binary: ServerBinary
    package let configuration: Configuration
    /// Of the endpoint under test; 0 for a Unix socket.
    package let port: Int
    /// Where the oracle connects, and the clients under test of the endpoint `unixSocket`.
    package let socketPath: String
    /// The files of a TLS endpoint.
    package let certificates: TestCertificates?
    private let process: Mutex<Subprocess?>

    /// Starts a server and waits until it answers.
    package static func start(_ configuration: Configuration = Configuration()) async throws -> RedisServer {
        let binary = if let given = configuration.binary { given } else { try await ServerBinary.onPath() }
        let directory = try TemporaryDirectory()
        let certificates: TestCertificates? =
            if case .tls = configuration.endpoint {
                try await TestCertificates.make(in: directory, names: configuration.certificateNames)
            } else {
                nil
            }
        return try await SocketCalls.withFreeLoopbackPort { port in
            let server = RedisServer(
                directory: directory,
                binary: binary,
                configuration: configuration,
                port: port,
                certificates: certificates
            )
            try await server.launch()
            return server
        }
    }

    private init(
        directory: TemporaryDirectory,
        binary: ServerBinary,
        configuration: Configuration,
        port: Int,
        certificates: TestCertificates?
    ) {
        self.directory = directory
        self.binary = binary
        self.configuration = configuration
        if case .unixSocket = configuration.endpoint { self.port = 0 } else { self.port = port }
        self.certificates = certificates
        socketPath = directory.path("node.sock")
        process = Mutex(nil)
    }

    /// The URL for the clients under test.
    package var url: String { url(user: nil) }

    package func url(user: String? = nil, database: Int? = nil) -> String {
        let login = user.map { $0 + "@" } ?? ""
        let path = database.map { "/\($0)" } ?? ""
        switch configuration.endpoint {
        case .tcp: return "redis://\(login)127.0.0.1:\(port)\(path)"
        case .tls: return "rediss://\(login)localhost:\(port)\(path)"
        case .unixSocket: return "redis+unix://\(login)\(socketPath)"
        }
    }

    /// The server's own process; nil when it is stopped.
    package var processID: Int32? {
        process.withLock { $0?.processID }
    }

    /// The text of its log.
    package var log: String {
        (try? String(contentsOfFile: directory.path("log"), encoding: .utf8)) ?? ""
    }

    /// The file that SAVE writes.
    package var dumpPath: String { directory.path("dump.rdb") }

    /// A new connection of the oracle, with all rights.
    package func client(database: Int = 0) throws -> RedisClient {
        let withholdsDebug = configuration.withheldCommands.contains("DEBUG")
        let client = try RedisClient(
            unixSocket: socketPath,
            debugCommand: withholdsDebug ? Self.withheldDebug : "DEBUG"
        )
        if needsLogin { try client.command("AUTH", "oracle", RedisArgument(Self.oraclePassword)) }
        if database != 0 { try client.command("SELECT", RedisArgument(Int64(database))) }
        return client
    }

    /// Kills the process at once (SIGKILL) and waits until it is gone.
    package func kill() async {
        await end(signal: SIGKILL)
    }

    /// Ends the process in order (SIGTERM) and waits until it is gone; the directory stays.
    package func stop() async {
        await end(signal: SIGTERM)
    }

    /// Stops the process if it runs, and starts it again on the same endpoint and directory.
    package func restart() async throws {
        await stop()
        try await launch()
    }

    private func end(signal: Int32) async {
        let running = process.withLock { process in
            defer { process = nil }
            return process
        }
        running?.send(signal: signal)
        _ = await running?.wait()
    }

    private var needsLogin: Bool { configuration.password != nil || !configuration.users.isEmpty }

    private func launch() async throws {
        try directory.write(configurationText(), to: "redis.conf")
        let started = try Subprocess(binary.path, [directory.path("redis.conf")], workingDirectory: directory.path)
        process.withLock { $0 = started }
        try await awaitReadiness(of: started)
    }

    /// Asks with PING until the server answers; its end or half a minute is an error.
    private func awaitReadiness(of started: Subprocess) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            guard started.isRunning else {
                throw TestEnvironmentError.failed(binary.path, log + started.outputSoFar)
            }
            if let reply = try? client().reply(to: ["PING"]), reply == .status("PONG") { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw TestEnvironmentError.failed(binary.path, "no answer to PING in 30 s\n" + log)
    }

    private func configurationText() -> String {
        var lines = [
            "bind 127.0.0.1", "unixsocket \(socketPath)", "dir \(directory.path)", "logfile \(directory.path("log"))",
            "save \"\"", "appendonly no", "daemonize no", "repl-diskless-sync-delay 0", "databases 16",
        ]
        if binary.knows(.functions) {
            lines.append("enable-debug-command yes")
        }
        switch (configuration.endpoint, certificates) {
        case (.tls(let requiringClientCertificate), .some(let files)):
            lines += [
                "port 0", "tls-port \(port)", "tls-cert-file \(files.serverCertificate)",
                "tls-key-file \(files.serverKey)", "tls-ca-cert-file \(files.authority)",
                "tls-auth-clients \(requiringClientCertificate ? "yes" : "no")",
            ]
        default: lines.append("port \(port)")
        }
        for command in configuration.withheldCommands {
            lines.append("rename-command \(command) \(command == "DEBUG" ? Self.withheldDebug : "\"\"")")
        }
        if let password = configuration.password { lines.append("requirepass \(password)") }
        if needsLogin { lines.append("user oracle on >\(Self.oraclePassword) ~* &* +@all") }
        lines += configuration.users.map { "user " + $0 }
        lines += configuration.lines
        return lines.joined(separator: "\n") + "\n"
    }
}
