import RESP
import Testing

struct RESPErrorReplyTests {
    @Test(arguments: [
        ("ERR syntax error", "ERR"), ("WRONGPASS invalid", "WRONGPASS"), ("Some text", ""), ("OOM", "OOM"),
        ("MISCONF_X y", "MISCONF_X"), ("", ""),
    ])
    func `the prefix is the first word in capitals`(text: String, prefix: String) {
        #expect(RESPErrorReply(text).prefix == prefix)
    }

    @Test func `arguments that the server repeats are cut off`() {
        let reply = RESPErrorReply("ERR unknown command 'AUTH', with args beginning with: 'me' 'secret' ")
        #expect(reply.isUnknownCommand)
        #expect(reply.safeText == "ERR unknown command 'AUTH'")
        #expect(!RESPErrorReply("ERR unknown subcommand 'x'").isUnknownCommand)
    }
}
