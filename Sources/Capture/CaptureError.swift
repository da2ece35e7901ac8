/// A capture that cannot begin or go on, for a reason that is neither the connection's nor the storage's.
package struct CaptureError: Error, Sendable {
    package enum Code: Hashable, Sendable {
        /// The source holds old data or none at the moment: it loads, or its link to its primary is down.
        case notReady
        /// The source does not offer what the method needs.
        case unsupported
        /// The source is set up so that it does not tell what it holds.
        case denied
        /// The source answered what no server of its kind answers.
        case protocolViolation
        /// The stream, the file or a payload is damaged.
        case damaged
        /// A key kept changing while it was read, or the source did.
        case unstable
        /// The file cannot be read.
        case unreadable
    }

    package var code: Code
    /// What failed, on which object, and what to do; never a key's name.
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension CaptureError: CustomStringConvertible {
    package var description: String { message }
}
