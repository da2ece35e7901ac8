package import NIOCore
import RDB

/// A function library that is not the same on both sides.
package struct LibraryDifference: Hashable, Sendable {
    package var kind: DifferenceKind
    package var name: String
}

/// Compares function libraries by their names and code.
package enum LibraryComparison {
    /// The differences by name; bodies are those of records of kind `functionLibrary`, the code as an RDB string.
    package static func differences(left: [ByteBuffer], right: [ByteBuffer]) -> [LibraryDifference] {
        let (left, right) = (byName(left), byName(right))
        return Set(left.keys).union(right.keys).sorted().compactMap { name in
            switch (left[name], right[name]) {
            case (.some, nil): LibraryDifference(kind: .missing, name: name)
            case (nil, .some): LibraryDifference(kind: .extra, name: name)
            case (let own, let other): own == other ? nil : LibraryDifference(kind: .changed, name: name)
            }
        }
    }

    private static func byName(_ bodies: [ByteBuffer]) -> [String: ByteBuffer] {
        var libraries: [String: ByteBuffer] = [:]
        for body in bodies {
            var code = ByteBuffer()
            RDBString.write(body, into: &code)
            libraries[name(in: code)] = code
        }
        return libraries
    }

    /// Of the first line, `#!lua name=mylib`; the whole line where it tells no name.
    private static func name(in code: ByteBuffer) -> String {
        let line = String(decoding: code.readableBytesView.prefix { $0 != 0x0A }.prefix(1000), as: UTF8.self)
        let words = line.split(whereSeparator: \.isWhitespace)
        return words.first { $0.hasPrefix("name=") }.map { String($0.dropFirst(5)) } ?? line
    }
}
