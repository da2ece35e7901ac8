import SnapshotModel

/// The bytes that stand where a value type could, for what is not a value.
///
/// Source: redis/redis `src/rdb.h` (4f8cdc2a), valkey-io/valkey `src/rdb.h` (01756301), redis/librdb
/// `src/lib/defines.h` (0615a0f5, the opcodes of Redis Enterprise).
package enum RDBOpcode {
    /// Redis from RDB 15: a field set; Valkey: an inline command of a forkless save.
    package static let hashTemplateOrUpdate: UInt8 = 242
    /// Redis from RDB 13: metadata of the key that follows; Valkey from RDB 80: a slot import that is under way.
    package static let keyMetadataOrSlotImport: UInt8 = 243
    package static let slotInfo: UInt8 = 244
    package static let function: UInt8 = 245
    package static let functionPreview: UInt8 = 246
    package static let moduleAuxiliary: UInt8 = 247
    package static let idle: UInt8 = 248
    package static let frequency: UInt8 = 249
    package static let auxiliary: UInt8 = 250
    package static let resizeDatabase: UInt8 = 251
    package static let expiryMilliseconds: UInt8 = 252
    package static let expirySeconds: UInt8 = 253
    package static let selectDatabase: UInt8 = 254
    package static let end: UInt8 = 255

    /// What Redis Enterprise adds to its own files.
    static let enterprise: Set<UInt8> = [101, 102, 107, 121]
    /// Those of them whose content, one length that says nothing about the value, is known: a last use in memory, a slot.
    ///
    /// Source: redis/librdb `src/lib/parser.c` (35f0f1a3), `__elementRamLru`, `__elementSlotNum`.
    static let skippedEnterprise: Set<UInt8> = [107, 121]

    /// For messages: what an opcode is that this program knows of and still cannot read; empty otherwise.
    static func knownName(_ opcode: UInt8, _ format: PayloadFormat) -> String {
        switch (format.engine, opcode) {
        case (.valkey, hashTemplateOrUpdate): " (a command written into a forkless save)"
        case (_, functionPreview): " (a function of a 7.0 release candidate, which servers refuse, too)"
        case (.redis, let other) where enterprise.contains(other): " (Redis Enterprise)"
        default: ""
        }
    }
}
