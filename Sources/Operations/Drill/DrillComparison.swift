import ArchiveFormat
import ArchiveIO
import Comparison
import NIOCore
import ObjectStorage
import RDB
import Restore
import SnapshotModel
import Transport

/// Compares a restored node with the archive that it was restored from, key by key.
///
/// ```
/// archive -blocks, decoded and fingerprinted ahead in parallel-> keys of a block -type commands-> node -> judge
/// what differs: a second look at both sides, element by element
/// more keys in the node than were found: names of both sides, sorted and merged
/// ```
/// The archive leads, so that nothing is sorted unless something is wrong; memory is that of a few blocks.
struct DrillComparison {
    /// How the restore was made, and how exactly it is to be looked at.
    struct Terms {
        var shiftMilliseconds: Int64
        var toleranceMilliseconds: Int64
        var sample: DrillSample?
        /// Keys that the restore has stored, for a comparison of a sample.
        var restoredKeyCount: UInt64
        /// The node's clock when the restore began.
        var restoredFrom: UnixMilliseconds
        /// Whether the server was set up by the drill.
        var isScratch: Bool
    }

    /// A value of more bytes is not looked at a second time.
    private static let secondLookByteCount: UInt64 = 8 << 20
    private static let secondLookLimit = 2000

    private let access: SnapshotAccess
    private let context: OperationContext
    private let terms: Terms
    private let node: NodeConnection
    private let control: NodeConnection
    private let dialect: NodeReadingDialect
    private let judge: DrillJudge
    private var reader: NodeKeyReader
    private var findings = DrillFindings()
    private var libraries: [ByteBuffer] = []
    private var presentCount: [UInt32: UInt64] = [:]
    private var secondLookCount = 0
    private var handledCount: UInt64 = 0

    /// Runs the comparison over two connections of its own.
    static func run(
        _ access: SnapshotAccess,
        _ connection: ConnectionOptions,
        _ terms: Terms,
        _ context: OperationContext
    ) async throws -> DrillFindings {
        let control = try await NodeConnection.connect(connection)
        do {
            let node = try await NodeConnection.connect(connection)
            do {
                let info = try await control.probe()
                var comparison = Self(access, node, control, info, terms, context)
                try await comparison.compare(info)
                await node.close()
                await control.close()
                return comparison.findings
            } catch {
                await node.close()
                throw error
            }
        } catch {
            await control.close()
            throw error
        }
    }

    private init(
        _ access: SnapshotAccess,
        _ node: NodeConnection,
        _ control: NodeConnection,
        _ info: NodeInfo,
        _ terms: Terms,
        _ context: OperationContext
    ) {
        (self.access, self.node, self.control, self.terms, self.context) = (access, node, control, terms, context)
        let statistics = access.manifest.statistics
        // Without a limit small integers have one last use for all keys.
        let keepsAccess = (info.maxmemory ?? 0) > 0
        let use: NodeReadingDialect.AccessUse =
            switch !keepsAccess ? CommandDialect.AccessUse.none : CommandDialect.AccessUse(policy: info.maxmemoryPolicy)
            {
            case .none: .none
            case .idle: statistics.idleKeyCount > 0 ? .idle : .none
            case .frequency: statistics.frequencyKeyCount > 0 ? .frequency : .none
            }
        dialect = NodeReadingDialect(
            knowsExpireTime: info.supports(.pexpireTime),
            knowsFieldDeadlines: info.supports(.hashFieldExpiry),
            tellsStreamsInFull: info.version >= ServerVersion(6),
            access: use
        )
        judge = DrillJudge(
            shiftMilliseconds: terms.shiftMilliseconds,
            toleranceMilliseconds: terms.toleranceMilliseconds,
            access: use,
            frequenciesDecay: !terms.isScratch,
            restoredFrom: terms.restoredFrom
        )
        reader = NodeKeyReader(
            node,
            dialect: dialect,
            scope: ValueFingerprinter.Scope(),
            shiftMilliseconds: terms.shiftMilliseconds
        )
    }

    private mutating func compare(_ info: NodeInfo) async throws {
        // What had no life left when the drill began is not there.
        let gone = terms.restoredFrom.advanced(byMilliseconds: -terms.shiftMilliseconds)
        reader.scope.expiredBy = gone
        var opened: [(part: UInt32, reader: ArchiveReader)] = []
        do {
            for part in access.manifest.parts {
                opened.append((UInt32(clamping: part.number), try await access.openPart(part)))
            }
            let chosen = terms.sample?.choose(from: opened)
            for archive in opened {
                let values = ArchivedValues(
                    archive.reader,
                    part: archive.part,
                    format: access.manifest.format,
                    scope: reader.scope,
                    sample: chosen?[archive.part] ?? (chosen == nil ? nil : [:])
                )
                try await compare(values)
            }
            try await compareLibraries(opened)
            try await countKeys(opened)
        } catch {
            for archive in opened { await archive.reader.close() }
            throw error
        }
        for archive in opened { await archive.reader.close() }
        noteOmissions(info)
    }

    // MARK: Keys

    private mutating func compare(_ values: ArchivedValues) async throws {
        // The closure cannot hold `self` and change it at once.
        var comparison = self
        try await values.forEachBlock { block in
            comparison.libraries += block.libraries
            try await comparison.compare(block.values, of: values)
        }
        self = comparison
    }

    private mutating func compare(_ all: [ArchivedValue], of archive: ArchivedValues) async throws {
        // By databases, so that the connection seldom changes its own.
        var alive: [ArchivedValue] = []
        for var value in all.sorted(by: { $0.entry.database < $1.entry.database }) {
            if value.isChained {
                value.entry.value = try await archive.fingerprint(value.entry, scope: reader.scope)
            }
            if value.entry.hasExpired(by: reader.scope.expiredBy ?? terms.restoredFrom) {
                findings.expiredKeyCount += 1
            } else {
                alive.append(value)
            }
        }
        let requests = alive.map {
            NodeKeyRequest(
                database: $0.entry.database,
                key: $0.entry.key,
                typeName: $0.entry.typeName,
                bodyByteCount: $0.bodyByteCount
            )
        }
        let readings = try await reader.read(requests)
        let now = try await control.time()
        for index in alive.indices {
            try await note(alive[index], readings[index], requests[index], of: archive, now: now)
        }
        handledCount += UInt64(all.count)
        context.progress(
            OperationProgress(
                .comparing,
                subject: access.manifest.id.text,
                completedKeyCount: handledCount,
                totalKeyCount: terms.sample.map { UInt64($0.count) } ?? access.manifest.keyCount
            )
        )
    }

    private mutating func note(
        _ value: ArchivedValue,
        _ reading: NodeKeyReading,
        _ request: NodeKeyRequest,
        of archive: ArchivedValues,
        now: UnixMilliseconds
    ) async throws {
        var value = value
        if !reading.hasDeliveryTimes {
            var scope = reader.scope
            scope.comparesDeliveryTimes = false
            value.entry.value = try await archive.fingerprint(value.entry, scope: scope)
        }
        let verdict = judge.judge(value, reading, now: now)
        if reading.state == .missing, value.entry.hasExpired(by: now.advanced(byMilliseconds: -terms.shiftMilliseconds))
        {
            findings.expiredKeyCount += 1
            return
        }
        findings.comparedKeyCount += 1
        if let error = verdict.deadlineError { findings.add(deadlineError: error) }
        if verdict.comparedAccess { findings.comparedAccessCount += 1 }
        if verdict.isUndecided { findings.undecided[value.entry.typeName, default: 0] += 1 }
        if case .refused(let words) = reading.state { findings.refusals[words, default: 0] += 1 }
        if reading.state != .missing { notePresence(of: value, reading) }
        for (kind, detail) in zip(verdict.kinds, verdict.details) {
            guard detail.isEmpty else {
                findings.add(DrillDifference(kind, value.entry, detail))
                continue
            }
            let (kind, detail) = try await lookAgain(value, request, kind, of: archive)
            findings.add(DrillDifference(kind, value.entry, detail))
        }
    }

    private mutating func notePresence(of value: ArchivedValue, _ reading: NodeKeyReading) {
        presentCount[value.entry.database, default: 0] += 1
        findings.types[value.entry.typeName, default: 0] += 1
        findings.databases[value.entry.database, default: 0] += 1
        let expiry = reading.deadline.map { deadline -> Expiry in
            .at(deadline.lowerBound.advanced(byMilliseconds: -terms.shiftMilliseconds))
        }
        findings.lifetimes.add(expiry ?? .never, at: access.manifest.instant)
    }

    /// Tells what differs of a value, element by element.
    private mutating func lookAgain(
        _ value: ArchivedValue,
        _ request: NodeKeyRequest,
        _ kind: DrillDifferenceKind,
        of archive: ArchivedValues
    ) async throws -> (DrillDifferenceKind, String) {
        let plain = kind == .fieldDeadline ? "deadlines of its fields differ" : "its digest differs"
        secondLookCount += 1
        guard secondLookCount <= Self.secondLookLimit, request.bodyByteCount <= Self.secondLookByteCount,
            let elementKind = request.kind, let own = try await archive.elements(of: value.entry),
            let other = try await reader.elements(of: request),
            let difference = ElementDifference(left: own, right: other, of: elementKind)
        else { return (kind, plain) }
        switch difference.aspect {
        case .value: return (.value, difference.words)
        case .fieldDeadlines: return (.fieldDeadline, difference.words)
        case .groups: return (.group, difference.words)
        }
    }

    // MARK: What has no key

    private mutating func compareLibraries(_ archives: [(part: UInt32, reader: ArchiveReader)]) async throws {
        if terms.sample != nil { libraries = try await allLibraries(archives) }
        switch try await NodeLibraries.read(control) {
        case .refused(let words): findings.refusals[words, default: 0] += UInt64(libraries.count)
        case .found(let others):
            findings.comparedLibraryCount = libraries.count
            for difference in LibraryComparison.differences(left: libraries, right: others) {
                let words =
                    switch difference.kind {
                    case .missing: "is missing"
                    case .extra: "is one too many"
                    case .changed, .drift: "has other code"
                    }
                findings.add(DrillDifference(function: difference.name, words))
            }
        }
    }

    /// A sample leaves most blocks out, and libraries are few.
    private func allLibraries(_ archives: [(part: UInt32, reader: ArchiveReader)]) async throws -> [ByteBuffer] {
        guard access.manifest.statistics.functionLibraryCount > 0 else { return [] }
        var found: [ByteBuffer] = []
        for archive in archives {
            let values = ArchivedValues(
                archive.reader,
                part: archive.part,
                format: access.manifest.format,
                scope: reader.scope,
                sample: Dictionary(uniqueKeysWithValues: archive.reader.index.records.map { ($0.header.number, []) })
            )
            try await values.forEachBlock { found += $0.libraries }
        }
        return found
    }

    /// Whether the node has more keys than were found in it.
    private mutating func countKeys(_ archives: [(part: UInt32, reader: ArchiveReader)]) async throws {
        let keyspace = try await control.probe().keyspace.mapValues(\.keyCount)
        guard terms.sample == nil else {
            let (count, expected) = (keyspace.values.reduce(0, +), terms.restoredKeyCount)
            let known = findings.counts[.missing] ?? 0
            findings.add(expected - min(expected, count + known), .missing)
            findings.add(count - min(count, expected), .extra)
            return
        }
        for (database, count) in keyspace.sorted(by: { $0.key < $1.key })
        where count > presentCount[database] ?? 0 {
            try await findExtraKeys(in: database, archives)
        }
    }

    /// Names of both sides, sorted and merged.
    private mutating func findExtraKeys(
        in database: UInt32,
        _ archives: [(part: UInt32, reader: ArchiveReader)]
    ) async throws {
        var options = ComparisonOptions()
        options.databases = [DatabaseMapping(source: database, destination: database)]
        var left = ComparisonSide(secret: reader.scope.secret, spillingTo: context.spillPlace)
        for archive in archives {
            _ = try await ArchiveEntries(
                archive.reader,
                part: archive.part,
                format: access.manifest.format,
                role: .left,
                options: options,
                scope: reader.scope,
                content: .names
            ).read(into: &left)
        }
        var right = ComparisonSide(secret: reader.scope.secret, spillingTo: context.spillPlace)
        try await NodeNames.read(control, databases: [database], options: options, into: &right)
        var merged = try ComparisonRun(left: left, right: right)
        while let pair = try merged.next() {
            guard pair.left == nil, var extra = pair.right else { continue }
            extra.typeName = try await reader.typeName(of: extra.key, in: database)
            findings.add(DrillDifference(.extra, extra, "only in the node"))
        }
    }

    // MARK: What was left out

    private mutating func noteOmissions(_ info: NodeInfo) {
        let statistics = access.manifest.statistics
        if let sample = terms.sample {
            findings.notCompared.append(
                "A random sample of \(sample.count) keys was compared (seed \(sample.seed)); of the others only the number."
            )
        }
        for (type, count) in findings.undecided.sorted(by: { $0.key < $1.key }) {
            findings.notCompared.append(
                "\(count) values of type \(type) could not be compared; they have the right name and deadline."
            )
        }
        if statistics.idleKeyCount + statistics.frequencyKeyCount > 0, findings.comparedAccessCount == 0 {
            findings.notCompared.append(
                "Access data was not compared: the node (maxmemory-policy \(info.maxmemoryPolicy ?? "unknown"), "
                    + "maxmemory \(info.maxmemory ?? 0)) does not keep what the snapshot has."
            )
        }
        if statistics.moduleAuxiliaryCount > 0 {
            findings.notCompared.append("Auxiliary data of modules was not restored: no command does that.")
        }
    }
}
