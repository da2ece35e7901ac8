import SnapshotModel

/// Modules that the data needs: nothing tells for certain which data types a module brings.
extension Preflight {
    /// The modules that are known to bring a data type, by the type's name in the data.
    ///
    /// A type that is not here is taken to be there if any module is. Sources: `RedisModule_CreateDataType` in
    /// RedisBloom, RedisJSON, RedisTimeSeries and Redis's vector sets; valkey-bloom `src/bloom/data_type.rs`.
    private static let modulesByType: [String: Set<String>] = [
        "MBbloom--": ["bf"], "MBbloomCF": ["bf"], "CMSk-TYPE": ["bf"], "TopK-TYPE": ["bf"], "TDIS-TYPE": ["bf"],
        "bloomfltr": ["bf"], "ReJSON-RL": ["ReJSON", "json"], "TSDB-TYPE": ["timeseries"], "vectorset": ["vectorset"],
    ]

    /// Data types that no module of the target is known to bring.
    static func missingModuleTypes(_ contents: PlannedContents, _ target: TargetFacts) -> [String] {
        guard let present = target.moduleNames.map({ Set($0) }) else { return [] }
        return contents.moduleTypes.filter { type in
            guard !present.isEmpty else { return true }
            return modulesByType[type].map { $0.isDisjoint(with: present) } ?? false
        }
    }

    /// `commands` leaves such keys out; a target that replicates ends itself at data of a module that it lacks.
    static func modules(
        _ contents: PlannedContents,
        _ options: RestoreOptions,
        _ target: TargetFacts
    ) -> PreflightFinding? {
        let missing = missingModuleTypes(contents, target)
        guard !missing.isEmpty else { return nil }
        let present = target.moduleNames ?? []
        let text =
            "the snapshot has data of modules (\(missing.joined(separator: ", "))), and \(target.address) has loaded "
            + (present.isEmpty ? "none" : "only \(present.joined(separator: ", "))")
        return PreflightFinding(
            .missingModules,
            isRefusal: options.method == .replication || options.isStrict,
            text,
            advice: options.method == .replication
                ? "load the source's modules there, or restore with --method commands, which leaves such keys out"
                : "load the source's modules there; without them such keys count as unsupported, exit code 3"
        )
    }
}
