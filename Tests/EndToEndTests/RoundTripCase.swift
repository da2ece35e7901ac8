import TestSupport
import Testing

/// One way from a source to a target.
struct RoundTripCase: Sendable, CustomTestStringConvertible {
    var name: String
    var source = RedisServer.Configuration()
    var target = RedisServer.Configuration()
    var snapshotOptions: [String] = []
    var restoreOptions: [String] = []
    var sourceEnvironment: [String: String] = [:]

    var testDescription: String { name }

    static let diskless = ["repl-diskless-sync yes"]
    static let disk = ["repl-diskless-sync no"]
    private static let backupUser = "backup on >secret-of-backup ~* &* -@all +@read +@connection "
    private static let replicationRights = "+sync +psync +replconf +info +time +command +config|get"

    static let all: [Self] = [
        Self(
            name: "replication, diskless, zlib",
            source: .init(lines: diskless),
            snapshotOptions: ["--method", "replication", "--codec", "zlib"]
        ),
        Self(
            name: "replication, from disk, zstd",
            source: .init(lines: disk),
            snapshotOptions: ["--method", "replication", "--codec", "zstd"]
        ),
        Self(
            name: "replication, diskless, stored, RDB not compressed",
            source: .init(lines: diskless + ["rdbcompression no"]),
            snapshotOptions: ["--method", "replication", "--codec", "none"]
        ),
        Self(
            name: "replication, no checksum in the RDB",
            source: .init(lines: diskless + ["rdbchecksum no"]),
            snapshotOptions: ["--method", "replication", "--codec", "zstd:3"]
        ),
        Self(name: "scan, zlib", snapshotOptions: ["--method", "scan", "--codec", "zlib:9"]),
        Self(
            name: "scan, zstd, values not compressed",
            source: .init(lines: ["rdbcompression no"]),
            snapshotOptions: ["--method", "scan", "--codec", "zstd"]
        ),
        Self(name: "as it comes, without options"),
        Self(
            name: "Unix sockets at both ends",
            source: .init(endpoint: .unixSocket),
            target: .init(endpoint: .unixSocket)
        ),
        Self(
            name: "TLS with client certificates at both ends, replication",
            source: .init(endpoint: .tls(requiringClientCertificate: true), lines: ["tls-replication yes"]),
            target: .init(endpoint: .tls(requiringClientCertificate: true)),
            snapshotOptions: ["--method", "replication"]
        ),
        Self(
            name: "TLS without client certificates, scan",
            source: .init(endpoint: .tls(requiringClientCertificate: false)),
            target: .init(endpoint: .tls(requiringClientCertificate: false)),
            snapshotOptions: ["--method", "scan"]
        ),
        Self(
            name: "a managed service at both ends",
            source: .managedService,
            target: .managedService
        ),
        Self(
            name: "several connections, listpacks small on both servers",
            source: .init(lines: ["hash-max-listpack-entries 4", "zset-max-listpack-entries 4"]),
            target: .init(lines: ["hash-max-listpack-entries 4", "zset-max-listpack-entries 4"]),
            restoreOptions: ["--connections", "3"]
        ),
    ]
}
