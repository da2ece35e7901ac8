/// Finds a transfer's end marker in bytes: the algorithm of Horspool, which skips most of them.
package struct MarkerSearch: Sendable {
    package static let markerByteCount = 40

    private let marker: [UInt8]
    /// How far to go on when the byte under the marker's last place has this value.
    private let shifts: [UInt8]

    /// - Parameter marker: 1 to 255 bytes
    package init(marker: [UInt8]) {
        precondition((1...255).contains(marker.count), "a marker has 1 to 255 bytes")
        self.marker = marker
        var shifts = [UInt8](repeating: UInt8(marker.count), count: 256)
        for (index, byte) in marker.dropLast().enumerated() { shifts[Int(byte)] = UInt8(marker.count - 1 - index) }
        self.shifts = shifts
    }

    /// The offset of the first occurrence that begins at `start` or later.
    package func position(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        let last = marker.count - 1
        return marker.withUnsafeBufferPointer { marker in
            shifts.withUnsafeBufferPointer { shifts in
                var end = start + last
                while end < bytes.count {
                    let byte = bytes[end]
                    if byte == marker[last] {
                        let candidate = bytes[(end - last)...end]
                        if candidate.elementsEqual(marker) { return end - last }
                    }
                    end += Int(shifts[Int(byte)])
                }
                return nil
            }
        }
    }
}
