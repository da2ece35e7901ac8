/// A kind of value: how it is read, how it is shown, and what an editor is told about it.
package struct PolicyValue<Value: Sendable>: Sendable {
    /// What the reference calls it: `duration`.
    let name: String
    let schema: JSONSchema
    /// nil if what stands there is wrong; the problem is then in the reading.
    let read: @Sendable (PolicyNode, inout PolicyReading) -> Value?
    /// As it would stand in a file.
    let text: @Sendable (Value) -> String
}

extension PolicyValue {
    /// A value that is written as one text.
    ///
    /// The directory given to `parse` is the one at which relative file names start.
    static func scalar(
        _ name: String,
        _ schema: JSONSchema,
        text: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (PolicyNode.Scalar, _ directory: String) throws(PolicyFault) -> Value
    ) -> Self {
        Self(
            name: name,
            schema: schema,
            read: { node, reading in
                guard case .scalar(let scalar) = node.content else {
                    if !node.isRefused { reading.report(PolicyFault("is \(node.kind), not a \(name)"), at: node.place) }
                    return nil
                }
                do throws(PolicyFault) {
                    return try parse(scalar, reading.directory)
                } catch {
                    reading.report(error, at: node)
                    return nil
                }
            },
            text: text
        )
    }

    /// Two ways to write the same: a map is read by the second, everything else by the first.
    static func either(_ short: Self, orMap long: Self, text: @escaping @Sendable (Value) -> String) -> Self {
        Self(
            name: short.name + " or " + long.name,
            schema: .any(of: [short.schema, long.schema]),
            read: { node, reading in
                if case .map = node.content { return long.read(node, &reading) }
                return short.read(node, &reading)
            },
            text: text
        )
    }

    /// A list; every item is read, also behind a wrong one.
    static func list<Item>(_ name: String, of item: PolicyValue<Item>) -> PolicyValue<[Item]> where Value == [Item] {
        PolicyValue<[Item]>(
            name: name,
            schema: .list(of: item.schema),
            read: { node, reading in
                guard case .list(let nodes) = node.content else {
                    if !node.isRefused { reading.report(PolicyFault("is \(node.kind), not a list"), at: node.place) }
                    return nil
                }
                var items: [Item] = []
                for (index, node) in nodes.enumerated() {
                    reading.enter("[\(index)]") { reading in
                        reading.remember(node.place)
                        if node.isNull {
                            reading.report(PolicyFault("is empty"), at: node.place)
                        } else if let value = item.read(node, &reading) {
                            items.append(value)
                        }
                    }
                }
                return items
            },
            text: { "[" + $0.map(item.text).joined(separator: ", ") + "]" }
        )
    }
}

extension PolicyValue where Value: PolicySection {
    /// A map with the keys of a section, where one text is not enough.
    static func section(_ name: String) -> Self {
        Self(
            name: name,
            schema: .object(of: Value.keys),
            read: { node, reading in
                var section = Value()
                section.read(node, &reading)
                return section
            },
            text: { section in
                let members = Value.keys.compactMap { key in key.text(section).map { "\(key.name): \($0)" } }
                return "{" + members.joined(separator: ", ") + "}"
            }
        )
    }
}
