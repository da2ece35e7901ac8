import ArchiveIO
import ByteCoding
import NIOCore
import SnapshotModel
import Transport

/// What a restore works on: the same for each of its attempts.
struct RestoreJob: Sendable {
    let plan: RestorePlan
    let manifest: Manifest
    let parts: [RestorePart]
    let order: BlockOrder
    /// The target's clock when the restore began: that of its first run, from which remaining lives are counted.
    let start: UnixMilliseconds
    /// Whether the target held no keys then.
    let wasEmpty: Bool
    let sampleSeed: UInt64
    /// Of the fingerprints of its values.
    let sampleSecret: SipHasher.Secret
    let target: ConnectionOptions
    /// How connections to it write.
    let manner: RestoreLane.Manner
    let progress: @Sendable (RestoreProgress) -> Void
    private let typeNames: [String?]

    init(
        plan: RestorePlan,
        manifest: Manifest,
        parts: [RestorePart],
        start: UnixMilliseconds,
        wasEmpty: Bool,
        sampleSeed: UInt64,
        sampleSecret: SipHasher.Secret,
        target: ConnectionOptions,
        manner: RestoreLane.Manner,
        progress: @escaping @Sendable (RestoreProgress) -> Void
    ) {
        self.plan = plan
        self.manifest = manifest
        self.parts = parts
        order = BlockOrder(parts, coldestFirst: plan.goesColdestFirst)
        self.start = start
        self.wasEmpty = wasEmpty
        self.sampleSeed = sampleSeed
        self.sampleSecret = sampleSecret
        self.target = target
        self.manner = manner
        self.progress = progress
        let format = manifest.format
        typeNames = (0...UInt8.max).map { PayloadTypes.name(type: $0, format: format) }
    }

    /// Key records, function libraries and auxiliary data of modules in the archives.
    var recordTotal: UInt64 { parts.reduce(0) { $0 + $1.descriptor.recordCount } }
    /// Those that are no keys.
    var otherRecordTotal: UInt64 {
        manifest.statistics.functionLibraryCount + manifest.statistics.moduleAuxiliaryCount
    }

    func makeTally() -> RestoreTally {
        RestoreTally(
            start: start,
            seed: sampleSeed,
            secret: sampleSecret,
            typeNames: typeNames.enumerated().map { manifest.statistics.name(of: $0.element ?? "type \($0.offset)") }
        )
    }

    var resolver: DeadlineResolver { DeadlineResolver(plan.options, manifest, start: start) }

    /// The sender of values that are too large for one command; `clock` is the target's.
    func makePieceSender(_ clock: TargetClock) -> PieceSender {
        let keys = TemporaryKeys(keepsSlots: plan.target.isClusterNode)
        return PieceSender(
            lane: PieceLane(target: target, manner, token: keys.token),
            format: manifest.format,
            dialect: plan.dialect,
            typeDialect: TypeCommandDialect(plan.target),
            resolver: resolver,
            clock: clock,
            keys: keys
        )
    }

    var filter: RecordFilter { RecordFilter(plan.options) { typeNames[Int($0)] } }

    /// Only the sizes of batches: the pace itself is the lanes'.
    var limits: BatchLimits {
        let rates = RatePacer(
            keysPerSecond: plan.options.keysPerSecond,
            bytesPerSecond: plan.options.bytesPerSecond,
            start: .now
        )
        return BatchLimits(pacedByteCount: rates.batchByteLimit, recordCount: rates.batchRecordLimit)
    }

    /// What the access data of records comes to in accesses.
    var weight: AccessWeight { manifest.statistics.accessTiers?.bounds.weight ?? AccessWeight() }

    func makePump() -> RecordPump {
        var pump = RecordPump(
            format: manifest.format,
            filter: filter,
            resolver: resolver,
            encoder: RecordEncoder(plan.dialect),
            limits: limits,
            routes: plan.routes
        )
        pump.weight = weight
        pump.flagsHash = plan.options.flagsHash.map { ByteBuffer(string: $0) }
        pump.keepsZeroFlags = !wasEmpty
        return pump
    }
}
