import Foundation
import TestSupport
import Testing

@testable import Operations

/// How much memory is left, by what the system and its control groups tell below a root of the test's own.
struct HostMemoryTests {
    private let root: TemporaryDirectory

    init() throws {
        root = try TemporaryDirectory()
    }

    private func write(_ files: [String: String]) throws {
        for (name, text) in files {
            let directory = URL(fileURLWithPath: root.path(name)).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try root.write(text, to: name)
        }
    }

    private var available: UInt64? { HostMemory.availableByteCount(root: root.path) }

    @Test func `nothing is known where nothing tells`() {
        #expect(available == nil)
    }

    @Test func `the system tells what is available, in KiB`() throws {
        try write(["proc/meminfo": "MemTotal:  9000 kB\nMemFree:  100 kB\nMemAvailable:    2000 kB\n"])
        #expect(available == 2000 << 10)
    }

    @Test func `the tightest group of version 2 counts, and pages that cache files are free`() throws {
        try write([
            "proc/meminfo": "MemAvailable: 2000 kB\n", "proc/self/cgroup": "0::/outer/inner\n",
            "sys/fs/cgroup/outer/memory.max": "1000000\n", "sys/fs/cgroup/outer/memory.current": "900000\n",
            "sys/fs/cgroup/outer/memory.stat": "anon 5\nfile 300000\ninactive_file 250000\n",
            "sys/fs/cgroup/outer/inner/memory.max": "max\n", "sys/fs/cgroup/outer/inner/memory.current": "800000\n",
        ])
        #expect(available == 1_000_000 - (900_000 - 250_000))
        try write(["sys/fs/cgroup/outer/inner/memory.max": "800100\n"])
        #expect(available == 100)
    }

    @Test func `the groups of version 1 count as well`() throws {
        try write([
            "proc/self/cgroup": "3:cpu,cpuacct:/x\n5:memory:/docker/abc\n",
            "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes": "5000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "4000\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "3000\n",
            "sys/fs/cgroup/memory/memory.stat": "cache 1\ntotal_inactive_file 500\n",
        ])
        #expect(available == 1500)
    }

    @Test func `a group that holds more than its limit has nothing left`() throws {
        try write([
            "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "100\n", "sys/fs/cgroup/memory.current": "200\n",
        ])
        #expect(available == 0)
    }

    @Test func `this host tells something`() {
        let here = HostMemory.availableByteCount()
        #expect(here != nil && here != 0)
    }
}
