package import Retention

/// `retention:`, which snapshots are kept. What the keys do is told by the module Retention, which also checks that they
/// go together.
extension RetentionPolicy: PolicySection {
    package static let keys: [PolicyKey<Self>] =
        [
            .init(
                "time-zone",
                \.timeZone,
                .text,
                example: "Europe/Rome",
                "The zone in which days begin, by its IANA name; never the machine's"
            ),
            .init(
                "group-by",
                \.groupBy,
                .list("properties", of: .groupKey),
                example: "[source, tag:env]",
                "Snapshots are counted apart by these: source, policy, engine, method, tag:NAME"
            ),
            .init(
                "anchor",
                \.anchor,
                .choice,
                example: "now",
                "Windows count back from the newest snapshot, so that history survives a pause, or from now"
            ),
            .init("prefer", \.prefer, .choice, example: "oldest", "Which snapshot of a period represents it"),
            .init("last", \.last, .retentionCount, example: "24", standard: "off", "Keep the newest so many"),
            .init("within", \.within, .civil, example: "2w", standard: "off", "Keep everything younger than this"),
        ] + RetentionTier.allCases.map(tier) + [
            .init(
                "tags",
                \.tags,
                .list("lists of tags", of: .list("tags", of: .text)),
                example: "[[release, env=prod], [manual]]",
                "Keep snapshots that have all tags of at least one list"
            ),
            .init(
                "oldest",
                \.oldest,
                .flag,
                example: "true",
                standard: "while the coarsest counted tier has free slots",
                "Keep the oldest snapshot"
            ),
            .init(
                "min-copies",
                \.minimumCopies,
                .whole(1...1_000_000),
                example: "2",
                "Never fewer full snapshots than this, whatever the rules say"
            ),
            .init(
                "last-drilled",
                \.lastDrilled,
                .flag,
                example: "true",
                "Keep the newest snapshot that passed a drill, whatever its age"
            ),
            .init(
                "last-verified",
                \.lastVerified,
                .flag,
                example: "true",
                "Keep the newest snapshot that was verified, whatever its age"
            ),
            .init(
                "max-delete",
                \.maximumDeletePercent,
                .percent(0...100),
                example: "50%",
                "More than this share of a group, and more than 3, is never deleted at once without --allow-mass-delete"
            ),
            .init(
                "grace",
                \.grace,
                .civil,
                example: "24h",
                "How long an expired snapshot can be taken back with undelete"
            ),
            .init(
                "apply",
                \.apply,
                .flag,
                example: "true",
                "Whether a snapshot by this policy expires after success; otherwise only rewarm expire --apply does"
            ),
            .init(section: "failed", \.failed, "Failed, partial and suspicious snapshots, which fill no slot"),
            .init(
                "confirm-policy-change",
                \.confirmPolicyChange,
                .flag,
                example: "true",
                "Whether a changed retention must be accepted, with --accept-policy-change, before it deletes"
            ),
        ]

    private static func tier(_ tier: RetentionTier) -> PolicyKey<Self> {
        .init(
            tier.rawValue,
            \.tiers[tier],
            .tier,
            example: tier == .daily ? "7" : "{within: 2w}",
            standard: "off",
            "Keep one of each \(tier.period): the newest so many that there are, all, or those within a time"
        )
    }

    package var contradictions: [PolicyContradiction] {
        validate().map { problem in
            let key = problem.keyPath.dropFirst("retention.".count)
            return PolicyContradiction(String(key), value: problem.value, problem.problem, hint: problem.hint)
        }
    }
}

extension RetentionPolicy.Failed: PolicySection {
    package static let keys: [PolicyKey<Self>] = [
        .init("keep-for", \.keepFor, .civil, example: "3d", "Keep those younger than this"),
        .init(
            "keep-last",
            \.keepLast,
            .whole(0...1_000_000),
            example: "3",
            "Keep the newest so many whatever their age"
        ),
    ]
}

extension RetentionTierRule: PolicySection {
    package init() {
        self.init(count: nil, within: nil)
    }

    package static let keys: [PolicyKey<Self>] = [
        .init("within", \.within, .civil, example: "2w", "Every period in this time before the anchor"),
        .init("count", \.count, .retentionCount, example: "7", "The newest so many periods that hold a snapshot"),
    ]

    package var contradictions: [PolicyContradiction] {
        count == nil && within == nil ? [.init("", "says nothing", hint: "write a number, all, or {within: 2w}")] : []
    }
}

extension RetentionTier {
    /// The calendar's word.
    fileprivate var period: String {
        switch self {
        case .minutely: "minute"
        case .hourly: "hour"
        case .daily: "day"
        case .weekly: "week"
        case .monthly: "month"
        case .quarterly: "quarter"
        case .yearly: "year"
        }
    }
}

extension PolicyValue<RetentionCount> {
    static let retentionCount = PolicyValue(
        name: "number or all",
        schema: .any(of: [.integer(0, 1_000_000_000), .oneOf(["all"])]),
        read: { node, reading in
            if node.text == "all" { return .all }
            return PolicyValue<Int>.whole(0...1_000_000_000).read(node, &reading).map { .limited($0) }
        },
        text: \.description
    )
}

extension PolicyValue<RetentionTierRule> {
    static let tier: Self = {
        let count = PolicyValue<RetentionCount>.retentionCount
        let short = PolicyValue(
            name: count.name,
            schema: count.schema,
            read: { node, reading in
                if let text = node.text, (try? CivilDuration(parsing: text)) != nil {
                    reading.report(PolicyFault("is a duration", hint: "write {within: \(text)}"), at: node)
                    return nil
                }
                return count.read(node, &reading).map { RetentionTierRule(count: $0) }
            },
            text: { $0.count.map(count.text) ?? "0" }
        )
        let long = section("{within: duration}")
        return either(short, orMap: long) { $0.within == nil ? short.text($0) : long.text($0) }
    }()
}

extension PolicyValue<GroupKey> {
    static let groupKey = scalar(
        "property",
        .pattern("^(source|policy|engine|method|tag:.+)$"),
        text: { PolicyText.quoted($0.description) }
    ) { scalar, _ throws(PolicyFault) in
        if let key = GroupKey(scalar.text) { return key }
        throw PolicyFault("is no property of snapshots", hint: "possible are source, policy, engine, method, tag:NAME")
    }
}
