import RDB

/// What the body of a plain string (RDB type 0) holds, told without copying it: what SET can say.
enum StringBody {
    case bytes(UnsafeRawBufferPointer)
    case integer(Int64)

    /// nil for anything else: LZF (which capture unwraps), or bytes that contradict their length.
    init?(_ body: UnsafeRawBufferPointer) {
        switch RDBString.form(of: body) {
        case .plain(let bytes): self = .bytes(bytes)
        case .integer(let value): self = .integer(value)
        case .compressed, nil: return nil
        }
    }
}
