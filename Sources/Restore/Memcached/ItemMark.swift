import Memcached
import NIOCore

/// An item that was invalidated at the source, and is to be so again once it is stored: its value is that of before.
///
/// ```
/// ms <key> … c O7  ->  HD c41 O7        md <key> q I C41
/// ```
/// Only on the condition that it is still what was stored, so that nobody else's item is ever invalidated.
struct ItemMark: Sendable {
    /// The item's place in its batch.
    var record: Int
    var key: ByteBuffer
    var form: KeyForm

    init(record: Int, key: ByteBuffer, form: KeyForm) {
        self.record = record
        // Not a slice, which would keep its block.
        self.key = ByteBuffer(bytes: key.readableBytesView)
        self.form = form
    }

    /// Appends the command; `cas` is what the server told of the stored item.
    func write(cas: UInt64, into output: inout ByteBuffer) {
        output.writeMetaInvalidate(key, form, ifCAS: cas, newCAS: nil, flags: " q")
    }
}
