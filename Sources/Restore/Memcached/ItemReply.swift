import Memcached

/// What Memcached answers to an item that it did not store.
struct ItemReply: RecordReply {
    let reply: MetaReply
    /// Whether the server makes room for new items by throwing others away.
    let evicts: Bool

    func verdict(typeName: String) -> ReplyVerdict {
        switch reply {
        // Mode add, and an item of that key is there.
        case .notStored, .exists: .existing
        case .error(let error) where error.isTooLarge: ReplyVerdict(.unsupported, .tooLarge(typeName))
        // One that evicts may have no room for items of one size, and yet for others.
        case .error(let error) where error.isOutOfMemory: ReplyVerdict(.failed, .outOfMemory, endsRun: !evicts)
        case .error: ReplyVerdict(.failed, .otherError)
        default: .unexpected
        }
    }

    var errorText: String? {
        if case .error(let error) = reply { error.text } else { nil }
    }
}
