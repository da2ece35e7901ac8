import ArgumentParser
import NIOCore
import Operations
import SnapshotModel

struct GetCommand: Verb {
    static let verb = "get"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "Take one value out of a snapshot without a server.",
        usage: "rewarm get <snapshot> <key> [<options>]",
        discussion: HelpText.discussion(
            "The bytes of a string or of an item of Memcached go to standard output as they are; a value of another type is printed one element a "
                + "line. --raw-dump writes the payload that RESTORE takes. Only blocks that may hold the key are read. "
                + "A key that is not there is exit code 1.",
            examples: [
                "rewarm get latest greeting",
                "rewarm get latest session:42 --raw-dump - | redis-cli -x RESTORE session:42 0",
                "rewarm get latest --key-base64 AAECAw== --database 2 --json",
            ],
            exitCodes: HelpText.reading
        )
    )

    @Argument(help: ArgumentHelp("An id, the beginning of one, or 'latest'.", valueName: "snapshot"))
    var snapshot: String

    @Argument(help: "The key's bytes.")
    var key: String?

    @Option(name: .customLong("key-base64"), help: ArgumentHelp("The key in base64, instead.", valueName: "text"))
    var keyBase64: String?

    @Option(help: ArgumentHelp("The database of the key.", valueName: "number"))
    var database: UInt32 = 0

    @Option(
        name: .customLong("raw-dump"),
        help: ArgumentHelp("Write the value as a DUMP payload to this file, - for standard output.", valueName: "file")
    )
    var rawDump: String?

    @OptionGroup(title: "Narrowing") var narrowing: NarrowingOptions
    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        if (key == nil) == (keyBase64 == nil) { throw ValidationError("give the key, or --key-base64") }
        if let keyBase64, Base64.decode(keyBase64) == nil { throw ValidationError("--key-base64 is not base64") }
        if output.json, rawDump == "-" { throw ValidationError("--json and --raw-dump - both want standard output") }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console)
        let bytes = keyBase64.flatMap { Base64.decode($0) } ?? Array((key ?? "").utf8)
        let operation = GetOperation(
            query: narrowing.query(snapshot),
            database: database,
            key: ByteBuffer(bytes: bytes)
        )
        let found =
            if let rawDump {
                try await dump(operation, to: rawDump, context, console)
            } else if console.isJSON {
                try await describe(operation, context, console)
            } else {
                try await print(operation, context, console)
            }
        return VerbResult(.ok, ["snapshot": .string(found.snapshot.text)])
    }

    private func dump(
        _ operation: GetOperation,
        to path: String,
        _ context: OperationContext,
        _ console: Console
    ) async throws -> FoundKey {
        if path == "-" {
            return try await operation.dump(context) { try console.raw($0.readableBytesView) }
        }
        let file = try PlainFile(path: path)
        let found = try await operation.dump(context) { try file.write($0) }
        try file.finish()
        if console.isJSON { try console.item(KeyRendering.json(found.key), text: "") }
        console.done("the payload is in '\(path)': \(Figures.bytes(found.key.bodyByteCount + 11))")
        return found
    }

    private func describe(
        _ operation: GetOperation,
        _ context: OperationContext,
        _ console: Console
    ) async throws -> FoundKey {
        let found = try await operation.decoded(context)
        var object = KeyRendering.json(found.key)
        if let value = found.value { object.add(ValueJSON.members(value)) }
        try console.item(object, text: "")
        return found
    }

    private func print(
        _ operation: GetOperation,
        _ context: OperationContext,
        _ console: Console
    ) async throws -> FoundKey {
        let found = try await operation.value(context) { try console.raw($0.readableBytesView) }
        guard !found.isString else { return found }
        if let lines = found.value.flatMap({ ValueText.lines($0) }) {
            try console.item([:], text: lines.map { $0 + "\n" }.joined())
        } else {
            try console.item([:], text: KeyRendering.line(found.key, long: true) + "\n")
            let hint = "this value is not printed in full; --raw-dump FILE writes the payload that RESTORE takes"
            console.notify(OperationNotice(.notice, hint))
        }
        return found
    }
}
