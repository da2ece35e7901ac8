import Foundation

/// What is taken away from a process of a test: words that are put before its command line.
package struct Confinement: Sendable {
    package let testDescription: String
    let words: [String]

    package static let none = Self(testDescription: "nothing", words: [])

    /// Mounts a directory read-only, for this process alone.
    package static func readOnlyMount(of path: String) -> Self {
        Self(
            testDescription: "a read-only mount",
            words: namespace + [
                "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && exec \"$@\"", path,
            ]
        )
    }

    /// Mounts an empty disk of so many bytes, and so many files, in memory over a directory, for this process and its
    /// children alone.
    package static func smallDisk(at path: String, byteCount: Int, fileCount: Int? = nil) -> Self {
        let files = fileCount.map { ",nr_inodes=\($0 + 1)" } ?? ""
        return Self(
            testDescription: "a small disk",
            words: namespace + ["mount -t tmpfs -o size=\(byteCount)\(files) none \"$0\" && exec \"$@\"", path]
        )
    }

    /// Permission bits count, for root as well.
    package static let permissionBits = Self(
        testDescription: "permission bits",
        words: geteuid() == 0
            ? [program("setpriv"), "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] : []
    )

    /// A mount namespace of its own; a user namespace, too, where the tests do not run as root.
    private static let namespace =
        [program("unshare"), geteuid() == 0 ? "-m" : "-rm"] + [program("sh"), "-c"]

    /// The absolute path of a program, or what fails to start.
    private static func program(_ name: String) -> String {
        Subprocess.find(name) ?? "/absent/" + name
    }

    /// Whether this machine lets a process be confined like that; tells in the log if not.
    package func isPossible() async throws -> Bool {
        guard let first = words.first else { return true }
        let result = try? await Subprocess.run(first, Array(words.dropFirst()) + [Self.program("true")])
        let isPossible = result?.exitCode == 0
        if !isPossible {
            print("absent on this machine, so not tested: \(testDescription): \(result?.errorText ?? "")")
        }
        return isPossible
    }

    /// Runs a script of the shell, confined; `$0` is `argument`.
    package func runScript(
        _ script: String,
        _ argument: String,
        environment: [String: String]
    ) async throws -> SubprocessResult {
        let all = words + [Self.program("bash"), "-c", script, argument]
        return try await Subprocess(all[0], Array(all.dropFirst()), environment: environment)
            .wait(atMost: .seconds(120))
    }
}
