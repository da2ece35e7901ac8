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
/// archive -blocks, decoded and fingerprinted ahead in parallel-> keys of a block
///     -type commands, over several connections-> node -> judge
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
        /// The server that was restored into; nil if it did not tell.
        var runID: String?
        /// Keys that it had thrown away for want of memory before.
        var evictedBefore: UInt64
    }

    /// Connections that read at the same time: while one waits for the server, the answers of the others are digested.
    private static let connectionCount = 4

    let access: SnapshotAccess
    let context: OperationContext
    let terms: Terms
    let control: NodeConnection
    /// Of the node.
    private let engine: Engine
    private let judge: DrillJudge
    /// What the values of both sides are digested by.
    private(set) var scope = ValueFingerprinter.Scope()
    private var readers: [NodeKeyReader]
    /// For the second looks.
    var reader: NodeKeyReader
    var findings = DrillFindings()
    var libraries: [ByteBuffer] = []
    private(set) var presentCount: [UInt32: UInt64] = [:]
    private var secondLooks = SecondLooks()
    private var handledCount: UInt64 = 0

    /// Runs the comparison over connections of its own.
    static func run(
        _ access: SnapshotAccess,
        _ connection: ConnectionOptions,
        _ terms: Terms,
        _ context: OperationContext
    ) async throws -> DrillFindings {
        var open: [NodeConnection] = []
        do {
            for _ in 0...connectionCount { open.append(try await NodeConnection.connect(connection)) }
            let info = try await open[0].probe()
            var comparison = Self(access, readingOver: Array(open.dropFirst()), control: open[0], info, terms, context)
            try await comparison.compare(info)
            for connection in open { await connection.close() }
            return comparison.findings
        } catch {
            for connection in open { await connection.close() }
            throw error
        }
    }

    private init(
        _ access: SnapshotAccess,
        readingOver nodes: [NodeConnection],
        control: NodeConnection,
        _ info: NodeInfo,
        _ terms: Terms,
        _ context: OperationContext
    ) {
        (self.access, self.control, self.terms, self.context) = (access, control, terms, context)
        engine = info.engine
        let use = Self.accessUse(access.manifest.statistics, info)
        let dialect = NodeReadingDialect(
            engine: info.engine,
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
        // What had no life left when the drill began is not there.
        scope.expiredBy = terms.restoredFrom.advanced(byMilliseconds: -terms.shiftMilliseconds)
        let makeReader = { [scope] (node: NodeConnection) in
            NodeKeyReader(node, dialect: dialect, scope: scope, shiftMilliseconds: terms.shiftMilliseconds)
        }
        readers = nodes.map(makeReader)
        reader = makeReader(nodes[0])
    }

    private static func accessUse(_ statistics: SnapshotStatistics, _ info: NodeInfo) -> NodeReadingDialect.AccessUse {
        // Without a limit small integers have one last use for all keys.
        guard (info.maxmemory ?? 0) > 0 else { return .none }
        switch CommandDialect.AccessUse(policy: info.maxmemoryPolicy) {
        case .none: return .none
        case .idle: return statistics.idleKeyCount > 0 ? .idle : .none
        case .frequency: return statistics.frequencyKeyCount > 0 ? .frequency : .none
        }
    }

    private mutating func compare(_ info: NodeInfo) async throws {
        try checkServer(info)
        let archives = try await DrillArchives.open(access, terms.sample)
        do {
            for values in archives.values(scope) { try await compare(values) }
            try await compareLibraries(archives)
            try await countKeys(archives)
        } catch {
            await archives.close()
            throw error
        }
        await archives.close()
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
        let alive = try await findings.alive(
            all.sorted { $0.entry.database < $1.entry.database },
            at: scope.expiredBy ?? terms.restoredFrom,
            of: archive,
            scope
        )
        let requests = alive.map {
            NodeKeyRequest(
                database: $0.entry.database,
                key: $0.entry.key,
                typeName: $0.entry.typeName,
                bodyByteCount: $0.bodyByteCount
            )
        }
        let readings = try await read(requests)
        let now = try await control.time()
        for index in alive.indices {
            try await note(alive[index], readings[index], requests[index], of: archive, now: now)
        }
        handledCount += UInt64(all.count)
        context.progress(
            OperationProgress(comparing: access.manifest, completedKeyCount: handledCount, of: terms.sample)
        )
    }

    /// Reads keys over all connections at once, each its share; the readings come in the order of the requests.
    private mutating func read(_ requests: [NodeKeyRequest]) async throws -> [NodeKeyReading] {
        let shares = Self.shares(of: requests, count: readers.count)
        return try await withThrowingTaskGroup(
            of: (number: Int, reader: NodeKeyReader, readings: [NodeKeyReading]).self
        ) { group in
            for (number, share) in shares.enumerated() {
                group.addTask { [readers] in
                    var reader = readers[number]
                    let readings = try await reader.read(Array(requests[share]))
                    return (number, reader, readings)
                }
            }
            var all = Array(repeating: [NodeKeyReading](), count: shares.count)
            while let done = try await group.next() {
                readers[done.number] = done.reader
                all[done.number] = done.readings
            }
            return all.flatMap(\.self)
        }
    }

    /// Runs of about the same number of bytes; a key by itself costs as much as some.
    static func shares(of requests: [NodeKeyRequest], count: Int) -> [Range<Int>] {
        let cost = { (request: NodeKeyRequest) in request.bodyByteCount + 256 }
        let total = requests.reduce(0) { $0 + cost($1) }
        var shares: [Range<Int>] = []
        var (first, sum): (Int, UInt64) = (0, 0)
        for index in requests.indices {
            sum += cost(requests[index])
            guard sum * UInt64(count) >= total * UInt64(shares.count + 1) else { continue }
            shares.append(first..<index + 1)
            first = index + 1
        }
        return shares
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
            var scope = scope
            scope.comparesDeliveryTimes = false
            value.entry.value = try await archive.fingerprint(value.entry, scope: scope)
        }
        var verdict = judge.judge(value, reading, now: now)
        if reading.state == .missing, value.entry.hasExpired(by: now.advanced(byMilliseconds: -terms.shiftMilliseconds))
        {
            findings.expiredKeyCount += 1
            return
        }
        if verdict.isUndecided, let found = reading.value, found.kind == .opaque,
            secondLooks.allow(bodyByteCount: request.bodyByteCount)
        {
            try await moduleLook.settle(value, found: found, of: archive, in: &verdict)
        }
        findings.note(verdict, of: value.entry)
        if case .refused(let words) = reading.state { findings.refusals[words, default: 0] += 1 }
        if reading.state != .missing {
            presentCount[value.entry.database, default: 0] += 1
            findings.notePresence(
                of: value.entry,
                reading,
                shiftMilliseconds: terms.shiftMilliseconds,
                instant: access.manifest.instant
            )
        }
        for (kind, detail) in zip(verdict.kinds, verdict.details) {
            guard detail.isEmpty else {
                findings.add(DrillDifference(kind, value.entry, detail))
                continue
            }
            let (kind, detail) = try await lookAgain(value, request, kind, of: archive)
            findings.add(DrillDifference(kind, value.entry, detail))
        }
    }

    private var moduleLook: ModuleValueLook {
        ModuleValueLook(
            connection: control,
            engine: engine,
            scope: reader.scope,
            rdbVersion: access.manifest.format.rdbVersion
        )
    }

    /// Tells what differs of a value, element by element.
    private mutating func lookAgain(
        _ value: ArchivedValue,
        _ request: NodeKeyRequest,
        _ kind: DrillDifferenceKind,
        of archive: ArchivedValues
    ) async throws -> (DrillDifferenceKind, String) {
        let plain = kind == .fieldDeadline ? "deadlines of its fields differ" : "its digest differs"
        guard secondLooks.allow(bodyByteCount: request.bodyByteCount), let elementKind = request.kind,
            let own = try await archive.elements(of: value.entry),
            let other = try await reader.elements(of: request),
            let difference = ElementDifference(left: own, right: other, of: elementKind)
        else { return (kind, plain) }
        switch difference.aspect {
        case .value: return (.value, difference.words)
        case .fieldDeadlines: return (.fieldDeadline, difference.words)
        case .groups: return (.group, difference.words)
        }
    }
}
