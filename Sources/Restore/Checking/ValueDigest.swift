import NIOCore
package import RDB

/// A digest of a value that does not depend on the order in which a server happens to keep sets, hashes and sorted sets.
///
/// Only comparable within one run of the program (it is made with `Hasher`).
package struct ValueDigest: Hashable, Sendable {
    package let value: Int

    /// nil for a value that cannot be decoded, such as a module's.
    package init?(_ value: RDBValue) {
        var hasher = Hasher()
        switch value {
        case .string(let bytes):
            hasher.combine(0)
            hasher.combine(bytes)
        case .list(let elements):
            hasher.combine(1)
            hasher.combine(elements)
        case .set(let members):
            hasher.combine(2)
            hasher.combine(Self.unordered(members) { $1.combine($0) })
        case .hash(let fields):
            hasher.combine(3)
            hasher.combine(
                Self.unordered(fields) { field, hasher in
                    hasher.combine(field.field)
                    hasher.combine(field.value)
                    hasher.combine(field.expiry)
                }
            )
        case .sortedSet(let members):
            hasher.combine(4)
            hasher.combine(
                Self.unordered(members) { member, hasher in
                    hasher.combine(member.member)
                    hasher.combine(member.score)
                }
            )
        case .stream(let stream):
            hasher.combine(5)
            Self.combine(stream, &hasher)
        case .opaque: return nil
        }
        self.value = hasher.finalize()
    }

    /// The sum of the elements' hashes and their number.
    private static func unordered<Element>(_ elements: [Element], _ combine: (Element, inout Hasher) -> Void) -> [Int] {
        let sum = elements.reduce(0) { sum, element in
            var hasher = Hasher()
            combine(element, &hasher)
            return sum &+ hasher.finalize()
        }
        return [elements.count, sum]
    }

    /// What every version of the type tells; counters that only newer ones know are left out.
    private static func combine(_ stream: StreamValue, _ hasher: inout Hasher) {
        hasher.combine(stream.length)
        hasher.combine(stream.lastID)
        for entry in stream.entries {
            hasher.combine(entry.id)
            for field in entry.fields {
                hasher.combine(field.name)
                hasher.combine(field.value)
            }
        }
        hasher.combine(
            unordered(stream.groups) { group, hasher in
                hasher.combine(group.name)
                hasher.combine(group.lastDelivered)
                hasher.combine(unordered(group.pending) { $1.combine($0.id) })
                hasher.combine(
                    unordered(group.consumers) { consumer, hasher in
                        hasher.combine(consumer.name)
                        hasher.combine(unordered(consumer.pending) { $1.combine($0) })
                    }
                )
            }
        )
    }
}
