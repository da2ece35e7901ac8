import NIOCore
import RDB
import RESP
package import SnapshotModel
package import Transport

/// Loads archives into a target that replicates from here for as long as that takes.
///
/// ```
/// listen -> journal -> REPLICAOF here -> PSYNC comes -> RDB stream -> the target has loaded it -> REPLICAOF NO ONE -> check
/// ```
/// However it ends, the target is told to stop replicating, over a connection of its own that no cancellation ends.
package struct ReplicationEngine: Sendable {
    /// Whom to tell when the target is about to be attached, and when it is detached again.
    package struct Journal: Sendable {
        package var begin: @Sendable (Attachment) async throws -> Void
        package var end: @Sendable (Attachment) async -> Void

        package init(
            begin: @escaping @Sendable (Attachment) async throws -> Void,
            end: @escaping @Sendable (Attachment) async -> Void
        ) {
            self.begin = begin
            self.end = end
        }
    }

    /// What loading came to.
    private enum Loading {
        /// The link stays up until the target is detached, so that it does not look for its primary meanwhile.
        case finished(ReplicaFeed)
        case failed(any Error)
    }

    /// How long a target that was told to replicate may take to come.
    private static let attachPatience = Duration.seconds(30)
    private static let pollInterval = Duration.milliseconds(20)

    private let plan: RestorePlan
    private let manifest: Manifest
    private let parts: [RestorePart]
    private let target: ConnectionOptions
    private let journal: Journal
    private let processID: Int32
    private let progress: @Sendable (RestoreProgress) -> Void

    package init(
        plan: RestorePlan,
        manifest: Manifest,
        parts: [RestorePart],
        target: ConnectionOptions,
        journal: Journal,
        processID: Int32,
        progress: @escaping @Sendable (RestoreProgress) -> Void = { _ in }
    ) {
        self.plan = plan
        self.manifest = manifest
        self.parts = parts
        self.target = target
        self.journal = journal
        self.processID = processID
        self.progress = progress
    }

    /// Counts what a stream would hold; writes nothing.
    package func rehearse(now: UnixMilliseconds) async throws -> StreamCounts {
        let stream = makeStream(now: now, takesSample: false) { _ in }
        try await stream.run { _ in }
        return stream.counts
    }

    /// Runs the restore over `control`, a connection that runs no other command meanwhile.
    ///
    /// - Throws: before the target was told anything; what happens later is in the result
    package func run(_ control: NodeConnection, clock: TargetClock) async throws -> RestoreResult {
        let begin = ContinuousClock.now
        let changesSetting = try await tryPermissions(control)
        let listener = try await listen(control)
        do {
            if plan.options.flushTarget { try await control.flush(plan, functions: true) }
            let evictedBefore = try await control.evictedKeyCount()
            let startedAt = clock.now
            let stream = makeStream(now: startedAt, takesSample: true, progress)
            let attachment = attachment(listener, startedAt, changesSetting: changesSetting)
            try await journal.begin(attachment)
            let loading = await load(stream, control, listener, attachment, startedAt)
            let loaded = ContinuousClock.now
            await listener.close()
            let detachment = await Detachment(attachment: attachment, target: target).run()
            if case .finished(let feed) = loading { await feed.close() }
            if detachment == nil { await journal.end(attachment) }
            var result = result(of: loading, stream, startedAt)
            result.remedy = detachment
            if case .finished = loading, let notice = await waitUntilDurable(control) { result.notices = [notice] }
            result.loadingDuration = begin.duration(to: loaded)
            if case .finished = loading, detachment == nil {
                var telling = RestoreProgress(recordCount: 0, recordTotal: 0, sentByteCount: stream.counts.byteCount)
                telling.recordCount = result.accounting.captured
                telling.recordTotal = result.accounting.captured
                telling.isChecking = true
                progress(telling)
                let check = TargetCheck(plan: plan, clock: clock, evictions: EvictionWatch(from: evictedBefore))
                let counts = stream.counts
                result.verification = await check.run(
                    RedisStore(connection: control),
                    counts.keyspace,
                    counts.sample,
                    &result.accounting,
                    evictedCount: &result.evictedKeyCount
                )
            }
            result.dueKeyCount = stream.counts.keyspace.dueCount(by: clock.now)
            result.duration = begin.duration(to: .now)
            return result
        } catch {
            await listener.close()
            throw error
        }
    }

    // MARK: Attaching

    /// Does what changes nothing and needs the same permissions: throws where the target may not be told to replicate.
    ///
    /// - Returns: whether `repl-diskless-load` is to be changed, and can be
    private func tryPermissions(_ control: NodeConnection) async throws(TransportError) -> Bool {
        _ = try await control.command("REPLICAOF", "NO", "ONE")
        guard let setting = plan.target.disklessLoad, setting == "disabled" else { return false }
        return try await control.reply(to: ["CONFIG", "SET", "repl-diskless-load", .text(setting)]).isOK
    }

    private func listen(_ control: NodeConnection) async throws(TransportError) -> ReplicaListener {
        let loopback: Set<String> = ["127.0.0.1", "::1"]
        let addresses = control.remoteHost.map { [$0] } ?? loopback
        let host = plan.options.listen?.host ?? control.localHost ?? "127.0.0.1"
        let expectation = ReplicaListener.Expectation(addresses: addresses, replicationID: plan.target.replicationID)
        return try await ReplicaListener.open(
            host: host,
            port: plan.options.listen?.port ?? 0,
            tls: encryption(),
            expectation
        )
    }

    /// What the listener shows; whom the connection to the target trusts, the listener trusts.
    private func encryption() -> ListenerTLS? {
        guard let files = plan.options.listenCertificate else { return nil }
        return ListenerTLS(
            certificateFile: files.certificateFile,
            keyFile: files.keyFile,
            authorityFile: target.tls.authorityFile
        )
    }

    private func attachment(
        _ listener: ReplicaListener,
        _ startedAt: UnixMilliseconds,
        changesSetting: Bool
    ) -> Attachment {
        Attachment(
            snapshot: manifest.id,
            target: plan.target.address,
            targetRunID: plan.target.runID,
            host: listener.host,
            port: listener.port,
            disklessLoad: changesSetting ? plan.target.disklessLoad : nil,
            startedAt: startedAt,
            processID: processID
        )
    }

    /// From the first command that changes the target to the end of its loading.
    private func load(
        _ stream: SnapshotStream,
        _ control: NodeConnection,
        _ listener: ReplicaListener,
        _ attachment: Attachment,
        _ startedAt: UnixMilliseconds
    ) async -> Loading {
        do {
            try await requireUnchanged(control)
            if attachment.disklessLoad != nil {
                _ = try await control.command("CONFIG", "SET", "repl-diskless-load", .text(Detachment.settingOfRun))
            }
            _ = try await control.command("REPLICAOF", .text(listener.host), .number(Int64(listener.port)))
            let feed = try await listener.replica(within: Self.attachPatience)
            // Nobody else is served.
            await listener.close()
            do {
                try await requireAttached(control, attachment)
                let framing = try await framing(feed, startedAt)
                try await feed.begin(framing)
                try await stream.run { try await feed.write($0) }
                try await feed.finish(framing)
                try await waitUntilLoaded(control, feed)
                return .finished(feed)
            } catch {
                await feed.close()
                throw error
            }
        } catch {
            return .failed(await cause(of: error, control))
        }
    }

    /// What the target itself says of a stream that broke: one that still answers was not lost.
    private func cause(of error: any Error, _ control: NodeConnection) async -> any Error {
        guard error is TransportError, let node = try? await control.info("replication") else { return error }
        return RestoreInterruption.refused(
            node["role"] == "master"
                ? "it was detached by somebody else while it loaded" : "it broke the stream off; its log tells why"
        )
    }

    /// The node is still the one that was found fit, and holds nothing that would be lost.
    private func requireUnchanged(_ control: NodeConnection) async throws {
        let node = try await control.info()
        guard node["run_id"] == plan.target.runID, node["role"] == "master" else {
            throw RestoreInterruption.refused("it was exchanged or restarted, or became a replica, meanwhile")
        }
        let expected = plan.options.flushTarget ? 0 : plan.target.keyCount
        let keyCount = node.names.filter { $0.hasPrefix("db") }.reduce(0) { $0 + (node.number("keys", in: $1) ?? 0) }
        guard keyCount <= expected else {
            throw RestoreInterruption.refused(
                "a client wrote \(Figures.counted(UInt64(keyCount), "key")) meanwhile, which would be lost"
            )
        }
    }

    /// It is the target that came: it says itself that it synchronises with us.
    private func requireAttached(_ control: NodeConnection, _ attachment: Attachment) async throws {
        let node = try await control.info("replication")
        guard node["role"] == "slave", node["master_host"] == attachment.host,
            node.number("master_port") == Int64(attachment.port)
        else { throw RestoreInterruption.refused("it says that it replicates from elsewhere") }
    }

    /// Where the target cannot tell the end by a marker it must know the length: all is gone through once before.
    private func framing(_ feed: ReplicaFeed, _ startedAt: UnixMilliseconds) async throws -> ReplicaFeed.Framing {
        feed.knowsMarker ? .marker : .length(try await rehearse(now: startedAt).byteCount)
    }

    // MARK: Loading

    /// Waits until the target says that its dataset is ours and loaded.
    private func waitUntilLoaded(
        _ control: NodeConnection,
        _ feed: ReplicaFeed
    ) async throws {
        while true {
            let node = try await control.info()
            if node.flag("loading") != true, node["master_link_status"] == "up" { return }
            guard node["role"] == "slave" else {
                throw RestoreInterruption.refused("it was detached by somebody else while it loaded")
            }
            guard feed.isOpen else {
                throw RestoreInterruption.refused("it could not load the stream; its log tells why")
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    /// Waits until a target that keeps an append-only file has rewritten it: a stream goes into memory first, and what
    /// is only there does not survive the target's death.
    ///
    /// - Returns: why it is not in that file, as a sentence; nil if it is, or if the target keeps none
    private func waitUntilDurable(_ control: NodeConnection) async -> String? {
        do {
            while true {
                let node = try await control.info("persistence")
                guard node.flag("aof_enabled") == true else { return nil }
                if node.flag("aof_rewrite_in_progress") != true, node.flag("aof_rewrite_scheduled") != true {
                    guard node["aof_last_bgrewrite_status"] != "ok" else { return nil }
                    break
                }
                try await Task.sleep(for: Self.pollInterval)
            }
        } catch {
            return "\(plan.target.address) did not tell whether its append-only file holds the data: \(error)"
        }
        return "\(plan.target.address) could not rewrite its append-only file, so the data is in its memory alone; "
            + "run BGREWRITEAOF there"
    }

    private func makeStream(
        now: UnixMilliseconds,
        takesSample: Bool,
        _ progress: @escaping @Sendable (RestoreProgress) -> Void
    ) -> SnapshotStream {
        var request = SnapshotStream.Request(
            manifest: manifest,
            parts: parts,
            options: plan.options,
            format: plan.streamFormat,
            start: now
        )
        request.now = now
        request.takesSample = takesSample
        return SnapshotStream(request, progress: progress)
    }

    // MARK: The result

    /// What the target did not load whole it does not hold at all.
    private func result(
        of loading: Loading,
        _ stream: SnapshotStream,
        _ startedAt: UnixMilliseconds
    ) -> RestoreResult {
        var counts = stream.counts
        var ending = RestoreResult.Ending.finished
        if case .failed(let error) = loading {
            ending = .init(error)
            counts.giveUp()
        }
        return RestoreResult(
            ending: ending,
            accounting: counts.accounting,
            libraries: counts.libraries,
            moduleAuxiliaryCount: counts.moduleAuxiliaryCount,
            dueKeyCount: 0,
            errorTexts: [:],
            verification: nil,
            lostBlocks: counts.lostBlocks,
            sentByteCount: counts.byteCount,
            startedAt: startedAt,
            loadingDuration: .zero,
            duration: .zero
        )
    }
}
