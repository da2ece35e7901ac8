import ByteCoding
import Testing

@Suite("hexadecimal text")
struct HexadecimalTests {
    @Test("bytes become two lower-case digits each and come back")
    func roundTrip() {
        let bytes: [UInt8] = [0x00, 0x0F, 0xA9, 0xFF]
        #expect(Hexadecimal.encode(bytes) == "000fa9ff")
        #expect(Hexadecimal.decode("000fA9ff") == bytes)
        #expect(Hexadecimal.decode("") == [])
    }

    @Test("odd counts and other characters are refused", arguments: ["0", "0g", "ab cd"])
    func refusal(text: String) {
        #expect(Hexadecimal.decode(text) == nil)
    }
}
