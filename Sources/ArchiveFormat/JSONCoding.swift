import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// JSON with sorted keys, so that equal values have equal bytes.
enum JSONCoding {
    static func encode(_ value: some Encodable) throws(ArchiveError) -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return ByteBuffer(bytes: try encoder.encode(value))
        } catch {
            throw .codecFailed(codec: "JSON", reason: "\(error)")
        }
    }

    static func decode<Value: Decodable>(
        _ type: Value.Type,
        from bytes: ByteBuffer,
        of piece: ArchivePiece
    ) throws(ArchiveError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes.readableBytesView))
        } catch {
            throw .malformed(piece, reason: "not the JSON that is expected: \(error)")
        }
    }
}
