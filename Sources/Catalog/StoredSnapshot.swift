import SnapshotModel

/// A manifest with its bytes as they lie in the store: fields that a newer program added are kept.
struct StoredManifest: Hashable, Sendable {
    var manifest: Manifest
    var text: String
}

/// A fact with its bytes as they lie in the store; `fact` is nil if this program cannot read it.
struct StoredFact: Hashable, Sendable {
    var snapshot: SnapshotID
    var id: String
    var text: String
    var fact: Fact?

    init(snapshot: SnapshotID, id: String, text: String) {
        self.snapshot = snapshot
        self.id = id
        self.text = text
        let decoded = try? StoredJSON.decode(Fact.self, from: text)
        fact = decoded.flatMap { fact in
            fact.schema <= Fact.currentSchema && fact.id == id && fact.snapshot == snapshot ? fact : nil
        }
    }
}

/// The record of a run with its bytes as they lie in the store; `record` is nil if this program cannot read it.
struct StoredRun: Hashable, Sendable {
    var id: SnapshotID
    var text: String
    var record: RunRecord?

    init(id: SnapshotID, text: String) {
        self.id = id
        self.text = text
        let decoded = try? StoredJSON.decode(RunRecord.self, from: text)
        record = decoded.flatMap { record in
            record.schema <= RunRecord.currentSchema && record.id == id ? record : nil
        }
    }
}

/// A whole snapshot as the store tells of it.
struct StoredSnapshot: Hashable, Sendable {
    var manifest: StoredManifest
    var facts: [StoredFact]

    var id: SnapshotID { manifest.manifest.id }
    var standing: SnapshotStanding { SnapshotStanding(facts) }
    var entry: SnapshotEntry { SnapshotEntry(manifest.manifest, standing) }
}

extension SnapshotStanding {
    init(_ facts: [StoredFact]) {
        self.init(facts: facts.compactMap(\.fact), unreadableFactCount: facts.count { $0.fact == nil })
    }
}
