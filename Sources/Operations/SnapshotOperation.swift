package import ArchiveFormat
package import Capture
package import Policy
import SnapshotModel
package import Transport

/// What a snapshot is to be taken of, and how.
package struct SnapshotRequest: Sendable {
    package enum Method: String, Hashable, Sendable, CaseIterable {
        /// Replication, and a scan where the source offers no replication; of Memcached its own walk.
        case auto
        case replication
        case scan
    }

    /// Where the source is, and as whom to connect.
    package var connection: ConnectionOptions
    /// The source's name, its identity; nil for its host and port.
    package var sourceName: String?
    package var method: Method
    /// Whether the source streams directly or saves to its own disk first.
    package var transfer: ReplicaOptions.Transfer
    package var scan: ScanOptions
    package var codec: CodecRequest
    package var tags: [String: String]
    /// The name of the policy that asked for it.
    package var policy: String?
    /// What makes the snapshot suspicious.
    package var guards: SnapshotGuards
    /// Whether a key is written to the source beforehand, to be found again in the archive.
    package var writesSentinel: Bool

    package init(
        connection: ConnectionOptions,
        sourceName: String? = nil,
        method: Method = .auto,
        transfer: ReplicaOptions.Transfer = .diskless,
        scan: ScanOptions = ScanOptions(),
        codec: CodecRequest = .standard,
        tags: [String: String] = [:],
        policy: String? = nil,
        guards: SnapshotGuards = SnapshotGuards(),
        writesSentinel: Bool = false
    ) {
        self.connection = connection
        self.sourceName = sourceName
        self.method = method
        self.transfer = transfer
        self.scan = scan
        self.codec = codec
        self.tags = tags
        self.policy = policy
        self.guards = guards
        self.writesSentinel = writesSentinel
    }
}

extension SnapshotRequest {
    /// What a policy asks for, of the node that `connection` leads to.
    package init(_ policy: PolicyFile, connection: ConnectionOptions) {
        self.init(
            connection: connection,
            sourceName: policy.source.name,
            method: Method(following: policy.capture.method),
            transfer: policy.capture.transfer,
            scan: ScanOptions(keysPerSecond: policy.capture.scanRate),
            codec: policy.archive.codec,
            tags: policy.archive.tags,
            policy: policy.name.isEmpty ? nil : policy.name,
            guards: SnapshotGuards(policy.guards),
            writesSentinel: policy.source.sentinel
        )
    }
}

extension SnapshotRequest.Method {
    init(following method: PolicyCapture.Method) {
        switch method {
        case .auto: self = .auto
        case .replication: self = .replication
        case .scan: self = .scan
        // The one way to read Memcached, and none to read anything else: a policy that says so is checked for that.
        case .crawl: self = .auto
        }
    }
}

/// Takes a snapshot of a node: captures, checks what was written, publishes, catalogs.
///
/// Whatever is thrown, and whenever the task is cancelled: nothing is published, and no temporary file outlives the next
/// run.
package struct SnapshotOperation: Sendable {
    private let request: SnapshotRequest

    package init(_ request: SnapshotRequest) {
        self.request = request
    }

    package func run(_ context: OperationContext) async throws -> SnapshotReport {
        try checkRequest()
        let name = request.sourceName ?? request.connection.url.address
        let recording = SnapshotRecording(
            sourceName: name,
            codec: request.codec,
            tags: request.tags,
            policy: request.policy,
            guards: request.guards
        )
        return try await recording.run(context) {
            context.progress(OperationProgress(.connecting, subject: name))
        } open: {
            let (sentinel, warning) = try await writeSentinel()
            var opened = try await open(context, subject: name)
            opened.sentinel = sentinel
            if let warning { opened.warnings.append(warning) }
            return opened
        }
    }

    /// Before the capture's own connections are opened: they may lead elsewhere, which is what it is to find.
    private func writeSentinel() async throws -> (WrittenSentinel?, warning: String?) {
        guard request.writesSentinel else { return (nil, nil) }
        guard request.connection.url.family == .redis else {
            return try await CrawlSentinelWriter(request.connection, keysPerSecond: request.scan.keysPerSecond).write()
                .parts
        }
        let writer = SentinelWriter(
            request.connection,
            mayScan: request.method != .replication,
            keysPerSecond: request.scan.keysPerSecond
        )
        return try await writer.write().parts
    }

    private func checkRequest() throws(OperationError) {
        if request.connection.url.family == .memcached, request.method != .auto {
            throw OperationError(
                .usage,
                "Memcached has neither replication nor SCAN, so that there is no choice of a method",
                hint: "leave --method out, or the policy's capture method: its items are read by its own walk"
            )
        }
        if let database = request.connection.url.database {
            throw OperationError(
                .usage,
                "the source's URL names database \(database), but a snapshot has every database",
                hint: "leave it out; 'rewarm restore --database' chooses databases"
            )
        }
    }

    private func open(_ context: OperationContext, subject: String) async throws -> SnapshotRecording.Opened {
        guard request.connection.url.family == .redis else { return .init(session: try await openCrawl(context)) }
        switch request.method {
        case .replication: return .init(session: try await openReplication(context, subject))
        case .scan: return .init(session: try await openScan(context))
        case .auto:
            do {
                return .init(session: try await openReplication(context, subject))
            } catch let error as TransportError {
                guard error.suggestsScan else { throw error }
                let session = try await openScan(context)
                return .init(
                    session: session,
                    warnings: ["taken by scan, so it is a window in time and no single point: \(error.message)"]
                )
            }
        }
    }

    private func openReplication(_ context: OperationContext, _ subject: String) async throws -> any CaptureSession {
        try await ReplicationCapture.open(request.connection, transfer: request.transfer) { progress in
            context.progress(OperationProgress(progress, subject: subject))
        }
    }

    private func openScan(_ context: OperationContext) async throws -> any CaptureSession {
        try await ScanCapture.open(request.connection, request.scan, spillingTo: context.spillPlace)
    }

    private func openCrawl(_ context: OperationContext) async throws -> any CaptureSession {
        try await CrawlCapture.open(
            request.connection,
            keysPerSecond: request.scan.keysPerSecond,
            spillingTo: context.spillPlace
        )
    }
}

extension SentinelWriter.Outcome {
    fileprivate var parts: (WrittenSentinel?, warning: String?) {
        switch self {
        case .written(let sentinel): (sentinel, nil)
        case .leftOut(let warning): (nil, warning)
        }
    }
}

extension TransportError {
    /// Whether the source offers no replication at all, so that a scan is the way; false for what passes, such as a
    /// replica whose link is down.
    var suggestsScan: Bool {
        if code == .permissionDenied || isUnknownCommand { return true }
        guard code == .replicationRefused || category == .refusedByServer, let text = serverText?.lowercased()
        else { return false }
        return ["not allowed", "not permitted", "disabled", "not supported", "unsupported", "restricted"]
            .contains { text.contains($0) }
    }
}

extension OperationProgress {
    init(_ progress: CaptureProgress, subject: String) {
        let phase: Phase =
            switch progress.phase {
            case .waitingForSource: .waiting
            case .capturing: .capturing
            case .finishing: .checking
            }
        self.init(
            phase,
            subject: subject,
            completedByteCount: progress.rawByteCount,
            completedKeyCount: progress.keyCount,
            totalKeyCount: progress.expectedKeyCount
        )
    }
}
