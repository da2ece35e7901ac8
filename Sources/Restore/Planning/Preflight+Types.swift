import RDB
import SnapshotModel
import Transport

/// What of the snapshot has no form that the target knows.
extension Preflight {
    /// Types of which the snapshot has no value are not named; a target that takes no payloads has a finding of its own.
    static func unsupportedTypes(
        _ unsupported: UnsupportedCounts,
        _ options: RestoreOptions,
        _ target: TargetFacts,
        _ manifest: Manifest,
        isRefusal: Bool = false
    ) -> PreflightFinding? {
        guard !unsupported.isEmpty else { return nil }
        let loaders = loaders(of: manifest.format)
        let source = "\(manifest.source.engine.rawValue) \(manifest.source.serverVersion)"
        return PreflightFinding(
            .unsupportedTypes,
            isRefusal: isRefusal,
            "\(target.address) (\(target.engine.rawValue) \(target.version)) cannot hold all values of \(source): "
                + unsupported.text,
            advice: isRefusal
                ? "leave these out with --type, restore without --strict, or \(loaders)"
                : "they are counted as unsupported, exit code 3; refuse this with --strict, or \(loaders)"
        )
    }

    /// Where payloads of this format can go: the engines have gone apart after RDB 11.
    static func loaders(of format: PayloadFormat) -> String {
        guard format.rdbVersion > PayloadRoute.lastCommonVersion else {
            let redis = NodeInfo.oldestServer(loading: PayloadFormat(engine: .redis, rdbVersion: format.rdbVersion))
            return "restore to Redis \(redis) or newer, or to any Valkey"
        }
        let name = format.engine == .valkey ? "Valkey" : "Redis"
        return "restore to \(name) \(NodeInfo.oldestServer(loading: format)) or newer"
    }
}
