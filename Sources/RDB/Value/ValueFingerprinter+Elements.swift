import NIOCore

extension ValueFingerprinter {
    /// The fingerprinter of a decoded value; it has been appended.
    ///
    /// Of an opaque value nothing is known here but that it is one.
    package init(_ value: RDBValue, scope: Scope) {
        self.init(value.elementKind.map { .init($0) } ?? .opaque, scope: scope)
        value.forEachElement { append($0, scope: scope) }
    }

    /// The next element of a value of the right kind.
    package mutating func append(_ element: RDBElement, scope: Scope) {
        switch element {
        case .stringPart(let bytes): append(piece: bytes)
        case .item(let bytes): append(item: bytes)
        case .scored(let member, let score): append(member: member, score: score)
        case .field(let field, let value, let expiry): append(field: field, value: value, expiry: expiry)
        case .streamEntry(let id, let fields): append(entry: id, fields: fields)
        case .streamEnd(let stream): append(endOf: stream, scope: scope)
        }
    }

    private mutating func append(endOf stream: StreamValue, scope: Scope) {
        append(
            lastID: stream.lastID,
            firstID: stream.firstID,
            maximalDeletedID: stream.maximalDeletedID,
            entriesAdded: stream.entriesAdded
        )
        let groups = stream.groups.sorted { left, right in
            left.name.readableBytesView.lexicographicallyPrecedes(right.name.readableBytesView)
        }
        for group in groups { append(group: StreamGroupFingerprinter(group, scope: scope)) }
    }
}

extension ValueFingerprint.Kind {
    package init(_ kind: RDBElement.Kind) {
        switch kind {
        case .string: self = .string
        case .list: self = .list
        case .set: self = .set
        case .hash: self = .hash
        case .sortedSet: self = .sortedSet
        case .stream: self = .stream
        }
    }
}

extension StreamGroupFingerprinter {
    fileprivate init(_ group: StreamValue.Group, scope: ValueFingerprinter.Scope) {
        self.init(
            name: group.name,
            lastDelivered: group.lastDelivered,
            entriesRead: group.entriesRead,
            scope: scope
        )
        var owners: [StreamValue.ID: ByteBuffer] = [:]
        for consumer in group.consumers {
            append(consumer: consumer.name)
            for id in consumer.pending { owners[id] = consumer.name }
        }
        for entry in group.pending { append(pending: entry, consumer: owners[entry.id]) }
    }
}
