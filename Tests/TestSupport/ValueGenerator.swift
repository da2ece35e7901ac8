/// Values of every type and encoding, as the commands that make them.
struct ValueGenerator {
    /// Borders of the integer encodings of strings, and texts that only look like integers.
    static let integerLimits = [
        "0", "-1", "127", "128", "-128", "-129", "32767", "32768", "-32768", "-32769", "2147483647", "2147483648",
        "-2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "+1", "01",
        "-0", "1.0", " 1", "",
    ]
    private static let scores = [
        "0", "-0", "1", "-1.5", "inf", "-inf", "4.9406564584124654e-324", "1.7976931348623157e+308",
        "9007199254740993", "9223372036854775807", "0.1",
    ]

    /// The latest deadline of a field that Redis takes: 2^46 - 1 ms (redis src/t_hash.c, HFE_MAX_ABS_TIME_MSEC).
    private static let lastFieldDeadline: Int64 = 70_368_744_177_663

    private let now: Int64
    private let binary: ServerBinary
    private var random: SeededGenerator

    init(seed: UInt64, now: Int64, binary: ServerBinary) {
        self.now = now
        self.binary = binary
        random = SeededGenerator(seed: seed)
    }

    /// The commands that make the value of `key`; the kind follows from `index`, so that small keyspaces have all.
    mutating func commands(for key: [UInt8], index: Int) -> [[RedisArgument]] {
        let name = RedisArgument(key)
        switch index % 16 {
        case 0, 1, 2, 3: return [["SET", name, RedisArgument(string(index))]]
        case 4: return hash(name, fields: small(), large: false)
        case 5: return hash(name, fields: Int.random(in: 129...400, using: &random), large: random.chance(50))
        case 6: return [["RPUSH", name] + elements(small())]
        case 7: return [["RPUSH", name] + elements(Int.random(in: 150...600, using: &random))] + longElement(name)
        case 8: return [["SADD", name] + integers(small())]
        case 9: return [["SADD", name] + integers(Int.random(in: 513...700, using: &random))]
        case 10: return [["SADD", name] + elements(small())]
        case 11: return [["SADD", name] + elements(Int.random(in: 129...300, using: &random))]
        case 12: return [["ZADD", name] + scored(small())]
        case 13: return [["ZADD", name] + scored(Int.random(in: 129...300, using: &random))]
        case 14 where index % 64 == 46 && binary.knows(.vectorSets): return vectors(name, index)
        case 14: return index % 32 == 14 ? stream(name, entries: small()) : bitmapAndCounters(name, index)
        default: return stream(name, entries: Int.random(in: 90...250, using: &random))
        }
    }

    /// A string: integers, short, long, compressible by LZF or not.
    mutating func string(_ index: Int) -> [UInt8] {
        switch index % 8 {
        case 0: return Array(Self.integerLimits[(index / 8) % Self.integerLimits.count].utf8)
        case 1: return Array(String(Int64(bitPattern: random.next())).utf8)
        case 2: return random.bytes(Int.random(in: 0...64, using: &random))
        case 3: return Array(repeating: UInt8(ascii: "a"), count: Int.random(in: 1...5000, using: &random))
        case 4: return random.bytes(Int.random(in: 65...20_000, using: &random))
        case 5: return json(Int.random(in: 1...60, using: &random))
        case 6: return []
        default: return index % 64 == 7 ? json(40_000) : json(3)
        }
    }

    private mutating func small() -> Int {
        Int.random(in: 1...20, using: &random)
    }

    private mutating func json(_ fields: Int) -> [UInt8] {
        var text = "{\"id\":\(random.next() % 1_000_000)"
        for field in 0..<fields { text += ",\"field_\(field)\":\"value \(random.next() % 10_000)\"" }
        return Array((text + "}").utf8)
    }

    private mutating func elements(_ count: Int) -> [RedisArgument] {
        (0..<count).map { index in
            switch index % 5 {
            case 0: RedisArgument(Int64(truncatingIfNeeded: random.next()) >> Int64(random.next() % 64))
            case 1: RedisArgument(random.bytes(Int(random.next() % 30)))
            case 2: "element:\(index)"
            case 3: RedisArgument(Int64(index))
            default: RedisArgument(Array(repeating: UInt8(truncatingIfNeeded: index), count: index % 63))
            }
        }
    }

    private mutating func longElement(_ name: RedisArgument) -> [[RedisArgument]] {
        // Larger than a listpack node: a plain node of the quicklist.
        random.chance(50) ? [["LPUSH", name, RedisArgument(random.bytes(10_000))]] : []
    }

    private mutating func integers(_ count: Int) -> [RedisArgument] {
        let shift = Int64([48, 32, 0][Int(random.next() % 3)])
        return (0..<count).map { _ in RedisArgument(Int64(truncatingIfNeeded: random.next()) >> shift) }
    }

    private mutating func scored(_ count: Int) -> [RedisArgument] {
        (0..<count).flatMap { index -> [RedisArgument] in
            let score =
                index < Self.scores.count
                ? Self.scores[index] : String(Double(Int64(truncatingIfNeeded: random.next())) / 1000)
            return [RedisArgument(score), "member:\(index):\(random.next() % 1000)"]
        }
    }

    private mutating func hash(_ name: RedisArgument, fields: Int, large: Bool) -> [[RedisArgument]] {
        var command: [RedisArgument] = ["HSET", name]
        for field in 0..<fields {
            command.append("field:\(field)")
            command.append(
                large ? RedisArgument(random.bytes(100)) : (field % 3 == 0 ? RedisArgument(Int64(field)) : "v\(field)")
            )
        }
        return [command] + fieldDeadlines(name, fields: fields)
    }

    /// Deadlines of no, one, some or all fields, between an hour from now and the latest that servers take.
    ///
    /// They are never so near that a field could go while a test runs.
    private mutating func fieldDeadlines(_ name: RedisArgument, fields: Int) -> [[RedisArgument]] {
        guard binary.knows(.fieldDeadlines), random.chance(75) else { return [] }
        let step = [1, 1, 2, 7, fields][Int(random.next() % 5)]
        var commands: [[RedisArgument]] = stride(from: 0, to: fields, by: step).map { field in
            let deadline = [
                now + 3_600_000 + Int64(random.next() % 1_000_000_000), now + 3_600_000, 4_294_967_296_000,
                Self.lastFieldDeadline,
            ][field % 4]
            return ["HPEXPIREAT", name, RedisArgument(deadline), "FIELDS", 1, "field:\(field)"]
        }
        // The encoding for deadlines stays when the last of them is taken away.
        if random.chance(20) {
            commands += (0..<fields).map { ["HPERSIST", name, "FIELDS", 1, "field:\($0)"] }
        }
        return commands
    }

    private mutating func bitmapAndCounters(_ name: RedisArgument, _ index: Int) -> [[RedisArgument]] {
        switch index % 3 {
        case 0: [["SETBIT", name, RedisArgument(Int64(random.next() % 100_000)), 1]]
        case 1: [["PFADD", name] + elements(50)]
        default: [["GEOADD", name, "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania"]]
        }
    }

    /// A stream with deleted entries, groups, consumers, pending entries and acknowledged ones.
    private mutating func stream(_ name: RedisArgument, entries: Int) -> [[RedisArgument]] {
        var commands: [[RedisArgument]] = []
        for entry in 1...max(1, entries) {
            var command: [RedisArgument] = ["XADD", name, "\(1_600_000_000_000 + entry * 10)-\(entry % 3)"]
            // Mostly the same fields as the entry before, as the encoding has a case of its own for that.
            for field in 0...(entry % 7 == 0 ? 3 : 1) { command += ["field\(field)", "value \(random.next() % 100)"] }
            commands.append(command)
        }
        for entry in stride(from: 3, through: entries, by: 5) {
            commands.append(["XDEL", name, "\(1_600_000_000_000 + entry * 10)-\(entry % 3)"])
        }
        commands.append(["XGROUP", "CREATE", name, "group-a", "0"])
        commands.append(["XGROUP", "CREATE", name, "group-b", "$"])
        commands.append(["XREADGROUP", "GROUP", "group-a", "alice", "COUNT", 5, "STREAMS", name, ">"])
        commands.append(["XREADGROUP", "GROUP", "group-a", "bob", "COUNT", 3, "STREAMS", name, ">"])
        commands.append(["XACK", name, "group-a", "\(1_600_000_000_000 + 10)-1"])
        if binary.knows(.consumerCreation) {
            commands.append(["XGROUP", "CREATECONSUMER", name, "group-a", "idle consumer"])
        }
        if binary.knows(.idempotentProducers), random.chance(50) { commands += producers(name) }
        // A stream whose entries are all gone still has its last id and its groups.
        if random.chance(15) { commands.append(["XTRIM", name, "MAXLEN", 0]) }
        return commands
    }

    /// Entries that two producers gave ids of their own, so that the stream remembers them.
    private mutating func producers(_ name: RedisArgument) -> [[RedisArgument]] {
        let settings: [RedisArgument] = ["XCFGSET", name, "IDMP-DURATION", 86_400, "IDMP-MAXSIZE", 100]
        return [settings]
            + (0..<5).map { entry in
                ["XADD", name, "IDMP", "producer-\(entry % 2)", "message-\(entry)", "*", "number", "\(entry)"]
            }
            + [["XADD", name, "IDMPAUTO", "producer-2", "*", "number", RedisArgument(random.bytes(20))]]
    }

    /// A vector set of each quantisation, some members with attributes.
    private mutating func vectors(_ name: RedisArgument, _ index: Int) -> [[RedisArgument]] {
        let quantisation: RedisArgument = ["NOQUANT", "Q8", "BIN"][index / 64 % 3]
        return (0..<small()).map { member in
            let numbers = (0..<8).map { _ in RedisArgument(String(Double(random.next() % 2000) / 1000 - 1)) }
            let head: [RedisArgument] = ["VADD", name, "VALUES", 8]
            let attribute: [RedisArgument] = member % 3 == 0 ? ["SETATTR", "{\"year\":\(member)}"] : []
            return head + numbers + ["member:\(member)", quantisation] + attribute
        }
    }
}
