import SnapshotModel

/// One row of the table of value types: what a type number means to an engine, from a version on.
package struct RDBValueType: Hashable, Sendable {
    /// The number before the key (`RDB_TYPE_…`), which is also the first byte of a DUMP payload.
    package let type: UInt8
    /// The engines for which the row holds.
    package let engines: Engines
    /// The first RDB version that knows the type; 1 stands for RDB 6 and everything older.
    package let minimumRDBVersion: Int
    /// What users call it: string, list, set, zset, hash, stream, module, array.
    package let name: String
    /// How the value is laid out, in the servers' words (listpack, quicklist).
    package let encoding: String
    /// The first step of the layout in ``RDBCode``; nil where the layout cannot be told from outside.
    let entry: Int?
    /// Whether the value needs the stream around it: it refers to a hash template.
    ///
    /// Its record gets the self-contained type, one less, and the fields written into its body.
    package let refersToTemplate: Bool

    package enum Engines: Hashable, Sendable {
        case both
        case redis
        case valkey

        func contains(_ engine: Engine) -> Bool {
            switch self {
            case .both: engine != .memcached
            case .redis: engine == .redis
            case .valkey: engine == .valkey
            }
        }
    }

    /// Whether values of this type can be skimmed.
    package var isReadable: Bool { entry != nil }

    func holds(in format: PayloadFormat) -> Bool {
        engines.contains(format.engine) && format.rdbVersion >= minimumRDBVersion
    }
}
