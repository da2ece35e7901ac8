import ArgumentParser
import Catalog
import SnapshotModel

/// `K=V`.
struct TagArgument: ExpressibleByArgument, Hashable, Sendable {
    let name: String
    let value: String

    init?(argument: String) {
        guard let separator = argument.firstIndex(of: "="), separator != argument.startIndex else { return nil }
        name = String(argument[..<separator])
        value = String(argument[argument.index(after: separator)...])
    }
}

/// What narrows the snapshots that `latest` and `list` consider.
struct NarrowingOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("source-name"),
        help: ArgumentHelp("Only snapshots of the source of this name.", valueName: "name")
    )
    var sourceName: String?

    @Option(help: ArgumentHelp("Only snapshots that the policy of this name took.", valueName: "name"))
    var policy: String?

    @Option(name: .customLong("tag"), help: ArgumentHelp("Only snapshots with this tag; repeatable.", valueName: "k=v"))
    var tags: [TagArgument] = []

    @Option(
        help: ArgumentHelp("Only snapshots whose data is older than this RFC 3339 time or date.", valueName: "time")
    )
    var before: InstantArgument?
}

extension NarrowingOptions {
    /// Whether all snapshots are meant.
    var isEmpty: Bool { sourceName == nil && policy == nil && tags.isEmpty && before == nil }

    /// The question that these options and the text of SNAPSHOT put.
    func query(_ text: String = "latest") -> SnapshotQuery {
        SnapshotQuery(
            text,
            sourceName: sourceName,
            policy: policy,
            tags: Dictionary(tags.map { ($0.name, $0.value) }) { $1 },
            before: before?.instant
        )
    }
}

/// The one snapshot that a command is about.
struct SnapshotOptions: ParsableArguments, Sendable {
    @Argument(help: ArgumentHelp("An id, the beginning of one, or 'latest'.", valueName: "snapshot"))
    var snapshot: String

    @OptionGroup var narrowing: NarrowingOptions

    var query: SnapshotQuery { narrowing.query(snapshot) }
}
