import Memcached
package import NIOCore
import RDB
package import SnapshotModel

/// What users call the type of a value, whichever engine serialised it: the one place that knows every payload format.
package enum PayloadTypes {
    /// "hash", "module", "item"; nil if the engine does not define the number in that version.
    package static func name(type: UInt8, format: PayloadFormat) -> String? {
        switch format.engine {
        case .redis, .valkey: RDBValueTypes.row(type: type, format: format)?.name
        case .memcached: type == MemcachedItem.recordType ? MemcachedItem.typeName : nil
        }
    }

    /// The same with a module's own data type: "module:MBbloom--".
    ///
    /// `body` is the value's payload body, or at least its first bytes.
    package static func userName(type: UInt8, body: ByteBuffer, format: PayloadFormat) -> String? {
        switch format.engine {
        case .redis, .valkey: RDBValueTypes.userName(type: type, body: body, format: format)
        case .memcached: name(type: type, format: format)
        }
    }

    /// How the value is laid out, in the servers' words ("listpack"); "unknown" where the number is not defined.
    package static func encoding(type: UInt8, format: PayloadFormat) -> String {
        switch format.engine {
        case .redis, .valkey: RDBValueTypes.row(type: type, format: format)?.encoding ?? "unknown"
        case .memcached: type == MemcachedItem.recordType ? "bytes" : "unknown"
        }
    }
}
