import NIOCore
import RDB
import SnapshotModel

/// What the first bytes of an RDB stream tell, read without taking them: the snapshot's name needs its instant before
/// any record can be written.
struct StreamPreview {
    private(set) var format: PayloadFormat?
    private(set) var fields = StreamFields()

    /// Looks at the fields in `bytes`, which stays as it is.
    ///
    /// Throws if this is no RDB stream.
    init(_ bytes: ByteBuffer) throws(RDBError) {
        var skimmer = RDBSkimmer(mode: .stream)
        var input = bytes
        var output = ByteBuffer()
        while true {
            switch try skimmer.next(&input, into: &output, outputLimit: 0) {
            case .header(let format): self.format = format
            case .auxiliary(let name, let value): fields.note(name: String(buffer: name), value: value)
            case .information: continue
            default:
                format = format.map { fields.format(ofHeader: $0) }
                return
            }
        }
    }
}
