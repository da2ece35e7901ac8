import Transport

/// What goes on around a load so that the target bears it: its pace, the watch over its latency, its import mode.
///
/// It begins before the first write and ends after the last, whatever ended the load.
struct LoadManner: Sendable {
    private let target: ConnectionOptions
    private let throttle: SendThrottle?
    private let pulse: Task<Void, Never>?
    private var importMode: ImportMode

    /// Asks the target over `control`.
    static func begin(
        _ control: any TargetStore,
        _ plan: RestorePlan,
        _ target: ConnectionOptions
    ) async throws(TransportError) -> Self {
        let throttle = try await TargetPulse.throttle(plan.options, control)
        // Last, since it has to be taken back.
        let importMode = try await control.beginImport(plan)
        var pulse: Task<Void, Never>?
        if let throttle, throttle.slowing != nil {
            let watch = TargetPulse(target: target, throttle: throttle)
            pulse = Task { await watch.run() }
        }
        return Self(target: target, throttle: throttle, pulse: pulse, importMode: importMode)
    }

    /// How connections that write are to be opened.
    var lanes: RestoreLane.Manner {
        RestoreLane.Manner(throttle: throttle, isImportSource: importMode.isOurs)
    }

    /// How far the target's latency held the load back; nil if that was not asked for.
    var slowing: SendThrottle.Slowing? { throttle?.slowing }

    /// What is to be told of the import mode, as sentences.
    var notices: [String] { importMode.notices }

    /// Ends the watch, and takes back what was set; the second time it does nothing.
    mutating func end() async {
        pulse?.cancel()
        await pulse?.value
        await importMode.end(target)
    }
}
