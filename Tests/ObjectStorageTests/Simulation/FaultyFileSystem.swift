package import ObjectStorage
import SnapshotModel
import Synchronization

/// A file system that fails on purpose.
///
/// Faults: the n-th call fails with an error, or writes and reads only half of what was asked; from the n-th call on
/// nothing works any more (the process is dead: what its clean-up would do does not happen either); the disk is full
/// after a number of bytes; there are no hard links (exFAT, some network shares); there is no write permission. `close` always works, as it does at the end of a process, so that locks are given up.
package final class FaultyFileSystem: FileSystem {
    package enum Fault: Hashable, Sendable {
        /// `errno` of the failing call.
        case error(Int32)
        /// A read or write moves half of its bytes; other calls work.
        case short
        /// The call and all after it fail.
        case death
    }

    package struct Plan: Hashable, Sendable {
        /// The number of the call that fails, counted from 1; 0 for none.
        package var call: Int
        package var fault: Fault

        package init(call: Int, fault: Fault) {
            self.call = call
            self.fault = fault
        }
    }

    private struct State {
        var plan: Plan
        var callCount = 0
        var budget: Int?
        var openDescriptors: Set<FileDescriptor> = []
        var isDead = false
    }

    private let base: any FileSystem
    private let hasHardLinks: Bool
    private let isWritable: Bool
    private let synchronizes: Bool
    private let afterOpen: @Sendable (_ path: String) -> Void
    private let state: Mutex<State>

    /// `byteBudget`: so many bytes can be written before the disk is full.
    ///
    /// `afterOpen` may do what another process would do between a call of open and the next one.
    package init(
        _ base: any FileSystem = PosixFileSystem(),
        _ plan: Plan = Plan(call: 0, fault: .short),
        byteBudget: Int? = nil,
        hasHardLinks: Bool = true,
        isWritable: Bool = true,
        synchronizes: Bool = false,
        afterOpen: @escaping @Sendable (_ path: String) -> Void = { _ in }
    ) {
        self.base = base
        self.afterOpen = afterOpen
        self.isWritable = isWritable
        self.synchronizes = synchronizes
        self.hasHardLinks = hasHardLinks
        state = Mutex(State(plan: plan, budget: byteBudget))
    }

    /// Calls so far, failed ones included.
    package var callCount: Int { state.withLock { $0.callCount } }

    /// Whether the process "died": nothing works any more.
    package var isDead: Bool { state.withLock { $0.isDead } }

    /// Descriptors that were opened and not closed.
    package var openDescriptorCount: Int { state.withLock { $0.openDescriptors.count } }

    /// Counts the call; tells whether it is to be cut short, or throws.
    private func enter(_ call: String, _ path: String = "") throws(SystemCallError) -> Bool {
        let fault = state.withLock { state -> Fault? in
            state.callCount += 1
            if state.isDead { return .death }
            guard state.callCount == state.plan.call else { return nil }
            if state.plan.fault == .death { state.isDead = true }
            return state.plan.fault
        }
        switch fault {
        case .error(let number): throw SystemCallError(call: call, number: number, path: path)
        case .death: throw SystemCallError(call: call, number: 5, path: path)
        case .short: return true
        case nil: return false
        }
    }

    package func open(_ path: String, _ access: FileAccess) throws(SystemCallError) -> FileDescriptor {
        _ = try enter("open", path)
        let descriptor = try base.open(path, access)
        state.withLock { _ = $0.openDescriptors.insert(descriptor) }
        afterOpen(path)
        return descriptor
    }

    package func close(_ descriptor: FileDescriptor) throws(SystemCallError) {
        state.withLock { _ = $0.openDescriptors.remove(descriptor) }
        try base.close(descriptor)
    }

    package func read(
        _ descriptor: FileDescriptor,
        into buffer: UnsafeMutableRawBufferPointer,
        offset: UInt64
    ) throws(SystemCallError) -> Int {
        let isShort = try enter("pread")
        let byteCount = isShort ? max(1, buffer.count / 2) : buffer.count
        return try base.read(
            descriptor,
            into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(byteCount)),
            offset: offset
        )
    }

    package func write(
        _ descriptor: FileDescriptor,
        from bytes: UnsafeRawBufferPointer,
        offset: UInt64
    ) throws(SystemCallError) -> Int {
        let isShort = try enter("pwrite")
        var byteCount = isShort ? max(1, bytes.count / 2) : bytes.count
        if let budget = state.withLock({ $0.budget }) {
            guard budget > 0 else { throw SystemCallError(call: "pwrite", number: 28) }
            byteCount = min(byteCount, budget)
        }
        let written = try base.write(
            descriptor,
            from: UnsafeRawBufferPointer(rebasing: bytes.prefix(byteCount)),
            offset: offset
        )
        state.withLock { state in state.budget = state.budget.map { $0 - written } }
        return written
    }

    /// Counted, but not done unless it was asked for: the machine keeps its power, and the tests their pace.
    package func synchronize(_ descriptor: FileDescriptor) throws(SystemCallError) {
        _ = try enter("fsync")
        if synchronizes { try base.synchronize(descriptor) }
    }

    package func startWriteback(_ descriptor: FileDescriptor, offset: UInt64, byteCount: UInt64) {}

    package func status(of descriptor: FileDescriptor) throws(SystemCallError) -> FileStatus {
        _ = try enter("fstat")
        return try base.status(of: descriptor)
    }

    package func status(at path: String) throws(SystemCallError) -> FileStatus {
        _ = try enter("lstat", path)
        return try base.status(at: path)
    }

    package func rename(_ source: String, to target: String) throws(SystemCallError) {
        _ = try enter("rename", target)
        try base.rename(source, to: target)
    }

    package func link(_ source: String, to target: String) throws(SystemCallError) {
        _ = try enter("link", target)
        guard hasHardLinks else { throw SystemCallError(call: "link", number: 1, path: target) }
        try base.link(source, to: target)
    }

    package func unlink(_ path: String) throws(SystemCallError) {
        _ = try enter("unlink", path)
        try base.unlink(path)
    }

    package func makeDirectory(_ path: String) throws(SystemCallError) {
        _ = try enter("mkdir", path)
        try base.makeDirectory(path)
    }

    package func removeDirectory(_ path: String) throws(SystemCallError) {
        _ = try enter("rmdir", path)
        try base.removeDirectory(path)
    }

    package func names(in path: String) throws(SystemCallError) -> [String] {
        _ = try enter("readdir", path)
        return try base.names(in: path)
    }

    package func lock(_ descriptor: FileDescriptor, _ mode: FileLock.Mode) throws(SystemCallError) {
        _ = try enter("flock")
        try base.lock(descriptor, mode)
    }

    package func isWritable(_ path: String) throws(SystemCallError) -> Bool {
        _ = try enter("access", path)
        return try base.isWritable(path) ? isWritable : false
    }

    package func freeByteCount(at path: String) throws(SystemCallError) -> UInt64 {
        _ = try enter("statvfs", path)
        return try base.freeByteCount(at: path)
    }
}
