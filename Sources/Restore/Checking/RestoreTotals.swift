import SnapshotModel

/// What a part of a restore came to: one window, or everything so far.
struct RestoreTotals: Codable, Hashable, Sendable {
    /// Without what was captured: that is of the snapshot, not of a part of its restore.
    var accounting = RestoreAccounting()
    /// Function libraries, counted like keys.
    var libraries = RestoreAccounting()
    var keyspace: LoadedKeyspace
    /// Records that begin in the blocks and were counted, sent or noted as chains; with those lost and those that
    /// never had their turn they make all records of the archives.
    var handledRecordCount: UInt64 = 0
    var lostRecordCount: UInt64 = 0
    /// Function libraries that were met.
    var libraryCount: UInt64 = 0
    /// Auxiliary data of modules, which no command restores.
    var moduleAuxiliaryCount: UInt64 = 0
    /// Where values over several blocks begin: they are restored after the blocks.
    var chains: [BlockPlace] = []
    /// Those of them that had their turn.
    var handledChainCount = 0
    /// Blocks and values that were lost, as sentences.
    var lostBlocks: [String] = []
    /// The first error text of each reason, for the report; servers repeat no key in them.
    var errorTexts: [String: String] = [:]

    /// `start` is the target's clock when the restore began.
    init(start: UnixMilliseconds) {
        keyspace = LoadedKeyspace(start: start)
    }

    mutating func add(_ other: Self) {
        accounting.add(other.accounting)
        libraries.add(other.libraries)
        keyspace.add(other.keyspace)
        handledRecordCount += other.handledRecordCount
        lostRecordCount += other.lostRecordCount
        libraryCount += other.libraryCount
        moduleAuxiliaryCount += other.moduleAuxiliaryCount
        chains += other.chains
        handledChainCount += other.handledChainCount
        lostBlocks += other.lostBlocks
        errorTexts.merge(other.errorTexts) { first, _ in first }
    }

    /// Counts client flags that a hash keeps, or by the server's words does not: what is not kept is lost.
    ///
    /// The first in a database make the hash, a key more than those of the snapshot.
    mutating func noteFlags(_ count: Int, in database: UInt32, _ refusal: String?, isFirst: Bool) {
        if let refusal { lostBlocks.append("the client flags of \(count) items: \(refusal)") }
        if isFirst { keyspace.update(database) { $0.addExisting() } }
    }

    /// Keeps the text of an error reply, the first of its reason.
    mutating func note(_ verdict: ReplyVerdict, _ reply: any RecordReply) {
        guard let text = reply.errorText, let reason = verdict.reason, errorTexts[reason.text] == nil else { return }
        errorTexts[reason.text] = text
    }
}
