import ByteCoding
import NIOCore

/// The field sets that hashes of a stream refer to (Redis 8.10), each as the start of a self-contained body.
struct HashTemplates: Sendable {
    struct Template: Sendable {
        /// The marker for counted strings (1), the count, the fields as RDB strings.
        var prologue: ByteBuffer
        var fieldCount: UInt64
    }

    private var templates: [UInt64: Template] = [:]
    /// What all of them take.
    private(set) var byteCount = 0

    subscript(id: UInt64) -> Template? { templates[id] }

    /// Keeps a template; `definition` is its count and fields as they stand in the stream.
    ///
    /// - Returns: false if it is malformed or there is one of this number already.
    mutating func add(id: UInt64, definition: ByteBuffer) -> Bool {
        let fieldCount: UInt64? = definition.withUnsafeReadableBytes { bytes in
            guard var next = bytes.baseAddress else { return nil }
            var lexer = RDBLexer()
            return lexer.length(&next, next + bytes.count)?.value
        }
        guard let fieldCount, fieldCount > 0, templates[id] == nil else { return false }
        var prologue = ByteBuffer()
        prologue.reserveCapacity(definition.readableBytes + 1)
        RDBLength.write(1, into: &prologue)
        prologue.writeImmutableBuffer(definition)
        byteCount += prologue.readableBytes
        templates[id] = Template(prologue: prologue, fieldCount: fieldCount)
        return true
    }
}
