import NIOCore
import RESP
import Restore
import TestSupport
import Testing
import Transport

/// The names of temporary keys, and what the answer to a transaction says.
struct TemporaryKeyTests {
    @Test func `a temporary key is known by its name, and has the slot of the real one in a cluster`() throws {
        var keys = TemporaryKeys(keepsSlots: true)
        let seed: UInt64 = 3
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let key = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                ([0x3A, 0x7B, 0x7D, 0, 0xFF, 0x61] as [UInt8])[Int.random(in: 0..<6, using: &random)]
            }
            let temporary = keys.next(for: key)
            let name = Array(temporary.name.readableBytesView)
            #expect(HashSlot.of(name) == HashSlot.of(key), "seed \(seed), \(key)")
            #expect(TemporaryKey(name: temporary.name) == temporary)
            #expect(temporary.token == keys.token)
        }
        var plain = TemporaryKeys(keepsSlots: false)
        let name = String(buffer: plain.next(for: Array("any".utf8)).name)
        #expect(name == "rewarm:{0}:\(plain.token.text):1")
        #expect(RestoreToken() != RestoreToken())
    }

    @Test func `a name that only looks like one is a user's`() {
        let token = String(repeating: "0f", count: 16)
        #expect(TemporaryKey(name: ByteBuffer(string: "rewarm:{0}:\(token):1")) != nil)
        let others = [
            "rewarm:{0}:\(token):", "rewarm:{}:\(token):1", "rewarm:{0}:\(token):01", "rewarm:{0}:\(token):1:",
            "rewarm:{0}:\(token.uppercased()):1", "rewarm:{0}:\(token)0:1", "rewarm:{0}:\(token.dropLast()):1",
            "rewarm:{0}:\(token):1 ", "Rewarm:{0}:\(token):1", "rewarm:{x}:\(token):1", "rewarm:{0}\(token):1",
            "rewarm:{1234567}:\(token):1", "rewarm:{00}:\(token):1", "x:rewarm:{0}:\(token):1", "rewarm:0:\(token):1",
            "rewarm:{0}:\(token):12345678901234567890", "rewarm:{-1}:\(token):1", "rewarm:{0}:\(token):٣", "",
        ]
        for other in others { #expect(TemporaryKey(name: ByteBuffer(string: other)) == nil, "\(other)") }
        #expect(TemporaryKey(name: ByteBuffer(bytes: [0xFF] + Array("rewarm:{0}:\(token):1".utf8))) == nil)
    }

    private static func reveal(deadline: Int64? = nil, replaces: Bool = false) -> ValueReveal {
        var keys = TemporaryKeys(keepsSlots: false)
        let key = ByteBuffer(string: "key")
        let temporary = keys.next(for: key.readableBytesView)
        return ValueReveal(temporary: temporary, key: key, deadline: deadline, replaces: replaces)
    }

    @Test func `commands are counted as they are written`() {
        for (deadline, replaces) in [(nil, false), (5, true), (nil, true), (7, false)] as [(Int64?, Bool)] {
            let reveal = Self.reveal(deadline: deadline, replaces: replaces)
            var bytes = ByteBuffer()
            let count = reveal.writeBegin(into: &bytes) + reveal.writeEnd(into: &bytes)
            #expect(String(buffer: bytes).split(separator: "*").count == count)
            #expect(String(buffer: bytes).contains("PEXPIREAT") == (deadline != nil))
            #expect(String(buffer: bytes).contains("RENAMENX") == !replaces)
        }
    }

    @Test func `the answer to EXEC tells what became of the value`() {
        func error(_ text: String) -> RESPValue { .error(RESPErrorReply(text)) }
        let missing = error("ERR no such key")
        let ok = RESPValue.simpleString(ByteBuffer(string: "OK"))
        let cases: [(Bool, Int64?, RESPValue, String)] = [
            (false, nil, .array([.integer(0), .integer(1), .integer(0)]), "stored"),
            (false, nil, .array([.integer(0), .integer(0), .integer(1)]), "existing"),
            (false, 9, .array([.integer(1), missing, .integer(0)]), "expired"),
            (false, nil, .array([.integer(0), missing, .integer(0)]), "lost"),
            (false, nil, .null, "lost"),
            (true, nil, .array([.integer(0), ok]), "stored"),
            (true, 9, .array([.integer(1), missing]), "expired"),
            (false, nil, error("EXECABORT Transaction discarded"), "refused"),
            (false, nil, .array([error("ERR bad"), .integer(0), .integer(1), .integer(0)]), "storedWrongly"),
            (false, nil, .array([error("ERR bad"), .integer(0), missing, .integer(0)]), "refused"),
        ]
        for (replaces, deadline, reply, expected) in cases {
            let outcome = Self.reveal(deadline: deadline, replaces: replaces).outcome(of: reply)
            #expect("\(outcome)".split(separator: "(").first.map(String.init) == expected, "\(reply)")
        }
    }
}
