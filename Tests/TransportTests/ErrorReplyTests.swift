import RESP
import TestSupport
import Testing
import Transport

/// What servers answer instead of what was asked for, and what becomes of it.
struct ErrorReplyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let code: TransportError.Code
        let category: TransportError.Category
        var testDescription: String { String(text.prefix(60)) }

        init(_ text: String, _ code: TransportError.Code, _ category: TransportError.Category) {
            self.text = text
            self.code = code
            self.category = category
        }

        /// An error that is only passed on.
        init(_ text: String) {
            self.init(text, .serverError(prefix: String(text.prefix { $0 != " " })), .refusedByServer)
        }
    }

    static let rows: [Row] = [
        Row("WRONGPASS invalid username-password pair or user is disabled.", .authenticationFailed, .credentials),
        Row("ERR invalid password", .authenticationFailed, .credentials),
        Row("ERR Client sent AUTH, but no password is set", .authenticationFailed, .credentials),
        Row(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
                + "configuration is correct?",
            .authenticationFailed,
            .credentials
        ),
        Row("ERR wrong number of arguments for 'auth' command", .authenticationFailed, .credentials),
        Row("NOAUTH Authentication required.", .authenticationRequired, .credentials),
        Row(
            "NOAUTH HELLO must be called with the client already authenticated",
            .authenticationRequired,
            .credentials
        ),
        Row("ERR operation not permitted", .authenticationRequired, .credentials),
        Row("NOPERM this user has no permissions to run the 'get' command", .permissionDenied, .credentials),
        Row(
            "NOPERM this user has no permissions to run the 'get' command or its subcommand",
            .permissionDenied,
            .credentials
        ),
        Row("NOPERM User backup has no permissions to run the 'config|get' command", .permissionDenied, .credentials),
        Row(
            "NOPERM this user has no permissions to access one of the keys used as arguments",
            .permissionDenied,
            .credentials
        ),
        Row("NOPERM No permissions to access a key", .permissionDenied, .credentials),
        Row("NOPERM User backup has no permissions to access the 'k1' key", .permissionDenied, .credentials),
        Row("NOPERM No permissions to access a channel", .permissionDenied, .credentials),
        Row("DENIED Redis is running in protected mode because", .protectedMode, .unreachable),
        Row("ERR max number of clients reached", .tooManyClients, .unreachable),
        Row("ERR max number of clients + cluster connections reached", .tooManyClients, .unreachable),
        Row("LOADING Redis is loading the dataset in memory", .loading, .unreachable),
        Row("LOADING Valkey is loading the dataset in memory", .loading, .unreachable),
        Row(
            "NOMASTERLINK Can't SYNC while not connected with my master",
            .replicationRefused,
            .unreachable
        ),
        Row("ERR unknown command 'FOO', with args beginning with: 'k1' "),
        Row("ERR unknown command `FOO`, with args beginning with: `k1`, "),
        Row("ERR unknown command"),
        Row("ERR syntax error"),
        Row("ERR DB index is out of range"),
        Row("ERR value is not an integer or out of range"),
        Row("ERR wrong number of arguments for 'get' command"),
        Row("ERR SYNC and PSYNC are invalid with pending output"),
        Row("ERR DUMP payload version or checksum are wrong"),
        Row("ERR Bad data format"),
        Row("ERR Unsupported foreign data type: hash"),
        Row("ERR Protocol error: invalid bulk length"),
        Row("ERR EXEC without MULTI"),
        Row("EXECABORT Transaction discarded because of previous errors."),
        Row("BUSYKEY Target key name already exists."),
        Row("OOM command not allowed when used memory > 'maxmemory'."),
        Row("READONLY You can't write against a read only replica."),
        Row("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."),
        Row("NOREPLICAS Not enough good replicas to write."),
        Row("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
        Row("WRONGTYPE Operation against a key holding the wrong kind of value"),
        Row("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."),
        Row("MOVED 3999 127.0.0.1:6381"),
        Row("ASK 3999 127.0.0.1:6381"),
        Row("TRYAGAIN Multiple keys request during rehashing of slot"),
        Row("CLUSTERDOWN Hash slot not served"),
        Row("CROSSSLOT Keys in request don't hash to the same slot"),
        Row("UNBLOCKED client unblocked, instance state changed (master -> replica?)"),
        Row("NOPROTO unsupported protocol version"),
        Row("NOSCRIPT No matching script. Please use EVAL."),
        Row("IOERR error or timeout reading to target instance"),
        Row("INPROG Failover already in progress"),
        Row("Error without a prefix", .serverError(prefix: ""), .refusedByServer),
    ]

    @Test func `the table is long enough to mean something`() {
        #expect(Self.rows.count >= 40)
        #expect(Set(Self.rows.map(\.text)).count == Self.rows.count)
    }

    @Test(arguments: rows) func `an error reply has its code and names no argument`(row: Row) {
        let error = TransportError(RESPErrorReply(row.text), command: "FOO", address: "h:1")
        #expect(error.code == row.code)
        #expect(error.category == row.category)
        #expect(error.message.contains("h:1"))
        #expect(!error.message.contains("k1"))
        #expect(error.serverText?.contains("k1") != true)
        #expect(error.isUnknownCommand == row.text.hasPrefix("ERR unknown command"))
    }

    @Test(arguments: rows) func `a command throws what a server answers, and the connection goes on`(
        row: Row
    ) async throws {
        let server = try ScriptedServer { connection in
            try connection.answer { $0 == ["FOO", "k1"] ? "-\(row.text)\r\n" : "+PONG\r\n" }
        }
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        let error = await #expect(throws: TransportError.self) { try await connection.command("FOO", "k1") }
        #expect(error?.code == row.code)
        #expect(try await connection.reply(to: ["FOO", "k1"]).error?.text == row.text)
        #expect(try await connection.command("PING").text == "PONG")
        await connection.close()
    }

    @Test(arguments: rows)
    func `a server that refuses replication gives a typed error and no payload`(row: Row) async throws {
        let server = try ScriptedServer { connection in
            try connection.answer { command in
                switch command[0] {
                case "PSYNC", "SYNC": "\n-\(row.text)\r\n"
                case "REPLCONF": "+OK\r\n"
                default: "+PONG\r\n"
                }
            }
        }
        let connection = try await NodeConnection.connect(ConnectionOptions(url: try NodeURL(server.url)))
        let error = await #expect(throws: TransportError.self) { _ = try await connection.becomeReplica() }
        await connection.close()
        let isPassedOn = row.category == .refusedByServer
        #expect(error?.code == (isPassedOn ? .replicationRefused : row.code))
        if row.code == .permissionDenied {
            #expect(error?.message.contains("+psync +sync +replconf +ping") == true)
        }
        // Only a server that does not know PSYNC is asked again, by SYNC.
        #expect(server.commands.contains(["SYNC"]) == row.text.hasPrefix("ERR unknown command"))
    }

    @Test func `a missing permission is named as an ACL rule`() {
        let rule = TransportError(
            RESPErrorReply("NOPERM User backup has no permissions to run the 'config|get' command"),
            command: "CONFIG",
            address: "h:1"
        )
        #expect(rule.missingPermission == "+config|get")
        #expect(rule.message.contains("+config|get"))
    }
}
