import ByteCoding
package import NIOCore
import SnapshotModel

/// Goes through the records of a decoded block, without taking memory.
///
/// Every length is checked against the block. After the last record everything in the block must have been used.
package struct RecordCursor: Sendable {
    /// The bytes that the ranges of a layout are offsets into.
    package let bytes: ByteBuffer
    private let location: BlockLocation
    private let flags: BlockFlags
    private let bodyEnd: Int
    private let headEnd: Int
    private var bodyPosition = 0
    private var headPosition: Int
    private let deadlineCount: Int
    private var deadlineIndex = 0
    private var ordinal: UInt32 = 0

    /// `header` tells the areas; `bytes` must have as many bytes as it says.
    package init(_ bytes: ByteBuffer, header: BlockHeader, at offset: UInt64) {
        self.init(
            bytes,
            flags: header.flags,
            bodyByteCount: header.bodyByteCount,
            headByteCount: header.headByteCount,
            location: header.location(at: offset)
        )
    }

    init(_ bytes: ByteBuffer, flags: BlockFlags, bodyByteCount: Int, headByteCount: Int, location: BlockLocation) {
        self.bytes = bytes
        self.location = location
        self.flags = flags
        bodyEnd = bodyByteCount
        headEnd = bodyByteCount + headByteCount
        headPosition = bodyEnd
        deadlineCount = (bytes.readableBytes - headEnd) / RecordCoding.deadlineByteCount
    }

    /// The next record, or nil after the last; throws `malformed`.
    package mutating func next() throws(ArchiveError) -> RecordLayout? {
        guard headPosition < headEnd else {
            try checkEnd()
            return nil
        }
        var failure = Failure.cutOff
        let layout = bytes.withUnsafeReadableBytes { parse($0, &failure) }
        return try counted(layout, failure)
    }

    /// The same with the block's bytes at hand, `all` of `bytes`: cheaper for one record after the other.
    @inline(__always)
    mutating func next(in all: UnsafeRawBufferPointer) throws(ArchiveError) -> RecordLayout? {
        guard headPosition < headEnd else {
            try checkEnd()
            return nil
        }
        var failure = Failure.cutOff
        return try counted(parse(all, &failure), failure)
    }

    @inline(__always)
    private mutating func counted(_ layout: RecordLayout?, _ failure: Failure) throws(ArchiveError) -> RecordLayout? {
        guard let layout else { throw .malformed(.block(location), reason: "record \(ordinal) \(failure.text)") }
        ordinal += 1
        return layout
    }

    private func checkEnd() throws(ArchiveError) {
        guard bodyPosition == bodyEnd, deadlineIndex == deadlineCount else {
            throw .malformed(.block(location), reason: "its records do not use all of its bytes")
        }
        guard ordinal > 0 || flags.isEmpty else {
            throw .malformed(.block(location), reason: "it is empty and says that a value goes on")
        }
    }

    @inline(__always)
    private mutating func parse(_ all: UnsafeRawBufferPointer, _ failure: inout Failure) -> RecordLayout? {
        var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: all[headPosition..<headEnd]))
        guard let headFlags = cursor.readByte(), let type = cursor.readByte(),
            let database = cursor.readVarint(), let keyByteCount = cursor.readVarint()
        else { return nil }
        guard headFlags & RecordCoding.reservedMask == 0, database <= UInt32.max,
            let kind = RecordKind(rawValue: headFlags & RecordCoding.kindMask)
        else {
            failure = .unknownValues
            return nil
        }
        guard keyByteCount <= UInt64(cursor.remainingByteCount) else { return nil }
        let keyStart = headPosition + cursor.position
        _ = cursor.skip(Int(keyByteCount))
        guard let access = Self.readAccess(&cursor, headFlags, &failure) else { return nil }
        let isChunk = headFlags & (RecordCoding.isContinued | RecordCoding.continues) != 0
        var chunk: ChunkPosition?
        if isChunk {
            guard let position = Self.readChunk(&cursor, headFlags) else { return nil }
            chunk = position
        }
        guard let bodyByteCount = cursor.readVarint() else { return nil }
        guard bodyByteCount <= UInt64(bodyEnd - bodyPosition) else {
            failure = .bodyTooLong
            return nil
        }
        let headStart = headPosition
        headPosition += cursor.position
        guard isChunkInPlace(headFlags, isFirst: headStart == bodyEnd, isLast: headPosition == headEnd) else {
            failure = .chunkOutOfPlace
            return nil
        }
        guard let expiry = readExpiry(all, headFlags) else {
            failure = .deadlineMissing
            return nil
        }
        defer { bodyPosition += Int(bodyByteCount) }
        return RecordLayout(
            kind: kind,
            database: UInt32(truncatingIfNeeded: database),
            type: type,
            expiry: expiry,
            access: access,
            keyRange: keyStart..<keyStart + Int(keyByteCount),
            bodyRange: bodyPosition..<bodyPosition + Int(bodyByteCount),
            ordinal: ordinal,
            chunk: chunk
        )
    }

    private static func readAccess(
        _ cursor: inout ByteCursor,
        _ headFlags: UInt8,
        _ failure: inout Failure
    ) -> AccessData? {
        switch headFlags & RecordCoding.accessMask {
        case 0: return AccessData.none
        case RecordCoding.accessIdle: return cursor.readVarint().map { .idle(seconds: $0) }
        case RecordCoding.accessFrequency: return cursor.readByte().map { .frequency($0) }
        default:
            failure = .unknownValues
            return nil
        }
    }

    private static func readChunk(_ cursor: inout ByteCursor, _ headFlags: UInt8) -> ChunkPosition? {
        guard let number = cursor.readVarint(), let byteOffset = cursor.readVarint(), number <= UInt32.max,
            (number > 0) == (headFlags & RecordCoding.isContinued != 0)
        else { return nil }
        return ChunkPosition(
            number: UInt32(truncatingIfNeeded: number),
            byteOffset: byteOffset,
            isLast: headFlags & RecordCoding.continues == 0
        )
    }

    /// A further chunk is the first head of a block that says so, a value that goes on the last; and the other way.
    private func isChunkInPlace(_ headFlags: UInt8, isFirst: Bool, isLast: Bool) -> Bool {
        (headFlags & RecordCoding.isContinued != 0) == (isFirst && flags.contains(.continued))
            && (headFlags & RecordCoding.continues != 0) == (isLast && flags.contains(.continues))
    }

    private mutating func readExpiry(_ all: UnsafeRawBufferPointer, _ headFlags: UInt8) -> Expiry? {
        guard headFlags & RecordCoding.hasDeadline != 0 else { return .never }
        guard deadlineIndex < deadlineCount else { return nil }
        defer { deadlineIndex += 1 }
        // One byte of each plane, the highest first; the planes end within the bytes, as `deadlineCount` was made of them.
        var milliseconds: UInt64 = 0
        var place = headEnd + (RecordCoding.deadlineByteCount - 1) * deadlineCount + deadlineIndex
        for _ in 0..<RecordCoding.deadlineByteCount {
            milliseconds = milliseconds << 8 | UInt64(all[place])
            place -= deadlineCount
        }
        return .at(UnixMilliseconds(Int64(bitPattern: milliseconds)))
    }

    private enum Failure {
        case cutOff
        case unknownValues
        case bodyTooLong
        case chunkOutOfPlace
        case deadlineMissing

        var text: String {
            switch self {
            case .cutOff: "is cut off"
            case .unknownValues: "has an unknown kind, flag or database"
            case .bodyTooLong: "has a body that is longer than the block"
            case .chunkOutOfPlace: "is a chunk where there should be none, or the other way"
            case .deadlineMissing: "has no deadline in the block"
            }
        }
    }
}
