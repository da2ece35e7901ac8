/// Bytes that are only appended to, through raw pointers: for small pieces cheaper than a `ByteBuffer`, whose storage is
/// an object that checks every access.
struct GrowingBytes: Sendable {
    private static let firstByteCount = 4096

    /// As many as there is room for; the first `count` have been written.
    private var storage: [UInt8] = []
    private(set) var count = 0

    /// Appends at most `room` bytes; `body` gets the place for them and returns how many it has written there.
    @inline(__always)
    mutating func write(room: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        if storage.count - count < room { grow(by: room) }
        let start = count
        count = storage.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return start }
            return start + body(base + start)
        }
    }

    /// A byte that has been written.
    subscript(_ index: Int) -> UInt8 {
        get { storage[index] }
        set { storage[index] = newValue }
    }

    /// Forgets the bytes and keeps the memory.
    mutating func removeAll() {
        count = 0
    }

    func withUnsafeBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        storage.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    private mutating func grow(by room: Int) {
        let wanted = max(2 * storage.count, count + room, Self.firstByteCount)
        storage += repeatElement(0, count: wanted - storage.count)
    }
}
