/// One key of a section: a row of the table from which everything about the key follows.
package struct PolicyKey<Section: Sendable>: Sendable {
    package let name: String
    /// What its value is, as the reference calls it: `duration`.
    package let kind: String
    /// One sentence without its full stop.
    package let summary: String
    /// A value as it could stand in a file.
    package let example: String
    /// What the default is, where that is no fixed value.
    package let standard: String?
    let schema: JSONSchema
    /// The keys below it, if it is a section.
    package let children: [Self]
    /// Puts the value into the section, or tells what is wrong with it.
    let read: @Sendable (PolicyNode, inout Section, inout PolicyReading) -> Void
    /// The value in a section as it would stand in a file; nil if there is none.
    ///
    /// Of a section that is there: an empty text.
    package let text: @Sendable (Section) -> String?
}

extension PolicyKey {
    /// A key that always has a value: the property's own is the default.
    init<Value>(
        _ name: String,
        _ property: any WritableKeyPath<Section, Value> & Sendable,
        _ value: PolicyValue<Value>,
        example: String,
        standard: String? = nil,
        _ summary: String
    ) {
        self.init(
            name: name,
            kind: value.name,
            summary: summary,
            example: example,
            standard: standard,
            schema: value.schema,
            children: [],
            read: { node, section, reading in
                if let new = value.read(node, &reading) { section[keyPath: property] = new }
            },
            text: { value.text($0[keyPath: property]) }
        )
    }

    /// A key that may be absent.
    init<Value>(
        _ name: String,
        _ property: any WritableKeyPath<Section, Value?> & Sendable,
        _ value: PolicyValue<Value>,
        example: String,
        standard: String? = nil,
        _ summary: String
    ) {
        self.init(
            name: name,
            kind: value.name,
            summary: summary,
            example: example,
            standard: standard,
            schema: value.schema,
            children: [],
            read: { node, section, reading in
                if let new = value.read(node, &reading) { section[keyPath: property] = new }
            },
            text: { $0[keyPath: property].map(value.text) }
        )
    }

    /// A section with keys of its own.
    init<Inner: PolicySection>(
        section name: String,
        _ property: any WritableKeyPath<Section, Inner> & Sendable,
        _ summary: String
    ) {
        self.init(
            section: name,
            summary,
            get: { $0[keyPath: property] },
            set: { $0[keyPath: property] = $1 },
            isPresent: { _ in true }
        )
    }

    /// A section of which it matters whether it is there at all.
    init<Inner: PolicySection>(
        section name: String,
        _ property: any WritableKeyPath<Section, Inner?> & Sendable,
        _ summary: String
    ) {
        self.init(
            section: name,
            summary,
            get: { $0[keyPath: property] ?? Inner() },
            set: { $0[keyPath: property] = $1 },
            isPresent: { $0[keyPath: property] != nil }
        )
    }

    private init<Inner: PolicySection>(
        section name: String,
        _ summary: String,
        get: @escaping @Sendable (Section) -> Inner,
        set: @escaping @Sendable (inout Section, Inner) -> Void,
        isPresent: @escaping @Sendable (Section) -> Bool
    ) {
        self.init(
            name: name,
            kind: "section",
            summary: summary,
            example: Inner.keys.first.map { "{\($0.name): \($0.example)}" } ?? "{}",
            standard: nil,
            schema: .object(of: Inner.keys),
            children: Inner.keys.map { $0.lifted(get: get, set: set) },
            read: { node, section, reading in
                var inner = get(section)
                inner.read(node, &reading)
                set(&section, inner)
            },
            text: { isPresent($0) ? "" : nil }
        )
    }

    /// The same key seen from the section around its own.
    private func lifted<Outer>(
        get: @escaping @Sendable (Outer) -> Section,
        set: @escaping @Sendable (inout Outer, Section) -> Void
    ) -> PolicyKey<Outer> {
        PolicyKey<Outer>(
            name: name,
            kind: kind,
            summary: summary,
            example: example,
            standard: standard,
            schema: schema,
            children: children.map { $0.lifted(get: get, set: set) },
            read: { [read] node, outer, reading in
                var section = get(outer)
                read(node, &section, &reading)
                set(&outer, section)
            },
            text: { [text] in text(get($0)) }
        )
    }
}
