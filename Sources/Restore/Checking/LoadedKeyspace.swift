package import SnapshotModel

/// What the target said that it stored, by database: to be held against its own INFO afterwards.
package struct LoadedKeyspace: Codable, Hashable, Sendable {
    /// Of one of the target's databases.
    package struct Database: Codable, Hashable, Sendable {
        package private(set) var keyCount: UInt64 = 0
        /// Records whose key the target had already: keys of others, which may be there or not.
        package private(set) var existingCount: UInt64 = 0
        package private(set) var deadlines: DeadlineLedger
        /// When hashes lose their last field, which takes the key along.
        package private(set) var fieldEnds: DeadlineLedger

        fileprivate init(start: UnixMilliseconds) {
            deadlines = DeadlineLedger(start: start)
            fieldEnds = DeadlineLedger(start: start)
        }

        /// Counts one key; both are in Unix milliseconds, 0 for none.
        package mutating func add(deadline: Int64, fieldEnd: Int64 = 0) {
            keyCount += 1
            if deadline > 0 { deadlines.add(UnixMilliseconds(deadline)) }
            if fieldEnd > 0 { fieldEnds.add(UnixMilliseconds(fieldEnd)) }
        }

        /// Takes keys back of which nobody knows which they are: their deadlines stay counted.
        mutating func remove(_ count: UInt64) {
            keyCount -= min(keyCount, count)
        }

        package mutating func addExisting() {
            existingCount += 1
        }

        fileprivate mutating func add(_ other: Self) {
            keyCount += other.keyCount
            existingCount += other.existingCount
            deadlines.add(other.deadlines)
            fieldEnds.add(other.fieldEnds)
        }

        /// Keys that had to go between being stored and `now`: at most so many, as a key may have ended both ways.
        package func dueCount(by now: UnixMilliseconds) -> UInt64 {
            deadlines.dueCount(by: now) + fieldEnds.dueCount(by: now)
        }
    }

    private let start: UnixMilliseconds
    package private(set) var databases: [UInt32: Database] = [:]

    /// `start` is the target's clock when the restore began.
    package init(start: UnixMilliseconds) {
        self.start = start
    }

    /// Counts keys of one database.
    package mutating func update(_ database: UInt32, _ count: (inout Database) -> Void) {
        // Taken out and put back, so that the ledger's array is not copied.
        var counts = databases.removeValue(forKey: database) ?? Database(start: start)
        count(&counts)
        databases[database] = counts
    }

    /// Adds the counts of another part of the same restore.
    package mutating func add(_ other: Self) {
        for (database, counts) in other.databases { update(database) { $0.add(counts) } }
    }

    package var keyCount: UInt64 { databases.values.reduce(0) { $0 + $1.keyCount } }

    /// Keys that had to expire between being stored and `now`.
    package func dueCount(by now: UnixMilliseconds) -> UInt64 {
        databases.values.reduce(0) { $0 + $1.dueCount(by: now) }
    }
}
