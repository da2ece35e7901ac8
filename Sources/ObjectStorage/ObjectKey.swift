/// The name of an object: a relative path of `/`-separated components.
///
/// Each component is 1 to 255 bytes of `A-Z a-z 0-9 . _ -` and does not begin with a dot, so that a key is safe as a
/// file name, in a URL and in a shell, and never meets a temporary file or a path outside the store.
package struct ObjectKey: Hashable, Sendable {
    package let path: String

    /// A key that the program itself made; a malformed one is a programmer's mistake.
    package init(_ path: String) {
        precondition(Self.isValid(path), "'\(path)' is not an object key")
        self.path = path
    }

    /// A key read from outside (a directory, a manifest); nil if it is malformed.
    package init?(validating path: String) {
        guard Self.isValid(path) else { return nil }
        self.path = path
    }

    /// The last component.
    package var name: Substring {
        path[(path.utf8.lastIndex(of: slash).map(path.utf8.index(after:)) ?? path.startIndex)...]
    }

    /// The components before the last one, without a slash at the end; empty at the root.
    package var parent: Substring { path[..<(path.utf8.lastIndex(of: slash) ?? path.startIndex)] }

    private static func isValid(_ path: String) -> Bool {
        var length = 0
        for byte in path.utf8 {
            switch byte {
            case slash:
                guard length > 0 else { return false }
                length = 0
                continue
            case UInt8(ascii: "."):
                guard length > 0 else { return false }
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                break
            default: return false
            }
            length += 1
            guard length <= 255 else { return false }
        }
        return length > 0
    }
}

extension ObjectKey: Comparable, CustomStringConvertible {
    package static func < (left: Self, right: Self) -> Bool { left.path < right.path }
    package var description: String { path }
}

private let slash = UInt8(ascii: "/")
