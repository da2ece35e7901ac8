import NIOCore
import ObjectStorage
import Restore
import SnapshotModel
import Transport

/// The journals of restores that were interrupted, in the user's state directory.
///
/// ```
/// $XDG_STATE_HOME/rewarm/restores/<snapshot>-<run id of the target>.journal     mode 0600, at most 1000 key names in it
/// ```
/// One is removed when its restore is done, or a month after its last line.
struct RestoreJournals {
    static let suffix = ".journal"
    /// A snapshot that is a month old is hardly restored on; its target has changed beyond it.
    private static let lifeMilliseconds: Int64 = 30 * 86_400_000
    /// A journal of more bytes was not written by this program.
    private static let largestByteCount: UInt64 = 1 << 30

    /// An interrupted restore that was found.
    struct Interrupted {
        var earlier = EarlierRun.none
        var file: RestoreJournalFile?
    }

    let context: OperationContext
    let directory: String?
    let operations: FileOperations

    init(_ context: OperationContext, fileSystem: any FileSystem = PosixFileSystem()) {
        self.context = context
        directory = context.directories.state.map { $0 + "/restores" }
        operations = FileOperations(fileSystem)
    }

    // MARK: Finding

    /// Looks for the journal of a restore of this snapshot to this target, and whether it can be continued.
    func interrupted(
        _ snapshot: SnapshotID,
        _ options: RestoreOptions,
        _ target: TargetFacts,
        _ session: TargetSession,
        _ clock: TargetClock
    ) async throws -> Interrupted {
        guard options.method == .commands else { return Interrupted() }
        guard let found = try find(snapshot, target, isNeeded: options.resumes) else {
            if options.resumes {
                context.inform(
                    "no interrupted restore of snapshot \(snapshot) to \(target.address) is known; beginning at the start"
                )
            }
            return Interrupted()
        }
        let content = found.content
        guard options.resumes else {
            return Interrupted(earlier: .known(recordCount: content.handledRecordCount), file: found.file)
        }
        if let difference = options.difference(from: content.header.options) {
            throw OperationError(
                .usage,
                "the restore that is to be continued had other options: \(difference)",
                hint: "give the same options, or restore without --resume"
            )
        }
        if let change = options.change(from: content.header.options) {
            context.warn("\(change): what the restore that is continued has left out stays left out")
        }
        guard !target.isLoading else { return Interrupted(file: found.file) }
        let resumption = try await RestoreResumption.examine(
            content,
            session,
            clock: clock,
            existing: options.existing
        )
        return Interrupted(earlier: .continued(resumption), file: found.file)
    }

    private struct Found {
        var file: RestoreJournalFile
        var content: RestoreJournalContent
    }

    /// The journal that fits best: by the process, by the history of its data, by the address.
    ///
    /// Throws `locked` if another restore writes it. A directory that cannot be read is an error only where a journal
    /// `isNeeded`.
    private func find(_ snapshot: SnapshotID, _ target: TargetFacts, isNeeded: Bool) throws -> Found? {
        guard let directory else { return nil }
        do {
            var best: (rank: Int, path: String)?
            for name in try operations.names(in: directory) where name.hasSuffix(Self.suffix) {
                let path = directory + "/" + name
                guard name.hasPrefix(snapshot.text) else {
                    try sweep(path)
                    continue
                }
                guard let content = try read(try operations.open(path, .read)), content.header.snapshot == snapshot,
                    let rank = content.rank(for: target), rank < best?.rank ?? .max
                else { continue }
                best = (rank, path)
            }
            guard let best else { return nil }
            return try open(best.path, snapshot, target)
        } catch let error as SystemCallError {
            let message = "the journals of interrupted restores cannot be read: \(error)"
            guard isNeeded else {
                context.detail(message)
                return nil
            }
            throw OperationError(
                .failure,
                message,
                hint: "make them readable, or restore without --resume and with --existing skip",
                cause: error
            )
        }
    }

    private func open(_ path: String, _ snapshot: SnapshotID, _ target: TargetFacts) throws -> Found? {
        let file = try operations.open(path, .readWrite)
        guard try operations.tryLock(file, .exclusive) else {
            throw OperationError(
                .locked,
                "another restore of snapshot \(snapshot) to \(target.address) is running",
                hint: "wait until it has ended"
            )
        }
        // Under the lock: the other restore may have got on, or have removed it.
        guard try operations.statusIfPresent(at: path) != nil, let content = try read(file) else { return nil }
        let journal = RestoreJournalFile(file, path: path, byteCount: content.byteCount, operations)
        return Found(file: journal, content: content)
    }

    func read(_ file: OpenFile) throws(SystemCallError) -> RestoreJournalContent? {
        let byteCount = try operations.status(of: file).byteCount
        guard byteCount <= Self.largestByteCount else { return nil }
        var failure: SystemCallError?
        var bytes = ByteBuffer()
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(byteCount)) { room in
            do throws(SystemCallError) {
                let space = UnsafeMutableRawBufferPointer(rebasing: room[..<Int(byteCount)])
                return try operations.read(file, into: space, offset: 0)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return RestoreJournalContent(bytes)
    }

    /// Removes a journal that is too old to be continued, unless somebody writes it.
    private func sweep(_ path: String) throws(SystemCallError) {
        guard let status = try operations.statusIfPresent(at: path),
            context.now().milliseconds(since: status.modifiedAt) > Self.lifeMilliseconds
        else { return }
        let file = try operations.open(path, .readWrite)
        defer { file.close() }
        guard try operations.tryLock(file, .exclusive) else { return }
        try operations.unlinkIfPresent(path)
        context.detail("removed the journal of an old restore that was not continued: \(path)")
    }

    // MARK: Writing

    /// Runs a restore with a journal: the one that it continues, or a new one in the place of `earlier`.
    func run(
        _ engine: RestoreEngine,
        over session: TargetSession,
        clock: TargetClock,
        after earlier: RestoreJournalFile?
    ) async throws -> RestoreResult {
        if case .continued(let resumption) = engine.plan.earlier, let earlier {
            try checkOrder(of: engine, resumption.content.header)
            let count = resumption.content.handledRecordCount
            if case .goesOn = resumption.decision { context.inform("continuing after \(count) records") }
            return try await engine.run(session, clock: clock, journal: journal(earlier), continuing: resumption)
        }
        earlier?.remove()
        let file = create(engine.plan)
        do {
            return try await engine.run(session, clock: clock, journal: file.map(journal))
        } catch {
            file?.remove()
            throw error
        }
    }

    private func journal(_ file: RestoreJournalFile) -> RestoreJournal {
        RestoreJournal(file) { [context] in context.warn($0) }
    }

    private func checkOrder(of engine: RestoreEngine, _ header: RestoreJournalHeader) throws(OperationError) {
        guard header.orderFingerprint == engine.orderFingerprint else {
            throw OperationError(
                .usage,
                "the blocks of snapshot \(header.snapshot) come in another order than in the restore that is to be "
                    + "continued, so that its place is not known",
                hint: "give the same options as then, or restore without --resume and with --existing skip"
            )
        }
    }

    /// A new journal; nil, and a warning, where none can be written.
    private func create(_ plan: RestorePlan) -> RestoreJournalFile? {
        guard let directory else {
            context.detail("without a home directory there is no journal: an interrupted restore cannot be continued")
            return nil
        }
        let name = plan.snapshot.text + "-" + Self.nodeName(plan.target) + Self.suffix
        let path = directory + "/" + name
        do throws(SystemCallError) {
            try operations.makeDirectories(directory)
            // Nobody writes it, or it would have been found locked: it is of no form that can be read.
            try operations.unlinkIfPresent(path)
            let file = try operations.open(path, .createExclusively)
            _ = try operations.tryLock(file, .exclusive)
            try operations.synchronizeDirectory(directory)
            return RestoreJournalFile(file, path: path, byteCount: 0, operations)
        } catch {
            context.warn(
                "the journal of the restore cannot be written (\(error)); if it is interrupted, --resume cannot continue it"
            )
            return nil
        }
    }

    /// The run id, or the address with what may not stand in a file name replaced.
    private static func nodeName(_ target: TargetFacts) -> String {
        let name = (target.runID ?? target.address).prefix(100)
        return String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}

extension RestoreJournalContent {
    /// How well a target fits, the lowest best; nil if it is another one.
    fileprivate func rank(for target: TargetFacts) -> Int? {
        if let runID = target.runID, runID == node.runID { return 0 }
        let histories = [target.replicationID, target.earlierReplicationID].compactMap { $0 }
        if let history = node.replicationID, histories.contains(history) { return 1 }
        return header.address == target.address ? 2 : nil
    }
}
