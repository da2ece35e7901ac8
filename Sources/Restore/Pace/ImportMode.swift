import RESP
import SnapshotModel
import Transport

/// Valkey's import mode for the time of a load: while it is on, the target neither expires nor evicts keys, so that the
/// load does not compete with its cleaning up.
///
/// `CONFIG SET import-mode yes` and, on each connection that writes, `CLIENT IMPORT-SOURCE ON` (Valkey 8.1,
/// valkey:src/expire.c, src/evict.c, src/networking.c). It outlives its connections: a run that was killed leaves it on.
/// The next run finds it on with no client that imports, and turns it off. A target that evicts keeps its own ways: in
/// import mode it would answer -OOM where it evicts otherwise.
struct ImportMode: Sendable {
    /// Turned off at the end of this run.
    private(set) var isOurs: Bool
    /// What is to be told.
    private(set) var notices: [String] = []

    /// Not used.
    init() {
        isOurs = false
    }

    private init(isOurs: Bool, notices: [String]) {
        self.isOurs = isOurs
        self.notices = notices
    }

    /// Turns it on, where the target has it and lets us.
    static func begin(
        _ control: NodeConnection,
        _ plan: RestorePlan
    ) async throws(TransportError) -> Self {
        guard plan.target.engine == .valkey else { return Self() }
        let setting = try await control.reply(to: ["CONFIG", "GET", "import-mode"]).elements?.last?.text
        switch setting {
        case "yes":
            // What was tried before, with a deadline in 1970, is kept in import mode.
            _ = try await control.reply(to: ["DEL", .text(plan.target.trialKey)])
            guard try await isAbandoned(control) else {
                return Self(
                    isOurs: false,
                    notices: [
                        "\(control.address) is in import mode, and perhaps another client imports: it stays on; while "
                            + "it is on the node neither expires nor evicts keys (CONFIG SET import-mode no)"
                    ]
                )
            }
            let notice =
                "\(control.address) was left in import mode by a run that was interrupted: it is turned off"
            guard !plan.target.evicts else {
                _ = try await control.reply(to: ["CONFIG", "SET", "import-mode", "no"])
                return Self(isOurs: false, notices: [notice])
            }
            return Self(isOurs: true, notices: [notice + " at the end of this one"])
        case "no" where !plan.target.evicts:
            let isOn = try await control.reply(to: ["CONFIG", "SET", "import-mode", "yes"]).isOK
            return Self(isOurs: isOn, notices: [])
        default: return Self()
        }
    }

    /// Whether CLIENT LIST shows no client with the flag of an import source.
    private static func isAbandoned(_ control: NodeConnection) async throws(TransportError) -> Bool {
        guard let list = try await control.reply(to: ["CLIENT", "LIST"]).text else { return false }
        return !list.split(whereSeparator: \.isNewline).contains { line in
            line.split(separator: " ").contains { $0.hasPrefix("flags=") && $0.dropFirst("flags=".count).contains("I") }
        }
    }

    /// Turns it off again, whatever became of the run; tells if it could not.
    mutating func end(_ target: ConnectionOptions) async {
        guard isOurs else { return }
        isOurs = false
        // In a task of its own: a run that was cancelled turns it off, too.
        let isOff = await Task { await Self.turnOff(target) }.value
        guard !isOff else { return }
        notices.append(
            "\(target.url.address) could not be asked to leave import mode, in which it neither expires nor evicts keys: "
                + "turn it off with CONFIG SET import-mode no, or run the restore again"
        )
    }

    private static func turnOff(_ target: ConnectionOptions) async -> Bool {
        do throws(TransportError) {
            let connection = try await NodeConnection.connect(target)
            do throws(TransportError) {
                let isOff = try await connection.reply(to: ["CONFIG", "SET", "import-mode", "no"]).isOK
                await connection.close()
                return isOff
            } catch {
                await connection.close()
                return false
            }
        } catch {
            return false
        }
    }
}
