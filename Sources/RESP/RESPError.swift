/// What a stream of replies got wrong.
///
/// Offsets are bytes from the start of the stream.
package enum RESPError: Error, Hashable, Sendable {
    /// A reply begins with a byte that marks no type.
    case unexpectedByte(UInt8, offset: UInt64)
    /// The rest of a line is not the number, boolean or double that its marker promises.
    case malformedLine(offset: UInt64)
    /// A line has no end within `RESPTokenizer.lineByteLimit`.
    case lineTooLong(offset: UInt64)
    /// A string is not followed by CR LF.
    case missingTerminator(offset: UInt64)
    /// A declared length is above `RESPTokenizer.stringByteLimit` or `elementLimit`.
    case tooLong(declared: Int64, offset: UInt64)
    /// Aggregates are nested deeper than `RESPParser.depthLimit`.
    case tooDeep(offset: UInt64)
}

extension RESPError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unexpectedByte(let byte, let offset): "byte \(byte) at offset \(offset) begins no reply"
        case .malformedLine(let offset): "malformed line at offset \(offset)"
        case .lineTooLong(let offset): "line without an end at offset \(offset)"
        case .missingTerminator(let offset): "string without its end at offset \(offset)"
        case .tooLong(let declared, let offset): "length \(declared) at offset \(offset) is beyond every limit"
        case .tooDeep(let offset): "replies nested too deeply at offset \(offset)"
        }
    }
}
