import SnapshotModel

/// What a snapshot of an engine never contains, so that nobody finds it out at the restore.
enum EngineGaps {
    static func of(_ engine: Engine) -> [String] {
        switch engine {
        case .redis, .valkey:
            [
                "ACL users and their passwords", "settings of CONFIG and the configuration file",
                "the script cache (EVAL and SCRIPT LOAD)", "module libraries and their settings",
                "Pub/Sub subscriptions, client connections and transactions in progress",
            ]
        case .memcached:
            [
                "settings and command-line options", "statistics", "users of SASL or ASCII authentication",
                "items that the server evicted or that expired",
            ]
        }
    }
}
