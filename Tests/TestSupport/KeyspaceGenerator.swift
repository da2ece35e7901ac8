/// A seeded keyspace that covers every type and encoding of the server at hand, as commands for the oracle client.
///
/// The same seed, size and server version give the same keys, values and deadlines relative to `now`.
package struct KeyspaceGenerator {
    /// A command and the database it belongs to.
    package struct Step: Sendable {
        package let database: Int
        package let command: [RedisArgument]
    }

    /// Databases that get keys: the first, the last and two between.
    package static let databases = [0, 1, 9, 15]
    /// 9999-12-31T23:59:59.999Z.
    package static let lastDeadline: Int64 = 253_402_300_799_999

    package let seed: UInt64
    private let keyCount: Int
    private let now: Int64
    private let binary: ServerBinary
    private var random: SeededGenerator
    private var values: ValueGenerator
    private var steps: [Step] = []

    /// `now` is the server's clock in Unix milliseconds; deadlines begin an hour after it.
    package init(seed: UInt64, keyCount: Int, now: Int64, binary: ServerBinary) {
        self.seed = seed
        self.keyCount = keyCount
        self.now = now
        self.binary = binary
        random = SeededGenerator(seed: seed)
        values = ValueGenerator(seed: seed ^ 0x5EED, now: now, binary: binary)
    }

    /// The whole keyspace; function libraries come as commands of database 0.
    package mutating func makeSteps() -> [Step] {
        steps = []
        addSpecialKeys()
        for index in 0..<keyCount { addRandomKey(index) }
        if binary.knows(.functions) { addFunctions() }
        return steps
    }

    /// Makes the keyspace on a server and checks that every command of it was accepted.
    ///
    /// `databases` nil is all that it has keys for; a node of a cluster takes only the first.
    package static func fill(
        _ server: RedisServer,
        seed: UInt64,
        keyCount: Int,
        databases: Set<Int>? = nil
    ) throws {
        let client = try server.client()
        let now = try KeyspaceContents.serverTime(client)
        var generator = Self(seed: seed, keyCount: keyCount, now: now, binary: server.binary)
        let steps = generator.makeSteps()
        for database in Set(steps.map(\.database)).sorted() where databases?.contains(database) ?? true {
            try client.command("SELECT", RedisArgument(Int64(database)))
            let commands = steps.filter { $0.database == database }.map(\.command)
            for (command, reply) in zip(commands, try client.pipeline(commands)) {
                if case .error(let message) = reply {
                    let name = String(decoding: command[0].bytes, as: UTF8.self)
                    throw TestEnvironmentError.failed("\(name) of the keyspace of seed \(seed)", message)
                }
            }
        }
    }

    /// Keys whose name or value alone is a trap: each in a database of its own choosing.
    private mutating func addSpecialKeys() {
        let keys: [[UInt8]] = [
            [], [0], Array(" ".utf8), Array("with space\r\nand line".utf8), [0xFF, 0xFE, 0, 0x80],
            Array("ключ-鍵-🔑".utf8), Array("{tag}.key".utf8), Array("{}".utf8), Array("*?[a]\\".utf8),
            [UInt8](repeating: 0x6B, count: 70_000),
        ]
        for (index, key) in keys.enumerated() {
            let database = Self.databases[index % Self.databases.count]
            add(database, "SET", key, values.string(index))
            // The same key in another database, with another value and deadline.
            let other = Self.databases[(index + 1) % Self.databases.count]
            add(other, "SET", key, Array("other \(index)".utf8))
            expire(other, key, index)
        }
        for (index, text) in ValueGenerator.integerLimits.enumerated() {
            add(0, "SET", Array("integer:\(index)".utf8), Array(text.utf8))
        }
        for (index, deadline) in specialDeadlines.enumerated() {
            let key = Array("deadline:\(index)".utf8)
            add(0, "SET", key, Array("until \(deadline)".utf8))
            steps.append(
                Step(database: 0, command: ["PEXPIREAT", RedisArgument(key), RedisArgument(deadline)])
            )
        }
    }

    /// An hour to the year 9999, at the borders of seconds and of 32 bits.
    private var specialDeadlines: [Int64] {
        let seconds = now / 1000
        return [
            now + 3_600_000, now + 3_600_001, (seconds + 3_601) * 1000, (seconds + 3_601) * 1000 + 999,
            max(now + 3_600_000, 2_147_483_647_999), 2_147_483_648_000, 4_294_967_295_999, 4_294_967_296_000,
            now + 31_536_000_000, Self.lastDeadline,
        ]
    }

    private mutating func addRandomKey(_ index: Int) {
        let database = Self.databases[Int.random(in: 0..<Self.databases.count, using: &random)]
        var key = Array("key:\(index):".utf8)
        if random.chance(10) { key += random.bytes(Int.random(in: 1...40, using: &random)) }
        for command in values.commands(for: key, index: index) {
            steps.append(Step(database: database, command: command))
        }
        if random.chance(68) { expire(database, key, index) }
    }

    private mutating func expire(_ database: Int, _ key: [UInt8], _ index: Int) {
        let span = [3_600_000, 86_400_000, 2_592_000_000, 31_536_000_000][index % 4]
        let deadline = now + 3_600_000 + Int64.random(in: 0..<Int64(span), using: &random)
        steps.append(Step(database: database, command: ["PEXPIREAT", RedisArgument(key), RedisArgument(deadline)]))
    }

    private mutating func addFunctions() {
        for name in ["first", "second"] {
            let code = """
                #!lua name=\(name)_library
                redis.register_function('\(name)_get', function(keys, arguments) return redis.call('GET', keys[1]) end)
                """
            steps.append(Step(database: 0, command: ["FUNCTION", "LOAD", "REPLACE", RedisArgument(code)]))
        }
    }

    private mutating func add(_ database: Int, _ name: String, _ arguments: [UInt8]...) {
        steps.append(Step(database: database, command: [RedisArgument(name)] + arguments.map { RedisArgument($0) }))
    }
}
