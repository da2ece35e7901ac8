/// The 64-bit id of a module's data type: nine characters of six bits, then ten bits of encoding version.
///
/// Source: redis/redis `src/module.c`, `moduleTypeNameByID` (4f8cdc2a).
package struct RDBModuleID: Hashable, Sendable, CustomStringConvertible {
    package var rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    private static let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The data type's name, "ReJSON-RL" or "MBbloom--".
    package var name: String {
        let bytes = (0..<9).map { Self.characters[Int(rawValue >> UInt64(58 - 6 * $0) & 0x3F)] }
        return String(decoding: bytes, as: UTF8.self)
    }

    package var encodingVersion: Int { Int(rawValue & 0x3FF) }

    package var description: String { name }
}
