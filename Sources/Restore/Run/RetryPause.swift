import Transport

/// The pauses between attempts to reach a target again: each about twice the one before, up to a bound, and spread at
/// random, so that many clients do not come back at the same moment.
struct RetryPause {
    private static let first = Duration.milliseconds(100)
    private static let longest = Duration.seconds(5)

    private var usual = Self.first

    /// Half to one and a half of the usual pause.
    mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        defer { usual = min(Self.longest, usual * 2) }
        return usual * Double.random(in: 0.5...1.5, using: &random)
    }
}

extension RestoreResult.Ending {
    /// Whether the same may succeed a little later, over a new connection.
    ///
    /// - A connection that ended, could not be opened, or gave no answer; a server that loads or is full of clients.
    /// - Refusals that pass by themselves: LOADING, BUSY (a script runs), NOREPLICAS (a replica comes back), CLUSTERDOWN
    ///   and TRYAGAIN. READONLY and MASTERDOWN: another node may answer there after a failover, which is looked at
    ///   before anything is sent.
    /// - Not those that somebody has to repair first: OOM, MISCONF, NOPERM, MOVED, CROSSSLOT; wrong credentials, TLS.
    var mayPass: Bool {
        switch self {
        case .connectionLost(let error): error.mayPass
        case .refused(let text): Self.passingRefusals.contains(String(text.prefix { $0 != " " }))
        case .finished, .damaged, .cancelled, .exchanged: false
        }
    }

    private static let passingRefusals: Set = [
        "LOADING", "BUSY", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "READONLY", "MASTERDOWN",
    ]

    /// Whether the target said that it is a replica.
    var isDemotion: Bool {
        if case .refused(let text) = self { text.hasPrefix("READONLY") || text.hasPrefix("MASTERDOWN") } else { false }
    }
}

extension TransportError {
    /// Whether another attempt may succeed a little later.
    fileprivate var mayPass: Bool {
        switch code {
        case .unknownHost, .refused, .unreachable, .timedOut, .closed, .tooManyClients, .loading: true
        case .serverError(let prefix): ["BUSY", "LOADING", "MASTERDOWN", "CLUSTERDOWN"].contains(prefix)
        default: false
        }
    }
}
