import RESP

/// An answer to one record that says something else than "stored".
protocol RecordReply: Sendable {
    /// What it says of a record whose type has this name.
    func verdict(typeName: String) -> ReplyVerdict
    /// The words of an error, free of keys and values; nil if it is none.
    var errorText: String? { get }
}

extension RESPValue: RecordReply {
    func verdict(typeName: String) -> ReplyVerdict { ReplyVerdict(self, typeName: typeName) }
    var errorText: String? { error?.safeText }
}
