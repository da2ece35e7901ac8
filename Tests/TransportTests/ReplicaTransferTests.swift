import NIOCore
import Testing
import Transport

struct ReplicaTransferTests {
    private typealias Outcome = (payload: [UInt8], events: [ReplicaTransfer.Event], hasEnded: Bool)

    /// Runs a transfer over pieces; chunks are joined, the other events listed.
    private static func run(
        _ pieces: [some Collection<UInt8>],
        flushing: Bool = false,
        expectsAcknowledgement: Bool = true
    ) throws(ReplicaTransfer.Violation) -> Outcome {
        var transfer = ReplicaTransfer(expectsAcknowledgement: expectsAcknowledgement)
        var outcome: Outcome = ([], [], false)
        for piece in pieces {
            transfer.append(ByteBuffer(bytes: piece))
            while let event = try transfer.next(flushing: flushing) {
                if case .chunk(let chunk) = event {
                    outcome.payload += Array(chunk.readableBytesView)
                } else {
                    outcome.events.append(event)
                }
            }
        }
        outcome.hasEnded = transfer.hasEnded
        #expect(transfer.payloadByteCount == UInt64(outcome.payload.count))
        return outcome
    }

    private static let resynchronisation = ReplicaTransfer.Event.resynchronisation(
        replicationID: ReplicaSamples.replicationID,
        offset: 1234
    )

    @Test(arguments: [true, false], [true, false])
    func `every split gives the payload exactly`(isMarked: Bool, flushing: Bool) throws {
        let stream = isMarked ? ReplicaSamples.marked : ReplicaSamples.counted
        let framing: ReplicaTransfer.Framing =
            isMarked ? .marker : .length(UInt64(ReplicaSamples.payload.count))
        for first in stream.indices {
            for second in stride(from: first, to: stream.count, by: 3) {
                let outcome = try Self.run(
                    [stream[..<first], stream[first..<second], stream[second...]],
                    flushing: flushing
                )
                guard outcome.payload == ReplicaSamples.payload, outcome.hasEnded,
                    outcome.events.filter({ $0 != .end }) == [Self.resynchronisation, .payload(framing)]
                else {
                    Issue.record("split at \(first) and \(second): \(outcome.events), \(outcome.payload.count) bytes")
                    return
                }
            }
        }
    }

    @Test(arguments: [true, false]) func `byte by byte gives the payload exactly`(isMarked: Bool) throws {
        let stream = isMarked ? ReplicaSamples.marked : ReplicaSamples.counted
        let outcome = try Self.run(stream.map { [$0] }, flushing: true)
        #expect(outcome.payload == ReplicaSamples.payload)
        #expect(outcome.hasEnded)
    }

    @Test(arguments: [true, false]) func `no proper prefix is a whole transfer`(isMarked: Bool) throws {
        let stream = isMarked ? ReplicaSamples.marked : ReplicaSamples.counted
        for count in stream.indices {
            let outcome = try Self.run([stream[..<count]], flushing: true)
            #expect(!outcome.hasEnded, "after \(count) bytes")
            #expect(ReplicaSamples.payload.starts(with: outcome.payload))
        }
    }

    @Test func `a command stream that follows the payload is ignored`() throws {
        for stream in [ReplicaSamples.marked, ReplicaSamples.counted] {
            let outcome = try Self.run([stream + Array("*1\r\n$4\r\nPING\r\n".utf8)])
            #expect(outcome.payload == ReplicaSamples.payload)
            #expect(outcome.hasEnded)
        }
    }

    @Test func `SYNC is not acknowledged`() throws {
        let stream = Array("\n\n$3\r\nabc".utf8)
        let outcome = try Self.run([stream], expectsAcknowledgement: false)
        #expect(outcome.payload == Array("abc".utf8))
        #expect(outcome.events.first == .payload(.length(3)))
    }

    @Test func `an empty payload is whole`() throws {
        let counted = try Self.run([Array("\(ReplicaSamples.acknowledgement)$0\r\n".utf8)])
        #expect(counted.hasEnded)
        let marked = try Self.run([
            Array("\(ReplicaSamples.acknowledgement)$EOF:\(ReplicaSamples.marker)\r\n\(ReplicaSamples.marker)".utf8)
        ])
        #expect(marked.hasEnded)
        #expect(marked.payload.isEmpty)
    }

    @Test(arguments: [true, false])
    func `a large payload comes in chunks of a useful size`(isMarked: Bool) throws {
        let payload = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let head = isMarked ? "$EOF:\(ReplicaSamples.marker)\r\n" : "$\(payload.count)\r\n"
        let stream = Array(head.utf8) + payload + (isMarked ? Array(ReplicaSamples.marker.utf8) : [])
        var transfer = ReplicaTransfer(expectsAcknowledgement: false)
        var received: [UInt8] = []
        var sizes: [Int] = []
        for start in stride(from: 0, to: stream.count, by: 16_384) {
            transfer.append(ByteBuffer(bytes: stream[start..<min(start + 16_384, stream.count)]))
            while let event = try transfer.next() {
                guard case .chunk(let chunk) = event else { continue }
                sizes.append(chunk.readableBytes)
                received += Array(chunk.readableBytesView)
            }
        }
        #expect(received == payload)
        #expect(transfer.hasEnded)
        #expect(sizes.dropLast().allSatisfy { $0 >= ReplicaTransfer.chunkByteCount - 40 && $0 <= 1024 * 1024 })
    }

    @Test func `an error reply is an event with its text`() throws {
        let text = "NOMASTERLINK Can't SYNC while not connected with my master"
        #expect(try Self.run([Array("\n-\(text)\r\n".utf8)]).events == [.refused(text)])
        let late = try Self.run([Array("\(ReplicaSamples.acknowledgement)-ERR BGSAVE failed\r\n".utf8)])
        #expect(late.events == [Self.resynchronisation, .refused("ERR BGSAVE failed")])
    }

    @Test(arguments: [
        "+CONTINUE\r\n", "+OK\r\n", "+FULLRESYNC\r\n", "$5\r\n", "*1\r\n", ":1\r\n", "\u{15}\u{3}\n",
        "\(ReplicaSamples.acknowledgement)+OK\r\n", "\(ReplicaSamples.acknowledgement)$-1\r\n",
        "\(ReplicaSamples.acknowledgement)$12x\r\n", "\(ReplicaSamples.acknowledgement)$EOF:abc\r\n",
        "\(ReplicaSamples.acknowledgement)$\r\n", String(repeating: "x", count: 2000),
    ])
    func `anything else is a violation`(stream: String) {
        #expect(throws: ReplicaTransfer.Violation.self) { _ = try Self.run([Array(stream.utf8)]) }
    }
}
