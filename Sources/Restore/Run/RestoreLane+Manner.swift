import RESP
import Transport

extension RestoreLane {
    /// How the connections of a restore write.
    struct Manner: Sendable {
        /// nil to write as fast as the target takes it.
        var throttle: SendThrottle?
        /// Whether the target is told that this is an import (Valkey).
        var isImportSource = false

        /// Makes a new connection ready for it.
        func prepare(_ connection: NodeConnection) async throws(TransportError) {
            if isImportSource { _ = try await connection.reply(to: ["CLIENT", "IMPORT-SOURCE", "ON"]) }
        }

        /// Waits until so much may be sent; `address` is the target's, for the error of a run that is cancelled.
        func wait(recordCount: Int, byteCount: Int, _ address: String) async throws(TransportError) {
            do throws(CancellationError) {
                try await throttle?.wait(recordCount: recordCount, byteCount: byteCount)
            } catch {
                throw TransportError(.cancelled, "\(address): cancelled")
            }
        }
    }
}
