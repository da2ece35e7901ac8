import Foundation
import Retention
import SnapshotModel

/// Retention once more, as plainly as the specification reads, with Foundation's calendar and without any care for speed.
///
/// It shares no code with the planner: the order, buckets, windows and floors are its own.
struct NaiveModel {
    var policy: RetentionPolicy
    var now: Int64

    /// The reasons of each backup without bucket names and counters; a backup without any would be deleted.
    func reasons(_ all: [Backup]) -> [String: Set<String>] {
        var why = Dictionary(uniqueKeysWithValues: all.map { ($0.id, Set<String>()) })
        for group in Set(all.map(\.group)) {
            let list = all.filter { $0.group == group }.sorted { key($0).lexicographicallyPrecedes(key($1)) }.reversed()
            let good = list.filter { $0.state == .complete && ms($0) <= now + 300_000 && !isBad($0) }
            let anchor = policy.anchor == .now ? now : good.first.map(ms) ?? now
            for (index, item) in good.enumerated() {
                if let last = policy.last, index < number(last) { why[item.id]?.insert("last") }
                if let window = policy.within, ms(item) > minus(window, anchor) { why[item.id]?.insert("within") }
                for tags in policy.tags where tags.allSatisfy({ has(item, $0) }) { why[item.id]?.insert("tags") }
            }
            var isFree = false
            for tier in RetentionTier.allCases {
                let rule = policy.rule(of: tier)
                var names: [String] = []
                for item in good where !names.contains(bucket(tier, item)) { names.append(bucket(tier, item)) }
                if let count = rule.count, number(count) > 0 { isFree = names.count < number(count) }
                for name in rule.within == nil ? Array(names.prefix(rule.count.map(number) ?? 0)) : names {
                    let members = good.filter { bucket(tier, $0) == name }
                    guard let best = policy.prefer == .newest ? members.first : members.last else { continue }
                    if let window = rule.within, ms(best) <= minus(window, anchor) { continue }
                    why[best.id]?.insert(tier.rawValue)
                }
            }
            if policy.oldest ?? isFree, let oldest = good.last { why[oldest.id]?.insert("oldest") }
            for bad in [["partial", "failed"], ["suspicious"]] {
                let those = list.filter { bad.contains(kind($0)) }
                for (index, item) in those.enumerated() {
                    if ms(item) > minus(policy.failed.keepFor, now) { why[item.id]?.insert("keep-for") }
                    if index < policy.failed.keepLast { why[item.id]?.insert("keep-last") }
                }
            }
            let finest = RetentionTier.allCases.first { !policy.rule(of: $0).isOff }
            for item in list where kind(item) == "corrupt" {
                let heirs = good.filter { heir in
                    key(item).lexicographicallyPrecedes(key(heir))
                        || finest.map { bucket($0, heir) == bucket($0, item) } ?? false
                }
                if heirs.isEmpty { why[item.id]?.insert("corrupt") }
            }
            for item in list where kind(item) == "future" { why[item.id]?.insert("future-dated") }
            for item in good.filter({ $0.parents.isEmpty }).prefix(policy.minimumCopies) {
                why[item.id]?.insert("min-copies")
            }
            let (drilled, verified) = (good.first { proof($0) == "d" }, good.first { proof($0) != "" })
            if policy.lastDrilled, let drilled { why[drilled.id]?.insert("last-drilled") }
            if policy.lastVerified, let verified { why[verified.id]?.insert("last-verified") }
        }
        for item in all {
            if item.state == .running { why[item.id]?.insert("running") }
            if item.holds.contains(where: { now < $0.until?.rawValue ?? .max }) { why[item.id]?.insert("hold") }
            if let until = item.leaseUntil, now < until.rawValue { why[item.id]?.insert("lease") }
            if let until = item.lockedUntil, now < until.rawValue { why[item.id]?.insert("immutable") }
        }
        for _ in all {
            for child in all where why[child.id]?.isEmpty == false {
                for parent in child.parents where parent != child.id { why[parent]?.insert("needed-by") }
            }
        }
        return why
    }

    private func ms(_ item: Backup) -> Int64 { item.takenAt.rawValue }
    private func number(_ count: RetentionCount) -> Int { count == .all ? .max : Int("\(count)") ?? 0 }
    private func isBad(_ item: Backup) -> Bool { item.health == .corrupt || item.health == .suspicious }
    private func key(_ item: Backup) -> [String] {
        // Numbers as text of one length, so that they compare as numbers; instants are moved above zero.
        [
            String(format: "%020lld", ms(item) + 1_000_000_000_000_000_000), String(format: "%020llu", item.sequence),
            item.id,
        ]
    }

    private func kind(_ item: Backup) -> String {
        if item.state != .complete { return item.state.rawValue }
        if ms(item) > now + 300_000 { return "future" }
        return item.health == .corrupt ? "corrupt" : item.health == .suspicious ? "suspicious" : "good"
    }

    private func proof(_ item: Backup) -> String {
        switch item.health {
        case .drilled: "d"
        case .verified: "v"
        case .unknown, .suspicious, .corrupt: ""
        }
    }

    private func has(_ item: Backup, _ tag: String) -> Bool {
        item.tags.contains { $0.key == tag || "\($0.key)=\($0.value)" == tag }
    }

    private var zone: TimeZone { TimeZone(identifier: policy.timeZone) ?? .gmt }

    private func bucket(_ tier: RetentionTier, _ item: Backup) -> String {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = zone
        let date = Date(timeIntervalSince1970: Double(ms(item)) / 1000)
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .weekOfYear, .yearForWeekOfYear],
            from: date
        )
        let day = [parts.year, parts.month, parts.day]
        let offset = zone.secondsFromGMT(for: date)
        return switch tier {
        case .minutely: "\(day) \([parts.hour, parts.minute, offset])"
        case .hourly: "\(day) \([parts.hour, offset])"
        case .daily: "\(day)"
        case .weekly: "\([parts.yearForWeekOfYear, parts.weekOfYear])"
        case .monthly: "\([parts.year, parts.month])"
        case .quarterly: "\([parts.year, parts.month.map { ($0 + 2) / 3 }])"
        case .yearly: "\([parts.year])"
        }
    }

    /// `instant` less the duration, the wall time looked up by trying both offsets around it.
    func minus(_ duration: CivilDuration, _ instant: Int64) -> Int64 {
        var result = instant
        if duration.months != 0 || duration.days != 0 {
            var calendar = Calendar(identifier: .iso8601)
            calendar.timeZone = .gmt
            let here = Date(timeIntervalSince1970: Double(instant) / 1000)
            let wall = here.addingTimeInterval(Double(zone.secondsFromGMT(for: here)))
            // Foundation's own subtraction of 24 months from 29 February gives 1 March: so month and day are put together.
            var parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second, .nanosecond],
                from: wall
            )
            let months = (parts.year ?? 0) * 12 + (parts.month ?? 1) - 1 - Int(duration.months)
            let first = calendar.date(from: DateComponents(year: months / 12, month: months % 12 + 1, day: 1)) ?? wall
            let length = calendar.range(of: .day, in: .month, for: first)?.count ?? 31
            parts.day = min(parts.day ?? 1, length)
            (parts.year, parts.month) = (months / 12, months % 12 + 1)
            let month = calendar.date(from: parts) ?? wall
            let day = month.addingTimeInterval(-Double(duration.days) * 86_400)
            let before = zone.secondsFromGMT(for: day.addingTimeInterval(-86_400))
            let after = zone.secondsFromGMT(for: day.addingTimeInterval(86_400))
            let tries = [before, after].filter {
                zone.secondsFromGMT(for: day.addingTimeInterval(-Double($0))) == $0
            }
            // The earlier of two, and in a gap what the offset before it gives: forward.
            let offset = tries.max() ?? before
            result = Int64((day.timeIntervalSince1970 * 1000).rounded()) - Int64(offset) * 1000
        }
        return result - duration.milliseconds
    }
}
