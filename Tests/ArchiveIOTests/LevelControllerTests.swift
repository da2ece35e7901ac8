import ArchiveFormat
import TestSupport
import Testing

@testable import ArchiveIO

@Suite("An automatic level of compression")
struct LevelControllerTests {
    private static let bound = 5

    @Test("rises by one after some blocks at which nothing waited, up to the highest")
    func rises() {
        var controller = LevelController(1...4)
        let levels = (0..<20).map { _ in controller.next(waitingCount: 0, bound: Self.bound) }
        #expect(levels == [1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4])
    }

    @Test("is the lowest as soon as one more block would fill the queue")
    func falls() {
        var controller = Self.risen()
        #expect(controller.level == 9)
        #expect(controller.next(waitingCount: Self.bound - 1, bound: Self.bound) == 1)
        #expect(controller.next(waitingCount: 0, bound: Self.bound) == 1)
    }

    @Test("is halved while half of the queue is full, and stays while a little waits")
    func halves() {
        var controller = Self.risen()
        #expect(controller.next(waitingCount: 1, bound: Self.bound) == 9)
        #expect([3, 3, 3, 3].map { controller.next(waitingCount: $0, bound: Self.bound) } == [4, 2, 1, 1])
        let later = (0..<20).map { _ in controller.next(waitingCount: 1, bound: Self.bound) }
        #expect(later == Array(repeating: 1, count: 20))
    }

    @Test("never leaves its range, whatever waits")
    func staysInRange() {
        var random = SeededGenerator.fromEnvironment("levels", fallback: 3)
        var controller = LevelController()
        for _ in 0..<10_000 {
            let level = controller.next(waitingCount: Int.random(in: 0...6, using: &random), bound: Self.bound)
            #expect(BlockCodec.automaticLevels.contains(level))
        }
    }

    /// A source that a compressor keeps up with only up to a level: the queue fills while the level is above it.
    @Test("settles around the highest level that keeps up", arguments: [2, 5, 8])
    func settles(_ affordable: Int) {
        var controller = LevelController()
        var waiting = 0
        var levels: [Int] = []
        for _ in 0..<2000 {
            let level = controller.next(waitingCount: waiting, bound: Self.bound)
            levels.append(level)
            waiting = max(0, min(Self.bound, waiting + (level > affordable ? 1 : -1)))
            #expect(waiting < Self.bound, "the source would have waited")
        }
        let late = levels.dropFirst(200)
        #expect(late.max() == affordable + 1)
        #expect(Double(late.reduce(0, +)) / Double(late.count) > Double(affordable) / 2)
    }

    private static func risen() -> LevelController {
        var controller = LevelController()
        for _ in 0..<LevelController.calmLimit * 9 { _ = controller.next(waitingCount: 0, bound: bound) }
        return controller
    }
}
