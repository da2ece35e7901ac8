import Catalog
import Foundation
import Policy
import SnapshotModel
import Synchronization
import TestSupport
import Testing

@testable import Operations

/// The file of metrics after runs that went well and runs that did not.
struct MetricsTests {
    private static let textfile = "metrics: {textfile: web.prom}\n"
    private static let success = RunAttempt(
        endedAt: PolicyRepository.now,
        durationMilliseconds: 12_500,
        exitCode: 0,
        isSuccess: true
    )
    private static let failure = RunAttempt(
        endedAt: PolicyRepository.now.advanced(byMilliseconds: 60_000),
        durationMilliseconds: 7,
        exitCode: 20,
        isSuccess: false
    )

    /// Warnings of an operation.
    private final class Warnings: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ notice: OperationNotice) {
            if notice.severity == .warning { texts.withLock { $0.append(notice.text) } }
        }
    }

    private static func text(_ repository: PolicyRepository) throws -> String {
        String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: repository.directory.path("web.prom"))),
            as: UTF8.self
        )
    }

    private static func file(_ repository: PolicyRepository) throws -> PrometheusFile {
        try PrometheusFile(try text(repository))
    }

    @Test func `after a good run every figure is there in its base unit`() async throws {
        let repository = try PolicyRepository(Self.textfile)
        try await repository.publish(hoursAgo: 9, .verified(problem: nil))
        try await repository.publish(hoursAgo: 2)
        try await repository.publish(hoursAgo: 1, .suspected(reason: "empty"))
        try await repository.publish(hoursAgo: 30, policy: "other")
        #expect(await MetricsUpdate(repository.policy).run(repository.context(), Self.success))
        let file = try Self.file(repository)
        let expected: [String: String] = [
            "rewarm_last_attempt_timestamp_seconds": "1763708700.25",
            "rewarm_last_attempt_success": "1",
            "rewarm_last_attempt_exit_code": "0",
            "rewarm_last_attempt_duration_seconds": "12.5",
            "rewarm_last_success_timestamp_seconds": "1763701512.25",
            "rewarm_snapshot_instant_timestamp_seconds": "1763701500.25",
            "rewarm_snapshot_duration_seconds": "12.5",
            "rewarm_snapshot_keys": "1000",
            "rewarm_snapshot_expiring_keys": "500",
            "rewarm_snapshot_expired_keys": "3",
            "rewarm_snapshot_raw_bytes": "6000",
            "rewarm_snapshot_stored_bytes": "3000",
            "rewarm_snapshots_kept": "3",
            "rewarm_snapshots_suspicious": "1",
            "rewarm_snapshots_corrupt": "0",
            "rewarm_repository_stored_bytes": "12000",
            "rewarm_last_verification_timestamp_seconds": "1763708700.25",
        ]
        for (name, value) in expected { #expect(file[name] == value, "\(name)") }
        #expect(file.metrics["rewarm_repository_free_bytes"].map { $0.value > 0 } == true)
        #expect(Set(file.names) == Set(expected.keys).union(["rewarm_repository_free_bytes"]))
        for metric in file.metrics.values { #expect(metric.labels == ["policy": "web", "source": "cache"]) }
    }

    @Test func `the last drill has its figures, whatever it came to`() async throws {
        let repository = try PolicyRepository(Self.textfile)
        let first = try await repository.publish(hoursAgo: 30)
        let second = try await repository.publish(hoursAgo: 2)
        let other = try await repository.publish(hoursAgo: 1, policy: "other")
        let now = PolicyRepository.now
        try await repository.drill(second, .pass, at: now.advanced(byMilliseconds: -10_000))
        try await repository.drill(first, .pass, rtoMilliseconds: 7_500, at: now.advanced(byMilliseconds: -9000))
        try await repository.drill(other, .difference, at: now)
        await MetricsUpdate(repository.policy).run(repository.context(), Self.success)
        let passed = try Self.file(repository)
        #expect(passed["rewarm_last_drill_timestamp_seconds"] == "1763708691.25")
        #expect(passed["rewarm_last_drill_success"] == "1")
        #expect(passed["rewarm_last_drill_rto_seconds"] == "7.5")
        #expect(passed["rewarm_last_drill_rpo_seconds"] == "3600")
        try await repository.drill(second, .inconclusive, rtoMilliseconds: nil, at: now)
        await MetricsUpdate(repository.policy).run(repository.context(), Self.success)
        let inconclusive = try Self.file(repository)
        #expect(inconclusive["rewarm_last_drill_success"] == "0")
        #expect(inconclusive["rewarm_last_drill_rto_seconds"] == nil)
        #expect(inconclusive["rewarm_last_drill_rpo_seconds"] == "3600")
    }

    @Test func `a drill has its figures once there is one`() throws {
        var figures = RepositoryFigures([], PolicyScope(policy: "web", sourceName: "cache"))
        figures.drill = DrillFigures(
            endedAt: UnixMilliseconds(1000),
            isSuccess: true,
            recoveryMilliseconds: 61_001,
            dataAgeMilliseconds: 3_600_000
        )
        let text = PolicyMetricsText(
            labels: MetricLabels(policy: "web", sourceName: "cache"),
            attempt: Self.success,
            figures: figures,
            earlier: nil
        )
        let file = try PrometheusFile(text.text)
        #expect(file["rewarm_last_drill_timestamp_seconds"] == "1")
        #expect(file["rewarm_last_drill_success"] == "1")
        #expect(file["rewarm_last_drill_rto_seconds"] == "61.001")
        #expect(file["rewarm_last_drill_rpo_seconds"] == "3600")
    }

    @Test func `after a failed run the last success is still told`() async throws {
        let repository = try PolicyRepository(Self.textfile)
        try await repository.publish(hoursAgo: 2)
        // No earlier file: it comes from the catalog.
        #expect(await MetricsUpdate(repository.policy).run(repository.context(), Self.failure))
        let file = try Self.file(repository)
        #expect(file["rewarm_last_attempt_success"] == "0")
        #expect(file["rewarm_last_attempt_exit_code"] == "20")
        #expect(file["rewarm_last_attempt_timestamp_seconds"] == "1763708760.25")
        #expect(file["rewarm_last_success_timestamp_seconds"] == "1763701512.25")
    }

    @Test func `a repository that is gone leaves the last known figures and says so`() async throws {
        let repository = try PolicyRepository(Self.textfile)
        try await repository.publish(hoursAgo: 2)
        let update = MetricsUpdate(repository.policy)
        await update.run(repository.context(), Self.success)
        let before = try Self.file(repository)
        try FileManager.default.removeItem(atPath: repository.path)
        let warnings = Warnings()
        for _ in 1...2 { #expect(await update.run(repository.context(warnings.add), Self.failure)) }
        let after = try Self.file(repository)
        #expect(after.names == before.names)
        #expect(after["rewarm_last_attempt_exit_code"] == "20")
        for name in after.names where !name.hasPrefix("rewarm_last_attempt") { #expect(after[name] == before[name]) }
        #expect(warnings.all.count == 2)
        #expect(warnings.all.first?.contains("is no repository") == true, "\(warnings.all)")
    }

    @Test func `of an earlier file only our own lines with the same labels are kept`() async throws {
        let repository = try PolicyRepository(Self.textfile)
        let labels = #"{policy="web",source="cache"}"#
        try repository.directory.write(
            """
            rewarm_snapshot_keys\(labels) 7
            rewarm_snapshot_keys\(labels) 8
            rewarm_snapshot_raw_bytes{policy="old",source="cache"} 9
            rewarm_snapshot_stored_bytes\(labels) many
            something_else\(labels) 1
            rewarm_last_attempt_exit_code\(labels) 0

            """,
            to: "web.prom"
        )
        await MetricsUpdate(repository.policy).run(repository.context(), Self.failure)
        let file = try Self.file(repository)
        #expect(file["rewarm_snapshot_keys"] == "7")
        #expect(file.names.filter { !$0.hasPrefix("rewarm_last_attempt") } == ["rewarm_snapshot_keys"])
    }

    @Test func `without a snapshot there is only the attempt and the repository`() async throws {
        let repository = try PolicyRepository(Self.textfile)
        _ = try await repository.open()
        await MetricsUpdate(repository.policy).run(repository.context(), Self.failure)
        let file = try Self.file(repository)
        #expect(file["rewarm_snapshots_kept"] == "0")
        #expect(file["rewarm_last_success_timestamp_seconds"] == nil)
        #expect(file["rewarm_last_verification_timestamp_seconds"] == nil)
        #expect(file["rewarm_last_drill_rto_seconds"] == nil)
    }

    @Test func `names of every kind come out of the labels as they went in`() throws {
        for name in ["a \"b\"", "back\\slash\\n", "line\nfeed", "ünïcode {x=\"y\"} 5", "", "\\"] {
            let text = PolicyMetricsText(
                labels: MetricLabels(policy: name, sourceName: name),
                attempt: Self.success,
                figures: nil,
                earlier: nil
            )
            let file = try PrometheusFile(text.text)
            for metric in file.metrics.values { #expect(metric.labels == ["policy": name, "source": name]) }
        }
    }

    @Test func `the file is readable by all, and nothing is left beside it`() async throws {
        let repository = try PolicyRepository(Self.textfile)
        _ = try await repository.open()
        let old = umask(0o077)
        defer { umask(old) }
        for _ in 1...2 { await MetricsUpdate(repository.policy).run(repository.context(), Self.success) }
        let attributes = try FileManager.default.attributesOfItem(atPath: repository.directory.path("web.prom"))
        #expect(attributes[.posixPermissions] as? Int == 0o644)
        let names = try FileManager.default.contentsOfDirectory(atPath: repository.directory.path)
        #expect(Set(names) == ["web.prom", "repository"])
    }

    @Test func `a file that cannot be written is a warning and no more`() async throws {
        var repository = try PolicyRepository(Self.textfile)
        repository.policy.metrics.textfile = repository.directory.path("absent/web.prom")
        let warnings = Warnings()
        _ = try await repository.open()
        #expect(await MetricsUpdate(repository.policy).run(repository.context(warnings.add), Self.success) == false)
        #expect(warnings.all.count == 1)
        #expect(warnings.all[0].contains("absent/"), "\(warnings.all)")
        // A directory in its place: the temporary file goes again.
        try FileManager.default.createDirectory(
            atPath: repository.directory.path("web.prom/x"),
            withIntermediateDirectories: true
        )
        repository.policy.metrics.textfile = repository.directory.path("web.prom")
        #expect(await MetricsUpdate(repository.policy).run(repository.context(warnings.add), Self.success) == false)
        let names = try FileManager.default.contentsOfDirectory(atPath: repository.directory.path)
        #expect(Set(names) == ["web.prom", "repository"])
    }

    @Test func `a policy without a file writes none, and a cancelled run writes its own`() async throws {
        let silent = try PolicyRepository()
        #expect(await MetricsUpdate(silent.policy).run(silent.context(), Self.success) == false)
        let repository = try PolicyRepository(Self.textfile)
        try await repository.publish(hoursAgo: 2)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await MetricsUpdate(repository.policy).run(repository.context(), Self.failure)
        }
        #expect(await task.value)
        #expect(try Self.file(repository)["rewarm_snapshot_keys"] == "1000")
    }

    @Test func `seconds have no digits that say nothing`() {
        let texts: [(Int64, String)] = [
            (0, "0"), (1, "0.001"), (1000, "1"), (1010, "1.01"), (-1500, "-1.5"), (.max, "9223372036854775.807"),
            (.min, "-9223372036854775.808"),
        ]
        for (milliseconds, text) in texts {
            #expect(MetricValue.seconds(milliseconds: milliseconds) == .value(text))
        }
    }
}
