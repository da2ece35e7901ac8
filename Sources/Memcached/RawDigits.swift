/// Walks over a line of the protocol by its address, without looking for an end: whoever makes it knows that there are
/// more bytes than a line that it takes can have.
struct RawDigits {
    /// The next byte.
    private(set) var place: UnsafePointer<UInt8>

    @inline(__always)
    init(_ place: UnsafeRawPointer) {
        self.place = place.assumingMemoryBound(to: UInt8.self)
    }

    /// Passes over `text` if it is what comes next.
    @inline(__always)
    mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        let expected = text.utf8Start
        for index in 0..<count where place[index] != expected[index] { return false }
        place += count
        return true
    }

    /// Passes over bytes that the caller has looked at.
    @inline(__always)
    mutating func advance(by count: Int) {
        place += count
    }

    /// A decimal number of at most 19 digits, which needs no look at overflows; nil for none and for longer ones.
    @inline(__always)
    mutating func number() -> UInt64? {
        let start = place
        var value: UInt64 = 0
        while true {
            let digit = place.pointee &- 0x30
            guard digit < 10, place - start < 19 else { break }
            value = value &* 10 &+ UInt64(digit)
            place += 1
        }
        return place > start && place.pointee &- 0x30 >= 10 ? value : nil
    }

    /// The same with a sign or none.
    @inline(__always)
    mutating func signedNumber() -> Int64? {
        guard place.pointee == 0x2D else { return number().flatMap { Int64(exactly: $0) } }
        place += 1
        return number().flatMap { Int64(exactly: $0) }.map { -$0 }
    }
}
