import RESP
package import Transport

/// Tells a target to stop replicating from here, until it has.
///
/// Runs to its end also where the task that asks for it was cancelled.
package struct Detachment: Sendable {
    /// What `repl-diskless-load` is set to for a run.
    static let settingOfRun = "on-empty-db"
    /// How long a target that is still busy with the stream is asked again.
    private static let patience = Duration.seconds(60)
    private static let pause = Duration.milliseconds(100)

    private let attachment: Attachment
    private let target: ConnectionOptions

    package init(attachment: Attachment, target: ConnectionOptions) {
        self.attachment = attachment
        self.target = target
    }

    /// What is left to do by hand, as a sentence; nil if the target is detached and its settings are as before.
    package func run() async -> String? {
        // A task of its own: a cancelled one could not open a connection.
        await Task { await detach() }.value
    }

    private func detach() async -> String? {
        let end = ContinuousClock.now.advanced(by: Self.patience)
        var problem = "it did not answer"
        while true {
            do throws(TransportError) {
                guard let failure = try await attempt() else { return nil }
                problem = failure
            } catch {
                problem = error.message
                // A server that is gone replicates from nobody: what REPLICAOF said does not outlive it.
                if error.code == .refused { return nil }
            }
            guard ContinuousClock.now < end else { break }
            try? await Task.sleep(for: Self.pause)
        }
        return "\(attachment.target) may still replicate from \(attachment.host):\(attachment.port) (\(problem)): "
            + attachment.remedy
    }

    /// One attempt; nil if it succeeded, else why not.
    private func attempt() async throws(TransportError) -> String? {
        var options = target
        options.connectTimeout = .seconds(5)
        options.replyTimeout = .seconds(10)
        options.loadingPatience = .seconds(10)
        options.onWait = nil
        let connection = try await NodeConnection.connect(options)
        do throws(TransportError) {
            let failure = try await detach(connection)
            await connection.close()
            return failure
        } catch {
            await connection.close()
            throw error
        }
    }

    private func detach(_ connection: NodeConnection) async throws(TransportError) -> String? {
        let before = try await connection.info()
        if before["role"] == "slave" {
            // Somebody else's primary is none of our business.
            guard before["master_host"] == attachment.host, before.number("master_port") == Int64(attachment.port)
            else {
                return nil
            }
            let reply = try await connection.reply(to: ["REPLICAOF", "NO", "ONE"])
            if let error = reply.error { return error.safeText }
            guard try await connection.info("replication")["role"] == "master" else { return "it stays a replica" }
        }
        if let setting = attachment.disklessLoad, try await isAsSet(connection) {
            let reply = try await connection.reply(to: ["CONFIG", "SET", "repl-diskless-load", .text(setting)])
            if let error = reply.error { return "repl-diskless-load is not put back: \(error.safeText)" }
        }
        return nil
    }

    /// Whether the setting is still what the run set; somebody else's choice stays.
    private func isAsSet(_ connection: NodeConnection) async throws(TransportError) -> Bool {
        let reply = try await connection.reply(to: ["CONFIG", "GET", "repl-diskless-load"])
        return reply.elements?.last?.text == Self.settingOfRun
    }
}
