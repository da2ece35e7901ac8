import ArchiveFormat
import ArchiveIO
import NIOCore
import RDB
import SnapshotModel

/// Turns records into commands of Redis and Valkey.
///
/// Pure: no socket, no clock.
struct RecordPump: RecordTaking {
    let format: PayloadFormat
    let filter: RecordFilter
    let resolver: DeadlineResolver
    let encoder: RecordEncoder
    let limits: BatchLimits
    /// By type number: whether fields of the value have deadlines of their own.
    let hasFieldDeadlines: [Bool]
    /// How each type gets to the target.
    let routes: RecordRoutes
    let rewriter: PayloadRewriter
    /// The hash in which client flags of Memcached's items are kept beside them; nil if they are not.
    var flagsHash: ByteBuffer?
    /// Whether items without flags get a field, too: one of before may be there.
    var keepsZeroFlags = false
    /// What the access data of records comes to in accesses.
    var weight = AccessWeight()

    init(
        format: PayloadFormat,
        filter: RecordFilter,
        resolver: DeadlineResolver,
        encoder: RecordEncoder,
        limits: BatchLimits = BatchLimits(),
        routes: RecordRoutes? = nil
    ) {
        self.format = format
        self.filter = filter
        self.resolver = resolver
        self.encoder = encoder
        self.limits = limits
        self.routes = routes ?? RecordRoutes(asTheyAre: format)
        rewriter = PayloadRewriter(format)
        hasFieldDeadlines = (0...UInt8.max).map { FieldDeadlines.areIn(type: $0, format: format) }
    }

    /// Whether one command can carry a value to the target as it is.
    func fitsOneCommand(_ layout: RecordLayout, bodyByteCount: UInt64, deadline: Int64?) -> Bool {
        guard routes.takesPayloads || encoder.canSet(layout.type, deadline, layout.access) else { return false }
        let byteCount = Int(clamping: bodyByteCount)
        let mustChange =
            needsRewriting(layout.type, isWhole: layout.chunk == nil) || routes.version(of: layout.type) == 0
        return !(layout.chunk != nil && mustChange)
            && encoder.fits(type: layout.type, bodyByteCount: byteCount, deadline: deadline, access: layout.access)
    }

    /// Whether SET says all of a record.
    private func isSettable(_ layout: RecordLayout) -> Bool {
        let deadline: Int64? = layout.expiry == .never ? nil : 1
        return encoder.canSet(layout.type, deadline, layout.access)
            && layout.bodyRange.count <= encoder.dialect.largestArgumentByteCount
    }

    /// Whether a whole record may be too large for a batch: what its deadline comes to may change that.
    ///
    /// A target that takes no payloads gets everything by several commands but what SET can say.
    @inline(__always)
    func isLarge(_ layout: RecordLayout) -> Bool {
        // What lies in one block is far below any limit.
        if format.engine == .memcached { return false }
        guard routes.takesPayloads else { return !isSettable(layout) }
        guard !encoder.fitsRestore(bodyByteCount: layout.bodyRange.count) else { return false }
        let deadline: Int64? = layout.expiry == .never ? nil : 1
        return !fitsOneCommand(layout, bodyByteCount: UInt64(layout.bodyRange.count), deadline: deadline)
    }

    /// Sends or counts a whole record; false, and nothing done, if the batch is for another database.
    func take(
        _ layout: RecordLayout,
        _ block: borrowing BlockProgress,
        into batch: inout CommandBatch,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) -> Bool {
        let bytes = block.cursor.bytes
        let rank = tally.sample.rank(part: block.part, block: block.number, ordinal: layout.ordinal)
        return bytes.withUnsafeReadableBytes { all in
            let key = UnsafeRawBufferPointer(rebasing: all[layout.keyRange])
            switch fate(layout, in: bytes, key: key, now: now) {
            case .none(let recordClass, let reason):
                tally.accounting.add(to: recordClass, because: reason)
                return true
            case .send where block.isPresent(layout.ordinal):
                tally.accounting.add(to: .existing)
                return true
            case .send where isFlagsHash(key):
                tally.accounting.add(to: .unsupported, because: .flagsHash)
                return true
            case .send(let database, let deadline):
                guard batch.isEmpty || batch.database == database else { return false }
                let fieldEnd = fieldEnd(layout, bytes, now: now)
                if case .expired = fieldEnd {
                    tally.accounting.add(to: .expired)
                    return true
                }
                let version = routes.version(of: layout.type)
                guard version > 0 || !routes.takesPayloads && routes[layout.type] != .item else {
                    takeRewritten(
                        layout,
                        bytes,
                        key: key,
                        Destination(database: database, deadline: deadline, fieldEnd: fieldEnd, rank: rank),
                        into: &batch,
                        &tally,
                        now: now
                    )
                    return true
                }
                batch.database = database
                var rewritten: ByteBuffer?
                if needsRewriting(layout.type) {
                    guard let body = rewrittenBody(layout, bytes, now: now) else {
                        tally.accounting.add(to: .unsupported, because: .fieldDeadlines(tally.typeName(layout.type)))
                        return true
                    }
                    rewritten = body
                    body.withUnsafeReadableBytes { write(layout, key, $0, deadline, version, into: &batch) }
                } else {
                    let body = UnsafeRawBufferPointer(rebasing: all[layout.bodyRange])
                    write(layout, key, body, deadline, version, into: &batch)
                }
                batch.sent.append(
                    CommandBatch.Sent(
                        deadline: deadline ?? 0,
                        fieldEnd: fieldEnd.instant?.rawValue ?? 0,
                        rank: rank,
                        type: layout.type,
                        weight: weight.weight(of: layout.access)
                    )
                )
                if tally.sample.wants(rank, keyByteCount: key.count) {
                    let body = rewritten ?? layout.body(in: bytes)
                    let fingerprint = fingerprint(layout, body, now: now, tally.sample.scope)
                    tally.sample.insert(
                        RestoreSample.Entry(
                            rank: rank,
                            database: database,
                            key: ByteBuffer(bytes: key),
                            fingerprint: fingerprint,
                            deadline: deadline.map { UnixMilliseconds($0) },
                            fieldEnd: fieldEnd.instant
                        )
                    )
                }
                return true
            }
        }
    }

    private func write(
        _ layout: RecordLayout,
        _ key: UnsafeRawBufferPointer,
        _ body: UnsafeRawBufferPointer,
        _ deadline: Int64?,
        _ rdbVersion: UInt16,
        into batch: inout CommandBatch
    ) {
        encoder.write(
            key: key,
            type: layout.type,
            body: body,
            deadline: deadline,
            access: layout.access,
            rdbVersion: rdbVersion,
            into: &batch.bytes
        )
    }

    /// When a hash is gone because its last field is; a server takes one whose fields are all past, answers OK, and
    /// removes it a moment later.
    func fieldEnd(
        _ layout: RecordLayout,
        _ bytes: ByteBuffer,
        now: UnixMilliseconds
    ) -> DeadlineResolver.Resolution {
        guard hasFieldDeadlines[Int(layout.type)],
            let latest = try? FieldDeadlines.latest(body: layout.body(in: bytes), type: layout.type, format: format)
        else { return .never }
        return resolver.resolve(latest, shortening: shortening(layout, bytes), now: now)
    }

    /// Whether a value's fields have deadlines that change.
    ///
    /// Jitter is for values that are there as a whole: the fields of one that is streamed keep their lives, since that
    /// is no reason to leave it out.
    func needsRewriting(_ type: UInt8, isWhole: Bool = true) -> Bool {
        hasFieldDeadlines[Int(type)] && (!resolver.keepsFieldDeadlines || isWhole && resolver.shortensLives)
    }

    func shortening(_ layout: RecordLayout, _ bytes: ByteBuffer) -> Double {
        bytes.withUnsafeReadableBytes {
            resolver.shortening(database: layout.database, key: UnsafeRawBufferPointer(rebasing: $0[layout.keyRange]))
        }
    }

    /// The body with its fields' deadlines as the mode wants them; nil if it is not as its type says.
    func rewrittenBody(_ layout: RecordLayout, _ bytes: ByteBuffer, now: UnixMilliseconds) -> ByteBuffer? {
        let shortening = shortening(layout, bytes)
        return try? FieldDeadlines.rewrite(body: layout.body(in: bytes), type: layout.type, format: format) {
            resolver.fieldExpiry($0, shortening: shortening, now: now)
        }
    }

    /// nil for what is too large, no value of known form, or a hash with a field that may be gone at the comparison.
    func fingerprint(
        _ layout: RecordLayout,
        _ body: ByteBuffer,
        now: UnixMilliseconds,
        _ scope: ValueFingerprinter.Scope
    ) -> ValueFingerprint? {
        guard body.readableBytes <= RestoreSample.largestComparedByteCount,
            let value = try? RDBValueDecoder.decode(body, type: layout.type, format: format)
        else { return nil }
        if case .hash(let fields) = value, hasFieldDeadlines[Int(layout.type)] {
            let soon = Expiry.at(now.advanced(byMilliseconds: RestoreSample.fieldLifeMilliseconds))
            guard fields.allSatisfy({ $0.expiry == .never || $0.expiry.isLater(than: soon) }) else { return nil }
        }
        return RestoreSample.fingerprint(value, scope)
    }
}

extension Expiry {
    func isLater(than other: Expiry) -> Bool {
        guard case .at(let deadline) = self, case .at(let otherDeadline) = other else { return false }
        return deadline > otherDeadline
    }
}
