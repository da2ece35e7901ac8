package import NIOCore
package import SnapshotModel

/// Fingerprints a payload body that comes in pieces: a value of any size, in memory that does not follow it.
///
/// The metadata that modules attach to a key (Redis 8.6) are no part of its value.
package struct BodyFingerprinter: Sendable {
    private enum State: Sendable {
        /// Metadata of the key that are not there as a whole.
        case metadata(ByteBuffer)
        case elements(RDBElementReader)
        /// Strings in it that a server keeps compressed are unwrapped, as they are in archives; without a skimmer of a
        /// type that is not known.
        case opaque(RDBSkimmer?)
        /// An element cannot be held.
        case tooLarge
    }

    /// Bytes that are unwrapped at once: three bytes of LZF make 264 at most.
    private static let unwrappedByteCount = 1 << 20

    private let format: PayloadFormat
    private let scope: ValueFingerprinter.Scope
    private var state: State
    private var value: ValueFingerprinter

    package init(type: UInt8, format: PayloadFormat, scope: ValueFingerprinter.Scope) {
        self.format = format
        self.scope = scope
        value = ValueFingerprinter(.opaque, scope: scope)
        state = .opaque(nil)
        if KeyMetadata.isMarked(by: type, format) {
            state = .metadata(ByteBuffer())
        } else {
            begin(type: type)
        }
    }

    /// The fingerprinter of a whole body; nil if one of its elements is too large to be held.
    package static func of(
        body: ByteBuffer,
        type: UInt8,
        format: PayloadFormat,
        scope: ValueFingerprinter.Scope
    ) throws(RDBError) -> ValueFingerprinter? {
        var reader = Self(type: type, format: format, scope: scope)
        try reader.append(body)
        return try reader.finish()
    }

    /// The fingerprinter of what a server of that engine answers to DUMP; nil as above.
    ///
    /// - Throws: `RDBError` if the payload is damaged
    package static func of(
        dumped payload: ByteBuffer,
        engine: Engine,
        scope: ValueFingerprinter.Scope
    ) throws(RDBError) -> ValueFingerprinter? {
        let parsed = try DumpPayload.parse(payload)
        let format = PayloadFormat(engine: engine, rdbVersion: parsed.version)
        return try of(body: parsed.body, type: parsed.type, format: format, scope: scope)
    }

    /// Takes the next piece.
    ///
    /// - Throws: `RDBError` if the body contradicts its type
    package mutating func append(_ piece: ByteBuffer) throws(RDBError) {
        switch state {
        case .metadata(var held):
            held.writeImmutableBuffer(piece)
            try open(held)
        case .elements(var reader):
            // Not in two places at once, so that it is not copied.
            state = .opaque(nil)
            reader.append(piece)
            try take(&reader)
        case .opaque(nil): value.append(piece: piece)
        case .opaque(.some(var skimmer)):
            state = .opaque(nil)
            try unwrap(piece, &skimmer)
            state = .opaque(skimmer)
        case .tooLarge: return
        }
    }

    /// The value's fingerprinter; nil if one of its elements is too large to be held.
    package mutating func finish() throws(RDBError) -> ValueFingerprinter? {
        switch state {
        case .metadata(let held):
            _ = try KeyMetadata(body: held)
            return nil
        case .elements(var reader):
            reader.finish()
            try take(&reader)
            if case .tooLarge = state { return nil }
            guard reader.isFinished else { throw .truncated(offset: 0) }
            return value
        case .opaque(var skimmer):
            try skimmer?.finish()
            return value
        case .tooLarge: return nil
        }
    }

    private mutating func unwrap(_ piece: ByteBuffer, _ skimmer: inout RDBSkimmer) throws(RDBError) {
        var (input, plain) = (piece, ByteBuffer())
        while true {
            let event = try skimmer.next(&input, into: &plain, outputLimit: Self.unwrappedByteCount)
            value.append(piece: plain)
            plain.clear()
            switch event {
            case .needsInput, .end: return
            default: break
            }
        }
    }

    private mutating func begin(type: UInt8) {
        if let reader = RDBElementReader(type: type, format: format) {
            value = ValueFingerprinter(.init(reader.kind), scope: scope)
            state = .elements(reader)
        } else {
            value = ValueFingerprinter(.opaque, scope: scope)
            value.append(piece: ByteBuffer(bytes: [type]))
            let isKnown = RDBValueTypes.row(type: type, format: format) != nil
            state = .opaque(isKnown ? RDBSkimmer(mode: .value(format: format, type: type)) : nil)
        }
    }

    private mutating func open(_ held: ByteBuffer) throws(RDBError) {
        let parts: KeyMetadata
        do throws(RDBError) {
            parts = try KeyMetadata(body: held)
        } catch {
            guard case .truncated = error else { throw error }
            state = .metadata(held)
            return
        }
        begin(type: parts.type)
        try append(parts.value)
    }

    private mutating func take(_ reader: inout RDBElementReader) throws(RDBError) {
        do throws(RDBError) {
            while let element = try reader.next() { value.append(element, scope: scope) }
            state = .elements(reader)
        } catch {
            guard case .tooLarge = error else { throw error }
            state = .tooLarge
        }
    }
}
