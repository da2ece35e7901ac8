import Foundation

/// A seeded set of items: every class of key, value, flags and lifetime that a server takes.
///
/// The same seed and count give the same items; lifetimes are relative to when the server gets them.
package struct MemcachedItems {
    package struct Item: Hashable, Sendable {
        package var key: [UInt8]
        /// Whether the key is stored in Base64.
        package var isBinary: Bool
        package var value: [UInt8]
        package var clientFlags: UInt32
        /// As the protocol takes it: 0 never, up to 30 days in seconds from now, above that Unix seconds.
        package var exptime: Int64

        package init(
            key: [UInt8],
            isBinary: Bool = false,
            value: [UInt8],
            clientFlags: UInt32 = 0,
            exptime: Int64 = 0
        ) {
            self.key = key
            self.isBinary = isBinary
            self.value = value
            self.clientFlags = clientFlags
            self.exptime = exptime
        }

        package init(_ key: String, _ value: String, clientFlags: UInt32 = 0, exptime: Int64 = 0) {
            self.init(key: Array(key.utf8), value: Array(value.utf8), clientFlags: clientFlags, exptime: exptime)
        }

        /// The `ms` that stores it and answers only if it cannot.
        package var command: [UInt8] {
            var bytes = Array("ms ".utf8)
            bytes += MemcachedItems.encoded(key, isBinary)
            bytes += Array(" \(value.count) F\(clientFlags) T\(exptime) q\(isBinary ? " b" : "")\r\n".utf8)
            return bytes + value + [0x0D, 0x0A]
        }
    }

    /// Lifetimes in seconds: never, seconds, hours, up to and beyond the 30 days at which the protocol changes its mind.
    package static let lifetimes: [Int64] = [
        0, 1, 2, 30, 3600, 86_400, 2_592_000, 2_592_001, 31_536_000, 315_360_000,
    ]
    package static let flags: [UInt32] = [0, 1, 255, 256, 65_535, 65_536, 0x7FFF_FFFF, 0x8000_0000, .max]

    package let seed: UInt64
    private var random: SeededGenerator
    /// Unix seconds by the server's clock, which lifetimes beyond 30 days are counted from.
    private let now: Int64
    private let lifetimes: [Int64]

    /// `minimumLifetime` leaves out those that end before; never stays.
    package init(seed: UInt64, now: Int64, minimumLifetime: Int64 = 3600) {
        self.seed = seed
        self.now = now
        random = SeededGenerator(seed: seed)
        lifetimes = Self.lifetimes.filter { $0 == 0 || $0 >= minimumLifetime }
    }

    /// Items that every set should have: the ends of each range.
    package mutating func special(largestValue: Int = 1_000_000) -> [Item] {
        var items: [Item] = []
        for (index, lifetime) in lifetimes.enumerated() {
            items.append(item(Array("life:\(index)".utf8), false, valueOf: 20, lifetime: lifetime))
        }
        for (index, flags) in Self.flags.enumerated() {
            var item = item(Array("flags:\(index)".utf8), false, valueOf: 20, lifetime: 0)
            item.clientFlags = flags
            items.append(item)
        }
        // 512 KiB is the largest chunk of a slab: what is above takes several.
        for size in [0, 1, 2, 1023, 1024, 16_384, 524_287, 524_288, 524_289, 900_000, largestValue] {
            items.append(item(Array("size:\(size)".utf8), false, valueOf: size, lifetime: 0))
        }
        items.append(item([0], true, valueOf: 10, lifetime: 0))
        items.append(item(Array("two words\r\n".utf8), true, valueOf: 10, lifetime: 0))
        items.append(item(Array("key=%41 exp=1".utf8), true, valueOf: 10, lifetime: 0))
        items.append(item(Array("%41%zz%".utf8), false, valueOf: 10, lifetime: 0))
        items.append(item(Array("text in base64".utf8).filter { $0 != 0x20 }, true, valueOf: 10, lifetime: 0))
        items.append(item([UInt8](repeating: 0x6B, count: 250), false, valueOf: 10, lifetime: 0))
        items.append(item((0..<180).map { UInt8($0) }, true, valueOf: 10, lifetime: 0))
        items.append(item(Array("schlüssel:☃".utf8), false, valueOf: 10, lifetime: 0))
        // Control characters that end neither word nor line, in keys that are too long for Base64.
        let controls: [UInt8] = [0x01, 0x09, 0x0B, 0x0D, 0x1F, 0x7F, 0x80, 0xFF]
        for count in [187, 250] {
            items.append(item((0..<count).map { controls[$0 % controls.count] }, false, valueOf: 10, lifetime: 0))
        }
        items.append(item(Array("tab\tand\u{1}".utf8), false, valueOf: 10, lifetime: 0))
        items.append(item(Array("ends in line ends".utf8).filter { $0 != 0x20 }, false, valueOf: 0, lifetime: 0))
        items[items.count - 1].value = Array("END\r\nEN\r\nVA 3 f1\r\n\r\n".utf8)
        return items
    }

    /// One ordinary item, of any class; `index` makes its key its own.
    package mutating func ordinary(_ index: Int) -> Item {
        let isBinary = random.chance(15)
        var key = Array("item:\(index):".utf8)
        if isBinary {
            key += random.bytes(Int.random(in: 0...40, using: &random))
        } else {
            key += (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 0x21...0x7E, using: &random)
            }
        }
        let size: Int
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<20: size = 0
        case 20..<900: size = Int.random(in: 1...400, using: &random)
        case 900..<995: size = Int.random(in: 400...4000, using: &random)
        default: size = Int.random(in: 4000...40_000, using: &random)
        }
        let lifetime = lifetimes.randomElement(using: &random) ?? 0
        return item(key, isBinary, valueOf: size, lifetime: lifetime)
    }

    private mutating func item(_ key: [UInt8], _ isBinary: Bool, valueOf size: Int, lifetime: Int64) -> Item {
        // Half of them compress, half do not; line ends and zeros are among them.
        var value: [UInt8] = []
        if random.chance(50) {
            value = random.bytes(size)
        } else {
            let line = Array("{\"id\":\(random.next() % 1000),\"name\":\"item\"}\r\n".utf8)
            while value.count < size { value += line.prefix(size - value.count) }
        }
        return Item(
            key: key,
            isBinary: isBinary,
            value: value,
            clientFlags: random.chance(50) ? 0 : Self.flags.randomElement(using: &random) ?? 0,
            exptime: lifetime > 2_592_000 ? now + lifetime : lifetime
        )
    }

    /// The key as a command has it: as it is, or in Base64.
    static func encoded(_ key: [UInt8], _ isBinary: Bool) -> [UInt8] {
        isBinary ? Array(Data(key).base64EncodedString().utf8) : key
    }
}
