import Memcached
package import SnapshotModel

extension RestoreOptions {
    /// What the options cannot mean for a snapshot of one engine and a target of another, as a sentence for a usage error;
    /// nil if nothing.
    package func contradiction(from source: Engine, intoMemcached isIntoMemcached: Bool) -> String? {
        if method == .replication {
            if isIntoMemcached {
                return "Memcached replicates from nobody: --method replication goes with Redis and Valkey"
            }
            if source == .memcached {
                return "a snapshot of Memcached goes by commands: leave --method replication out"
            }
        }
        if flagsHash != nil, source != .memcached || isIntoMemcached {
            return
                "--flags-hash keeps client flags of Memcached in a Redis or Valkey, and there are none or they go along"
        }
        if let contradiction = contradictionOfType(source) { return contradiction }
        return isIntoMemcached ? contradictionOfDatabases(source) : nil
    }

    private func contradictionOfType(_ source: Engine) -> String? {
        let isItem = { (type: String) in type == MemcachedItem.typeName }
        if source == .memcached, let other = types.sorted().first(where: { !isItem($0) }) {
            return "a snapshot of Memcached has one type, \(MemcachedItem.typeName), and no \(other)"
        }
        if source != .memcached, types.contains(where: isItem) {
            return "only a snapshot of Memcached has values of type \(MemcachedItem.typeName)"
        }
        return nil
    }

    /// Memcached has no databases: keys of several would meet in its one.
    package func contradictionOfDatabases(_ source: Engine) -> String? {
        guard !databases.isEmpty else { return nil }
        guard source != .memcached else {
            return "neither the snapshot nor the target has databases: leave --database out"
        }
        guard databases.count == 1, let only = databases.first else {
            return "Memcached has no databases: choose one of the snapshot with --database"
        }
        guard only.destination == only.source || only.destination == 0 else {
            return "Memcached has no database \(only.destination): say --database \(only.source)"
        }
        return nil
    }
}
