import RDB
package import SnapshotModel

/// What a restore would do: computed by a pure function, printable, then applied.
package struct RestorePlan: Sendable {
    package let snapshot: SnapshotID
    package let options: RestoreOptions
    package let target: TargetFacts
    package let estimate: RestoreEstimate
    package let contents: PlannedContents
    package private(set) var forecast: RestoreForecast
    package private(set) var findings: [PreflightFinding]
    package let dialect: CommandDialect
    /// How a Memcached target is told of items; nil for Redis and Valkey.
    package let itemDialect: ItemDialect?
    /// How each type of the archive gets to a Redis or Valkey.
    package let routes: RecordRoutes
    /// Source database to the target's, for those that the snapshot has keys in and the options ask for; ascending.
    package let databases: [DatabaseMapping]
    package let connectionCount: Int
    /// What a stream for the target is written as; only where it replicates from here.
    package let streamFormat: PayloadFormat
    /// Whether keys may have metadata that a stream for the target cannot hold, which statistics do not tell.
    private let mayMeetMetadata: Bool
    /// Whether values of some types would be rewritten in a stream, or left out.
    private let mayRewrite: Bool
    /// What the target cannot hold.
    package private(set) var unsupported: UnsupportedCounts
    /// The largest value of the snapshot, whatever the filters.
    package let largestValueByteCount: UInt64
    /// Key records of the archives, superseded ones included.
    package let capturedRecordCount: UInt64

    /// Connections that write at the same time unless the user says otherwise.
    ///
    /// The server executes on one thread; the second connection covers the pauses of the first.
    package static let standardConnectionCount = 2

    /// What is known of an earlier run that was interrupted.
    package let earlier: EarlierRun

    package init(
        manifest: Manifest,
        options: RestoreOptions,
        target: TargetFacts,
        now: UnixMilliseconds,
        earlier: EarlierRun = .none
    ) {
        self.earlier = earlier
        snapshot = manifest.id
        self.options = options
        self.target = target
        estimate = RestoreEstimate(manifest, options, now: now, into: target.engine)
        contents = PlannedContents(manifest, options)
        forecast = Self.forecast(estimate, options, nil)
        largestValueByteCount = manifest.statistics.largestBodyByteCount
        dialect = CommandDialect(
            replacesKeys: options.existing == .replace,
            knowsSetDeadline: target.knowsSetDeadline,
            // Only RESTORE carries access data.
            accessUse: target.takesPayloads ? CommandDialect.AccessUse(policy: target.evictionPolicy) : .none,
            rdbVersion: Self.stampedVersion(manifest.format),
            largestArgumentByteCount: target.largestArgumentByteCount,
            largestStringByteCount: target.largestStringByteCount
        )
        itemDialect = target.itemStore.map { ItemDialect($0, options) }
        routes = RecordRoutes(manifest.format, target)
        databases = Self.mappings(manifest, options)
        connectionCount = options.connectionCount ?? Self.standardConnectionCount
        capturedRecordCount = manifest.keyCount + manifest.consistency.duplicateKeyCount
        let own = Self.streamFormat(manifest.format)
        streamFormat =
            target.newestRDBVersion.map { Self.streamFormat(own, loadedBy: target.engine, upTo: $0) } ?? own
        mayMeetMetadata = RDBConversion(from: manifest.format, to: streamFormat).refusesKeyMetadata
        mayRewrite = !RecordRoutes(from: manifest.format, toStreamOf: streamFormat).isDirect
        unsupported =
            itemDialect.map { UnsupportedCounts(manifest, options, $0) }
            ?? Self.unsupported(manifest, options, routes, streamFormat)
        let recordCount = manifest.parts.reduce(0) { $0 + $1.recordCount }
        let found = Preflight.findings(
            manifest: manifest,
            options: options,
            target: earlier.withoutEarlierKeys(target, recordCount: recordCount, estimate),
            estimate: estimate
        )
        findings = earlier.amended(found)
        let limits =
            itemDialect == nil
            ? Preflight.unsupportedTypes(unsupported, options, target, manifest)
            : Preflight.unsupportedItems(unsupported, target, manifest.format.engine)
        if let limits { findings.append(limits) }
    }

    /// What the way in cannot bring to the target.
    private static func unsupported(
        _ manifest: Manifest,
        _ options: RestoreOptions,
        _ routes: RecordRoutes,
        _ streamFormat: PayloadFormat
    ) -> UnsupportedCounts {
        guard options.method == .replication else { return UnsupportedCounts(manifest, options, routes) }
        let ways = RecordRoutes(from: manifest.format, toStreamOf: streamFormat)
        var counts = UnsupportedCounts(manifest, options, ways)
        let conversion = RDBConversion(from: manifest.format, to: streamFormat)
        if !conversion.holdsFunctions, RecordFilter.wantsFunctions(options) {
            counts.addFunctionLibraries(manifest.statistics.functionLibraryCount)
        }
        return counts
    }

    /// Whether a stream for the target has to be looked through before, because what it could not hold decides, and
    /// statistics know neither what has expired nor what is within the values.
    package var needsRehearsal: Bool {
        options.isStrict && options.method == .replication && (mayMeetMetadata || mayRewrite)
    }

    /// Judges anew by what a stream was found to leave out.
    package mutating func judge(_ counts: StreamCounts, _ manifest: Manifest) {
        unsupported = UnsupportedCounts(counts)
        findings.removeAll { $0.kind == .unsupportedTypes }
        let found = Preflight.unsupportedTypes(unsupported, options, target, manifest, isRefusal: options.isStrict)
        guard let finding = found else { return }
        findings.insert(finding, at: finding.isRefusal ? 0 : findings.count)
    }

    /// Adds a refusal, if the target cannot hold everything that is asked for.
    package mutating func judge(_ losses: LossCheck) {
        let unsupported = losses.accounting.reasons[.unsupported] ?? [:]
        guard !unsupported.isEmpty else { return }
        let counts = unsupported.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        let finding = PreflightFinding.refusal(
            .unsupportedTypes,
            "\(target.address) (\(target.engine.rawValue) \(target.version)) cannot hold "
                + "\(losses.accounting[.unsupported]) keys of the snapshot (\(counts)), and --strict wants all",
            advice: "leave these out with --type or --exclude, restore without --strict, or to a newer server"
        )
        findings.removeAll { $0.kind == .unsupportedTypes }
        findings.insert(finding, at: 0)
    }

    /// Whether it is worth measuring how fast the target takes records: it would be let to, and takes them.
    package var canBeMeasured: Bool { refusals.isEmpty && !target.isReplica && target.trialError == nil }

    /// Foretells the duration by how fast the target took records.
    package mutating func foretell(_ rate: LoadRate?) {
        forecast = Self.forecast(estimate, options, rate)
    }

    private static func forecast(
        _ estimate: RestoreEstimate,
        _ options: RestoreOptions,
        _ rate: LoadRate?
    ) -> RestoreForecast {
        let keyCount = estimate.keyCount - min(estimate.keyCount, estimate.expiredKeyCount)
        return RestoreForecast(keyCount: keyCount, byteCount: estimate.bodyByteCount, options: options, rate: rate)
    }

    /// What could not be learnt of the target, and what is assumed instead, as sentences.
    package var unknowns: [String] {
        var unknowns: [String] = []
        if let itemDialect {
            if !target.tellsSettings {
                unknowns.append(
                    "stats settings is forbidden: item_size_max is taken to be as servers come "
                        + "(\(itemDialect.largestItemByteCount) bytes), and whether it evicts is not known"
                )
            }
            return unknowns + unknownsOfFilters
        }
        if !target.tellsSettings {
            let limit = CommandDialect.standardLargestArgument >> 20
            unknowns.append(
                "CONFIG GET is forbidden: proto-max-bulk-len and client-query-buffer-limit are taken to be as servers come "
                    + "(\(limit) MiB and 1 GiB)"
            )
        }
        if target.evictionPolicy == nil { unknowns.append("the eviction policy is not told by INFO") }
        if !target.tellsTime { unknowns.append("TIME is forbidden: its clock is taken to be this host's") }
        if target.moduleNames == nil, !target.isLoading {
            unknowns.append("MODULE LIST is forbidden: whether it has the modules of the data, if any, is not known")
        }
        return unknowns + unknownsOfFilters
    }

    private var unknownsOfFilters: [String] {
        options.filtersByName ? ["how many keys --match and --exclude leave: the counts are upper bounds"] : []
    }

    /// Whether the target keeps what came last longest, as it is told nothing of a key's last use.
    package var goesColdestFirst: Bool { itemDialect != nil }

    package var refusals: [PreflightFinding] { findings.filter(\.isRefusal) }
    package var warnings: [PreflightFinding] { findings.filter { !$0.isRefusal } }

    /// What payloads are stamped with; an empty scan told no version, then the oldest that RESTORE ever knew.
    package static func stampedVersion(_ format: PayloadFormat) -> UInt16 {
        format.rdbVersion > 0 ? UInt16(clamping: format.rdbVersion) : 6
    }

    /// What a stream of the archive's own values is written as.
    package static func streamFormat(_ format: PayloadFormat) -> PayloadFormat {
        PayloadFormat(engine: format.engine, rdbVersion: Int(stampedVersion(format)))
    }

    /// The format of a stream that a server of `engine` loads which knows versions up to `newest`, for values of `own`.
    ///
    /// The snapshot's own where that is loaded. Values of the other engine are rewritten to the server's newest, which
    /// has words for the most.
    package static func streamFormat(_ own: PayloadFormat, loadedBy engine: Engine, upTo newest: Int) -> PayloadFormat {
        let isCommon = own.rdbVersion <= PayloadRoute.lastCommonVersion
        let loaded = PayloadRoute.loadable(engine, newest: newest)
        if isCommon { return PayloadFormat(engine: .redis, rdbVersion: min(own.rdbVersion, loaded.rdbVersion)) }
        let isSameEngine = own.engine == loaded.engine
        return isSameEngine ? PayloadFormat(engine: engine, rdbVersion: min(own.rdbVersion, loaded.rdbVersion)) : loaded
    }

    /// The databases that the restore would write to.
    package static func mappings(_ manifest: Manifest, _ options: RestoreOptions) -> [DatabaseMapping] {
        let present = manifest.statistics.databases.keys.compactMap { UInt32(exactly: $0) }.sorted()
        let wanted = Dictionary(options.databases.map { ($0.source, $0) }, uniquingKeysWith: { first, _ in first })
        return present.compactMap { source in
            wanted.isEmpty ? DatabaseMapping(source: source, destination: source) : wanted[source]
        }
    }
}
