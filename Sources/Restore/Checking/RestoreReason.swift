/// Why a record counts in its class: a word in lower camel case for reports.
package struct RestoreReason: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static let match = Self("match")
    package static let exclude = Self("exclude")
    package static let type = Self("type")
    package static let database = Self("database")
    /// The target was out of memory (-OOM).
    package static let outOfMemory = Self("outOfMemory")
    /// The target became a replica (-READONLY).
    package static let readOnly = Self("readOnly")
    /// The target stopped writes after a failed save (-MISCONF).
    package static let misconfigured = Self("misconfigured")
    /// Too few replicas to write (-NOREPLICAS).
    package static let noReplicas = Self("noReplicas")
    /// The target loads a dataset (-LOADING).
    package static let loading = Self("loading")
    /// The user lacks a permission (-NOPERM, -NOAUTH).
    package static let notPermitted = Self("notPermitted")
    /// The target is in a cluster (-MOVED, -ASK, -CLUSTERDOWN, …).
    package static let cluster = Self("cluster")
    /// The command was on its way when the connection broke: it may or may not have been carried out.
    package static let connectionLost = Self("connectionLost")
    /// The run ended before the record's turn.
    package static let notAttempted = Self("notAttempted")
    /// The target did not load the stream to its end, and keeps nothing of it.
    package static let notLoaded = Self("notLoaded")
    /// The target answered with something that no answer to the command is.
    package static let unexpectedReply = Self("unexpectedReply")
    /// What was built under a temporary key was gone, or another, before it could take its name.
    package static let temporaryKeyLost = Self("temporaryKeyLost")
    /// An error that the server gave no known word for.
    package static let otherError = Self("otherError")

    /// An item of the key that `--flags-hash` names.
    package static let flagsHash = Self("flagsHash")

    /// A value larger than the target's limits, by the name of its type.
    package static func tooLarge(_ typeName: String) -> Self { Self("tooLarge:" + typeName) }

    /// A value of a type that the target does not know, by the name of the type.
    package static func unknownType(_ typeName: String) -> Self { Self("unknownType:" + typeName) }

    /// A hash whose fields have deadlines that the target cannot be told.
    package static func fieldDeadlines(_ typeName: String) -> Self { Self("fieldDeadlines:" + typeName) }

    /// A value over several blocks that would have to be rewritten for an RDB stream of another version.
    package static func tooLargeToRewrite(_ typeName: String) -> Self { Self("tooLargeToRewrite:" + typeName) }
}
