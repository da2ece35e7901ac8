import ObjectStorage

/// The memory that a new process of this host can still have.
enum HostMemory {
    /// What the system itself and the limits of this process's control groups leave; nil where neither is told.
    ///
    /// Pages that only cache files count as free: the kernel gives them up.
    static func availableByteCount(root: String = "") -> UInt64? {
        ([meminfo(root)] + ControlGroups(root).available).compactMap(\.self).min()
    }

    /// `MemAvailable` of proc(5), in KiB.
    private static func meminfo(_ root: String) -> UInt64? {
        for line in text(root + "/proc/meminfo")?.split(separator: "\n") ?? [] where line.hasPrefix("MemAvailable:") {
            return line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 }
        }
        return nil
    }

    /// A small text file; nil if it cannot be read.
    static func text(_ path: String) -> String? {
        let operations = FileOperations(PosixFileSystem())
        guard let file = try? operations.open(path, .read) else { return nil }
        defer { file.close() }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = try? bytes.withUnsafeMutableBytes { try operations.read(file, into: $0, offset: 0) }
        return count.map { String(decoding: bytes[..<$0], as: UTF8.self) }
    }
}

/// The memory limits of the control groups that this process is in, of either version.
///
/// Source: docs.kernel.org/admin-guide/cgroup-v2.html, docs.kernel.org/admin-guide/cgroup-v1/memory.html
private struct ControlGroups {
    private let root: String
    /// Path of the group, by controller; "" is the unified hierarchy of version 2.
    private var paths: [String: String] = [:]

    init(_ root: String) {
        self.root = root
        for line in HostMemory.text(root + "/proc/self/cgroup")?.split(separator: "\n") ?? [] {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for controller in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
                paths[String(controller)] = String(parts[2])
            }
        }
    }

    /// What each group with a limit leaves, from the process's own to the root.
    var available: [UInt64?] {
        let unified = paths[""].map { groups($0, below: root + "/sys/fs/cgroup") } ?? []
        let memory = paths["memory"].map { groups($0, below: root + "/sys/fs/cgroup/memory") } ?? []
        return unified.map { left($0, "memory.max", "memory.current", "inactive_file") }
            + memory.map { left($0, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file") }
    }

    private func groups(_ path: String, below mount: String) -> [String] {
        var names = path.split(separator: "/")
        var directories: [String] = [mount]
        while !names.isEmpty {
            directories.append(mount + "/" + names.joined(separator: "/"))
            names.removeLast()
        }
        return directories
    }

    private func left(_ directory: String, _ limitName: String, _ usedName: String, _ cacheName: String) -> UInt64? {
        // "max", and on version 1 a number near the largest, mean that there is no limit.
        guard let limit = number(directory + "/" + limitName), limit < 1 << 60,
            let used = number(directory + "/" + usedName)
        else { return nil }
        let cache =
            HostMemory.text(directory + "/memory.stat")?.split(separator: "\n").lazy
            .map { $0.split(separator: " ") }.first { $0.first == cacheName[...] }?.last.flatMap { UInt64($0) } ?? 0
        let taken = used - min(used, cache)
        return limit - min(limit, taken)
    }

    private func number(_ path: String) -> UInt64? {
        HostMemory.text(path).flatMap { UInt64($0.prefix { $0.isNumber }) }
    }
}
