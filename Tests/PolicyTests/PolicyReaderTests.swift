import ArchiveFormat
import Policy
import Retention
import TestSupport
import Testing
import Transport

/// What a policy file says, and what it need not say.
struct PolicyReaderTests {
    private static func read(_ text: String, _ fileName: String = "policies/web.yaml") throws -> PolicyFile {
        try PolicyReader.read(text: text, fileName: fileName)
    }

    private static func problem(_ text: String) throws -> String {
        try #require(BadPolicyTests.problems(text)?.first?.description)
    }

    @Test func `a policy of one line has every default`() throws {
        let policy = try Self.read("source: {url: 'redis://cache-1:6379'}\n")
        #expect(policy.name == "web")
        #expect(policy.sourceName == "cache-1:6379")
        #expect(policy.source.connectTimeout == .seconds(10))
        #expect(policy.repository == nil && policy.retention == nil && policy.schedule == nil)
        #expect(policy.check.maximumAge == CivilDuration(26, .hours) && policy.check.freeSpacePercent == 100)
        #expect(policy.guards.compare == 7 && policy.drill.deadlineTolerance == .milliseconds(5))
        #expect(policy.warnings.isEmpty)
    }

    @Test func `every key reaches its property`() throws {
        let policy = try Self.read(
            """
            name: nightly
            source:
              name: web
              url: valkeys://cache-1:6380
              user: backup
              password-file: secrets/web
              tls: {ca: ca.pem, certificate: c.pem, key: c.key, server-name: cache}
              connect-timeout: 2s
            repository: ../store
            lock-timeout: 10min
            capture: {method: scan, transfer: disk, scan-rate: 5000}
            archive: {codec: zstd:3, tags: {env: prod, release: 1.10, ok: yes}}
            guards: {min-keys: 1000, min-bytes: 10MiB, max-drop: 50%, compare: 9}
            retention:
              time-zone: Europe/Rome
              last: 3
              hourly: all
              daily: {within: 30d}
              tags: [[a, b=c], [d]]
              oldest: false
              min-copies: 2
              max-delete: 20%
              failed: {keep-for: 5d, keep-last: 1}
            check: {max-age: 2d, verified-within: 8d, drilled-within: 1mo, free-space: 0%}
            drill: {server: redis-server, sample: 10, max-rto: 90s, max-rpo: 26h, ttl-tolerance: 7ms}
            metrics: {textfile: web.prom}
            hooks:
              before: ["echo a", {command: [bin/x, -v], timeout: 1min}]
              after-success: [echo b]
              after-failure: [echo c]
              always: [{command: echo d}]
            schedule: {every: month, at: 12:30, on: 28, randomized-delay: 1h}
            """
        )
        #expect(policy.name == "nightly" && policy.sourceName == "web" && policy.repository == "policies/../store")
        #expect(policy.source.url == (try NodeURL("valkeys://cache-1:6380")) && policy.source.user == "backup")
        #expect(policy.source.passwordFile == "policies/secrets/web" && policy.source.connectTimeout == .seconds(2))
        #expect(policy.source.tls.authorityFile == "policies/ca.pem" && policy.source.tls.serverName == "cache")
        #expect(policy.lockTimeout == .seconds(600))
        #expect(policy.capture.method == .scan && policy.capture.transfer == .disk && policy.capture.scanRate == 5000)
        #expect(policy.archive.codec.description == "zstd:3")
        #expect(policy.archive.tags == ["env": "prod", "release": "1.10", "ok": "yes"])
        #expect(policy.guards.minimumKeyCount == 1000 && policy.guards.minimumByteCount == 10 << 20)
        #expect(policy.guards.maximumDropPercent == 50 && policy.guards.compare == 9)
        let retention = try #require(policy.retention)
        #expect(retention.timeZone == "Europe/Rome" && retention.last == .limited(3) && retention.oldest == false)
        #expect(retention.tiers == [.hourly: .init(count: .all), .daily: .init(within: CivilDuration(30, .days))])
        #expect(retention.tags == [["a", "b=c"], ["d"]] && retention.minimumCopies == 2)
        #expect(retention.maximumDeletePercent == 20 && retention.failed.keepLast == 1 && !retention.apply)
        #expect(policy.check.drilledWithin == CivilDuration(1, .months) && policy.check.freeSpacePercent == 0)
        #expect(policy.drill.server == "redis-server" && policy.drill.maximumRecoveryTime == .seconds(90))
        #expect(policy.metrics.textfile == "policies/web.prom")
        #expect(policy.hooks.before.map(\.command) == [.shell("echo a"), .program(["policies/bin/x", "-v"])])
        #expect(policy.hooks.before.map(\.timeout) == [.seconds(30), .seconds(60)])
        #expect(policy.hooks.always.map(\.command) == [.shell("echo d")])
        let schedule = try #require(policy.schedule)
        #expect(schedule.every == .month && schedule.at == ScheduleTime(hour: 12, minute: 30))
        #expect(schedule.on == .dayOfMonth(28) && schedule.randomizedDelay == .seconds(3600))
        #expect(policy.places["guards.max-drop"] == PolicyPlace(line: 13, column: 54))
    }

    @Test func `text is what stands there, whatever YAML would make of it`() throws {
        for word in ["no", "on", "12:30", "010", "1e3", "0x1F", "2026-11-21", "1_000", "nan", "=", "1.10"] {
            #expect(try Self.read("name: \(word)\n").name == word)
        }
        #expect(try Self.read("schedule: {every: week, \"on\": friday, at: 23:59}\n").schedule?.on == .weekday(.friday))
    }

    @Test func `names of files start at the policy's directory`() throws {
        let text = "repository: store\n"
        #expect(try Self.read(text, "web.yaml").repository == "store")
        #expect(try Self.read(text, "/web.yaml").repository == "/store")
        #expect(try Self.read(text, "/etc/rewarm/web.yaml").repository == "/etc/rewarm/store")
        #expect(try Self.read("repository: ./store\n", "/etc/rewarm/web.yaml").repository == "/etc/rewarm/store")
        #expect(try Self.read("repository: /store\n", "/etc/rewarm/web.yaml").repository == "/store")
        // A program without a slash is looked up in PATH.
        #expect(try Self.read("drill: {server: valkey-server}\n", "/etc/web.yaml").drill.server == "valkey-server")
        #expect(try Self.read("drill: {server: ./valkey}\n", "/etc/web.yaml").drill.server == "/etc/valkey")
    }

    @Test func `a policy is named by its file`() throws {
        for (file, name) in [("web.yaml", "web"), ("a/b.c.yaml", "b.c"), ("a/web", "web"), (".yaml", ".yaml")] {
            #expect(try Self.read("repository: /r\n", file).name == name)
        }
    }

    @Test func `a password in a URL works and warns without repeating it`() throws {
        let policy = try Self.read("source: {url: 'redis://u:hunter2@c1'}\n")
        #expect(policy.source.url?.password?.exposed == "hunter2")
        let warning = try #require(policy.warnings.first)
        #expect(warning.severity == .warning && warning.hint.contains("password-file"))
        #expect(!warning.description.contains("hunter2"))
        // A port that is none may be a password whose host was forgotten.
        #expect(try !Self.problem("source: {url: 'redis://u:hunter2'}\n").contains("hunter2"))
    }

    @Test func `a file is at most one mebibyte`() throws {
        let good = "name: web\n" + String(repeating: "#", count: PolicyReader.longestByteCount - 10)
        #expect(good.utf8.count == PolicyReader.longestByteCount)
        #expect(try Self.read(good).name == "web")
        #expect(try Self.problem(good + "#").hasPrefix("1:1: the file is larger than 1 MiB; "))
    }

    @Test func `nothing that grows without bounds is entered`() throws {
        for bracket in ["[", "{a: ", "- ", "? "] {
            let deep = String(repeating: bracket, count: 100_000)
            #expect(BadPolicyTests.problems(deep)?.isEmpty == false)
        }
        var laughs = "a0: &a0 [x, x]\n"
        for level in 1...40 { laughs += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        laughs += "? *a40\n: x\n"
        #expect(try Self.problem(laughs).hasPrefix("1:5: this is a YAML anchor or alias"))
        // A few of them are refused where they stand.
        let few = try #require(BadPolicyTests.problems("name: &n web\nrepository: *n\n"))
        #expect(few.count == 1)
        let duplicates = String(repeating: "name: a\n", count: 1000)
        #expect(BadPolicyTests.problems(duplicates)?.isEmpty == false)
    }

    @Test func `what is no text is told where it stands`() throws {
        let directory = try TemporaryDirectory()
        func problem(_ bytes: [UInt8]) throws -> String {
            let file = directory.path("web.yaml")
            try PolicyBytes.write(bytes, to: file)
            do {
                _ = try PolicyReader.read(file: file)
            } catch let error as InvalidPolicy {
                return try #require(error.problems.first?.description)
            }
            return "accepted"
        }
        #expect(try problem([0xFF, 0xFE, 0x61, 0x00]) == "1:1: the file is text in UTF-16; save it as UTF-8")
        #expect(try problem(Array("name: w\nrepo".utf8) + [0xC3, 0x28]).hasPrefix("2:5: the file is no text in UTF-8"))
        #expect(try problem(Array("name: w\u{0}b\n".utf8)).hasPrefix("1:8: no valid YAML: control characters"))
        #expect(try problem([UInt8](repeating: 0x80, count: 2 << 20)).contains("larger than 1 MiB"))
        #expect(try problem(Array("name: web\n".utf8)) == "accepted")
    }

    @Test func `a file that cannot be read is told with its name`() throws {
        #expect(throws: UnreadablePolicy.self) { try PolicyReader.read(file: "/nowhere/web.yaml") }
        #expect(throws: UnreadablePolicy.self) { try PolicyReader.read(file: "/") }
    }

    @Test func `names of files in a file that was read are absolute`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("repository: store\n", to: "web.yaml")
        #expect(try PolicyReader.read(file: file).repository == directory.path("store"))
    }
}
