package import NIOCore

extension ByteBuffer {
    /// Empties the buffer to be filled again.
    ///
    /// - Returns: false if somebody else holds the storage: then the buffer has got new memory, and to keep it is of no
    ///   use.
    package mutating func clearInPlace() -> Bool {
        let storage = withVeryUnsafeBytes(\.baseAddress)
        clear()
        return withVeryUnsafeBytes(\.baseAddress) == storage
    }
}
