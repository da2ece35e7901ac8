import TestSupport
import Testing

/// Imports point down only.
///
/// The table is the one of the article "Architecture".
struct LayerTests {
    /// From the bottom up: a module imports only modules of the layers below its own.
    static let layers: [[String]] = [
        ["ByteCoding", "SnapshotModel"],
        ["RESP", "RDB", "Memcached", "ArchiveFormat", "Retention", "Reporting"],
        ["Transport", "ObjectStorage"],
        ["ArchiveIO"],
        ["Capture", "Restore", "Catalog", "Policy"],
        ["Comparison"],
        ["Operations"],
        ["rewarm"],
    ]

    /// Which targets may import a module of an outside package or a system library: one, but for two.
    static let importers: [String: Set<String>] = [
        "ArgumentParser": ["rewarm"],
        "CDeflate": ["ArchiveFormat"],
        "CFolding": ["ByteCoding"],
        "CZlib": ["ArchiveFormat"],
        "CZstd": ["ArchiveFormat"],
        "GRDB": ["Catalog"],
        "NIOPosix": ["Transport"],
        "NIOSSL": ["Transport"],
        "NIOTLS": ["Transport"],
        "Yams": ["Policy"],
    ]

    /// ByteBuffer and digests are vocabulary.
    static let vocabulary: Set<String> = ["NIOCore", "Crypto"]

    /// What comes with the toolchain.
    static let toolchain: Set<String> = [
        "Swift", "Synchronization", "Foundation", "FoundationEssentials", "Glibc", "Musl", "Darwin", "Dispatch",
    ]

    /// What the pure layers do not touch: clocks, files, sockets, processes, the environment, unseeded randomness.
    static let impure =
        #"(\b(ContinuousClock|SuspendingClock|FileManager|FileHandle|ProcessInfo|SystemRandomNumberGenerator|Task)\b"#
        + #"|(^|[^A-Za-z_.])(clock_gettime|gettimeofday|time|fopen|pread|pwrite|socket|getenv)\(|\bDate(\(\)|\.now\b))"#

    static func layer(of module: String) -> Int? {
        layers.firstIndex { $0.contains(module) }
    }

    @Test func `every module of Sources has a layer`() throws {
        let directories = Set(ProjectFile.paths(below: "Sources").map { ProjectFile(path: $0, text: "").target })
        let unknown = directories.filter { Self.layer(of: $0) == nil && Self.importers[$0] == nil }
        #expect(unknown.isEmpty)
        for module in Self.layers.joined() { #expect(directories.contains(module)) }
    }

    @Test func `a module imports only modules of lower layers`() throws {
        var violations: [String] = []
        for file in try ProjectFile.all(below: "Sources", suffix: ".swift") {
            guard let own = Self.layer(of: file.target) else { continue }
            for module in file.importedModules {
                if let other = Self.layer(of: module), other >= own, module != file.target {
                    violations.append("\(file) imports \(module)")
                }
            }
        }
        #expect(violations == [])
    }

    @Test func `an outside package is imported by its one target`() throws {
        var violations: [String] = []
        for file in try ProjectFile.all(below: "Sources", suffix: ".swift") {
            for module in file.importedModules where Self.layer(of: module) == nil {
                let isAllowed =
                    Self.vocabulary.contains(module) || Self.toolchain.contains(module)
                    || Self.importers[module]?.contains(file.target) == true
                if !isAllowed { violations.append("\(file) imports \(module)") }
            }
        }
        #expect(violations == [])
    }

    @Test func `the pure layers use no clock and no input or output`() throws {
        let expression = try Regex(Self.impure).wordBoundaryKind(.simple)
        var violations: [String] = []
        for file in try ProjectFile.all(below: "Sources", suffix: ".swift") {
            guard let own = Self.layer(of: file.target), own <= 1 else { continue }
            for (index, line) in file.lines.enumerated() where Self.isCode(line) && line.contains(expression) {
                violations.append("\(file):\(index + 1): \(line)")
            }
        }
        #expect(violations == [])
    }

    @Test func `the search for clocks and input finds them and leaves methods alone`() throws {
        let expression = try Regex(Self.impure).wordBoundaryKind(.simple)
        for line in [
            "let now = ContinuousClock.now", "let file = fopen(path, mode)", "return Date()", "Date.now", "Task { }",
        ] {
            #expect(line.contains(expression))
        }
        for line in ["func read(_ bytes: RawSpan)", "cursor.read(4)", "reopen(x)", "UnixMilliseconds(0)"] {
            #expect(!(Self.isCode(Substring(line)) && line.contains(expression)))
        }
    }

    /// False for comments and for declarations of functions, which may have any name.
    private static func isCode(_ line: Substring) -> Bool {
        !line.trimmingPrefix(while: \.isWhitespace).hasPrefix("//") && !line.contains("func ")
    }

    @Test func `a target's declared dependencies are those that it imports`() throws {
        let manifest = try ProjectFile.read("Package.swift").text
        var violations: [String] = []
        for module in Self.layers.joined() {
            let files = try ProjectFile.all(below: "Sources/" + module, suffix: ".swift")
            let imported = Set(files.flatMap(\.importedModules))
            let declared = Set(try Self.declaredDependencies(of: module, in: manifest))
            let unused = declared.subtracting(imported)
            if !unused.isEmpty { violations.append("\(module) declares and does not import \(unused.sorted())") }
        }
        #expect(violations == [])
    }

    @Test func `the parser of imports sees every form of the declaration`() {
        let text = """
            import A
            package import B
            @testable import C
            internal import struct D.Thing
            // import E
            @_exported public import F.Sub
            let important = "import G"
            """
        #expect(ProjectFile(path: "x", text: text).importedModules == ["A", "B", "C", "D", "F"])
    }

    @Test func `the parser of the manifest sees targets and products`() throws {
        let manifest = """
            .target(
                name: "One",
                dependencies: ["Two", .product(name: "Three", package: "four")]
            ),
            .target(name: "Two", dependencies: []),
            """
        #expect(try Self.declaredDependencies(of: "One", in: manifest) == ["Two", "Three"])
        #expect(try Self.declaredDependencies(of: "Two", in: manifest) == [])
    }

    /// The dependencies in the declaration of a target, by their module names.
    private static func declaredDependencies(of target: String, in manifest: String) throws -> [String] {
        let flat = manifest.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let declaration = try Regex(
            #"(?:\.target|executableTarget)\( ?name: "\#(target)", dependencies: \[(.*?)\] ?\)"#
        )
        guard let match = try declaration.firstMatch(in: flat), let list = match[1].substring else {
            throw TestEnvironmentError.failed("Package.swift", "no target \(target)")
        }
        let product = /\.product\(name: "([A-Za-z]+)", package: "[^"]+"\)|"([A-Za-z]+)"/
        return list.matches(of: product).compactMap { ($0.output.1 ?? $0.output.2).map(String.init) }
    }
}
