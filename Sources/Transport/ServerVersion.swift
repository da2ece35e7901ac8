/// A server's version, compared by its three numbers.
package struct ServerVersion: Hashable, Comparable, Sendable {
    package let major: Int
    package let minor: Int
    package let patch: Int

    package init(_ major: Int, _ minor: Int = 0, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads the numbers at the start of each part; what is missing is 0 (`8.0-rc1` is 8.0.0).
    package init(_ text: some StringProtocol) {
        let numbers = text.split(separator: ".").prefix(3).map { part in
            Int(part.prefix { $0.isASCII && $0.isNumber }) ?? 0
        }
        self.init(
            numbers.first ?? 0,
            numbers.count > 1 ? numbers[1] : 0,
            numbers.count > 2 ? numbers[2] : 0
        )
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}

extension ServerVersion: CustomStringConvertible {
    package var description: String { "\(major).\(minor).\(patch)" }
}
