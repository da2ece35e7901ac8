import AllocationCounting
import NIOCore
import Testing

/// The counter itself: one that counted nothing would let everything pass.
struct AllocationCountTests {
    private final class Thing {
        var other: Thing?
    }

    @Test func `each object and each growth of a buffer is counted, with its bytes`() async throws {
        var things: [Thing] = []
        things.reserveCapacity(100)
        let objects = try await AllocationCount.of {
            for _ in 0..<100 { things.append(Thing()) }
        }
        #expect(objects.calls == 100)
        #expect(objects.byteCount >= 100 * 24)
        #expect(things.count == 100)

        var buffer = ByteBuffer()
        let growth = try await AllocationCount.of { buffer.reserveCapacity(1 << 20) }
        #expect(growth.calls >= 1)
        #expect(growth.byteCount >= 1 << 20)
    }

    @Test(arguments: [1, 16, 32, 4096])
    func `memory of every alignment is counted, and can be used and given back`(alignment: Int) async throws {
        var block: UnsafeMutableRawPointer?
        let count = try await AllocationCount.of { block = .allocate(byteCount: 1000, alignment: alignment) }
        #expect(count == AllocationCount(calls: 1, byteCount: 1000))
        let memory = try #require(block)
        #expect(Int(bitPattern: memory) % alignment == 0)
        memory.initializeMemory(as: UInt8.self, repeating: 7, count: 1000)
        memory.deallocate()
    }

    @Test func `what another thread allocates is not counted, nor what comes after`() async throws {
        async let other = Self.makeThings()
        let nothing = try await AllocationCount.of {}
        #expect(nothing == AllocationCount(calls: 0, byteCount: 0))
        #expect(await other == 10_000)
        #expect(await Self.makeThings() == 10_000)
        var count = rewarm_allocation_count()
        #expect(!rewarm_allocations_end(&count))
        #expect(count.calls == 0)
    }

    private static func makeThings() async -> Int {
        var things: [Thing] = []
        for _ in 0..<10_000 { things.append(Thing()) }
        return things.count
    }

    @Test func `the cost of an item leaves out what a run allocates once`() async throws {
        var kept: [Thing] = []
        let cost = try await AllocationsPerItem(itemCount: 200) { itemCount in
            kept.removeAll()
            kept.reserveCapacity(2 * itemCount + 50)
            return {
                for _ in 0..<50 { kept.append(Thing()) }
                for _ in 0..<2 * itemCount { kept.append(Thing()) }
                kept.removeAll(keepingCapacity: true)
            }
        }
        #expect(cost.calls == 2)
        #expect(cost.isWithin(AllocationsPerItem(calls: 2, byteCount: 100)))
        #expect(!cost.isWithin(AllocationsPerItem(calls: 1.99, byteCount: 100)))
        #expect(!cost.isWithin(AllocationsPerItem(calls: 2, byteCount: 10)))
    }
}
