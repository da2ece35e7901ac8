import Yams

/// The text of a policy file as a tree with places.
///
/// With `YAMLSyntax` the only place that knows Yams. Whatever has two meanings is refused here: anchors, aliases, tags, several documents.
struct PolicyTree {
    /// nil if the text is no YAML, or nothing.
    private(set) var root: PolicyNode?
    private(set) var problems: [PolicyProblem] = []

    /// Keys that stand twice have another name while Yams reads them.
    private var renamings = DuplicateKeys()

    /// Deeper than any policy goes.
    private static let deepest = 16

    init(_ text: String) {
        if let place = AliasFlood.place(in: text) {
            problems.append(Self.problem(place, Self.aliasProblem, Self.aliasHint))
            return
        }
        do {
            try compose(text)
        } catch {
            problems.append(YAMLSyntax.problem(error, in: text))
        }
        for index in problems.indices { problems[index].place = problems[index].place.within(text) }
    }

    private mutating func compose(_ text: String) throws {
        var text = text
        while true {
            // Without rules Yams takes every scalar for a string.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            let node: Node?
            do {
                node = try parser.nextRoot()
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let place = PolicyPlace(line: context.mark.line, column: context.mark.column)
                if let renamed = renamings.rename(names, at: place, in: text) {
                    text = renamed
                    continue
                }
                let name = names.first ?? ""
                problems.append(Self.problem(place, "the key '\(name)' stands here twice", "keep one of them"))
                return
            }
            guard let node else { return }
            // The parser owns the anchors of its nodes.
            root = withExtendedLifetime(parser) { convert(node, depth: 0) }
            refuseSecondDocument(parser, text)
            return
        }
    }

    private mutating func refuseSecondDocument(_ parser: Parser, _ text: String) {
        do {
            guard let next = try parser.nextRoot() else { return }
            let place = Self.place(of: next)
            problems.append(
                Self.problem(place, "a second document begins here", "a policy file holds one; remove the line ---")
            )
        } catch {
            problems.append(YAMLSyntax.problem(error, in: text))
        }
    }

    // MARK: Nodes

    private mutating func convert(_ node: Node, depth: Int) -> PolicyNode {
        let place = Self.place(of: node)
        guard depth <= Self.deepest else {
            return refuse(place, "is nested deeper than any policy", "a policy has at most four levels")
        }
        // What an alias stands for is the node of its anchor, so neither is entered, however often they are nested.
        guard node.anchor == nil else { return refuse(place, Self.aliasProblem, Self.aliasHint) }
        switch node {
        case .scalar(let scalar):
            guard node.tag == Tag(.str) else { return refuseTag(place) }
            let text = renamings.original(at: place) ?? scalar.string
            return PolicyNode(.scalar(.init(text: text, isPlain: scalar.style == .plain)), at: place)
        case .sequence(let sequence):
            guard node.tag == Tag(.seq) else { return refuseTag(place) }
            return PolicyNode(.list(sequence.map { convert($0, depth: depth + 1) }), at: place)
        case .mapping(let mapping):
            guard node.tag == Tag(.map) else { return refuseTag(place) }
            let members = mapping.map { (convert($0.key, depth: depth + 1), convert($0.value, depth: depth + 1)) }
            return PolicyNode(.map(members.map { (key: $0.0, value: $0.1) }), at: place)
        case .alias:
            return refuse(place, Self.aliasProblem, Self.aliasHint)
        }
    }

    private mutating func refuseTag(_ place: PolicyPlace) -> PolicyNode {
        refuse(place, "this is a YAML tag, which a policy does not have", "remove the word that begins with !")
    }

    private mutating func refuse(_ place: PolicyPlace, _ problem: String, _ hint: String) -> PolicyNode {
        let problem = Self.problem(place, problem, hint)
        // An anchor is met again at each of its aliases.
        if !problems.contains(problem) { problems.append(problem) }
        return PolicyNode(.refused, at: place)
    }

    private static let aliasProblem = "this is a YAML anchor or alias, which a policy does not have"
    private static let aliasHint = "write the value out where it belongs"

    private static func place(of node: Node) -> PolicyPlace {
        node.mark.map { PolicyPlace(line: $0.line, column: $0.column) } ?? .start
    }

    private static func problem(_ place: PolicyPlace, _ problem: String, _ hint: String) -> PolicyProblem {
        PolicyProblem(place: place, keyPath: "", value: "", problem: problem, hint: hint)
    }
}
