import Foundation
import Memcached
import NIOCore
import TestSupport
import Testing

/// Commands as they go to a server.
struct MetaCommandTests {
    static func text(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        return String(buffer: buffer)
    }

    @Test func `a key that is a word is written as it is, any other in Base64`() {
        let word = ByteBuffer(string: "schlüssel:1")
        let other = ByteBuffer(string: "two words")
        #expect(KeyForm.needed(by: word) == .text && KeyForm.needed(by: other) == .base64)
        #expect(Self.text { $0.writeMetaGet(word, .text, flags: "v k") } == "mg schlüssel:1 v k\r\n")
        #expect(Self.text { $0.writeMetaGet(other, .base64, flags: "v", opaque: 9) } == "mg dHdvIHdvcmRz v b O9\r\n")
    }

    @Test(arguments: [0, 9, 0x0A, 0x0D, 0x20, 0x7F]) func `a byte that no word has makes the key Base64`(byte: UInt8) {
        #expect(KeyForm.needed(by: ByteBuffer(bytes: [0x61, byte, 0x62])) == .base64)
    }

    @Test func `ms has flags, lifetime and CAS, and leaves out what is not there`() {
        let key = ByteBuffer(string: "k")
        #expect(
            Self.text {
                $0.writeMetaSet(key, .text, valueByteCount: 3, clientFlags: 0, exptime: 0)
            } == "ms k 3 T0\r\n"
        )
        #expect(
            Self.text {
                $0.writeMetaSet(
                    key,
                    .base64,
                    valueByteCount: 0,
                    clientFlags: .max,
                    exptime: -1,
                    cas: .max,
                    flags: "q ME",
                    opaque: 0
                )
            } == "ms aw== 0 b F18446744073709551615 T-1 E18446744073709551615 q ME O0\r\n"
        )
    }

    @Test func `md invalidates on a condition, and can keep the CAS value`() {
        let key = ByteBuffer(string: "k")
        #expect(
            Self.text { $0.writeMetaInvalidate(key, .text, ifCAS: 5, newCAS: nil) } == "md k I C5\r\n"
        )
        #expect(
            Self.text { $0.writeMetaInvalidate(key, .base64, ifCAS: 5, newCAS: 5) } == "md aw== b I C5 E5\r\n"
        )
    }

    @Test func `every number is written as Swift writes it`() {
        var numbers: [UInt64] = [0, .max, .max - 1]
        var power: UInt64 = 1
        for _ in 0..<20 {
            numbers += [power - 1, power, power + 1]
            power = power.multipliedReportingOverflow(by: 10).partialValue
        }
        for number in numbers { #expect(Self.text { $0.writeMetaNumber(number) } == "\(number)") }
    }

    @Test func `Base64 is what Foundation makes of the same bytes, and comes back`() throws {
        var random = SeededGenerator.fromEnvironment("keys in Base64", fallback: 5)
        for count in 0...250 {
            let bytes = random.bytes(count)
            let key = ByteBuffer(bytes: bytes)
            let expected = Data(bytes).base64EncodedString()
            #expect(Base64Key.encodedByteCount(count) == expected.utf8.count)
            #expect(Self.text { $0.writeMetaGet(key, .base64, flags: "v") } == "mg \(expected) v b\r\n")
            #expect(Base64Key.decode(ByteBuffer(string: expected)) == key)
        }
    }

    @Test(arguments: ["a", "ab==c", "a===", "ab=c", "ab!=", "====", "YQ==YQ=="])
    func `what is no Base64 is no key`(text: String) {
        #expect(Base64Key.decode(ByteBuffer(string: text)) == nil)
    }
}
