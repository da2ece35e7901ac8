import NIOCore
import SnapshotModel

extension RDBSkimmer {
    /// A value type: its key comes next.
    @inline(__always)
    mutating func beginType(_ type: UInt8) -> Found? {
        let action = types[Int(type)]
        guard action.isReadable else { return beginOther(type) }
        valueAction = action
        state = .key
        return nil
    }

    /// A byte below the opcodes that is no type either.
    private mutating func beginOther(_ byte: UInt8) -> Found? {
        guard format.engine == .redis, RDBOpcode.enterprise.contains(byte) else { return .unknownType(byte) }
        guard RDBOpcode.skippedEnterprise.contains(byte) else { return .unknownOpcode(byte) }
        state = .lengths(opcode: byte, index: 0, first: 0, second: 0)
        return nil
    }

    /// The key is known: begins its record, or first goes to the template that its value refers to.
    mutating func beginKey(_ key: ByteBuffer) throws(RDBError) -> RDBEvent? {
        let row = valueAction
        guard row.refersToTemplate else { return beginRecord(of: key, type: row.type, entry: Int(row.entry)) }
        // The key has to outlast the input that it may lie in.
        referringKey = ByteBuffer(bytes: key.readableBytesView)
        if row.type == RDBValueTypes.templateListpackReference {
            machine.begin(RDBCode.shared.string)
            state = .held(.templateListpack)
        } else {
            state = .templateReference
        }
        return nil
    }

    /// A hash that names its template by a number: its record gets the fields in front of the values.
    mutating func beginReferringArray(templateID: UInt64) throws(RDBError) -> RDBEvent {
        let template = try template(templateID)
        return beginRecord(
            of: referringKey,
            type: RDBValueTypes.templateArray,
            entry: RDBCode.shared.countedStrings,
            count: template.fieldCount,
            fields: template.prologue
        )
    }

    /// A hash whose listpack (here as a whole) names the template in its first entry; the listpack stays as it is.
    mutating func beginReferringListpack(_ body: ByteBuffer) throws(RDBError) -> RDBEvent {
        let id = body.withUnsafeReadableBytes { bytes -> UInt64? in
            guard case .plain(let listpack)? = RDBString.parse(bytes)?.form else { return nil }
            var reader = ListpackReader(listpack)
            guard case .integer(let id)? = reader?.next() else { return nil }
            return UInt64(exactly: id)
        }
        guard let id else { throw .malformed(.listpack, offset: offset) }
        var fields = try template(id).prologue
        fields.writeImmutableBuffer(body)
        return beginRecord(
            of: referringKey,
            type: RDBValueTypes.templateListpack,
            entry: RDBCode.shared.nothing,
            fields: fields
        )
    }

    private func template(_ id: UInt64) throws(RDBError) -> HashTemplates.Template {
        guard let template = templates[id] else { throw .unknownHashTemplate(id: id, offset: offset) }
        return template
    }

    /// Begins the record of a key; `fields` stand before what the machine passes on.
    private mutating func beginRecord(
        of key: ByteBuffer,
        type: UInt8,
        entry: Int,
        count: UInt64? = nil,
        fields: ByteBuffer? = nil
    ) -> RDBEvent {
        var head = RecordHead(
            database: database,
            type: type,
            expiry: attributes.expiry,
            access: attributes.access,
            key: key
        )
        let hasPrologue = attributes.hasMetadata || fields != nil
        if attributes.hasMetadata {
            // As in a DUMP payload: the opcode takes the place of the type, which stands behind the metadata.
            head.type = RDBOpcode.keyMetadataOrSlotImport
            prologue.writeInteger(type)
        }
        if let fields { prologue.writeImmutableBuffer(fields) }
        attributes = RecordAttributes()
        machine.begin(entry, count: count)
        state = hasPrologue ? .prologue : .body
        return .beginRecord(head)
    }

    /// Begins a record that has no key.
    mutating func beginRecord(_ kind: RecordKind, entry: Int) -> Found {
        valueAction = .none
        machine.begin(entry)
        state = .body
        return .event(.beginRecord(RecordHead(kind: kind, database: database, type: 0, key: ByteBuffer())))
    }

    /// Gathers what has to be known as a whole before it can go on.
    mutating func hold(_ purpose: HeldPurpose, _ input: inout ByteBuffer) throws(RDBError) -> RDBEvent? {
        // Out of self meanwhile, as self is changed by the machine's run.
        var held = gathered
        gathered = ByteBuffer()
        let status = runMachine(&input, &held, 64 << 10)
        gathered = held
        let limit = Self.limit(of: purpose)
        guard gathered.readableBytes + templates.byteCount <= limit.byteCount else {
            throw .tooLarge(what: limit.item, limit: limit.byteCount, offset: offset)
        }
        switch status {
        case .needsInput: return .needsInput
        case .outputFull: return nil
        case .failed(let fault): throw .malformed(fault, offset: offset)
        case .innerType(let type): throw .unknownType(type: type, format: format, offset: offset)
        case .done:
            let whole = gathered
            gathered = ByteBuffer()
            return try take(whole, purpose)
        }
    }

    private mutating func take(_ whole: ByteBuffer, _ purpose: HeldPurpose) throws(RDBError) -> RDBEvent? {
        switch purpose {
        case .keyMetadata:
            prologue = whole
            attributes.hasMetadata = true
            state = .typeAfterMetadata
            return nil
        case .template(let id):
            guard templates.add(id: id, definition: whole) else { throw .malformed(.alternative, offset: offset) }
            state = .opcode
            return .information(.hashTemplate)
        case .slotImport:
            state = .opcode
            return .information(.slotImport)
        case .templateListpack: return try beginReferringListpack(whole)
        }
    }

    private static func limit(of purpose: HeldPurpose) -> (byteCount: Int, item: RDBHeldItem) {
        switch purpose {
        case .keyMetadata, .slotImport: (maximumMetadataByteCount + maximumTemplateByteCount, .keyMetadata)
        case .template: (maximumTemplateByteCount, .hashTemplates)
        case .templateListpack: (maximumKeyByteCount + maximumTemplateByteCount, .hashTemplates)
        }
    }
}
