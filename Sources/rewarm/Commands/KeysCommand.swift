import ArgumentParser
import Operations
import Restore
import SnapshotModel

struct KeysCommand: Verb {
    static let verb = "keys"
    static let configuration = CommandConfiguration(
        commandName: verb,
        abstract: "List the keys of a snapshot without a server.",
        usage: "rewarm keys <snapshot> [<options>]",
        discussion: HelpText.discussion(
            "One key a line, in the order of the archive. A key with bytes that a terminal could misread is printed in "
                + "quotes with escapes, as redis-cli does; --json adds its exact bytes in base64.",
            examples: [
                "rewarm keys latest --match 'session:*'",
                "rewarm keys 20261121T070500Z-4f9c2a --database 3 --type hash --long",
                "rewarm keys latest --json | jq -r 'select(.type == \"item\") | .keyBase64'",
            ],
            exitCodes: HelpText.reading
        )
    )

    @OptionGroup var snapshot: SnapshotOptions

    @Option(help: ArgumentHelp("Only keys that fit the pattern, with the meaning of SCAN's MATCH.", valueName: "glob"))
    var match: String?

    @Option(help: ArgumentHelp("Only keys of this database.", valueName: "number"))
    var database: UInt32?

    @Option(
        name: .customLong("type"),
        help: ArgumentHelp(
            "Only values of this type: string, list, set, zset, hash, stream, module, item.",
            valueName: "type"
        )
    )
    var typeName: String?

    @Flag(
        name: [.short, .long],
        help:
            "Also print database, type, size in bytes and expiry; of an item of Memcached also flags, CAS and idle time."
    )
    var long = false

    @OptionGroup(title: "Repository") var repository: RepositoryOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws {
        let known = KeysOperation.typeNames
        if let typeName, !known.contains(typeName) {
            throw ValidationError("'\(typeName)' is no type; known are \(known.joined(separator: ", "))")
        }
    }

    func perform(_ console: Console) async throws -> VerbResult {
        let context = context(try repository.location(), console)
        let operation = KeysOperation(
            query: snapshot.query,
            match: match.map { GlobPattern($0) },
            database: database,
            typeName: typeName
        )
        let listing = try await operation.run(context) { key in
            try console.item(KeyRendering.json(key), text: KeyRendering.line(key, long: long) + "\n")
        }
        return VerbResult(
            .ok,
            [
                "snapshot": .string(listing.snapshot.text),
                "keyCount": .unsigned(listing.listedKeyCount),
                "examinedKeyCount": .unsigned(listing.examinedKeyCount),
            ]
        )
    }
}
