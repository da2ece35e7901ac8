import Retention
import Transport

#if canImport(Glibc)
private import Glibc
#elseif canImport(Musl)
private import Musl
#else
private import Darwin
#endif

/// What a policy may say and should not: it can be used, and somebody will be sorry one day.
package struct PolicyAdvice {
    /// What is known of a file beside the policy.
    package enum FileState: Hashable, Sendable {
        case absent
        /// The permission bits.
        case present(mode: UInt32)
    }

    private let policy: PolicyFile
    private let state: (String) -> FileState?

    /// `state` tells of a file by its name; nil if nothing is known.
    package init(_ policy: PolicyFile, state: @escaping (String) -> FileState? = PolicyAdvice.stateOnDisk) {
        (self.policy, self.state) = (policy, state)
    }

    /// Sorted by place; severity is always a warning.
    package var warnings: [PolicyProblem] {
        (policy.warnings + retention + schedule + passwordFile + textfile + policyFile + drill)
            .sorted { ($0.place, $0.keyPath) < ($1.place, $1.keyPath) }
    }

    private var retention: [PolicyProblem] {
        guard let retention = policy.retention else {
            return [
                warn(
                    "retention",
                    "is not there, so nothing ever expires",
                    "say what to keep: retention: {daily: 7, weekly: 5}"
                )
            ]
        }
        var found: [PolicyProblem] = []
        if retention.minimumCopies == 1 {
            found.append(warn("retention.min-copies", "is 1, and a single copy can be damaged", "write min-copies: 2"))
        }
        if retention.grace.isZero {
            found.append(
                warn("retention.grace", "is nothing, so an expired snapshot cannot be taken back", "write grace: 24h")
            )
        }
        if policy.schedule != nil, !retention.apply {
            let hint = "write apply: true, or run rewarm expire --apply beside it"
            found.append(warn("retention.apply", "is false, so the schedule takes snapshots and expires none", hint))
        }
        return found
    }

    private var schedule: [PolicyProblem] {
        guard policy.schedule != nil, policy.source.url == nil else { return [] }
        return [
            warn("schedule", "has no source to take snapshots of", "write source: {url: \"redis://127.0.0.1:6379\"}")
        ]
    }

    private var passwordFile: [PolicyProblem] {
        guard let file = policy.source.passwordFile else { return [] }
        switch state(file) {
        case .absent:
            return [warn("source.password-file", "names a file that is not there", "make it, with mode 0600", file)]
        case .present(let mode) where mode & 0o077 != 0:
            let hint = "chmod 600 it"
            return [warn("source.password-file", "names a file that others than its owner can use", hint, file)]
        default: return []
        }
    }

    private var textfile: [PolicyProblem] {
        guard let file = policy.metrics.textfile, !file.hasSuffix(".prom") else { return [] }
        return [
            warn(
                "metrics.textfile",
                "does not end in .prom, and node_exporter reads no other names",
                "write \(file).prom",
                file
            )
        ]
    }

    private var drill: [PolicyProblem] {
        let path = "drill.ttl-tolerance"
        guard policy.source.url?.family == .memcached, policy.places[path] != nil,
            policy.drill.deadlineTolerance < .seconds(1)
        else { return [] }
        return [warn(path, "is below a second, and Memcached counts seconds: 1s is used", "write 1s")]
    }

    /// Hooks are run as whoever runs the policy.
    private var policyFile: [PolicyProblem] {
        guard case .present(let mode) = state(policy.fileName), mode & 0o002 != 0 else { return [] }
        return [warn("", "everybody may write this file, and its hooks run in your name", "chmod o-w it")]
    }

    private func warn(_ keyPath: String, _ problem: String, _ hint: String, _ value: String = "") -> PolicyProblem {
        var reading = PolicyReading(directory: "")
        var fault = PolicyFault(problem, hint: hint)
        fault.severity = .warning
        reading.report(fault, at: policy.place(of: keyPath), keyPath: keyPath, value: value)
        return reading.problems[0]
    }

    /// Asks the file system.
    package static let stateOnDisk: @Sendable (String) -> FileState? = { name in
        var facts = stat()
        if stat(name, &facts) == 0 { return .present(mode: UInt32(facts.st_mode) & 0o7777) }
        return errno == ENOENT ? .absent : nil
    }
}
