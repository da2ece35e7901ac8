import ObjectStorage
import SnapshotModel

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension SimulatedFileSystem.State {
    typealias Inode = SimulatedFileSystem.Inode
    typealias Node = SimulatedFileSystem.Node

    func inode(at path: String) -> Inode? {
        var inode = 0
        for component in path.split(separator: "/") {
            guard let next = nodes[inode]?.names[String(component)] else { return nil }
            inode = next
        }
        return inode
    }

    func existing(_ path: String) throws(SystemCallError) -> Inode {
        guard let inode = inode(at: path) else { throw SystemCallError(call: "lookup", number: ENOENT, path: path) }
        return inode
    }

    func locate(
        _ path: String
    ) throws(SystemCallError) -> (directory: Inode, name: String) {
        let components = path.split(separator: "/")
        let directory = try existing(components.dropLast().joined(separator: "/"))
        return (directory, String(components.last ?? ""))
    }

    func inode(_ descriptor: FileDescriptor) throws(SystemCallError) -> Inode {
        guard let open = open[descriptor] else { throw SystemCallError(call: "descriptor", number: EBADF) }
        return open.inode
    }

    func node(_ descriptor: FileDescriptor) throws(SystemCallError) -> Node {
        guard let node = nodes[try inode(descriptor)] else { throw SystemCallError(call: "inode", number: EBADF) }
        return node
    }

    func status(_ inode: Inode) -> FileStatus {
        FileStatus(
            device: 1,
            inode: UInt64(inode),
            linkCount: UInt64(max(0, nodes[inode]?.linkCount ?? 0)),
            byteCount: UInt64(nodes[inode]?.bytes.count ?? 0),
            modifiedAt: UnixMilliseconds(0),
            isDirectory: nodes[inode]?.isDirectory ?? false
        )
    }

    mutating func make(isDirectory: Bool) -> Inode {
        defer { nextInode += 1 }
        nodes[nextInode] = Node(isDirectory: isDirectory)
        log.append(.node(nextInode, isDirectory: isDirectory))
        return nextInode
    }

    mutating func setName(
        _ directory: Inode,
        _ name: String,
        _ inode: Inode?
    ) {
        nodes[directory]?.names[name] = inode
        log.append(.name(directory: directory, name, inode))
    }
}

extension [UInt8] {
    mutating func overwrite(at offset: Int, with bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        if count < end { append(contentsOf: repeatElement(0, count: end - count)) }
        replaceSubrange(offset..<end, with: bytes)
    }
}
