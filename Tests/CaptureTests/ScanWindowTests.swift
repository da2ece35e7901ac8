import TestSupport
import Testing

@testable import Capture

struct ScanWindowTests {
    @Test("the window starts small, and at most doubles with each batch")
    func slowStart() {
        var window = ScanWindow(batchLimit: 64)
        var allowed = 0
        for _ in 0..<12 {
            var sent: [Int] = []
            while case let size = window.nextBatch(available: 10_000), size > 0 {
                window.sent(keyCount: size)
                sent.append(size)
            }
            let total = sent.reduce(0, +)
            #expect(allowed == 0 ? total == ScanWindow.firstKeyCount : total <= 2 * allowed * sent.count)
            #expect(sent.allSatisfy { $0 <= 64 })
            allowed = total
            for size in sent { window.received(keyCount: size, byteCount: size * 100, largest: 100) }
            #expect(window.keysUnderWay == 0)
        }
        #expect(allowed > 1000)
    }

    @Test(
        "with large values so few keys are under way that the server holds about the target",
        arguments: [1 << 20, 64 << 20]
    )
    func largeValues(valueByteCount: Int) {
        var window = ScanWindow(batchLimit: 64)
        for _ in 0..<200 {
            let size = window.nextBatch(available: 10_000)
            #expect(size > 0)
            window.sent(keyCount: size)
            window.received(keyCount: size, byteCount: size * valueByteCount, largest: valueByteCount)
        }
        var underWay = 0
        while case let size = window.nextBatch(available: 10_000), size > 0 {
            window.sent(keyCount: size)
            underWay += size
        }
        #expect(underWay == max(1, ScanWindow.targetByteCount / valueByteCount))
    }

    @Test("a rare large value narrows the window, and small ones widen it again")
    func rareLargeValue() {
        var window = ScanWindow(batchLimit: 16)
        func allowed() -> Int { window.nextBatch(available: 10_000) }
        for _ in 0..<50 {
            window.sent(keyCount: 16)
            window.received(keyCount: 16, byteCount: 1600, largest: 100)
        }
        #expect(allowed() == 16)
        window.sent(keyCount: 16)
        window.received(keyCount: 16, byteCount: 100 << 20, largest: 100 << 20)
        #expect(allowed() == 1)
        for _ in 0..<400 {
            window.sent(keyCount: 1)
            window.received(keyCount: 1, byteCount: 100, largest: 100)
        }
        #expect(allowed() == 16)
    }

    @Test("a window that is nearly full waits instead of sending tiny transactions")
    func wholeTransactions() {
        var window = ScanWindow(batchLimit: 10)
        #expect(window.nextBatch(available: 100) == 10)
        window.sent(keyCount: 10)
        // 16 are allowed: six more would be a small one.
        #expect(window.nextBatch(available: 100) == 0)
        #expect(window.nextBatch(available: 4) == 4)
        #expect(window.nextBatch(available: 0) == 0)
    }

    @Test("keys are spread evenly over time, and a pause is not made up for")
    func rateLimit() {
        var limit = KeyRateLimit(keysPerSecond: 100)
        #expect(limit.batchLimit == 10)
        let start = ContinuousClock.now
        #expect(limit.delay(keyCount: 10, now: start) == .zero)
        #expect(limit.delay(keyCount: 10, now: start) == .milliseconds(100))
        #expect(limit.delay(keyCount: 10, now: start + .milliseconds(150)) == .milliseconds(50))
        #expect(limit.delay(keyCount: 10, now: start + .seconds(10)) == .zero)
        #expect(limit.delay(keyCount: 10, now: start + .seconds(10)) == .milliseconds(100))
    }
}
