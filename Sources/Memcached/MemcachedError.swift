/// Bytes that no Memcached server sends, or no archive holds.
package enum MemcachedError: Error, Hashable, Sendable {
    /// A line is longer than any that a server sends.
    case lineTooLong(limit: Int)
    /// A line is none of those that may come here; it is cut and free of keys.
    case unexpectedLine(String)
    /// A number, a key's coding or a value's end is wrong; `reason` says which.
    case malformed(reason: String)
}

extension MemcachedError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .lineTooLong(let limit): "a line of more than \(limit) bytes"
        case .unexpectedLine(let text): "the line \"\(text)\" where none such belongs"
        case .malformed(let reason): reason
        }
    }
}
