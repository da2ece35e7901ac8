/// What a hook is told about the run.
package struct HookReport: Hashable, Sendable {
    /// How the run stands, as `REWARM_HOOK_STATUS` says it.
    package enum Status: String, Hashable, Sendable {
        /// Before: nothing is known yet.
        case running
        case success
        case failure
    }

    package var status: Status
    /// The exit code that the run will have; nil before it is known.
    package var exitCode: Int32?
    package var policy: String?
    package var sourceName: String?
    /// The repository's directory.
    package var repository: String?
    /// The id of the snapshot, if there is one.
    package var snapshot: String?
    /// The run's JSON for the hook's standard input: one object, without a secret.
    package var json: String

    package init(
        _ status: Status,
        exitCode: Int32? = nil,
        policy: String? = nil,
        sourceName: String? = nil,
        repository: String? = nil,
        snapshot: String? = nil,
        json: String
    ) {
        self.status = status
        self.exitCode = exitCode
        self.policy = policy
        self.sourceName = sourceName
        self.repository = repository
        self.snapshot = snapshot
        self.json = json
    }

    /// `REWARM_HOOK_…`; what is not known is not set.
    func variables(_ event: HookEvent) -> [String: String] {
        let values: [String: String?] = [
            "EVENT": event.rawValue,
            "STATUS": status.rawValue,
            "EXIT_CODE": exitCode.map { String($0) },
            "POLICY": policy,
            "SOURCE": sourceName,
            "REPOSITORY": repository,
            "SNAPSHOT": snapshot,
        ]
        var variables: [String: String] = [:]
        for case (let name, .some(let value)) in values { variables["REWARM_HOOK_" + name] = value }
        return variables
    }
}
