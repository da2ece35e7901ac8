import Transport

// What has no meaning for the family of servers that the source is of.

extension PolicyFile {
    package var contradictions: [PolicyContradiction] {
        guard let url = source.url else { return [] }
        var found = url.family == .memcached ? foreignToMemcached : foreignToRedis
        if let target = drill.target, target.family != url.family {
            let schemes = url.family.schemes
            found.append(
                .init(
                    "drill.target",
                    value: target.redacted,
                    "is no node of the source's kind",
                    hint: "name one with \(schemes.plain)://, or remove it for a scratch server"
                )
            )
        }
        return found
    }

    private var foreignToMemcached: [PolicyContradiction] {
        var found: [PolicyContradiction] = []
        if capture.method == .replication || capture.method == .scan {
            found.append(
                .init(
                    "capture.method",
                    value: capture.method.rawValue,
                    "is no way to read Memcached",
                    hint: "write crawl, or remove the key"
                )
            )
        }
        if capture.transfer == .disk {
            found.append(
                .init("capture.transfer", "is about replication, which Memcached does not have", hint: "remove the key")
            )
        }
        return found
    }

    private var foreignToRedis: [PolicyContradiction] {
        guard capture.method == .crawl else { return [] }
        return [
            .init(
                "capture.method",
                value: capture.method.rawValue,
                "is the way to read Memcached alone",
                hint: "write scan, or remove the key"
            )
        ]
    }
}
