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
            do {
                let finding = try await search(node)
                await node.close()
                return finding
            } catch {
                await node.close()
                throw error
            }
        case .memcached:
            let node = try await MemcachedConnection.connect(connection)
            do {
                let finding = try await search(node)
                await node.close()
                return finding
            } catch {
                await node.close()
                throw error
            }
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
