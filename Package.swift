// swift-tools-version: 6.3
import PackageDescription

let ifLibdeflate = TargetDependencyCondition.when(traits: ["Libdeflate"])

// The targets stand here in the order of their layers: each imports only targets above its own line.
// `Tests/ArchitectureTests` checks the sources against the same table.
let package = Package(
    name: "Rewarm",
    platforms: [.macOS(.v26)],
    products: [.executable(name: "rewarm", targets: ["rewarm"])],
    traits: [
        .trait(name: "Libdeflate", description: "Makes and reads zlib blocks with libdeflate instead of zlib: faster."),
        .default(enabledTraits: ["Libdeflate"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // System libraries.
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        // An instruction of processors that Swift has no way to.
        .target(name: "CFolding"),

        // L0: the nouns; cursors, integers, checksums, LZF.
        .target(name: "ByteCoding", dependencies: ["CFolding", .product(name: "NIOCore", package: "swift-nio")]),
        .target(name: "SnapshotModel", dependencies: [.product(name: "NIOCore", package: "swift-nio")]),

        // L1: pure. Bytes or values in, values or actions out; no clock, no I/O.
        .target(name: "RESP", dependencies: [.product(name: "NIOCore", package: "swift-nio")]),
        .target(
            name: "RDB",
            dependencies: ["ByteCoding", "SnapshotModel", .product(name: "NIOCore", package: "swift-nio")]
        ),
        .target(
            name: "Memcached",
            dependencies: ["ByteCoding", "SnapshotModel", .product(name: "NIOCore", package: "swift-nio")]
        ),
        .target(
            name: "ArchiveFormat",
            dependencies: [
                "ByteCoding", "SnapshotModel", "CZlib", "CZstd",
                .target(name: "CDeflate", condition: ifLibdeflate),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .target(name: "Retention", dependencies: ["SnapshotModel"]),
        .target(name: "Reporting", dependencies: ["SnapshotModel"]),

        // L2: sockets; objects at rest; archives over objects.
        .target(
            name: "Transport",
            dependencies: [
                "ByteCoding", "SnapshotModel", "RESP", "Memcached",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ]
        ),
        .target(
            name: "ObjectStorage",
            dependencies: ["ByteCoding", "SnapshotModel", .product(name: "NIOCore", package: "swift-nio")]
        ),
        .target(
            name: "ArchiveIO",
            dependencies: [
                "ByteCoding", "SnapshotModel", "RDB", "Memcached", "ArchiveFormat", "ObjectStorage",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),

        // L3: the engines.
        .target(
            name: "Capture",
            dependencies: [
                "ByteCoding", "SnapshotModel", "RESP", "RDB", "Memcached", "ArchiveFormat", "Transport",
                "ObjectStorage", "ArchiveIO",
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .target(
            name: "Restore",
            dependencies: [
                "ByteCoding", "SnapshotModel", "RESP", "RDB", "Memcached", "ArchiveFormat", "Transport", "ArchiveIO",
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .target(
            name: "Catalog",
            dependencies: [
                "SnapshotModel", "ObjectStorage",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),

        .target(
            name: "Policy",
            dependencies: [
                "ArchiveFormat", "ObjectStorage", "Retention", "Transport",
                .product(name: "Yams", package: "Yams"),
            ]
        ),

        // L3½: two sides held against each other, whichever engine reads them.
        .target(
            name: "Comparison",
            dependencies: [
                "ByteCoding", "SnapshotModel", "RESP", "RDB", "Memcached", "ArchiveFormat", "Transport",
                "ObjectStorage", "ArchiveIO", "Capture", "Restore",
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),

        // L4: plan, then apply.
        .target(
            name: "Operations",
            dependencies: [
                "SnapshotModel", "RDB", "Memcached", "ArchiveFormat", "Transport", "ObjectStorage", "ArchiveIO",
                "Capture", "Restore", "Catalog", "Policy", "Comparison", "Retention", "Reporting",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),

        // L5: the command.
        .executableTarget(
            name: "rewarm",
            dependencies: [
                "SnapshotModel", "RDB", "Memcached", "ArchiveFormat", "Transport", "ObjectStorage", "Restore",
                "Catalog", "Policy", "Retention", "Comparison", "Reporting", "Operations",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),

        // Tests: launchers, seeded generators and oracles that share no code with the sources; a malloc that counts; a file
        // system that fails and loses power; then one target per module, and those for the whole.
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .target(name: "AllocationCounting", path: "Tests/AllocationCounting"),
        .target(
            name: "StorageSimulation",
            dependencies: ["ObjectStorage", "SnapshotModel", "TestSupport"],
            path: "Tests/ObjectStorageTests/Simulation"
        ),
        .target(
            name: "Fuzzing",
            dependencies: [
                "SnapshotModel", "RESP", "RDB", "Memcached", "ArchiveFormat",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Tests/Fuzzing",
            exclude: ["Fuzzer", "Regressions"]
        ),
        .testTarget(name: "SnapshotModelTests", dependencies: ["SnapshotModel"]),
        .testTarget(
            name: "ByteCodingTests",
            dependencies: [
                "ByteCoding", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "RESPTests",
            dependencies: [
                "RESP", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "RDBTests",
            dependencies: [
                "ByteCoding", "SnapshotModel", "RDB", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
            ],
            exclude: ["Fixtures"]
        ),
        .testTarget(
            name: "MemcachedTests",
            dependencies: [
                "SnapshotModel", "Memcached", .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ArchiveFormatTests",
            dependencies: [
                "SnapshotModel", "ArchiveFormat", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
            ],
            exclude: ["Fixtures"]
        ),
        .testTarget(
            name: "RetentionTests",
            dependencies: ["SnapshotModel", "Retention", "TestSupport"],
            exclude: ["Fixtures", "Goldens"]
        ),
        .testTarget(
            name: "ReportingTests",
            dependencies: ["SnapshotModel", "Reporting", "TestSupport"]
        ),
        .testTarget(
            name: "TransportTests",
            dependencies: [
                "SnapshotModel", "RESP", "Memcached", "Transport", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ObjectStorageTests",
            dependencies: [
                "SnapshotModel", "ObjectStorage", "StorageSimulation", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            exclude: ["Simulation"]
        ),
        .testTarget(
            name: "ArchiveIOTests",
            dependencies: [
                "ByteCoding", "SnapshotModel", "Memcached", "ArchiveFormat", "ObjectStorage", "ArchiveIO",
                "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "CaptureTests",
            dependencies: [
                "ByteCoding", "SnapshotModel", "RDB", "Memcached", "ArchiveFormat", "Transport", "ObjectStorage",
                "ArchiveIO", "Capture", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "RestoreTests",
            dependencies: [
                "ByteCoding", "SnapshotModel", "RDB", "Memcached", "ArchiveFormat", "Transport", "ObjectStorage",
                "ArchiveIO", "Restore", "Catalog", "Operations", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ComparisonTests",
            dependencies: [
                "ByteCoding", "SnapshotModel", "RDB", "Memcached", "ArchiveFormat", "Transport", "ObjectStorage",
                "Capture", "Restore", "Comparison", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "CatalogTests",
            dependencies: [
                "SnapshotModel", "Retention", "ObjectStorage", "Catalog", "Policy", "Operations", "StorageSimulation",
                "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "PolicyTests",
            dependencies: ["ArchiveFormat", "Retention", "Transport", "Policy", "TestSupport"],
            exclude: ["Goldens"]
        ),
        .testTarget(
            name: "OperationsTests",
            dependencies: [
                "SnapshotModel", "RDB", "ArchiveFormat", "Transport", "ObjectStorage", "ArchiveIO", "Capture",
                "Restore", "Comparison", "Catalog", "Policy", "Operations", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(name: "FuzzingTests", dependencies: ["Fuzzing", "TestSupport"]),
        .testTarget(
            name: "HotLoopTests",
            dependencies: [
                "SnapshotModel", "RESP", "RDB", "Memcached", "ArchiveFormat", "Transport", "Capture", "Restore",
                "AllocationCounting", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(name: "CommandLineTests", dependencies: ["rewarm", "TestSupport"], exclude: ["Goldens"]),
        .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"]),
        .testTarget(name: "EndToEndTests", dependencies: ["rewarm", "TestSupport"], exclude: ["FailingCalls"]),
        .testTarget(name: "DocumentationTests", dependencies: ["rewarm", "TestSupport"]),
    ]
)

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
]

for target in package.targets where [.regular, .executable, .test].contains(target.type) {
    target.swiftSettings = (target.swiftSettings ?? []) + settings
}

// The fuzzer is no part of a normal build: its decoders are built with coverage and address sanitizer (Scripts/fuzz).
if Context.environment["REWARM_FUZZ"] == "1" {
    let sanitizers = ["-sanitize=fuzzer,address"]
    let decoders = ["ByteCoding", "SnapshotModel", "RESP", "RDB", "Memcached", "ArchiveFormat", "Fuzzing"]
    for target in package.targets where decoders.contains(target.name) {
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(sanitizers)]
    }
    package.targets.append(
        .executableTarget(
            name: "Fuzzer",
            dependencies: ["Fuzzing"],
            path: "Tests/Fuzzing/Fuzzer",
            swiftSettings: settings + [.unsafeFlags(sanitizers)],
            linkerSettings: [.unsafeFlags(sanitizers + ["-use-ld=lld"])]
        )
    )
}
