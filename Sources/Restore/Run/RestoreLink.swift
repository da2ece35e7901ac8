import Transport

/// The connections of one attempt to restore: lanes that write, and one for everything else.
struct RestoreLink {
    let control: any TargetStore
    let lanes: [any WritingLane]
    let clock: TargetClock

    /// Opens the lanes beside a connection that is there.
    static func open(
        beside control: any TargetStore,
        clock: TargetClock,
        _ target: ConnectionOptions,
        laneCount: Int,
        _ manner: RestoreLane.Manner
    ) async throws(TransportError) -> Self {
        var lanes: [any WritingLane] = []
        do throws(TransportError) {
            for _ in 0..<laneCount { lanes.append(try await control.openLane(target, manner)) }
        } catch {
            for lane in lanes { await lane.close() }
            throw error
        }
        return Self(control: control, lanes: lanes, clock: clock)
    }

    func close() async {
        for lane in lanes { await lane.close() }
        await control.close()
    }
}
