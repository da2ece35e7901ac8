/// What to say about a key that no table has.
enum UnknownKey {
    /// Words for secrets, as people write them.
    private static let secrets: Set<String> = [
        "password", "passwd", "passphrase", "pass", "pwd", "secret", "token", "auth", "credentials",
    ]

    static func fault(_ name: String, in known: [String]) -> PolicyFault {
        let plain = NearestName.normalized(name)
        if secrets.contains(plain) {
            let hint =
                "put it into a file that only you can read and name that: password-file: /etc/rewarm/web.password"
            return PolicyFault("is a secret, which has no place in a policy", hint: hint)
        }
        if name == "<<" {
            return PolicyFault(
                "is a merge key, which a policy does not have",
                hint: "write the keys out where they belong"
            )
        }
        // As restic and borg call what is a tier here.
        let bare = plain.hasPrefix("keep-") ? String(plain.dropFirst("keep-".count)) : plain
        if let near = NearestName.of(name, in: known) ?? known.first(where: { $0 == bare }) {
            return PolicyFault("is no key of a policy", hint: "did you mean '\(near)'?")
        }
        let homes = PolicyReference.entries.filter { $0.name == plain }.map(\.keyPath)
        if let home = homes.first {
            return PolicyFault("does not belong here", hint: "the key is \(home)")
        }
        return PolicyFault("is no key of a policy", hint: "here belong " + known.joined(separator: ", "))
    }
}
