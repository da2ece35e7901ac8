import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Operations

/// The directories of scratch servers: whose they are, and what becomes of abandoned ones.
struct ScratchDirectoryTests {
    private let root: TemporaryDirectory

    init() throws {
        root = try TemporaryDirectory()
    }

    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []).sorted()
    }

    @discardableResult
    private func make(_ name: String, mode: Int = 0o700, files: [String] = []) throws -> String {
        let path = root.path(name)
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: mode]
        )
        for file in files { try root.write("", to: name + "/" + file) }
        return path
    }

    @Test func `what killed drills left goes at once, and nothing else`() throws {
        let mine = try ScratchDirectory.make(in: [root.path])
        let abandoned = [
            // Killed before the lock, while at work, and while removing.
            try make("rewarm-drill-1"), try make("rewarm-drill-2", files: ["owner", "node.sock"]),
            try make("rewarm-drill-3", files: ["node.sock"]),
        ]
        // Others could have put something in there.
        try make("rewarm-drill-4", mode: 0o755)
        try make("another")
        #expect(ScratchDirectory.removeAbandoned(in: [root.path]).sorted() == abandoned)
        #expect(names == ["another", "rewarm-drill-4", URL(fileURLWithPath: mine.path).lastPathComponent].sorted())
        mine.remove()
        #expect(names == ["another", "rewarm-drill-4"])
    }

    @Test func `drills that begin together do not take each other's directories for abandoned`() async throws {
        let isDone = Mutex(false)
        async let removed = Task.detached { [root] in
            var removed: [String] = []
            while !isDone.withLock({ $0 }) { removed += ScratchDirectory.removeAbandoned(in: [root.path]) }
            return removed
        }.value
        var lost = 0
        for _ in 0..<2000 {
            let directory = try ScratchDirectory.make(in: [root.path])
            try root.write("", to: URL(fileURLWithPath: directory.path).lastPathComponent + "/node.sock")
            if access(directory.path + "/owner", F_OK) != 0 { lost += 1 }
            directory.remove()
        }
        isDone.withLock { $0 = true }
        print("\(await removed.count) directories were removed between their making and their lock")
        #expect(lost == 0)
        #expect(names == [])
    }

    @Test func `a path that is too long for a socket, or a root that is not there, is passed over`() throws {
        let long = root.path + "/" + String(repeating: "x", count: 90)
        let made = try ScratchDirectory.make(in: [long, root.path("absent"), root.path])
        #expect(made.path.hasPrefix(root.path + "/rewarm-drill-"))
        made.remove()
        #expect(throws: DrillObstacle.self) { try ScratchDirectory.make(in: [root.path("absent")]) }
    }
}
