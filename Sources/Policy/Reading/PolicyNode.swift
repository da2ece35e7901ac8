/// A piece of a policy file as it stands there: text, a list or a map, and where.
///
/// Scalars stay the text that somebody wrote. What YAML would make of it (`no` a Boolean, `12:30` the number 750, `010`
/// eight) depends on the version of YAML, so it is never asked: the key's definition decides how the text is read.
struct PolicyNode: Sendable {
    struct Scalar: Sendable {
        let text: String
        /// Without quotes and not as a block.
        let isPlain: Bool
    }

    enum Content: Sendable {
        case scalar(Scalar)
        case list([PolicyNode])
        case map([(key: PolicyNode, value: PolicyNode)])
        /// Something that is refused wherever it stands; the problem is told already.
        case refused
    }

    let content: Content
    let place: PolicyPlace

    init(_ content: Content, at place: PolicyPlace) {
        (self.content, self.place) = (content, place)
    }

    /// A text that comes from somewhere else than a file, such as an option of the command.
    init(text: String) {
        self.init(.scalar(Scalar(text: text, isPlain: true)), at: .start)
    }

    /// Nothing is written there, or one of YAML's words for nothing.
    var isNull: Bool {
        guard case .scalar(let scalar) = content, scalar.isPlain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    var isRefused: Bool {
        if case .refused = content { true } else { false }
    }

    var text: String? {
        if case .scalar(let scalar) = content { scalar.text } else { nil }
    }

    /// What kind of thing it is, with its article.
    var kind: String {
        switch content {
        case .scalar: "one value"
        case .list: "a list"
        case .map: "a map"
        case .refused: "refused"
        }
    }
}
