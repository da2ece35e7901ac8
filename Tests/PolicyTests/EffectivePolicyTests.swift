import Policy
import Testing

/// Which value counts, and where it comes from.
struct EffectivePolicyTests {
    private static func policy(_ text: String) throws -> PolicyFile {
        try PolicyReader.read(text: text, fileName: "web.yaml")
    }

    @Test
    func `an option goes before the environment, the environment before the policy, the policy before the default`()
        throws
    {
        let policy = try Self.policy("repository: /policy\ncapture: {method: scan}\n")
        let option = PolicyOverride("repository", text: "/option", from: .option("--repository"))
        let environment = PolicyOverride("repository", text: "/environment", from: .environment("REWARM_REPOSITORY"))
        for (overrides, path, origin) in [
            ([option, environment], "/option", PolicyOrigin.option("--repository")),
            ([environment], "/environment", .environment("REWARM_REPOSITORY")),
            ([], "/policy", .policy(PolicyPlace(line: 1, column: 13))),
        ] {
            let effective = try EffectivePolicy(policy, overrides: overrides)
            #expect(effective.policy.repository == path)
            #expect(effective.origin(of: "repository") == origin)
        }
        let effective = try EffectivePolicy(policy, overrides: [])
        #expect(effective.origin(of: "capture.method") == .policy(PolicyPlace(line: 2, column: 19)))
        #expect(effective.origin(of: "capture.transfer") == .standard)
    }

    @Test func `every key has one value, and a section that is not there is one line`() throws {
        let values = try EffectivePolicy(Self.policy("source: {url: 'redis://c1'}\n"), overrides: []).values
        #expect(Set(values.map(\.keyPath)).count == values.count)
        #expect(values.first { $0.keyPath == "retention" }?.remark == "not there")
        #expect(!values.contains { $0.keyPath.hasPrefix("retention.") || $0.keyPath.hasPrefix("schedule.") })
        #expect(values.first { $0.keyPath == "source.name" }?.text == "c1:6379")
        #expect(values.first { $0.keyPath == "source.connect-timeout" }?.text == "10s")
    }

    @Test func `defaults that follow from other keys are shown as they will be`() throws {
        func shown(_ schedule: String) throws -> [String] {
            try EffectivePolicy(Self.policy("schedule: \(schedule)\n"), overrides: []).values
                .filter { $0.keyPath.hasPrefix("schedule.") }.map { $0.text ?? "-" }
        }
        #expect(try shown("{every: week}") == ["week", "\"03:30\"", "sunday", "5min"])
        #expect(try shown("{every: month}") == ["month", "\"03:30\"", "1", "5min"])
        #expect(try shown("{every: 6h}") == ["6h", "\":00\"", "-", "5min"])
        #expect(try shown("{every: 15min}") == ["15min", "-", "-", "90s"])
    }

    @Test func `a password is neither shown nor taken from a file when the environment has it`() throws {
        let policy = try Self.policy("source: {url: 'redis://u:hunter2@c1', password-file: pw}\n")
        let override = PolicyOverride(sourcePasswordIn: "REWARM_SOURCE_PASSWORD")
        let effective = try EffectivePolicy(policy, overrides: [override])
        let value = try #require(effective.values.first { $0.keyPath == "source.password-file" })
        #expect(value.text == nil && value.origin == .environment("REWARM_SOURCE_PASSWORD"))
        #expect(effective.policy.source.passwordFile == nil)
        #expect(!effective.values.contains { $0.text?.contains("hunter2") == true })
    }

    @Test func `labels of the command line are added to those of the policy`() throws {
        let policy = try Self.policy("archive: {tags: {a: 1, b: 2}}\n")
        let override = PolicyOverride("archive.tags", adding: ["b": "3", "c": ""], from: .option("--tag"))
        let effective = try EffectivePolicy(policy, overrides: [override])
        #expect(effective.policy.archive.tags == ["a": "1", "b": "3", "c": ""])
    }

    @Test func `an option that is wrong is told by its own name`() throws {
        let override = PolicyOverride("archive.codec", text: "gzip", from: .option("--codec"))
        do throws(PolicyProblem) {
            _ = try EffectivePolicy(PolicyFile(), overrides: [override])
            Issue.record("gzip was accepted")
        } catch {
            #expect(error.message.hasPrefix("--codec 'gzip' is not a codec; possible are "))
        }
    }
}
