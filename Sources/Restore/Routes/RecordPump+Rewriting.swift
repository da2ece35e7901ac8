import ArchiveFormat
import ArchiveIO
import NIOCore
import RDB
import SnapshotModel

/// Records that do not go as they are.
extension RecordPump {
    typealias Rewritten = PayloadRewriter.Rewritten

    /// Where a record goes that is asked for and alive.
    struct Destination {
        var database: UInt32
        var deadline: Int64?
        var fieldEnd: DeadlineResolver.Resolution
        var rank: UInt64
    }

    /// Sends a record in another form, or counts it.
    func takeRewritten(
        _ layout: RecordLayout,
        _ bytes: ByteBuffer,
        key: UnsafeRawBufferPointer,
        _ place: Destination,
        into batch: inout CommandBatch,
        _ tally: inout RestoreTally,
        now: UnixMilliseconds
    ) {
        let value: Rewritten
        switch rewritten(layout, in: bytes, now: now) {
        case .success(let rewritten): value = rewritten
        case .failure(let unsupported):
            tally.accounting.add(to: .unsupported, because: unsupported.reason)
            return
        }
        guard
            encoder.fits(
                type: value.type,
                bodyByteCount: value.body.readableBytes,
                deadline: place.deadline,
                access: layout.access
            )
        else {
            tally.accounting.add(to: .unsupported, because: .tooLarge(tally.typeName(layout.type)))
            return
        }
        batch.database = place.database
        value.body.withUnsafeReadableBytes { body in
            encoder.write(
                key: key,
                type: value.type,
                body: body,
                deadline: place.deadline,
                access: layout.access,
                rdbVersion: value.rdbVersion,
                into: &batch.bytes
            )
        }
        tally.accounting.note(value.losses, typeName: tally.typeName(layout.type))
        noteItem(layout, bytes, key: key, into: &batch, &tally)
        let fieldEnd = place.fieldEnd.instant
        batch.sent.append(
            CommandBatch.Sent(
                deadline: place.deadline ?? 0,
                fieldEnd: fieldEnd?.rawValue ?? 0,
                rank: place.rank,
                type: layout.type
            )
        )
        guard tally.sample.wants(place.rank, keyByteCount: key.count) else { return }
        tally.sample.insert(
            RestoreSample.Entry(
                rank: place.rank,
                database: place.database,
                key: ByteBuffer(bytes: key),
                fingerprint: originalFingerprint(layout, in: bytes, value.losses, now: now, tally.sample.scope),
                deadline: place.deadline.map { UnixMilliseconds($0) },
                fieldEnd: fieldEnd
            )
        )
    }

    /// The record's value in the form that the target knows, or why there is none.
    func rewritten(
        _ layout: RecordLayout,
        in bytes: ByteBuffer,
        now: UnixMilliseconds
    ) -> Result<Rewritten, Unsupported> {
        let shortening = shortening(layout, bytes)
        return rewritten(layout.type, layout.body(in: bytes), now: now, isInner: false) {
            resolver.fieldExpiry($0, shortening: shortening, now: now)
        }
    }

    /// Why a record stays out.
    struct Unsupported: Error {
        var reason: RestoreReason
    }

    private func rewritten(
        _ type: UInt8,
        _ body: ByteBuffer,
        now: UnixMilliseconds,
        isInner: Bool,
        fieldExpiry: (UnixMilliseconds) -> Expiry
    ) -> Result<Rewritten, Unsupported> {
        let name = PayloadTypes.userName(type: type, body: body, format: format) ?? "type \(type)"
        switch routes[type] {
        case .restore(let version):
            guard let resolved = needsRewriting(type) ? fieldsResolved(type, body, fieldExpiry) : body else {
                return .failure(Unsupported(reason: .unknownType(name)))
            }
            return .success(Rewritten(type: type, rdbVersion: version, body: resolved))
        case .rewrite(let form):
            do throws(RDBError) {
                let new = try rewriter.rewrite(body, type: type, as: form, now: now, fieldExpiry: fieldExpiry)
                guard let new else { return .failure(Unsupported(reason: .fieldDeadlines(name))) }
                return .success(new)
            } catch {
                return .failure(Unsupported(reason: .unknownType(name)))
            }
        case .metadata where !isInner:
            guard let inner = try? PayloadRewriter.withoutMetadata(body) else {
                return .failure(Unsupported(reason: .unknownType(name)))
            }
            return rewritten(inner.type, inner.body, now: now, isInner: true, fieldExpiry: fieldExpiry).map { value in
                var value = value
                value.losses.insert(.keyMetadata)
                return value
            }
        case .item:
            guard let string = ItemString(body) else { return .failure(Unsupported(reason: .unknownType(name))) }
            return .success(Rewritten(type: ItemString.type, rdbVersion: ItemString.rdbVersion, body: string.body))
        case .metadata, .typeCommands, .unsupported: return .failure(Unsupported(reason: .unknownType(name)))
        }
    }

    /// What of a value the commands of its type cannot say.
    ///
    /// Of a stream over several blocks it is not known whether there is any of it: then it is said.
    func lossesByCommands(_ layout: RecordLayout, in bytes: ByteBuffer) -> PayloadLosses {
        guard RDBValueTypes.row(type: layout.type, format: format)?.name == "stream" else { return [] }
        var losses: PayloadLosses = [.consumerTimes, .deletedPendingEntries]
        guard layout.chunk == nil,
            let value = try? RDBValueDecoder.decode(layout.body(in: bytes), type: layout.type, format: format),
            case .stream(let stream) = value
        else { return losses }
        let live = Set(stream.entries.map(\.id))
        if stream.groups.allSatisfy(\.consumers.isEmpty) { losses.remove(.consumerTimes) }
        if stream.groups.allSatisfy({ $0.pending.allSatisfy { live.contains($0.id) } }) {
            losses.remove(.deletedPendingEntries)
        }
        return losses
    }

    private func fieldsResolved(
        _ type: UInt8,
        _ body: ByteBuffer,
        _ fieldExpiry: (UnixMilliseconds) -> Expiry
    ) -> ByteBuffer? {
        try? FieldDeadlines.rewrite(body: body, type: type, format: format, transform: fieldExpiry)
    }

    /// The fingerprint of what the target should hold, made of the record as it was captured and not of what was written.
    func originalFingerprint(
        _ layout: RecordLayout,
        in bytes: ByteBuffer,
        _ losses: PayloadLosses,
        now: UnixMilliseconds,
        _ scope: ValueFingerprinter.Scope
    ) -> ValueFingerprint? {
        let body = layout.body(in: bytes)
        if case .item = routes[layout.type] {
            guard body.readableBytes <= RestoreSample.largestComparedByteCount, let string = ItemString(body) else {
                return nil
            }
            return RestoreSample.fingerprint(.string(string.value), scope)
        }
        guard body.readableBytes <= RestoreSample.largestComparedByteCount, !losses.contains(.unownedEntries)
        else { return nil }
        let inner: (type: UInt8, body: ByteBuffer)?
        if case .metadata = routes[layout.type] {
            inner = try? PayloadRewriter.withoutMetadata(body)
        } else {
            inner = (layout.type, body)
        }
        guard let inner, let value = try? RDBValueDecoder.decode(inner.body, type: inner.type, format: format)
        else { return nil }
        guard case .hash(let fields) = value else { return RestoreSample.fingerprint(value, scope) }
        let shortening = shortening(layout, bytes)
        let soon = Expiry.at(now.advanced(byMilliseconds: RestoreSample.fieldLifeMilliseconds))
        let resolved = fields.map { field in
            var field = field
            if case .at(let deadline) = field.expiry {
                field.expiry = resolver.fieldExpiry(deadline, shortening: shortening, now: now)
            }
            return field
        }
        guard resolved.allSatisfy({ $0.expiry == .never || $0.expiry.isLater(than: soon) }) else { return nil }
        return RestoreSample.fingerprint(.hash(resolved), scope)
    }
}
