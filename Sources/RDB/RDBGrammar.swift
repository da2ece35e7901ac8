/// One step of a value's layout.
enum RDBStep: Sendable {
    /// A string in any encoding; LZF comes out plain.
    case string
    /// A string that is a listpack; the number of its entries goes on the stack for a following `loop`.
    case listpackThenCount
    /// A length, passed on as it is.
    case length
    /// A length that is the id of a module's data type.
    case moduleID
    /// This many bytes, passed on as they are.
    case bytes(UInt8)
    /// The text score of an old sorted set: a length byte, then text; 253 to 255 stand alone.
    case score
    /// A length that says how often the block repeats; it goes on the stack.
    case count
    /// As `count`, pushed twice, for two blocks of the same count.
    case doubleCount
    /// Starts a block that repeats as often as the top of the stack says; `end` is the index of its `again`.
    case loop(end: UInt8)
    /// Ends a block; `start` is the index of its `loop`.
    case again(start: UInt8)
    /// A length that chooses where to go on: `targets[length]`.
    case choose([UInt8])
    case jump(UInt8)
    /// A type byte: the value of that type follows, in place of this one.
    case innerType
}

/// The layouts of the value types: small programs for ``ValueMachine``.
///
/// Indices in `loop`, `again`, `choose` and `jump` count from the program's own first step. Adding a type is a program
/// here, a row in ``RDBValueTypes`` and a fixture.
///
/// Sources: `rdbSaveObject` and `rdbLoadObject` of redis/redis `src/rdb.c` (4f8cdc2a, RDB 12) and of valkey-io/valkey
/// `src/rdb.c` (008734ee, RDB 80). What is newer is named at the program.
enum RDBGrammar {
    static let string: [RDBStep] = [.string]
    static let strings: [RDBStep] = [.count, .loop(end: 3), .string, .again(start: 1)]
    static let stringPairs: [RDBStep] = [.count, .loop(end: 4), .string, .string, .again(start: 1)]
    static let textScores: [RDBStep] = [.count, .loop(end: 4), .string, .score, .again(start: 1)]
    static let binaryScores: [RDBStep] = [.count, .loop(end: 4), .string, .bytes(8), .again(start: 1)]

    /// Nodes of a container kind (1 plain, 2 packed) and a string.
    static let quicklist2: [RDBStep] = [.count, .loop(end: 4), .length, .string, .again(start: 1)]

    /// Module id, then marked parts: 0 end, 1 and 2 integers, 3 float, 4 double, 5 string.
    static let module: [RDBStep] = [.moduleID] + moduleParts(from: 1)

    /// Module id, when (marked as integer), marked parts.
    static let moduleAuxiliary: [RDBStep] = [.moduleID, .length, .length] + moduleParts(from: 3)

    /// Fields with deadlines, Redis 7.4 release candidates: deadline (absolute, 0 none), field, value.
    static let hashDeadlinesPreview: [RDBStep] =
        [.count, .loop(end: 5), .length, .string, .string, .again(start: 1)]

    /// The same with the earliest deadline in front (8 bytes, little-endian), to which the others are relative.
    static let hashDeadlines: [RDBStep] =
        [.bytes(8), .count, .loop(end: 6), .length, .string, .string, .again(start: 2)]

    /// The earliest deadline, then a listpack of field, value, deadline.
    static let hashListpackDeadlines: [RDBStep] = [.bytes(8), .string]

    /// Valkey 9.0: field, value, deadline (8 bytes, little-endian, -1 none).
    static let valkeyHashDeadlines: [RDBStep] =
        [.count, .loop(end: 5), .string, .string, .bytes(8), .again(start: 1)]

    static let stream1 = stream(version: 1)
    static let stream2 = stream(version: 2)
    static let stream3 = stream(version: 3)
    static let stream4 = stream(version: 4)
    static let stream5 = stream(version: 5)

    /// Redis 8.8: count, flag and insert index, then elements: index, tag (0, 3 string; 1 int64, 2 double).
    ///
    /// Source: redis/librdb 2.3.0 (CHANGELOG, test/dumps/array_v14*), tags of `AR_RDB_TAG_*` in redis/redis (cbdad795).
    static let array: [RDBStep] = [
        .count, .choose([3, 2]), .length,
        .loop(end: 9), .length, .choose([6, 8, 8, 6]), .string, .jump(9), .bytes(8), .again(start: 3),
    ]

    /// Redis 8.10: fields as one listpack (0) or as counted strings (1), then the values as a listpack whose first
    /// entry is the number of the template.
    ///
    /// Source of the template types: redis/redis#15364, its tests of RESTORE with given bytes, redis/librdb#107.
    static let templateListpack: [RDBStep] = [
        .choose([1, 3]), .string, .jump(7), .count, .loop(end: 6), .string, .again(start: 4), .string,
    ]

    /// Redis 8.10: fields as above, then as many strings as there are fields.
    static let templateArray: [RDBStep] = [
        .choose([1, 3]), .listpackThenCount, .jump(7), .doubleCount, .loop(end: 6), .string, .again(start: 4),
        .loop(end: 9), .string, .again(start: 7),
    ]

    /// As many strings as the reader put on the stack: the values of a hash that refers to a template.
    static let countedStrings: [RDBStep] = [.loop(end: 2), .string, .again(start: 0)]

    /// Redis 8.6: classes of four bytes and marked parts as of a module.
    ///
    /// Source: redis/redis `src/keymeta.c` (39518acb), comment at `rdbSaveKeyMetadata`.
    static let keyMetadata: [RDBStep] =
        [.count, .loop(end: 12), .bytes(4)] + moduleParts(from: 3) + [.again(start: 1)]

    /// What a DUMP payload of a key with metadata holds after its first byte: the metadata, then type and value.
    static let keyWithMetadata: [RDBStep] = keyMetadata + [.innerType]

    /// Job name, slot ranges.
    ///
    /// Source: valkey-io/valkey `src/cluster_migrateslots.c` (9.1.0), `clusterRDBSaveSlotImports`.
    static let slotImport: [RDBStep] = [.string, .count, .loop(end: 5), .length, .length, .again(start: 2)]

    /// The marked parts of a module value, nine steps from `start` on.
    private static func moduleParts(from start: UInt8) -> [RDBStep] {
        [
            .choose([start + 9, start + 1, start + 1, start + 3, start + 5, start + 7]),
            .length, .jump(start),
            .bytes(4), .jump(start),
            .bytes(8), .jump(start),
            .string, .jump(start),
        ]
    }

    /// Streams: listpacks by master id, counters, groups with pending entries and consumers.
    ///
    /// Version 2 adds first id, greatest deleted id, entries added and the group's entries read; 3 the consumer's active
    /// time; 4 (Redis 8.6) idempotent producers; 5 (Redis 8.8) the entries of a group that nobody owns any more.
    /// Source of 4 and 5: redis/librdb 2.2.0 and 2.3.0, `rdbLoadObject` of redis/redis (cbdad795).
    private static func stream(version: Int) -> [RDBStep] {
        var program = StepList()
        program.repeated { $0.add(.string, .string) }
        program.add(.length, .length, .length)
        if version >= 2 { program.add(.length, .length, .length, .length, .length) }
        program.repeated { group in
            group.add(.string, .length, .length)
            if version >= 2 { group.add(.length) }
            group.repeated { $0.add(.bytes(24), .length) }
            group.repeated { consumer in
                consumer.add(.string, .bytes(version >= 3 ? 16 : 8))
                consumer.repeated { $0.add(.bytes(16)) }
            }
            if version >= 5 { group.repeated { $0.add(.bytes(16)) } }
        }
        if version >= 4 {
            program.add(.length, .length)
            program.repeated { producer in
                producer.add(.string)
                producer.repeated { $0.add(.string, .length, .length) }
            }
            program.add(.length, .length)
        }
        return program.steps
    }
}

/// Builds a program with nested counted blocks.
private struct StepList {
    var steps: [RDBStep] = []

    mutating func add(_ more: RDBStep...) {
        steps += more
    }

    mutating func repeated(_ body: (inout Self) -> Void) {
        steps.append(.count)
        let start = steps.count
        steps.append(.jump(0))
        body(&self)
        steps[start] = .loop(end: UInt8(steps.count))
        steps.append(.again(start: UInt8(start)))
    }
}
