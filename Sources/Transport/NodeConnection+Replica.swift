import NIOCore
import RESP

/// How a replica hand-over is asked for.
package struct ReplicaOptions: Sendable {
    /// Whether the server streams from its child process, or saves to its disk first and then tells the length.
    package enum Transfer: String, Hashable, Sendable, CaseIterable {
        case diskless
        case disk
    }

    package var transfer: Transfer
    /// The version to present as our own, for Valkey 9 and newer, which write a stream that this version can read.
    package var presentedVersion: String?
    /// The longest time without a byte; servers send one each second while they prepare.
    package var stallTimeout: Duration

    package init(
        transfer: Transfer = .diskless,
        presentedVersion: String? = nil,
        stallTimeout: Duration = .seconds(60)
    ) {
        self.transfer = transfer
        self.presentedVersion = presentedVersion
        self.stallTimeout = stallTimeout
    }
}

extension NodeConnection {
    private static let permissions = "+psync +sync +replconf +ping"

    /// Asks the node for a full synchronisation, as a replica that is never listed as one (no `listening-port`).
    ///
    /// Takes the connection over for good.
    package func becomeReplica(
        _ options: ReplicaOptions = ReplicaOptions()
    ) async throws(TransportError)
        -> ReplicaStream
    {
        let rdbOnly = try await configure("rdb-only", "1")
        if rdbOnly != .commandUnknown {
            if let version = options.presentedVersion { _ = try await configure("version", .text(version)) }
            if options.transfer == .diskless { _ = try await configure("capa", "eof") }
        }
        let queue = ChunkQueue()
        let sink = try await openReplicaSink(queue, acknowledges: rdbOnly == .optionUnknown, options)
        var start = try await synchronise(sink, "PSYNC", "?", "-1")
        if case .refused(let error) = start, error.isUnknownCommand { start = try await synchronise(sink, "SYNC") }
        switch start {
        case .refused(let error): throw refusal(error)
        case .payload(let framing, let replicationID, let offset):
            let kind: ReplicaStream.Kind =
                switch framing {
                case .marker: .eofMarker
                case .length(let byteCount): .length(byteCount)
                }
            return ReplicaStream(
                kind: kind,
                replicationID: replicationID,
                replicationOffset: offset,
                isRDBOnly: rdbOnly == .accepted,
                connection: self,
                queue: queue,
                sink: sink
            )
        }
    }

    private enum Configuration {
        case accepted
        case optionUnknown
        /// REPLCONF is renamed away: nothing can be acknowledged, and the transfer comes from disk.
        case commandUnknown
    }

    /// Sends `REPLCONF option value`.
    private func configure(
        _ option: RESPArgument,
        _ value: RESPArgument
    ) async throws(TransportError)
        -> Configuration
    {
        guard let error = try await reply(to: ["REPLCONF", option, value]).error else { return .accepted }
        let failure = TransportError(error, command: "REPLCONF", address: address)
        if case .serverError = failure.code { return error.isUnknownCommand ? .commandUnknown : .optionUnknown }
        throw failure.code == .permissionDenied ? lackingPermission(failure) : failure
    }

    private func openReplicaSink(
        _ queue: ChunkQueue,
        acknowledges: Bool,
        _ options: ReplicaOptions
    ) async throws(TransportError) -> NIOLoopBound<ReplicaSink> {
        let stallTimeout = TimeAmount(options.stallTimeout)
        let opened = channel.eventLoop.submit { [handler, eventLoop = channel.eventLoop] in
            let sink = ReplicaSink(
                handler: handler.value,
                queue: queue,
                acknowledges: acknowledges,
                eventLoop: eventLoop
            )
            handler.value.setAutoRead(false)
            handler.value.use(sink, replyTimeout: stallTimeout)
            return NIOLoopBound(sink, eventLoop: eventLoop)
        }
        return try await value(of: opened)
    }

    private func synchronise(
        _ sink: NIOLoopBound<ReplicaSink>,
        _ command: RESPArgument...
    ) async throws(TransportError) -> ReplicaSink.Start {
        var buffer = ByteBuffer()
        buffer.writeCommand(command)
        let promise = channel.eventLoop.makePromise(of: ReplicaSink.Start.self)
        let isAcknowledged = command.count > 1
        channel.eventLoop.execute { [buffer] in
            sink.value.start(buffer, expectsAcknowledgement: isAcknowledged, promise: promise)
        }
        return try await value(of: promise.futureResult)
    }

    /// Why the server does not let itself be replicated, and what to do.
    private func refusal(_ error: RESPErrorReply) -> TransportError {
        let failure = TransportError(error, command: "PSYNC", address: address)
        if failure.code == .permissionDenied { return lackingPermission(failure) }
        guard failure.code == .replicationRefused || failure.category == .refusedByServer else { return failure }
        let advice =
            if error.isUnknownCommand {
                "PSYNC and SYNC are renamed away or forbidden there: use --method scan"
            } else if error.prefix == "NOMASTERLINK" {
                "it is a replica whose link to its primary is down: wait until it is up, or take another node"
            } else if error.text.lowercased().contains("failing over") {
                "it is failing over: try again afterwards"
            } else if error.text.contains("BGSAVE") {
                "its child process could not start: look into its log (memory overcommit)"
            } else {
                "use --method scan if this node cannot be replicated"
            }
        return TransportError(
            .replicationRefused,
            "\(address) refuses a replica: \(error.safeText); \(advice)",
            serverText: error.safeText
        )
    }

    private func lackingPermission(_ failure: TransportError) -> TransportError {
        var explained = failure
        explained.message = failure.message + "; a snapshot by replication needs \(Self.permissions)"
        return explained
    }
}
