package import Retention
import Transport

/// What a policy file says, with the defaults in the place of what it does not say.
///
/// No secrets are in it, only the names of files that hold them (but for a URL that somebody wrote with its password).
/// File names are absolute or relative to the working directory: the reader has put the policy's directory before them.
package struct PolicyFile: PolicySection {
    /// The policy's name, stored with every snapshot that it takes.
    package var name = ""
    package var source = PolicySource()
    /// The repository's directory; nil for the standard one.
    package var repository: String?
    /// How long to wait for somebody else's lock.
    package var lockTimeout = Duration.zero
    package var capture = PolicyCapture()
    package var archive = PolicyArchive()
    package var guards = PolicyGuards()
    /// nil if the file has no such section: then nothing expires.
    package var retention: RetentionPolicy?
    package var check = PolicyChecks()
    package var drill = PolicyDrill()
    package var metrics = PolicyMetrics()
    package var hooks = PolicyHooks()
    /// nil if the file has no such section.
    package var schedule: PolicySchedule?

    /// The file as it was named.
    package private(set) var fileName = ""
    /// Where the value of each key stands that the file has, by key path: `guards.min-keys`.
    package private(set) var places: [String: PolicyPlace] = [:]
    /// What is wrong with the file and does not matter.
    package private(set) var warnings: [PolicyProblem] = []

    /// All defaults, and no name.
    package init() {}

    package static let keys: [PolicyKey<Self>] = [
        .init(
            "name",
            \.name,
            .text,
            example: "web",
            standard: "the file's name without its extension",
            "The policy's name, stored with each snapshot that it takes; retention and guards look at snapshots of this name"
        ),
        .init(section: "source", \.source, "The node to back up"),
        .init(
            "repository",
            \.repository,
            .file,
            example: "/var/backups/rewarm",
            standard: "a directory below the XDG data home",
            "The directory of the repository; it must carry its marker file, or be made with --create"
        ),
        .init(
            "lock-timeout",
            \.lockTimeout,
            .precise(.zero ... .seconds(86_400)),
            example: "10min",
            "How long to wait for a lock that somebody else holds"
        ),
        .init(section: "capture", \.capture, "How the source is read"),
        .init(section: "archive", \.archive, "How snapshots are stored and labelled"),
        .init(
            section: "guards",
            \.guards,
            "When a snapshot that was taken is suspicious: it is kept, nothing expires, exit 16"
        ),
        .init(section: "retention", \.retention, "Which snapshots are kept; without this section nothing expires"),
        .init(
            section: "check",
            \.check,
            "What rewarm check asks for; a check that is not named and has no default is not made"
        ),
        .init(section: "drill", \.drill, "How restores are rehearsed, and what they must reach"),
        .init(section: "metrics", \.metrics, "Where figures for monitoring are written"),
        .init(section: "hooks", \.hooks, "Commands around a snapshot; one that fails is reported and spoils no backup"),
        .init(section: "schedule", \.schedule, "When rewarm schedule print has snapshots taken"),
    ]

    /// What is known only when the whole file has been read.
    mutating func complete(fileName: String, places: [String: PolicyPlace], warnings: [PolicyProblem]) {
        (self.fileName, self.places, self.warnings) = (fileName, places, warnings)
        if name.isEmpty { name = Self.standardName(of: fileName) }
    }

    /// `policies/web.yaml` is `web`.
    static func standardName(of fileName: String) -> String {
        let last = fileName.split(separator: "/").last.map(String.init) ?? fileName
        let stem = last.lastIndex(of: ".").map { String(last[..<$0]) } ?? last
        return stem.isEmpty ? last : stem
    }
}

extension PolicyFile {
    /// Where a key stands, or the nearest key above it, or the beginning of the file.
    package func place(of keyPath: String) -> PolicyPlace { PolicyPlace.nearest(to: keyPath, in: places) }

    /// The source's name: the one that is given, else its address; nil if the policy names no source.
    package var sourceName: String? { source.name ?? source.url?.address }
}
