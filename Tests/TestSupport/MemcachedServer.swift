import Foundation
import Synchronization

/// A Memcached process of a test: own directory, free loopback port or Unix socket, removed with the object.
package final class MemcachedServer: Sendable {
    /// How the server is started.
    package struct Configuration: Sendable {
        /// How clients reach it.
        package enum Endpoint: Sendable {
            case tcp
            case unixSocket
            /// TLS with certificates of the test's own authority; the oracle client does not speak it.
            case tls
        }

        package var endpoint = Endpoint.tcp
        /// Further arguments: `-m 256`, `-o no_lru_crawler`.
        package var arguments: [String] = []
        /// Lines of the file of users for `-Y`, "user:password"; none without authentication.
        package var users: [String] = []
        /// nil takes the server on PATH.
        package var path: String?

        package init(
            endpoint: Endpoint = .tcp,
            arguments: [String] = [],
            users: [String] = [],
            path: String? = nil
        ) {
            self.endpoint = endpoint
            self.arguments = arguments
            self.users = users
            self.path = path
        }
    }

    package let directory: TemporaryDirectory
    package let configuration: Configuration
    /// 0 for a Unix socket.
    package let port: Int
    package let socketPath: String
    /// The files of a TLS endpoint.
    package let certificates: TestCertificates?
    private let path: String
    private let process: Mutex<Subprocess?>

    /// Whether the machine has the program.
    package static var isInstalled: Bool { Subprocess.find("memcached") != nil }

    /// Starts a server and waits until it listens.
    package static func start(_ configuration: Configuration = Configuration()) async throws -> MemcachedServer {
        guard let path = configuration.path ?? Subprocess.find("memcached") else {
            throw TestEnvironmentError.missingProgram("memcached")
        }
        let directory = try TemporaryDirectory()
        let certificates: TestCertificates? =
            if case .tls = configuration.endpoint { try await TestCertificates.make(in: directory) } else { nil }
        if !configuration.users.isEmpty {
            try directory.write(configuration.users.joined(separator: "\n") + "\n", to: "users")
        }
        return try await SocketCalls.withFreeLoopbackPort { port in
            let server = MemcachedServer(
                path: path,
                directory: directory,
                configuration: configuration,
                port: port,
                certificates: certificates
            )
            try await server.launch()
            return server
        }
    }

    private init(
        path: String,
        directory: TemporaryDirectory,
        configuration: Configuration,
        port: Int,
        certificates: TestCertificates?
    ) {
        self.path = path
        self.directory = directory
        self.configuration = configuration
        if case .unixSocket = configuration.endpoint { self.port = 0 } else { self.port = port }
        self.certificates = certificates
        socketPath = directory.path("memcached.sock")
        process = Mutex(nil)
    }

    /// The URL for the clients under test; `user` as a client of `-Y` gives it.
    package func url(user: String? = nil) -> String {
        let login = user.map { $0 + "@" } ?? ""
        switch configuration.endpoint {
        case .tcp: return "memcached://\(login)127.0.0.1:\(port)"
        case .tls: return "memcacheds://\(login)localhost:\(port)"
        case .unixSocket: return "memcached+unix://\(login)\(socketPath)"
        }
    }

    package var url: String { url() }

    /// The server's own process; nil when it is stopped.
    package var processID: Int32? { process.withLock { $0?.processID } }

    /// A new connection of the oracle, logged in as the first of the users.
    package func client() throws -> MemcachedTestClient {
        let client =
            port == 0 ? try MemcachedTestClient(unixSocket: socketPath) : try MemcachedTestClient(port: port)
        if let user = configuration.users.first { try client.logIn(user.replacingOccurrences(of: ":", with: " ")) }
        return client
    }

    /// Stops the process so that nothing answers (SIGSTOP), until `resume`.
    package func suspend() { process.withLock { $0?.send(signal: SIGSTOP) } }
    package func resume() { process.withLock { $0?.send(signal: SIGCONT) } }

    /// Kills the process at once (SIGKILL) and waits until it is gone.
    package func kill() async { await end(signal: SIGKILL) }

    /// Ends the process in order (SIGTERM) and waits until it is gone; the directory stays.
    package func stop() async { await end(signal: SIGTERM) }

    private func end(signal: Int32) async {
        let running = process.withLock { $0.take() }
        running?.send(signal: signal)
        _ = await running?.wait()
    }

    private func launch() async throws {
        // With SASL (`-S`) it wants a directory for the library's settings, which may be empty.
        let environment = ProcessInfo.processInfo.environment.merging(["SASL_CONF_PATH": directory.path]) { $1 }
        let started = try Subprocess(path, arguments(), environment: environment, workingDirectory: directory.path)
        process.withLock { $0 = started }
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            guard started.isRunning else { throw TestEnvironmentError.failed(path, await started.wait().description) }
            if canConnect() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw TestEnvironmentError.failed(path, "does not listen after 30 s")
    }

    private func canConnect() -> Bool {
        let descriptor =
            port == 0
            ? try? SocketCalls.connect(unixSocket: socketPath) : try? SocketCalls.connect(loopbackPort: port)
        guard let descriptor else { return false }
        close(descriptor)
        return true
    }

    private func arguments() -> [String] {
        var arguments = ["-U", "0"]
        // Memcached refuses to run as root without a user to become.
        if getuid() == 0 { arguments += ["-u", "root"] }
        switch (configuration.endpoint, certificates) {
        case (.unixSocket, _): arguments += ["-s", socketPath]
        case (.tls, .some(let files)):
            arguments += ["-l", "127.0.0.1", "-p", "\(port)", "-Z"]
            arguments += ["-o", "ssl_chain_cert=\(files.serverCertificate),ssl_key=\(files.serverKey)"]
        default: arguments += ["-l", "127.0.0.1", "-p", "\(port)"]
        }
        if !configuration.users.isEmpty { arguments += ["-Y", directory.path("users")] }
        return arguments + configuration.arguments
    }
}
