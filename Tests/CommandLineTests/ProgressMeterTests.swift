import Operations
import Testing

@testable import rewarm

/// Rate and time left, from samples alone.
struct ProgressMeterTests {
    private static func progress(_ bytes: UInt64, of total: UInt64? = nil, keys: UInt64 = 0) -> OperationProgress {
        OperationProgress(.verifying, completedByteCount: bytes, totalByteCount: total, completedKeyCount: keys)
    }

    @Test func `the first sample knows a fraction and no rate`() {
        var meter = ProgressMeter()
        let reading = meter.read(Self.progress(25, of: 100), at: 0)
        #expect(reading == ProgressMeter.Reading(fraction: 0.25))
    }

    @Test func `the rate tells the time left`() {
        var meter = ProgressMeter()
        _ = meter.read(Self.progress(0, of: 1000), at: 0)
        let reading = meter.read(Self.progress(500, of: 1000), at: 2000)
        #expect(reading.bytesPerSecond == 250 && reading.remainingMilliseconds == 2000)
    }

    @Test func `only the last seconds count`() {
        var meter = ProgressMeter()
        _ = meter.read(Self.progress(0, of: 100_000), at: 0)
        _ = meter.read(Self.progress(90_000, of: 100_000), at: 1000)
        let reading = meter.read(Self.progress(90_800, of: 100_000), at: 9000)
        #expect(reading.bytesPerSecond == 100)
    }

    @Test func `a new phase begins anew`() {
        var meter = ProgressMeter()
        _ = meter.read(Self.progress(1000), at: 0)
        let reading = meter.read(OperationProgress(.restoring, completedKeyCount: 5), at: 1000)
        #expect(reading == ProgressMeter.Reading())
    }

    @Test func `a source that prepares has no share done`() {
        var meter = ProgressMeter()
        let progress = OperationProgress(.waiting, completedKeyCount: 0, totalKeyCount: 100)
        #expect(meter.read(progress, at: 0).fraction == nil)
    }

    @Test func `a total that was too small is no more than all`() {
        var meter = ProgressMeter()
        _ = meter.read(Self.progress(50, of: 100), at: 0)
        let reading = meter.read(Self.progress(150, of: 100), at: 1000)
        #expect(reading.fraction == 1 && reading.remainingMilliseconds == 0)
    }

    @Test(arguments: [20, 40, 80, 200]) func `the bar is never wider than the terminal`(columnCount: Int) {
        var meter = ProgressMeter()
        _ = meter.read(Self.progress(0, of: 2_300_000_000), at: 0)
        let progress = Self.progress(1_210_000_000, of: 2_300_000_000, keys: 1_234_567)
        let bar = ProgressText.bar(progress, meter.read(progress, at: 14_000), columnCount: columnCount)
        #expect(bar.count < columnCount, "\(bar)")
    }
}
