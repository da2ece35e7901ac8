package import ByteCoding
package import NIOCore
package import SnapshotModel

/// Makes the fingerprint of a value from its elements, so that a value of any size can be taken in pieces.
///
/// What is appended must fit the kind: pieces to a string, items to a list or set, and so on.
package struct ValueFingerprinter: Sendable {
    /// What all fingerprints that are compared with one another have in common.
    package struct Scope: Sendable {
        package var secret: SipHasher.Secret
        /// Fields of hashes with this deadline or an earlier one are passed over: they have expired.
        package var expiredBy: UnixMilliseconds?
        /// Whether the time at which a pending entry was delivered counts; not all servers tell it.
        package var comparesDeliveryTimes: Bool

        package init(
            secret: SipHasher.Secret = .random(),
            expiredBy: UnixMilliseconds? = nil,
            comparesDeliveryTimes: Bool = true
        ) {
            self.secret = secret
            self.expiredBy = expiredBy
            self.comparesDeliveryTimes = comparesDeliveryTimes
        }
    }

    private let kind: ValueFingerprint.Kind
    private let scope: Scope
    /// Of a string's bytes, or of the digests of ordered elements.
    private var sequence: SipHasher
    /// Of unordered elements.
    private var sum = Digest128()
    private var elementCount: UInt64 = 0
    private var expiredFieldCount: UInt64 = 0
    private var fieldDeadlines: FieldDeadlineFingerprint?
    private var hasLastingField = false
    private var latestFieldDeadline: UnixMilliseconds?
    private var counters: SipHasher?

    package init(_ kind: ValueFingerprint.Kind, scope: Scope) {
        self.kind = kind
        self.scope = scope
        sequence = SipHasher(scope.secret)
        sequence.append(UInt64(kind.rawValue))
    }

    /// When the last field of a hash is gone, and the key with it; nil if one has no deadline, or it is no hash.
    package var lastFieldDeadline: UnixMilliseconds? { hasLastingField ? nil : latestFieldDeadline }

    /// Whether the hash has had fields and all of them have expired.
    package var hasVanished: Bool { elementCount == 0 && expiredFieldCount > 0 }

    package consuming func finish() -> ValueFingerprint {
        sequence.append(elementCount)
        sequence.append(sum.first)
        sequence.append(sum.second)
        let content = sequence.finish()
        return ValueFingerprint(
            kind: kind,
            content: Digest128(first: content.first, second: content.second),
            fieldDeadlines: fieldDeadlines,
            streamCounters: counters.map { $0.finish().first }
        )
    }

    // MARK: Elements

    /// The next bytes of a string, or of the payload of an opaque value.
    package mutating func append(piece: ByteBuffer) {
        piece.withUnsafeReadableBytes { sequence.append($0) }
    }

    /// The next item of a list, from head to tail, or a member of a set.
    package mutating func append(item: ByteBuffer) {
        elementCount += 1
        let digest = Self.digest(of: [item], scope)
        if kind == .list { appendOrdered(digest) } else { sum = sum + digest }
    }

    package mutating func append(member: ByteBuffer, score: Double) {
        elementCount += 1
        var hasher = SipHasher(scope.secret)
        Self.append(member, to: &hasher)
        // Some encodings keep the sign of a zero and some do not; no server tells them apart.
        hasher.append(score == 0 ? 0 : score.bitPattern)
        sum = sum + Self.digest(hasher)
    }

    package mutating func append(field: ByteBuffer, value: ByteBuffer, expiry: Expiry) {
        if case .at(let deadline) = expiry, let limit = scope.expiredBy, deadline <= limit {
            expiredFieldCount += 1
            return
        }
        elementCount += 1
        sum = sum + Self.digest(of: [field, value], scope)
        guard case .at(let deadline) = expiry else {
            hasLastingField = true
            return
        }
        latestFieldDeadline = max(latestFieldDeadline ?? deadline, deadline)
        let weight = Self.digest(of: [field], scope).second
        var all = fieldDeadlines ?? FieldDeadlineFingerprint(earliest: deadline, weight: 0, weightedSum: 0)
        all.add(deadline, weight: weight)
        fieldDeadlines = all
    }

    /// The next entry of a stream, in the order of ids.
    package mutating func append(entry id: StreamValue.ID, fields: [(name: ByteBuffer, value: ByteBuffer)]) {
        elementCount += 1
        var hasher = SipHasher(scope.secret)
        hasher.append(id)
        for field in fields {
            Self.append(field.name, to: &hasher)
            Self.append(field.value, to: &hasher)
        }
        appendOrdered(Self.digest(hasher))
    }

    /// What a stream has beside its entries and groups; after the entries.
    package mutating func append(
        lastID: StreamValue.ID,
        firstID: StreamValue.ID?,
        maximalDeletedID: StreamValue.ID?,
        entriesAdded: UInt64?
    ) {
        sequence.append(lastID)
        guard let firstID, let maximalDeletedID, let entriesAdded else { return }
        var hasher = SipHasher(scope.secret)
        hasher.append(firstID)
        hasher.append(maximalDeletedID)
        hasher.append(entriesAdded)
        counters = hasher
    }

    /// A group of a stream; the groups in the order of their names, after all else.
    package mutating func append(group: StreamGroupFingerprinter) {
        let group = group.finish()
        sum = sum + group.content
        counters?.append(group.entriesRead)
    }

    private mutating func appendOrdered(_ digest: Digest128) {
        sequence.append(digest.first)
        sequence.append(digest.second)
    }

    // MARK: Hashing

    static func digest(of parts: [ByteBuffer], _ scope: Scope) -> Digest128 {
        var hasher = SipHasher(scope.secret)
        for part in parts { append(part, to: &hasher) }
        return digest(hasher)
    }

    static func digest(_ hasher: SipHasher) -> Digest128 {
        let result = hasher.finish()
        return Digest128(first: result.first, second: result.second)
    }

    /// The length in front, so that two parts cannot be taken for two others.
    static func append(_ bytes: ByteBuffer, to hasher: inout SipHasher) {
        hasher.append(UInt64(bytes.readableBytes))
        bytes.withUnsafeReadableBytes { hasher.append($0) }
    }
}

/// One group of a stream; consumers and pending entries in any order.
package struct StreamGroupFingerprinter: Sendable {
    private let scope: ValueFingerprinter.Scope
    private let entriesRead: UInt64?
    private var head: SipHasher
    private var consumers = Digest128()
    private var pending = Digest128()

    package init(
        name: ByteBuffer,
        lastDelivered: StreamValue.ID,
        entriesRead: UInt64?,
        scope: ValueFingerprinter.Scope
    ) {
        self.scope = scope
        self.entriesRead = entriesRead
        head = SipHasher(scope.secret)
        ValueFingerprinter.append(name, to: &head)
        head.append(lastDelivered)
    }

    /// A consumer, whether entries are pending for it or not.
    ///
    /// When it was last seen is not compared: any command of the client changes that.
    package mutating func append(consumer name: ByteBuffer) {
        consumers = consumers + ValueFingerprinter.digest(of: [name], scope)
    }

    /// An entry that was delivered to a consumer and not acknowledged; nobody owns one without a consumer.
    package mutating func append(pending entry: StreamValue.PendingEntry, consumer: ByteBuffer?) {
        var hasher = SipHasher(scope.secret)
        hasher.append(entry.id)
        hasher.append(entry.deliveryCount)
        hasher.append(scope.comparesDeliveryTimes ? UInt64(bitPattern: entry.deliveredAtMilliseconds) : 0)
        hasher.append(consumer == nil ? 0 : 1)
        if let consumer { ValueFingerprinter.append(consumer, to: &hasher) }
        pending = pending + ValueFingerprinter.digest(hasher)
    }

    /// `entriesRead` is a word that differs from all counts where it is not known.
    fileprivate consuming func finish() -> (content: Digest128, entriesRead: UInt64) {
        for digest in [consumers, pending] {
            head.append(digest.first)
            head.append(digest.second)
        }
        return (ValueFingerprinter.digest(head), entriesRead ?? .max)
    }
}

extension SipHasher {
    fileprivate mutating func append(_ id: StreamValue.ID) {
        append(id.milliseconds)
        append(id.sequence)
    }
}
