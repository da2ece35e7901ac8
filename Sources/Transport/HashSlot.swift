/// The hash slot of a key in a cluster: CRC-16 (XMODEM) of its hash tag, modulo 16,384.
///
/// Source: redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec, "Key distribution model", "Hash tags".
package enum HashSlot {
    package static func of(_ key: some Collection<UInt8>) -> UInt16 {
        checksum(tag(key)) % 16_384
    }

    /// What is between the first `{` and the next `}`, if that is not empty; else the whole key.
    private static func tag<Key: Collection<UInt8>>(_ key: Key) -> Key.SubSequence {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return key[...] }
        let rest = key[key.index(after: open)...]
        guard let close = rest.firstIndex(of: UInt8(ascii: "}")), close > rest.startIndex else { return key[...] }
        return rest[..<close]
    }

    private static func checksum(_ bytes: some Collection<UInt8>) -> UInt16 {
        bytes.reduce(0) { checksum, byte in
            (0..<8).reduce(checksum ^ UInt16(byte) << 8) { bits, _ in
                bits & 0x8000 == 0 ? bits << 1 : bits << 1 ^ 0x1021
            }
        }
    }
}
