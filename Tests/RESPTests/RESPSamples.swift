import NIOCore
import RESP

/// Streams of replies with the values that they mean, of every type of RESP2 and RESP3.
enum RESPSamples {
    static func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    static let all: [(stream: String, values: [RESPValue])] = [
        ("+OK\r\n", [.simpleString(bytes("OK"))]),
        ("+\r\n", [.simpleString(bytes(""))]),
        ("-ERR unknown command 'x'\r\n", [.error(RESPErrorReply("ERR unknown command 'x'"))]),
        (":0\r\n:-1\r\n:+7\r\n", [.integer(0), .integer(-1), .integer(7)]),
        (":9223372036854775807\r\n:-9223372036854775808\r\n", [.integer(.max), .integer(.min)]),
        ("$5\r\nhe\r\no\r\n", [.string(bytes("he\r\no"))]),
        ("$0\r\n\r\n", [.string(bytes(""))]),
        ("$-1\r\n*-1\r\n_\r\n", [.null, .null, .null]),
        ("*0\r\n", [.array([])]),
        (
            "*3\r\n:1\r\n*2\r\n+a\r\n$-1\r\n-ERR x\r\n",
            [
                .array([.integer(1), .array([.simpleString(bytes("a")), .null]), .error(RESPErrorReply("ERR x"))])
            ]
        ),
        ("#t\r\n#f\r\n", [.boolean(true), .boolean(false)]),
        (",1.5\r\n,-inf\r\n,10\r\n", [.double(1.5), .double(-.infinity), .double(10)]),
        (
            "(3492890328409238509324850943850943825024385\r\n",
            [
                .bigNumber(bytes("3492890328409238509324850943850943825024385"))
            ]
        ),
        ("!9\r\nERR a\r\nb \r\n", [.error(RESPErrorReply("ERR a\r\nb "))]),
        ("=15\r\ntxt:Some string\r\n", [.string(bytes("Some string"))]),
        (
            "%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n",
            [
                .map([.simpleString(bytes("a")), .integer(1), .simpleString(bytes("b")), .integer(2)])
            ]
        ),
        ("~2\r\n:1\r\n:2\r\n", [.set([.integer(1), .integer(2)])]),
        (
            ">2\r\n+invalidate\r\n*1\r\n+k\r\n",
            [
                .push([.simpleString(bytes("invalidate")), .array([.simpleString(bytes("k"))])])
            ]
        ),
        ("|1\r\n+ttl\r\n:3600\r\n*2\r\n|0\r\n:1\r\n:2\r\n", [.array([.integer(1), .integer(2)])]),
        ("%0\r\n~0\r\n+end\r\n", [.map([]), .set([]), .simpleString(bytes("end"))]),
    ]

    /// All streams one after the other.
    static let joined = all.map(\.stream).joined()
    static let joinedValues = all.flatMap(\.values)
}
