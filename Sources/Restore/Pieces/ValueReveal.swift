package import NIOCore
package import RESP

/// How a value that was built under a temporary key takes its real name: deadline and name in one moment.
///
/// ```
/// MULTI · PEXPIREAT temporary ms | PERSIST temporary · RENAMENX temporary key · UNLINK temporary · EXEC
/// MULTI · PEXPIREAT temporary ms | PERSIST temporary · RENAME temporary key · EXEC                 (--existing replace)
/// ```
/// RENAME carries the deadline. PEXPIREAT with a deadline that has passed removes the key, and RENAME then finds none:
/// the value has expired, and what the target had of that name stays.
package struct ValueReveal: Sendable {
    package enum Outcome: Sendable {
        case stored
        /// The target has a key of that name, which stays; the temporary one is gone.
        case existing
        /// Its deadline passed meanwhile; nothing is left.
        case expired
        /// The temporary key was gone, or another than was built: somebody removed or changed it.
        case lost
        /// An error of the server; the temporary key may still be there.
        case refused(RESPErrorReply)
        /// A command of the value failed within the same transaction that gave it its name: what stands there is wrong.
        case storedWrongly(RESPErrorReply)
    }

    package let temporary: TemporaryKey
    package let key: ByteBuffer
    /// Unix milliseconds, above 0; nil for none.
    package let deadline: Int64?
    package let replaces: Bool

    package init(temporary: TemporaryKey, key: ByteBuffer, deadline: Int64?, replaces: Bool) {
        self.temporary = temporary
        self.key = key
        self.deadline = deadline
        self.replaces = replaces
    }

    /// Appends MULTI; commands of the value may follow, so that a small one needs no other transaction.
    ///
    /// - Returns: commands written
    package func writeBegin(into output: inout ByteBuffer) -> Int {
        output.writeCommand("MULTI")
        return 1
    }

    /// Appends the rest of the transaction; the answer to its last command is that of ``outcome(of:)``.
    ///
    /// - Returns: commands written
    package func writeEnd(into output: inout ByteBuffer) -> Int {
        let name = RESPArgument.bytes(temporary.name)
        if let deadline {
            output.writeCommand("PEXPIREAT", name, .number(deadline))
        } else {
            output.writeCommand("PERSIST", name)
        }
        output.writeCommand(replaces ? "RENAME" : "RENAMENX", name, .bytes(key))
        if !replaces { output.writeCommand("UNLINK", name) }
        output.writeCommand("EXEC")
        return replaces ? 3 : 4
    }

    /// What the answer to EXEC says.
    package func outcome(of reply: RESPValue) -> Outcome {
        if let error = reply.error { return .refused(error) }
        guard let answers = reply.elements, answers.count >= (replaces ? 2 : 3) else { return .lost }
        let place = answers.count - (replaces ? 1 : 2)
        let renamed = answers[place]
        let dataError = answers[..<place].lazy.compactMap(\.error).first
        if let error = renamed.error {
            if let dataError { return .refused(dataError) }
            guard error.text.contains("no such key") else { return .refused(error) }
            return deadline == nil ? .lost : .expired
        }
        if !replaces, renamed.integer != 1 { return .existing }
        return dataError.map { .storedWrongly($0) } ?? .stored
    }
}
