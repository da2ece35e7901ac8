import SnapshotModel

/// Reads one element of a `WhatIfList` and collects what is wrong with it.
struct WhatIfElement {
    private(set) var problems: [WhatIfList.Problem] = []
    private let fields: [String: JSONValue]
    private let position: Int
    private let id: String?

    init(_ element: JSONValue, position: Int) {
        self.position = position
        guard case .object(let fields) = element else {
            (self.fields, id) = ([:], nil)
            report("", "is \(element.kind), not an object", "write {\"id\": …, \"takenAt\": …}")
            return
        }
        // Null is the same as absent.
        self.fields = fields.filter { $0.value != .null }
        id = fields["id"]?.text
    }

    private mutating func report(_ field: String, _ problem: String, _ hint: String) {
        problems.append(
            WhatIfList.Problem(element: position, id: id, field: field, problem: problem, hint: hint)
        )
    }

    /// The backup; nil if a field that it needs is wrong.
    mutating func backup(groupBy keys: [GroupKey]) -> Backup? {
        guard problems.isEmpty else { return nil }
        if id == nil || id == "" { report("id", "is missing", "give each snapshot a unique id, a string") }
        if fields["takenAt"] == nil { report("takenAt", "is missing", Self.timeHint) }
        let takenAt = instant("takenAt") ?? UnixMilliseconds(0)
        let tags = tags()
        let backup = Backup(
            id: id ?? "",
            group: group(keys, tags),
            takenAt: takenAt,
            sequence: sequence(),
            state: state(),
            health: health(takenAt),
            parents: texts("parents", "ids of snapshots"),
            tags: tags,
            holds: holds(),
            leaseUntil: instant("leaseUntil"),
            lockedUntil: instant("lockedUntil")
        )
        return problems.isEmpty ? backup : nil
    }

    // MARK: Instants and numbers

    private static let timeHint = "write a time in RFC 3339, 2026-11-21T07:05:00Z, or Unix milliseconds"

    private mutating func instant(_ field: String) -> UnixMilliseconds? {
        fields[field].flatMap { instant($0, field) }
    }

    private mutating func instant(_ value: JSONValue, _ field: String) -> UnixMilliseconds? {
        switch value {
        case .string(let text):
            if let instant = UnixMilliseconds(rfc3339: text) { return instant }
        case .integer(let milliseconds): return UnixMilliseconds(milliseconds)
        default: break
        }
        report(field, "\(value.shown) is no time", Self.timeHint)
        return nil
    }

    private mutating func sequence() -> UInt64 {
        guard let value = fields["sequence"] else { return 0 }
        if let text = value.text, let number = UInt64(text) { return number }
        report("sequence", "\(value.shown) is no sequence number", "write a whole number from 0")
        return 0
    }

    // MARK: Names

    private mutating func state() -> Backup.State {
        guard let value = fields["state"] else { return .complete }
        if let state = value.text.flatMap({ Backup.State(rawValue: $0.lowercased()) }) { return state }
        report("state", "\(value.shown) is no state", "write running, complete, partial or failed")
        return .complete
    }

    /// `"verified"`, `{"verified": TIME}`, `{"state": "verified", "at": TIME}`; without a time that of the snapshot.
    private mutating func health(_ takenAt: UnixMilliseconds) -> Backup.Health {
        guard let value = fields["health"] else { return .unknown }
        var name = value.text
        var at = takenAt
        if case .object(let parts) = value {
            let named = parts.filter { Self.healthNames.contains($0.key.lowercased()) }
            if let (key, time) = named.first, parts.count == 1 {
                name = key
                if time != .null { at = instant(time, "health." + key) ?? takenAt }
            } else {
                name = (parts["state"] ?? parts["status"] ?? parts["name"])?.text
                if let time = parts["at"], time != .null { at = instant(time, "health.at") ?? takenAt }
            }
        }
        switch name?.lowercased() {
        case "unknown": return .unknown
        case "verified": return .verified(at: at)
        case "drilled": return .drilled(at: at)
        case "suspicious": return .suspicious
        case "corrupt": return .corrupt
        default:
            report("health", "\(value.shown) is no health", "write unknown, verified, drilled, suspicious or corrupt")
            return .unknown
        }
    }

    private static let healthNames: Set = ["unknown", "verified", "drilled", "suspicious", "corrupt"]

    private mutating func group(_ keys: [GroupKey], _ tags: [String: String]) -> String {
        if let value = fields["group"] {
            if let text = value.text { return text }
            report("group", "is \(value.kind)", "write the group's name, a string")
        }
        func value(_ key: GroupKey) -> String? {
            if case .tag(let name) = key { return tags[name] }
            return fields["\(key)"]?.text
        }
        return keys.allSatisfy { value($0) == nil } ? "all" : GroupKey.group(by: keys, value: value)
    }

    // MARK: Lists

    /// A string, or an array of strings.
    private mutating func texts(_ field: String, _ what: String) -> [String] {
        guard let value = fields[field] else { return [] }
        if let text = value.text { return [text] }
        guard case .array(let items) = value else {
            report(field, "is \(value.kind), not an array", "write \(what), strings in an array")
            return []
        }
        return items.enumerated().compactMap { index, item in
            if let text = item.text { return text }
            report("\(field)[\(index)]", "is \(item.kind), not a string", "write \(what), strings in an array")
            return nil
        }
    }

    /// An object of names and values, or an array of `name=value` and plain names, whose value is empty.
    private mutating func tags() -> [String: String] {
        guard case .object(let pairs)? = fields["tags"] else {
            let pairs = texts("tags", "tags").map { tag in
                let parts = tag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                return (parts[0], parts.count > 1 ? parts[1] : "")
            }
            return Dictionary(pairs) { $1 }
        }
        var tags: [String: String] = [:]
        for (name, value) in pairs.sorted(by: { $0.key < $1.key }) {
            if let text = value == .null ? "" : value.text {
                tags[name] = text
            } else {
                report("tags.\(name)", "is \(value.kind), not a string", "give the tag a string as its value")
            }
        }
        return tags
    }

    /// An array of names or of objects with `name`, `reason`, `by` and `until`; one of them alone stands for an array of it.
    private mutating func holds() -> [Backup.Hold] {
        guard let value = fields["holds"] else { return [] }
        var items = [value]
        if case .array(let array) = value { items = array }
        return items.enumerated().compactMap { index, item in
            let field = "holds[\(index)]"
            if let name = item.text { return Backup.Hold(name: name) }
            guard case .object(let parts) = item else {
                report(field, "is \(item.kind)", "write a name, or {\"name\": …, \"reason\": …, \"until\": …}")
                return nil
            }
            let reason = parts["reason"]?.text ?? ""
            let until = parts["until"].flatMap { $0 == .null ? nil : instant($0, field + ".until") }
            let name = parts["name"]?.text ?? (reason.isEmpty ? "hold" : reason)
            return Backup.Hold(name: name, reason: reason, by: parts["by"]?.text ?? "", until: until)
        }
    }
}
