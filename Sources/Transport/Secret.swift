/// A password.
///
/// It never shows itself in descriptions, dumps or interpolations.
package struct Secret: Hashable, Sendable {
    /// The password, for the one place that sends it.
    package let exposed: String

    package init(_ text: String) {
        exposed = text
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
