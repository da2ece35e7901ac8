/// A plain LZF compressor for tests: greedy, longest earlier match of three bytes or more.
enum LZFEncoder {
    static func compress(_ plain: [UInt8]) -> [UInt8] {
        var compressed: [UInt8] = []
        var literals: [UInt8] = []
        var places: [[UInt8]: [Int]] = [:]
        func flush() {
            for start in stride(from: 0, to: literals.count, by: 32) {
                let run = literals[start..<min(start + 32, literals.count)]
                compressed.append(UInt8(run.count - 1))
                compressed += run
            }
            literals = []
        }
        var index = 0
        while index < plain.count {
            let (distance, count) = longestMatch(plain, index, places)
            let step = max(count, 1)
            if count >= 3 {
                flush()
                let high = UInt8((distance - 1) >> 8)
                if count <= 8 {
                    compressed.append(UInt8(count - 2) << 5 | high)
                } else {
                    compressed.append(7 << 5 | high)
                    compressed.append(UInt8(count - 9))
                }
                compressed.append(UInt8((distance - 1) & 0xFF))
            } else {
                literals += plain[index..<index + step]
            }
            for place in index..<index + step where place + 3 <= plain.count {
                places[Array(plain[place..<place + 3]), default: []].append(place)
            }
            index += step
        }
        flush()
        return compressed
    }

    private static func longestMatch(_ plain: [UInt8], _ index: Int, _ places: [[UInt8]: [Int]]) -> (Int, Int) {
        guard index + 3 <= plain.count else { return (0, 0) }
        var best = (distance: 0, count: 0)
        for place in (places[Array(plain[index..<index + 3])] ?? []).suffix(8) where index - place <= 8192 {
            var count = 0
            while count < 264, index + count < plain.count, plain[place + count] == plain[index + count] { count += 1 }
            if count > best.count { best = (index - place, count) }
        }
        return best.count >= 3 ? best : (0, 1)
    }
}
