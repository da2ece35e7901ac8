import Capture
import Comparison
import NIOCore
import RDB
import SnapshotModel
import Transport

extension SnapshotSentinel {
    /// Looks for it in a node of either family, over a connection of its own.
    func search(_ connection: ConnectionOptions) async throws -> Finding {
        switch connection.url.family {
        case .redis:
            let node = try await NodeConnection.connect(connection)
            return try await Self.closing(node.close) { try await search(node) }
        case .memcached:
            let node = try await MemcachedConnection.connect(connection)
            return try await Self.closing(node.close) { try await search(node) }
        }
    }

    /// Runs `body`, then `close`, whatever became of it.
    private static func closing(
        _ close: () async -> Void,
        _ body: () async throws -> Finding
    ) async throws -> Finding {
        do {
            let finding = try await body()
            await close()
            return finding
        } catch {
            await close()
            throw error
        }
    }

    private func search(_ node: MemcachedConnection) async throws -> Finding {
        var reader = ItemReader(node, scope: ValueFingerprinter.Scope())
        guard let elements = try await reader.elements(of: ByteBuffer(string: key)) else { return .missing }
        let found = elements.reduce(into: ByteBuffer()) { bytes, element in
            if case .stringPart(let part) = element { bytes.writeImmutableBuffer(part) }
        }
        return found == ByteBuffer(string: value) ? .found : .different
    }
}
