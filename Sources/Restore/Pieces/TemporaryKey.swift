package import NIOCore
import Transport

/// The key under which a value is built by several commands, until it takes its real name.
///
/// ```
/// rewarm:{<1 to 6 digits>}:<32 hexadecimal digits>:<1 to 19 digits>      tag, token of the restore, number
/// ```
/// The tag has the slot of the real key, so that a node of a cluster can rename; elsewhere it is 0. The name says nothing
/// of the real key. A key is only taken for a temporary one if its name has exactly this form.
package struct TemporaryKey: Hashable, Sendable {
    /// How long one that was left behind lives, by the target's clock.
    package static let lifeMilliseconds: Int64 = 86_400_000
    /// What SCAN is asked for; what it finds still has to have the form.
    package static let scanPattern = "rewarm:{*}:*:*"

    package let name: ByteBuffer
    package let token: RestoreToken

    init(tag: UInt32, token: RestoreToken, number: UInt64) {
        self.token = token
        name = ByteBuffer(string: "rewarm:{\(tag)}:\(token.text):\(number)")
    }

    /// The temporary key of that name; nil if it is not exactly of the form.
    package init?(name: ByteBuffer) {
        guard name.readableBytes <= 72, let parsed = String(validating: name.readableBytesView, as: UTF8.self)
        else { return nil }
        let parts = parsed.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "rewarm", parts[1].hasPrefix("{"), parts[1].hasSuffix("}"),
            Self.isNumber(parts[1].dropFirst().dropLast(), digits: 6), let token = RestoreToken(String(parts[2])),
            Self.isNumber(parts[3], digits: 19)
        else { return nil }
        self.name = name
        self.token = token
    }

    /// Decimal, without leading zeros, of at most so many digits.
    private static func isNumber(_ text: Substring, digits: Int) -> Bool {
        (1...digits).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            && (text == "0" || !text.hasPrefix("0"))
    }
}

/// What tells the temporary keys of one run of a restore from those of every other.
package struct RestoreToken: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits.
    package let text: String

    /// A new one.
    package init() {
        var random = SystemRandomNumberGenerator()
        text = (0..<32).map { _ in String(Int.random(in: 0..<16, using: &random), radix: 16) }.joined()
    }

    /// nil if the text is not of the form.
    package init?(_ text: String) {
        guard text.utf8.count == 32,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.text = text
    }

    /// What a connection that builds values calls itself, so that a later run sees in CLIENT LIST whether it lives.
    package var clientName: String { "rewarm-restore:" + text }
}

/// Gives each value that is built its own temporary key.
package struct TemporaryKeys: Sendable {
    package let token: RestoreToken
    private let keepsSlots: Bool
    private var number: UInt64 = 0

    /// `keepsSlots` for a node of a cluster.
    package init(token: RestoreToken = RestoreToken(), keepsSlots: Bool) {
        self.token = token
        self.keepsSlots = keepsSlots
    }

    /// The next one, with the slot of `key`.
    package mutating func next(for key: some Collection<UInt8>) -> TemporaryKey {
        number += 1
        return TemporaryKey(tag: keepsSlots ? SlotTags.tag(of: HashSlot.of(key)) : 0, token: token, number: number)
    }
}
