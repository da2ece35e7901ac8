package import NIOCore
package import RDB
import RESP
import SnapshotModel

/// Writes a value under one key by the commands of its type, element by element, in bounded memory.
///
/// ```
/// string  SET, APPEND …            hash    HSET …, HPEXPIREAT … FIELDS
/// list    RPUSH …                  zset    ZADD …
/// set     SADD …                   stream  XADD …, XSETID, XGROUP CREATE, CREATECONSUMER, XCLAIM
/// ```
/// The key must not exist before: it is best a temporary one, as a value half written is visible, and a deadline is no
/// part of the value. Whole commands are in ``output``; the caller takes them whenever it likes.
package struct TypeCommandWriter: Sendable {
    /// A variadic command ends with the element that reaches this many bytes or arguments, so that the server, which
    /// does one command at a time, is not kept from others.
    package static let commandByteLimit = 64 << 10
    package static let commandArgumentLimit = 512

    package let key: ByteBuffer
    package let kind: RDBElement.Kind
    package let dialect: TypeCommandDialect
    /// Whole commands that were not taken yet.
    package internal(set) var output = ByteBuffer()
    /// Commands written since the start: as many answers will come.
    package internal(set) var commandCount = 0
    /// Elements with an argument that is too large for the target: they were left out, so the value is not whole.
    package private(set) var oversizedElementCount = 0
    /// Fields whose deadline the target cannot be told: they were written without, so the value is not right.
    package private(set) var lostDeadlineCount = 0

    /// The encoded arguments of the variadic command that is being collected, without its name and key.
    private var arguments = ByteBuffer()
    private var argumentCount = 0
    /// Deadlines of the fields among `arguments`: the encoded names, by Unix milliseconds.
    private var deadlines: [Int64: FieldNames] = [:]
    private var hasWritten = false

    private struct FieldNames {
        var count = 0
        var encoded = ByteBuffer()
    }

    package init(key: ByteBuffer, kind: RDBElement.Kind, dialect: TypeCommandDialect) {
        self.key = key
        self.kind = kind
        self.dialect = dialect
    }

    /// Adds the next element of the value.
    ///
    /// - Precondition: it is of the writer's kind.
    package mutating func append(_ element: RDBElement) {
        guard fits(element) else {
            oversizedElementCount += 1
            return
        }
        switch element {
        case .stringPart(let bytes):
            write(command: hasWritten ? "APPEND" : "SET", [bytes])
        case .item(let bytes):
            collect([bytes])
        case .scored(let member, let score):
            collect([ByteBuffer(string: Self.text(of: score)), member])
        case .field(let name, let value, let expiry):
            if case .at(let deadline) = expiry { note(deadline.rawValue, of: name) }
            collect([name, value])
        case .streamEntry(let id, let fields):
            write(command: "XADD", [ByteBuffer(string: id.description)] + fields.flatMap { [$0.name, $0.value] })
        case .streamEnd(let stream):
            writeEnd(of: stream, isEmpty: !hasWritten)
        }
        hasWritten = true
    }

    /// Writes what is collected; to be called after the last element.
    package mutating func end() {
        flush()
    }

    /// The whole commands so far and how many they are; the writer goes on with none.
    package mutating func takeOutput() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &output)
        return taken
    }

    // MARK: Commands

    /// Writes a whole command: its name, the key, then `rest`.
    mutating func write(command name: StaticString, _ rest: [ByteBuffer]) {
        output.writeCommandHeader(argumentCount: 2 + rest.count)
        output.writeBulk(name)
        output.writeBulk(key)
        for argument in rest { output.writeBulk(argument) }
        commandCount += 1
    }

    private mutating func collect(_ elements: [ByteBuffer]) {
        for element in elements { arguments.writeBulk(element) }
        argumentCount += elements.count
        if arguments.readableBytes >= Self.commandByteLimit || argumentCount >= Self.commandArgumentLimit { flush() }
    }

    private mutating func note(_ deadline: Int64, of field: ByteBuffer) {
        guard dialect.knowsFieldDeadlines else {
            lostDeadlineCount += 1
            return
        }
        deadlines[deadline, default: FieldNames()].count += 1
        deadlines[deadline, default: FieldNames()].encoded.writeBulk(field)
    }

    private mutating func flush() {
        guard argumentCount > 0 else { return }
        output.writeCommandHeader(argumentCount: 2 + argumentCount)
        output.writeBulk(variadicName)
        output.writeBulk(key)
        output.writeBuffer(&arguments)
        commandCount += 1
        arguments.clear()
        argumentCount = 0
        for (deadline, fields) in deadlines.sorted(by: { $0.key < $1.key }) {
            output.writeCommandHeader(argumentCount: 5 + fields.count)
            output.writeBulk("HPEXPIREAT" as StaticString)
            output.writeBulk(key)
            output.writeBulkInteger(deadline)
            output.writeBulk("FIELDS" as StaticString)
            output.writeBulkInteger(Int64(fields.count))
            output.writeImmutableBuffer(fields.encoded)
            commandCount += 1
        }
        deadlines.removeAll(keepingCapacity: true)
    }

    private var variadicName: StaticString {
        switch kind {
        case .list: "RPUSH"
        case .set: "SADD"
        case .hash: "HSET"
        case .sortedSet: "ZADD"
        case .string, .stream: "APPEND"
        }
    }

    private func fits(_ element: RDBElement) -> Bool {
        let limit = dialect.largestArgumentByteCount
        return switch element {
        case .stringPart(let bytes), .item(let bytes): bytes.readableBytes <= limit
        case .scored(let member, _): member.readableBytes <= limit
        case .field(let name, let value, _): max(name.readableBytes, value.readableBytes) <= limit
        case .streamEntry(_, let fields):
            fields.allSatisfy { max($0.name.readableBytes, $0.value.readableBytes) <= limit }
        case .streamEnd: true
        }
    }

    /// The shortest text that reads back as the same double; `inf` and `-inf` are the servers' words, too.
    static func text(of score: Double) -> String { "\(score)" }
}
