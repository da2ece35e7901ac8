import Memcached
package import RDB
package import SnapshotModel

/// How one record gets to a target: decided once per type number and target, never per key by trial.
package enum RecordRoute: Hashable, Sendable {
    /// `RESTORE` of its payload byte for byte, stamped with the oldest version that knows the type.
    case restore(version: UInt16)
    /// `RESTORE` of its value in another form.
    case rewrite(PayloadForm)
    /// Metadata of the key come first; what follows decides.
    case metadata(isKept: Bool)
    /// `SET` or `RESTORE` of a string, made of an item of Memcached.
    case item
    /// The commands of its type: the target takes no payloads.
    case typeCommands
    /// The target can hold no value of this type.
    case unsupported
}

/// The routes of all types of an archive to one target.
package struct RecordRoutes: Hashable, Sendable {
    package let source: PayloadFormat
    /// What the target loads.
    package let target: PayloadFormat
    /// Whether the target takes payloads at all; without, everything goes by commands of its type.
    package let takesPayloads: Bool
    private let routes: [RecordRoute]
    /// By type number: what payloads that go as they are get stamped with; 0 for every other route.
    ///
    /// A record that goes as it is costs one look into this table.
    private let versions: [UInt16]

    /// Routes to a server of an engine that loads versions up to `newest`.
    ///
    /// `takesModules` false keeps values of modules back.
    package init(
        from source: PayloadFormat,
        to engine: Engine,
        newest: Int,
        takesPayloads: Bool = true,
        takesModules: Bool = true
    ) {
        let target = PayloadRoute.loadable(engine, newest: newest)
        self.source = source
        self.target = target
        self.takesPayloads = takesPayloads
        routes = (0...UInt8.max).map { type in
            if source.engine == .memcached { return type == MemcachedItem.recordType ? .item : .unsupported }
            guard takesPayloads else {
                return RDBElementReader(type: type, format: source) == nil ? .unsupported : .typeCommands
            }
            if !takesModules, RDBValueTypes.row(type: type, format: source)?.name == "module" { return .unsupported }
            return switch PayloadRoute(type: type, from: source, to: target) {
            case .asIs(let version): .restore(version: version)
            case .rewrite(let form): .rewrite(form)
            case .metadata(let isKept):
                // Then whatever follows is known, too.
                isKept && target.rdbVersion >= source.rdbVersion
                    ? .restore(version: UInt16(clamping: source.rdbVersion)) : .metadata(isKept: isKept)
            case .unknown: .unsupported
            }
        }
        versions = routes.map { if case .restore(let version) = $0 { version } else { 0 } }
    }

    /// Routes to a target; where it does not tell what it loads, it is taken to load all that the archive has.
    package init(_ source: PayloadFormat, _ target: TargetFacts) {
        self.init(
            from: source,
            to: target.engine,
            newest: target.newestRDBVersion ?? Int(RestorePlan.stampedVersion(source)),
            takesPayloads: target.takesPayloads,
            takesModules: target.survivesUnknownModules
        )
    }

    /// Routes into an RDB stream, which every payload would go into.
    package init(from source: PayloadFormat, toStreamOf format: PayloadFormat) {
        self.init(from: source, to: format.engine, newest: format.rdbVersion)
    }

    /// All types as they are, stamped with the archive's version: to where the archive is from.
    package init(asTheyAre format: PayloadFormat) {
        self.init(from: format, to: format.engine, newest: format.rdbVersion)
    }

    package subscript(type: UInt8) -> RecordRoute { routes[Int(type)] }

    /// What the payload of a record that goes as it is gets stamped with; 0 if it does not.
    @inline(__always)
    func version(of type: UInt8) -> UInt16 { versions[Int(type)] }

    /// Whether every type of the archive's format goes as it is.
    package var isDirect: Bool {
        RDBValueTypes.rows.allSatisfy { row in
            RDBValueTypes.row(type: row.type, format: source) != row || !row.isReadable || row.refersToTemplate
                || versions[Int(row.type)] > 0
        }
    }

    /// Names of types of which some values or all stay out, with why: "module", "array", "hash" with deadlines of
    /// fields.
    package var limits: [(typeName: String, isForFieldDeadlines: Bool)] {
        var names: [(typeName: String, isForFieldDeadlines: Bool)] = []
        for row in RDBValueTypes.rows where RDBValueTypes.row(type: row.type, format: source) == row {
            guard !row.refersToTemplate else { continue }
            let isForDeadlines =
                self[row.type] == .rewrite(.plainHash) && FieldDeadlines.areIn(type: row.type, format: source)
            guard isForDeadlines || self[row.type] == .unsupported && row.isReadable else { continue }
            if !names.contains(where: { $0 == (row.name, isForDeadlines) }) { names.append((row.name, isForDeadlines)) }
        }
        return names
    }
}

extension RecordRoutes {
    /// What of a type has no way to the target.
    struct Limit: Hashable {
        /// "hash (listpack with deadlines)".
        var name: String
        /// "hash".
        var typeName: String
        /// Whether it is every value; else those with something that its new form has no words for.
        var isForAll: Bool
    }

    /// nil where all values of the type have a way.
    func limit(of type: UInt8, keepsFieldDeadlines: Bool) -> Limit? {
        guard let row = RDBValueTypes.row(type: type, format: source) else { return nil }
        let name = "\(row.name) (\(row.encoding))"
        switch self[type] {
        case .unsupported: return Limit(name: name, typeName: row.name, isForAll: true)
        case .rewrite(.plainHash) where keepsFieldDeadlines && FieldDeadlines.areIn(type: type, format: source):
            return Limit(name: name, typeName: row.name, isForAll: false)
        default: return nil
        }
    }
}

extension SnapshotStatistics {
    /// For a reason: "module:vectorset" for "module", where the snapshot has values of one module alone.
    func name(of typeName: String) -> String {
        let names = types.keys.filter { $0.hasPrefix(typeName + ":") }
        return names.count == 1 ? names[0] : typeName
    }
}
