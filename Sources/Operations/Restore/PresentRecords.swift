import ArchiveIO
import Comparison
import ObjectStorage
import RDB
import Restore
import SnapshotModel
import Transport

/// Finds the records of a snapshot whose keys a target has: what `restore --only-missing` does not send.
///
/// Names alone are compared. A key that a client makes afterwards is met by the restore, which overwrites nothing.
struct PresentRecords {
    let manifest: Manifest
    let options: RestoreOptions
    let target: ConnectionOptions
    let context: OperationContext

    /// Sets the records of each part whose keys the target has.
    func mark(_ parts: inout SnapshotParts, in session: TargetSession, keyspace: [UInt32]) async throws {
        context.progress(OperationProgress(.comparing, subject: manifest.id.text))
        var comparison = ComparisonOptions()
        comparison.match = options.match
        comparison.exclude = options.exclude
        comparison.databases = options.databases
        let scope = ValueFingerprinter.Scope()
        var names = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        if let node = session.node {
            try await NodeNames.read(
                node,
                databases: keyspace.filter { comparison.wants(rightDatabase: $0) },
                options: comparison,
                into: &names
            )
        } else {
            // There is one database; whichever of the snapshot goes there.
            comparison.databases = options.databases.map { DatabaseMapping(source: $0.source, destination: 0) }
            try await ItemNames.read(target, options: comparison, into: &names, spillingTo: context.spillPlace)
        }
        var records = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        for (index, part) in parts.opened.enumerated() {
            let entries = ArchiveEntries(
                part.reader,
                part: UInt32(index),
                format: manifest.format,
                role: .left,
                options: comparison,
                scope: scope,
                content: options.salvage ? .intactNames : .names
            )
            _ = try await entries.read(into: &records)
        }
        var present = parts.opened.map { RecordSet($0.reader.index) }
        var run = try ComparisonRun(left: records, right: names)
        while let pair = try run.next() {
            guard pair.right != nil, let place = pair.left?.place else { continue }
            present[Int(place.part)].insert(place.record)
        }
        for index in parts.opened.indices { parts.opened[index].present = present[index] }
    }
}
