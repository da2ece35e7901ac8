/// What the wall clock of a zone shows at an instant, to the millisecond.
package struct WallTime: Hashable, Sendable {
    package var date: CivilDate
    /// 0 to 86,399,999.
    package var millisecondOfDay: Int64
    /// How far the wall clock is ahead of UTC, in seconds.
    package var offset: Int64

    package init(date: CivilDate, millisecondOfDay: Int64, offset: Int64) {
        (self.date, self.millisecondOfDay, self.offset) = (date, millisecondOfDay, offset)
    }

    package var hour: Int64 { millisecondOfDay / 3_600_000 }

    /// `+02:00`; with seconds where an offset has them, as local mean times do.
    static func text(ofOffset offset: Int64) -> String {
        let magnitude = Int(offset.magnitude)
        let seconds = magnitude % 60 == 0 ? "" : ":" + (magnitude % 60).padded(to: 2)
        return (offset < 0 ? "-" : "+") + (magnitude / 3600).padded(to: 2) + ":" + (magnitude / 60 % 60).padded(to: 2)
            + seconds
    }
}
