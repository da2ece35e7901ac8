package import ObjectStorage
import SnapshotModel
import Synchronization
package import TestSupport

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file system in memory that remembers each change, so that a power loss can be played at any of them.
///
/// The fault model of `crashed`: after the loss there is
/// - of a file: what was synchronised, and of each later write all, nothing, or a first part (torn);
/// - of a directory: for each name what it meant when the directory was last synchronised, or any later meaning,
///   whatever happened to other names (a rename may survive half);
/// and nobody holds a lock.
package final class SimulatedFileSystem: FileSystem {
    typealias Inode = Int

    struct Node: Sendable {
        var isDirectory: Bool
        var bytes: [UInt8] = []
        var names: [String: Inode] = [:]
        var linkCount = 1
    }

    enum Change: Sendable {
        case write(Inode, offset: Int, [UInt8])
        case synchronize(Inode)
        /// The name's meaning from now on; nil if it is free.
        case name(directory: Inode, String, Inode?)
        case node(Inode, isDirectory: Bool)
    }

    struct Open: Sendable {
        var inode: Inode
        var lock: FileLock.Mode?
    }

    struct State: Sendable {
        var nodes: [Inode: Node] = [0: Node(isDirectory: true)]
        var open: [FileDescriptor: Open] = [:]
        var nextInode = 1
        var nextDescriptor: Int32 = 1000
        var log: [Change] = []
    }

    private let state: Mutex<State>
    /// What was there before the first change: the disk as an earlier loss of power has left it.
    private let foundation: [Inode: Node]

    package init() {
        state = Mutex(State())
        foundation = State().nodes
    }

    private init(_ nodes: [Inode: Node], nextInode: Inode) {
        state = Mutex(State(nodes: nodes, nextInode: nextInode))
        foundation = nodes
    }

    /// Changes so far.
    package var changeCount: Int { state.withLock { $0.log.count } }

    /// How much of what was not synchronised survives a loss of power.
    package enum Survival: Hashable, Sendable {
        case nothing
        case everything
        case random
        /// All of one file or directory (see `unsynchronized`), nothing of the others.
        case only(Int)
        /// Nothing of one file or directory, all of the others.
        case allBut(Int)

        fileprivate func of(_ inode: Int) -> Self {
            switch self {
            case .nothing, .everything, .random: self
            case .only(let survivor): inode == survivor ? .everything : .nothing
            case .allBut(let loser): inode == loser ? .nothing : .everything
            }
        }
    }

    /// The files and directories with changes that are not synchronised after the first `changeCount` changes.
    package func unsynchronized(after changeCount: Int, directoriesOnly: Bool) -> [Int] {
        var dirty: Set<Int> = []
        for change in state.withLock({ Array($0.log.prefix(changeCount)) }) {
            switch change {
            case .node: continue
            case .synchronize(let inode): dirty.remove(inode)
            case .write(let inode, _, _): if !directoriesOnly { dirty.insert(inode) }
            case .name(let directory, _, _): dirty.insert(directory)
            }
        }
        return dirty.sorted()
    }

    /// The file system after a loss of power behind the first `changeCount` changes.
    package func crashed(
        after changeCount: Int,
        _ survival: Survival,
        using generator: inout SeededGenerator
    ) -> SimulatedFileSystem {
        let (log, nextInode) = state.withLock { (Array($0.log.prefix(changeCount)), $0.nextInode) }
        var synchronized: [Inode: Int] = [:]
        for (index, change) in log.enumerated() {
            if case .synchronize(let inode) = change { synchronized[inode] = index }
        }
        var nodes = foundation
        /// Once a meaning of a name is lost, so are the later ones until the next synchronisation.
        var lostNames: Set<String> = []
        for (index, change) in log.enumerated() {
            switch change {
            case .node(let inode, let isDirectory): nodes[inode] = Node(isDirectory: isDirectory)
            case .synchronize: continue
            case .write(let inode, let offset, let bytes):
                let isDurable = index < synchronized[inode] ?? -1
                let count = isDurable ? bytes.count : Self.survivors(of: bytes.count, survival.of(inode), &generator)
                nodes[inode]?.bytes.overwrite(at: offset, with: bytes.prefix(count))
            case .name(let directory, let name, let inode):
                let key = "\(directory)/\(name)"
                if index > synchronized[directory] ?? -1 {
                    switch survival.of(directory) {
                    case .nothing: lostNames.insert(key)
                    case .random where Bool.random(using: &generator): lostNames.insert(key)
                    case .everything, .random, .only, .allBut: break
                    }
                    if lostNames.contains(key) { continue }
                }
                nodes[directory]?.names[name] = inode
            }
        }
        return SimulatedFileSystem(nodes, nextInode: nextInode)
    }

    private static func survivors(of count: Int, _ survival: Survival, _ generator: inout SeededGenerator) -> Int {
        switch survival {
        case .nothing: 0
        case .everything, .only, .allBut: count
        case .random:
            switch UInt8.random(in: 0..<3, using: &generator) {
            case 0: 0
            case 1: count
            default: Int.random(in: 0...count, using: &generator)
            }
        }
    }
}

extension SimulatedFileSystem {
    package func open(_ path: String, _ access: FileAccess) throws(SystemCallError) -> FileDescriptor {
        try run("open", path) { state throws(SystemCallError) in
            let (directory, name) = try state.locate(path)
            let inode: Inode
            switch (state.inode(at: path), access) {
            case (.some, .createExclusively): throw SystemCallError(call: "open", number: EEXIST, path: path)
            case (let found?, _): inode = found
            case (nil, .createOrOpen), (nil, .createExclusively):
                inode = state.make(isDirectory: false)
                state.setName(directory, name, inode)
            case (nil, _): throw SystemCallError(call: "open", number: ENOENT, path: path)
            }
            let descriptor = FileDescriptor(rawValue: state.nextDescriptor)
            state.nextDescriptor += 1
            state.open[descriptor] = Open(inode: inode)
            return descriptor
        }
    }

    package func close(_ descriptor: FileDescriptor) throws(SystemCallError) {
        state.withLock { $0.open[descriptor] = nil }
    }

    package func read(
        _ descriptor: FileDescriptor,
        into buffer: UnsafeMutableRawBufferPointer,
        offset: UInt64
    ) throws(SystemCallError) -> Int {
        try run("pread") { state throws(SystemCallError) in
            let bytes = try state.node(descriptor).bytes.dropFirst(Int(offset)).prefix(buffer.count)
            buffer.copyBytes(from: bytes)
            return bytes.count
        }
    }

    package func write(
        _ descriptor: FileDescriptor,
        from bytes: UnsafeRawBufferPointer,
        offset: UInt64
    ) throws(SystemCallError) -> Int {
        let copy = Array(bytes)
        return try run("pwrite") { state throws(SystemCallError) in
            let inode = try state.inode(descriptor)
            state.nodes[inode]?.bytes.overwrite(at: Int(offset), with: copy[...])
            state.log.append(.write(inode, offset: Int(offset), copy))
            return copy.count
        }
    }

    package func synchronize(_ descriptor: FileDescriptor) throws(SystemCallError) {
        try run("fsync") { state throws(SystemCallError) in
            state.log.append(.synchronize(try state.inode(descriptor)))
        }
    }

    package func startWriteback(_ descriptor: FileDescriptor, offset: UInt64, byteCount: UInt64) {}

    package func status(of descriptor: FileDescriptor) throws(SystemCallError) -> FileStatus {
        try run("fstat") { state throws(SystemCallError) in state.status(try state.inode(descriptor)) }
    }

    package func status(at path: String) throws(SystemCallError) -> FileStatus {
        try run("lstat", path) { state throws(SystemCallError) in state.status(try state.existing(path)) }
    }

    package func rename(_ source: String, to target: String) throws(SystemCallError) {
        try run("rename", target) { state throws(SystemCallError) in
            let inode = try state.existing(source)
            let (sourceDirectory, sourceName) = try state.locate(source)
            let (directory, name) = try state.locate(target)
            if let replaced = state.inode(at: target) { state.nodes[replaced]?.linkCount -= 1 }
            state.setName(directory, name, inode)
            state.setName(sourceDirectory, sourceName, nil)
        }
    }

    package func link(_ source: String, to target: String) throws(SystemCallError) {
        try run("link", target) { state throws(SystemCallError) in
            let inode = try state.existing(source)
            let (directory, name) = try state.locate(target)
            guard state.inode(at: target) == nil else {
                throw SystemCallError(call: "link", number: EEXIST, path: target)
            }
            state.nodes[inode]?.linkCount += 1
            state.setName(directory, name, inode)
        }
    }

    package func unlink(_ path: String) throws(SystemCallError) {
        try run("unlink", path) { state throws(SystemCallError) in
            let inode = try state.existing(path)
            let (directory, name) = try state.locate(path)
            state.nodes[inode]?.linkCount -= 1
            state.setName(directory, name, nil)
        }
    }

    package func makeDirectory(_ path: String) throws(SystemCallError) {
        try run("mkdir", path) { state throws(SystemCallError) in
            let (directory, name) = try state.locate(path)
            guard state.inode(at: path) == nil else {
                throw SystemCallError(call: "mkdir", number: EEXIST, path: path)
            }
            state.setName(directory, name, state.make(isDirectory: true))
        }
    }

    package func removeDirectory(_ path: String) throws(SystemCallError) {
        try run("rmdir", path) { state throws(SystemCallError) in
            let inode = try state.existing(path)
            guard state.nodes[inode]?.names.isEmpty == true else {
                throw SystemCallError(call: "rmdir", number: ENOTEMPTY, path: path)
            }
            let (directory, name) = try state.locate(path)
            state.setName(directory, name, nil)
        }
    }

    package func names(in path: String) throws(SystemCallError) -> [String] {
        try run("readdir", path) { state throws(SystemCallError) in
            state.nodes[try state.existing(path)]?.names.map(\.key) ?? []
        }
    }

    package func lock(_ descriptor: FileDescriptor, _ mode: FileLock.Mode) throws(SystemCallError) {
        try run("flock") { state throws(SystemCallError) in
            let inode = try state.inode(descriptor)
            let others = state.open.filter { $0.key != descriptor && $0.value.inode == inode }.compactMap(\.value.lock)
            guard mode == .shared ? !others.contains(.exclusive) : others.isEmpty else {
                throw SystemCallError(call: "flock", number: EWOULDBLOCK)
            }
            state.open[descriptor]?.lock = mode
        }
    }

    package func isWritable(_ path: String) throws(SystemCallError) -> Bool {
        try run("access", path) { state throws(SystemCallError) in
            _ = try state.existing(path)
            return true
        }
    }

    package func freeByteCount(at path: String) throws(SystemCallError) -> UInt64 { 1 << 40 }

    private func run<Result: Sendable>(
        _ call: String,
        _ path: String = "",
        _ body: (inout State) throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        let result = state.withLock { state in
            Swift.Result { () throws(SystemCallError) in try body(&state) }
        }
        return try result.get()
    }
}
