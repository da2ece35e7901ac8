import Policy
import SnapshotModel

/// Problems and values of policies as lines and as JSON.
enum PolicyRendering {
    /// The last line about a file: `web.yaml: good, 2 warnings`.
    static func verdict(_ file: String, _ problems: [PolicyProblem]) -> String {
        let errors = problems.count { $0.severity == .error }
        let warnings = problems.count - errors
        var parts = [errors == 0 ? "good" : Figures.counted(UInt64(errors), "problem")]
        if warnings > 0 { parts.append(Figures.counted(UInt64(warnings), "warning")) }
        return file + ": " + parts.joined(separator: ", ")
    }

    static func json(_ problem: PolicyProblem, file: String) -> JSONObject {
        [
            "file": .string(file),
            "line": .count(problem.place.line),
            "column": .count(problem.place.column),
            "severity": .string(problem.severity.rawValue),
            "keyPath": problem.keyPath.isEmpty ? .null : .string(problem.keyPath),
            "value": problem.value.isEmpty ? .null : .string(problem.value),
            "problem": .string(problem.problem),
            "hint": .string(problem.hint),
        ]
    }

    static func json(_ value: EffectivePolicy.Value) -> JSONObject {
        var object: JSONObject = ["keyPath": .string(value.keyPath), "value": .optional(value.text)]
        if let remark = value.remark { object.add("remark", .string(remark)) }
        switch value.origin {
        case .option(let name):
            object.add(["origin": .string("option"), "originName": .string(name)])
        case .environment(let name):
            object.add(["origin": .string("environment"), "originName": .string(name)])
        case .policy(let place):
            object.add(["origin": .string("policy"), "line": .count(place.line)])
        case .standard:
            object.add("origin", .string("default"))
        }
        return object
    }

    static func cells(_ value: EffectivePolicy.Value) -> [String] {
        let shown = value.text ?? value.remark.map { "(\($0))" } ?? "-"
        if case .policy(let place) = value.origin { return [value.keyPath, shown, "policy, line \(place.line)"] }
        return [value.keyPath, shown, value.origin.name]
    }
}
