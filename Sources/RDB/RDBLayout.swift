/// A row of the type table before its program is compiled.
struct RDBLayout: Sendable {
    let type: UInt8
    let engines: RDBValueType.Engines
    let since: Int
    let name: String
    let encoding: String
    let program: [RDBStep]?
    var refersToTemplate = false

    init(
        _ type: UInt8,
        _ name: String,
        _ encoding: String,
        _ program: [RDBStep]?,
        since: Int = 1,
        engines: RDBValueType.Engines = .both,
        refersToTemplate: Bool = false
    ) {
        self.type = type
        self.name = name
        self.encoding = encoding
        self.program = program
        self.since = since
        self.engines = engines
        self.refersToTemplate = refersToTemplate
    }

    /// Every type there is, with the RDB version that brought it.
    ///
    /// Sources: redis/redis `src/rdb.h` (4f8cdc2a) to 25; redis/librdb 2.2.0, 2.3.0, #107 for 26 to 33; valkey-io/valkey
    /// `src/rdb.h` (01756301) for Valkey's 22 and 23.
    static let all: [Self] = [
        RDBLayout(0, "string", "string", RDBGrammar.string),
        RDBLayout(1, "list", "linked list", RDBGrammar.strings),
        RDBLayout(2, "set", "hash table", RDBGrammar.strings),
        RDBLayout(3, "zset", "skip list, scores as text", RDBGrammar.textScores),
        RDBLayout(4, "hash", "hash table", RDBGrammar.stringPairs),
        RDBLayout(5, "zset", "skip list", RDBGrammar.binaryScores, since: 8),
        // Only the module itself could tell where such a value ends.
        RDBLayout(6, "module", "release candidate of 4.0", nil, since: 8),
        RDBLayout(7, "module", "marked parts", RDBGrammar.module, since: 8),
        RDBLayout(9, "hash", "zipmap", RDBGrammar.string),
        RDBLayout(10, "list", "ziplist", RDBGrammar.string),
        RDBLayout(11, "set", "intset", RDBGrammar.string),
        RDBLayout(12, "zset", "ziplist", RDBGrammar.string),
        RDBLayout(13, "hash", "ziplist", RDBGrammar.string),
        RDBLayout(14, "list", "quicklist of ziplists", RDBGrammar.strings, since: 7),
        RDBLayout(15, "stream", "listpacks", RDBGrammar.stream1, since: 9),
        RDBLayout(16, "hash", "listpack", RDBGrammar.string, since: 10),
        RDBLayout(17, "zset", "listpack", RDBGrammar.string, since: 10),
        RDBLayout(18, "list", "quicklist of listpacks", RDBGrammar.quicklist2, since: 10),
        RDBLayout(19, "stream", "listpacks, version 2", RDBGrammar.stream2, since: 10),
        RDBLayout(20, "set", "listpack", RDBGrammar.string, since: 11),
        RDBLayout(21, "stream", "listpacks, version 3", RDBGrammar.stream3, since: 11),
        RDBLayout(
            22,
            "hash",
            "hash table with deadlines, 7.4 release candidate",
            RDBGrammar.hashDeadlinesPreview,
            since: 12,
            engines: .redis
        ),
        RDBLayout(
            23,
            "hash",
            "listpack with deadlines, 7.4 release candidate",
            RDBGrammar.string,
            since: 12,
            engines: .redis
        ),
        RDBLayout(24, "hash", "hash table with deadlines", RDBGrammar.hashDeadlines, since: 12, engines: .redis),
        RDBLayout(25, "hash", "listpack with deadlines", RDBGrammar.hashListpackDeadlines, since: 12, engines: .redis),
        RDBLayout(26, "stream", "listpacks, version 4", RDBGrammar.stream4, since: 13, engines: .redis),
        RDBLayout(27, "stream", "listpacks, version 5", RDBGrammar.stream5, since: 14, engines: .redis),
        RDBLayout(28, "array", "tagged elements", RDBGrammar.array, since: 14, engines: .redis),
        RDBLayout(29, "hash", "template listpack", RDBGrammar.templateListpack, since: 15, engines: .redis),
        RDBLayout(
            30,
            "hash",
            "template listpack, by reference",
            RDBGrammar.string,
            since: 15,
            engines: .redis,
            refersToTemplate: true
        ),
        RDBLayout(31, "hash", "template array", RDBGrammar.templateArray, since: 15, engines: .redis),
        RDBLayout(
            32,
            "hash",
            "template array, by reference",
            RDBGrammar.countedStrings,
            since: 15,
            engines: .redis,
            refersToTemplate: true
        ),
        // No source tells the layouts of these two for certain.
        RDBLayout(33, "gcra", "rate limiter", nil, since: 15, engines: .redis),
        RDBLayout(22, "hash", "hash table with deadlines", RDBGrammar.valkeyHashDeadlines, since: 80, engines: .valkey),
        RDBLayout(23, "path hash", "paths with fields", nil, since: 81, engines: .valkey),
    ]

    /// Programs of what is no value type.
    static let auxiliaryPrograms: [[RDBStep]] = [
        RDBGrammar.moduleAuxiliary, RDBGrammar.keyMetadata, RDBGrammar.keyWithMetadata, RDBGrammar.slotImport,
        RDBGrammar.countedStrings, [],
    ]
}
