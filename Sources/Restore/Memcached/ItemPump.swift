import ArchiveFormat
import Memcached
import NIOCore
import RDB
import SnapshotModel

/// Turns records into meta sets of Memcached.
struct ItemPump: RecordTaking {
    let format: PayloadFormat
    let filter: RecordFilter
    let resolver: DeadlineResolver
    let limits: BatchLimits
    let dialect: ItemDialect
    /// What the access data of records comes to in accesses.
    let weight: AccessWeight
    /// The one database of the snapshot whose keys have a place.
    let database: UInt32
    private let reader: ItemContent.Reader

    init(_ job: RestoreJob, _ dialect: ItemDialect) {
        self.init(
            job.manifest.format,
            filter: job.filter,
            resolver: job.resolver,
            limits: job.limits,
            dialect: dialect,
            database: job.plan.options.databases.first?.source ?? 0,
            weight: job.weight
        )
    }

    init(
        _ format: PayloadFormat,
        filter: RecordFilter,
        resolver: DeadlineResolver,
        limits: BatchLimits = BatchLimits(),
        dialect: ItemDialect,
        database: UInt32 = 0,
        weight: AccessWeight = AccessWeight()
    ) {
        self.format = format
        self.filter = filter
        self.resolver = resolver
        self.limits = limits
        self.dialect = dialect
        self.database = database
        self.weight = weight
        reader = ItemContent.Reader(format)
    }

    /// Whatever lies in one block goes in one batch.
    func isLarge(_ layout: RecordLayout) -> Bool { false }

    func take(
        _ layout: RecordLayout,
        _ block: borrowing BlockProgress,
        into batch: inout CommandBatch,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) -> Bool {
        let bytes = block.cursor.bytes
        let form: Form
        switch self.form(
            of: layout,
            in: bytes,
            isPresent: block.isPresent(layout.ordinal),
            typeName: tally.typeName(layout.type),
            now: now
        ) {
        case .success(let found): form = found
        case .failure(let obstacle):
            tally.accounting.add(to: obstacle.recordClass, because: obstacle.reason)
            return true
        }
        let key = layout.key(in: bytes)
        let rank = tally.sample.rank(part: block.part, block: block.number, ordinal: layout.ordinal)
        let record = batch.sent.count
        writeLine(form, key, valueByteCount: form.content.value.readableBytes, record, into: &batch.bytes)
        if marks(form) { batch.marks.append(ItemMark(record: record, key: key, form: form.keyForm)) }
        batch.bytes.writeImmutableBuffer(form.content.value)
        batch.bytes.writeLineEnd()
        note(form, &tally)
        let sent = CommandBatch.Sent(
            deadline: form.exptime.seconds * 1000,
            rank: rank,
            type: layout.type,
            weight: weight.weight(of: layout.access)
        )
        batch.sent.append(sent)
        // The first to read an invalidated item takes the right to renew it.
        if !marks(form), tally.sample.wants(rank, keyByteCount: key.readableBytes) {
            tally.sample.insert(entry(sent, key, fingerprint: form.content.fingerprint(tally.sample.scope)))
        }
        return true
    }

    // MARK: One record

    /// An item that is about to be sent.
    struct Form {
        var content: ItemContent
        var exptime: ItemDialect.Exptime
        var keyForm: KeyForm
    }

    /// Why a record is not sent.
    struct Obstacle: Error {
        var recordClass: RestoreAccounting.Class
        var reason: RestoreReason?

        init(_ recordClass: RestoreAccounting.Class, _ reason: RestoreReason? = nil) {
            self.recordClass = recordClass
            self.reason = reason
        }
    }

    /// What a record is sent as, or why it is not; counts nothing.
    ///
    /// Of a value over several blocks `bytes` has the first chunk, and `valueByteCount` tells its length.
    func form(
        of layout: RecordLayout,
        in bytes: ByteBuffer,
        isPresent: Bool,
        totalByteCount: Int? = nil,
        typeName: String,
        now: UnixMilliseconds
    ) -> Result<Form, Obstacle> {
        let key = layout.key(in: bytes)
        let fate = key.withUnsafeReadableBytes { self.fate(layout, in: bytes, key: $0, now: now) }
        let deadline: Int64?
        switch fate {
        case .none(let recordClass, let reason): return .failure(Obstacle(recordClass, reason))
        case .send(_, let resolved): deadline = resolved
        }
        guard !isPresent else { return .failure(Obstacle(.existing)) }
        guard layout.database == database else { return .failure(Obstacle(.unsupported, .otherDatabase)) }
        guard let exptime = ItemDialect.exptime(deadline, now: now) else { return .failure(Obstacle(.expired)) }
        let body = layout.body(in: bytes)
        guard let content = reader.content(layout.type, body, isWhole: totalByteCount == nil) else {
            return .failure(Obstacle(.unsupported, .unknownType(typeName)))
        }
        let headByteCount = body.readableBytes - content.value.readableBytes
        let valueByteCount = totalByteCount.map { $0 - headByteCount } ?? content.value.readableBytes
        let flags = content.item.clientFlags
        guard flags <= UInt64(UInt32.max) else { return .failure(Obstacle(.unsupported, .clientFlags)) }
        guard dialect.fits(keyByteCount: key.readableBytes, valueByteCount: valueByteCount, clientFlags: flags) else {
            return .failure(Obstacle(.unsupported, .tooLarge(typeName)))
        }
        do throws(ItemKey.Obstacle) {
            let wasBase64 = format.engine == .memcached ? content.item.isBase64Key : nil
            let keyForm = try ItemKey.form(of: key, wasBase64: wasBase64)
            return .success(Form(content: content, exptime: exptime, keyForm: keyForm))
        } catch {
            return .failure(Obstacle(.unsupported, error.reason))
        }
    }

    /// Appends the line of `ms`; the value and the end of its line must follow.
    func writeLine(
        _ form: Form,
        _ key: ByteBuffer,
        valueByteCount: Int,
        _ opaque: Int,
        into output: inout ByteBuffer
    ) {
        output.writeMetaSet(
            key,
            form.keyForm,
            valueByteCount: valueByteCount,
            clientFlags: form.content.item.clientFlags,
            exptime: form.exptime.seconds,
            cas: dialect.keepsCAS ? form.content.item.cas : nil,
            flags: flags(form),
            opaque: opaque
        )
    }

    /// Whether the item is to be invalidated when it is stored.
    func marks(_ form: Form) -> Bool { form.content.item.isStale && dialect.marksStale }

    /// Quiet, but for an item whose new CAS value is needed.
    private func flags(_ form: Form) -> StaticString {
        if marks(form) { return dialect.replaces ? "c" : "c ME" }
        return dialect.replaces ? "q" : "q ME"
    }

    /// Counts what of it the target is not told.
    func note(_ form: Form, _ tally: inout RestoreTally) {
        for name in form.content.omissions(dialect) { tally.accounting.noteOmission(name) }
        if form.exptime.isCut { tally.accounting.noteOmission(ItemContent.Omission.lateDeadline) }
    }

    func entry(_ sent: CommandBatch.Sent, _ key: ByteBuffer, fingerprint: ValueFingerprint?) -> RestoreSample.Entry {
        RestoreSample.Entry(
            rank: sent.rank,
            database: 0,
            // Not a slice, which would keep its block.
            key: ByteBuffer(bytes: key.readableBytesView),
            fingerprint: fingerprint,
            deadline: sent.deadline > 0 ? UnixMilliseconds(sent.deadline) : nil
        )
    }
}
