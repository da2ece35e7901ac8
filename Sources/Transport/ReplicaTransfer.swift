package import NIOCore

/// The protocol of a full synchronisation, as a value: bytes in, events out.
///
///     newlines, then after PSYNC `+FULLRESYNC <id> <offset>`; newlines;
///     then `$<length>` and that many bytes, or `$EOF:<40 bytes>`, a payload of unknown length and those 40 bytes again
///
/// No CR LF follows the payload; what follows it is the command stream, which is ignored.
/// Source: redis src/replication.c, syncWithMaster and readSyncBulkPayload.
package struct ReplicaTransfer {
    /// How the end of the payload is known.
    package enum Framing: Hashable, Sendable {
        case marker
        case length(UInt64)
    }

    package enum Event: Equatable {
        /// An error reply, without its `-`.
        case refused(String)
        case resynchronisation(replicationID: String, offset: Int64?)
        case payload(Framing)
        case chunk(ByteBuffer)
        case end
    }

    package struct Violation: Error, Equatable {
        package let reason: String
    }

    /// Payload bytes are collected until there are this many.
    package static let chunkByteCount = 256 * 1024
    /// Room for what one read may add.
    private static let chunkCapacity = 2 * chunkByteCount + MarkerSearch.markerByteCount
    private static let lineByteLimit = 1024

    private enum Phase {
        case acknowledgement
        case preamble
        case marker(MarkerSearch)
        case length(remaining: UInt64)
        case ended
    }

    private var phase: Phase
    /// Lines not yet complete, or payload not yet handed on.
    private var input = ByteBuffer()
    /// An empty buffer for the next chunk.
    private var spare: ByteBuffer?
    /// Bytes of `input` from its reader index in which no marker begins.
    private var searchedByteCount = 0
    /// Payload bytes handed on.
    package private(set) var payloadByteCount: UInt64 = 0

    /// - Parameter expectsAcknowledgement: true after PSYNC, false after SYNC, which is not acknowledged
    package init(expectsAcknowledgement: Bool) {
        phase = expectsAcknowledgement ? .acknowledgement : .preamble
    }

    package var hasEnded: Bool {
        if case .ended = phase { true } else { false }
    }

    /// Whether the payload has begun.
    package var isInPayload: Bool {
        switch phase {
        case .marker, .length: true
        default: false
        }
    }

    /// Takes all of `bytes`; ask `next` for events until it has none.
    package mutating func append(_ bytes: ByteBuffer) {
        if case .ended = phase { return }
        var bytes = bytes
        if input.readableBytes == 0, input.storageCapacity < Self.chunkCapacity { startChunk() }
        input.writeBuffer(&bytes)
    }

    /// Whether a buffer for the next chunk is wanted.
    var wantsSpare: Bool { spare == nil && isInPayload }

    /// Gives an empty buffer to collect a chunk in, so that its memory is used again.
    mutating func give(spare: consuming ByteBuffer) {
        if spare.capacity >= Self.chunkCapacity { self.spare = spare }
    }

    /// The next event; nil if more bytes are needed.
    ///
    /// - Parameter flushing: hand on what is there, however little
    /// - Returns: the event, or nil
    /// - Throws: what the server sent against the protocol
    package mutating func next(flushing: Bool = false) throws(Violation) -> Event? {
        switch phase {
        case .acknowledgement, .preamble: return try line()
        case .marker(let search): return markedChunk(search, flushing: flushing)
        case .length(let remaining): return countedChunk(remaining, flushing: flushing)
        case .ended: return nil
        }
    }

    // MARK: Lines

    private mutating func line() throws(Violation) -> Event? {
        while let byte = input.getInteger(at: input.readerIndex, as: UInt8.self), byte == 0x0A {
            input.moveReaderIndex(forwardBy: 1)
        }
        let view = input.readableBytesView
        guard let end = view.prefix(Self.lineByteLimit).firstIndex(of: 0x0A) else {
            guard view.count < Self.lineByteLimit else { throw Violation(reason: "a line without an end") }
            return nil
        }
        var text = String(decoding: view[..<end], as: UTF8.self)
        input.moveReaderIndex(to: end + 1)
        if text.utf8.last == 0x0D { text = String(decoding: text.utf8.dropLast(), as: UTF8.self) }
        return try event(of: text)
    }

    private mutating func event(of text: String) throws(Violation) -> Event {
        if text.hasPrefix("-") { return .refused(String(text.dropFirst())) }
        if case .acknowledgement = phase {
            let words = text.split(separator: " ")
            guard words.first == "+FULLRESYNC", words.count >= 2 else {
                throw Violation(reason: "\(Self.shown(text)) instead of +FULLRESYNC")
            }
            phase = .preamble
            return .resynchronisation(
                replicationID: String(words[1]),
                offset: words.count > 2 ? Int64(words[2]) : nil
            )
        }
        guard text.hasPrefix("$") else {
            throw Violation(reason: "\(Self.shown(text)) instead of the payload's length")
        }
        if text.hasPrefix("$EOF:") {
            let marker = Array(text.utf8.dropFirst(5))
            guard marker.count == MarkerSearch.markerByteCount else {
                throw Violation(reason: "an end marker of \(marker.count) bytes")
            }
            phase = .marker(MarkerSearch(marker: marker))
            return .payload(.marker)
        }
        guard let length = UInt64(text.dropFirst()) else {
            throw Violation(reason: "\(Self.shown(text)) as the payload's length")
        }
        phase = length == 0 ? .ended : .length(remaining: length)
        return .payload(.length(length))
    }

    private static func shown(_ text: String) -> String {
        "\"" + String(text.prefix(60)).filter { $0.isASCII && !$0.isNewline } + "\""
    }

    // MARK: Payload

    private mutating func startChunk() {
        input = spare.take() ?? ByteBufferAllocator().buffer(capacity: Self.chunkCapacity)
        searchedByteCount = 0
    }

    private mutating func countedChunk(_ remaining: UInt64, flushing: Bool) -> Event? {
        if remaining == 0 {
            phase = .ended
            input = ByteBuffer()
            return .end
        }
        let available = Int(min(UInt64(input.readableBytes), remaining))
        let isLast = UInt64(available) == remaining
        guard available > 0, flushing || isLast || available >= Self.chunkByteCount else { return nil }
        phase = .length(remaining: remaining - UInt64(available))
        return handOn(available, keeping: 0)
    }

    private mutating func markedChunk(_ search: MarkerSearch, flushing: Bool) -> Event? {
        if let position = find(search) {
            phase = position == 0 ? .ended : .length(remaining: UInt64(position))
            guard position > 0 else {
                input = ByteBuffer()
                return .end
            }
            return countedChunk(UInt64(position), flushing: true)
        }
        // The marker may have begun in the last 39 bytes.
        let available = input.readableBytes - (MarkerSearch.markerByteCount - 1)
        searchedByteCount = max(available, 0)
        guard available > 0, flushing || available >= Self.chunkByteCount else { return nil }
        return handOn(available, keeping: MarkerSearch.markerByteCount - 1)
    }

    /// Hands on a slice of the collected bytes; the last `keeping` bytes begin the next chunk.
    private mutating func handOn(_ byteCount: Int, keeping: Int) -> Event? {
        guard let chunk = input.readSlice(length: byteCount) else { return nil }
        payloadByteCount += UInt64(byteCount)
        // The slice shares the storage, so that collecting goes on in fresh memory.
        let rest = input
        startChunk()
        input.writeImmutableBuffer(rest)
        return .chunk(chunk)
    }

    private func find(_ search: MarkerSearch) -> Int? {
        input.withUnsafeReadableBytes { search.position(in: $0, from: searchedByteCount) }
    }
}
