import Policy

/// The units with which systemd takes the snapshots of a policy: a service, its timer, and whom to tell of a failure.
package struct SystemdUnits: Sendable {
    /// The template that is called for a unit that failed.
    private static let failureTemplate = "rewarm-failure@"

    private let run: ScheduledRun
    /// The unit to start when a run fails; nil for the template that comes along.
    private let onFailure: String?
    private let baseName: String

    /// Throws `usage` for a program that systemd refuses to start.
    package init(_ run: ScheduledRun, onFailure: String? = nil) throws(OperationError) {
        // string_is_safe() of systemd, src/basic/string-util.c.
        guard !run.program.contains(where: { "\"'\\".contains($0) }) else {
            throw OperationError(
                .usage,
                "systemd starts no program with a quotation mark or a backslash in its path: \(run.program)",
                hint: "name another path with --command"
            )
        }
        self.run = run
        self.onFailure = onFailure
        baseName = "rewarm-" + SystemdText.unitName(run.policy.name)
    }

    private var timerName: String { baseName + ".timer" }

    package var files: [SchedulerFile] {
        let own = [
            SchedulerFile(name: baseName + ".service", text: service), SchedulerFile(name: timerName, text: timer),
        ]
        return onFailure == nil ? own + [SchedulerFile(name: Self.failureTemplate + ".service", text: failure)] : own
    }

    private var header: String {
        "# Made by 'rewarm schedule print --systemd'; change the policy and print again instead of editing.\n"
    }

    private var timer: String {
        let delay = run.schedule.effectiveRandomizedDelay
        let seconds = (delay.milliseconds + 999) / 1000
        let delayLine = seconds == 0 ? "" : "RandomizedDelaySec=\(seconds)s\n"
        return header + """
            [Unit]
            Description=Rewarm: when to take snapshots by the policy \(SystemdText.description(run.policy.name))

            [Timer]
            # In the zone of this machine.
            OnCalendar=\(SystemdText.calendar(run.schedule))
            \(delayLine)AccuracySec=1s
            # A run that was missed because the machine was off is made up for.
            Persistent=true

            [Install]
            WantedBy=timers.target

            """
    }

    private var failure: String {
        header + """
            [Unit]
            Description=Rewarm: tell that %i failed

            [Service]
            Type=oneshot
            # The place for your own way to tell somebody, such as: /usr/bin/mail -s "%i failed on %H" root
            ExecStart=/usr/bin/logger --priority daemon.err --tag rewarm "%i failed; see: journalctl --unit %i"
            NoNewPrivileges=yes
            ProtectSystem=strict
            ProtectHome=yes
            PrivateTmp=yes

            """
    }
}

extension SystemdUnits {
    /// The run itself.
    ///
    /// Without `RequiresMountsFor=`: a disk that cannot be mounted would end the job before the service starts, and
    /// then neither hooks nor `OnFailure=` would tell anybody. So the run finds for itself that its repository is gone.
    private var service: String {
        header + """
            [Unit]
            Description=Rewarm: take a snapshot by the policy \(SystemdText.description(run.policy.name))
            Wants=network-online.target
            After=network-online.target local-fs.target remote-fs.target
            OnFailure=\(onFailure ?? Self.failureTemplate + "%n.service")

            [Service]
            Type=oneshot
            User=\(run.userName)
            ExecStart=\(SystemdText.commandLine(run.words))
            UMask=0077
            \(places)
            \(hookRemark)\(sandbox)

            """
    }

    /// `-`: a place that is not there must not keep the run from starting and saying so.
    private var places: String {
        var writable = [run.repository]
        if let textfile = run.policy.metrics.textfile { writable.append(Self.directory(of: textfile)) }
        let paths = writable.map { "-" + $0 }.map(SystemdText.path).joined(separator: " ")
        return """
            # Everything else is read-only. A scan's temporary files lie in the service's own /var/tmp.
            ReadWritePaths=\(paths)
            StateDirectory=rewarm
            Environment=XDG_STATE_HOME=%S
            """ + standardRepositoryLine
    }

    /// Without a name, the repository is found by the data home, which a service does not have.
    private var standardRepositoryLine: String {
        guard !run.namesRepository, run.policy.repository == nil else { return "" }
        return "\nEnvironment=" + SystemdText.path("XDG_DATA_HOME=" + Self.directory(of: run.repository))
    }

    private var hookRemark: String {
        run.hasHooks
            ? "# The policy's hooks run in this sandbox, too: a drop-in may give them more ReadWritePaths=.\n" : ""
    }

    private var sandbox: String {
        let isRoot = run.userName == "root"
        let lies = { (place: String) in run.paths.contains { $0.hasPrefix(place) } }
        let seesHome = lies("/home/") || lies("/root/") || lies("/run/user/")
        return """
            ProtectSystem=strict
            ProtectHome=\(seesHome ? "read-only" : "yes")
            PrivateTmp=yes
            PrivateDevices=yes
            NoNewPrivileges=yes
            CapabilityBoundingSet=\(isRoot ? "CAP_DAC_OVERRIDE" : "")
            AmbientCapabilities=
            ProtectClock=yes
            ProtectControlGroups=yes
            ProtectHostname=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            ProtectKernelTunables=yes
            ProtectProc=invisible
            RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
            RestrictNamespaces=yes
            RestrictRealtime=yes
            RestrictSUIDSGID=yes
            LockPersonality=yes
            MemoryDenyWriteExecute=yes
            SystemCallArchitectures=native
            SystemCallFilter=@system-service
            SystemCallErrorNumber=EPERM
            """
    }

    private static func directory(of path: String) -> String {
        let parent = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        return parent.isEmpty ? "/" : String(parent)
    }
}
