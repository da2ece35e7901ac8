import SnapshotModel

enum SnapshotFormats {
    static let redis12 = PayloadFormat(engine: .redis, rdbVersion: 12)
    static let redis15 = PayloadFormat(engine: .redis, rdbVersion: 15)
    static let valkey80 = PayloadFormat(engine: .valkey, rdbVersion: 80)
}
