import Testing

@testable import Operations

/// Where the repository is looked for, and whether it may be made.
struct RepositoryLocationTests {
    private static func resolve(
        option: String? = nil,
        policy: String? = nil,
        create: Bool = false,
        _ environment: [String: String]
    ) throws -> RepositoryLocation {
        try .resolve(
            option: option,
            policy: policy,
            createRequested: create,
            directories: UserDirectories { environment[$0] }
        )
    }

    @Test func `the option goes before the environment, that before the policy, that before the standard`() throws {
        let environment = ["REWARM_REPOSITORY": "/environment", "HOME": "/home/a"]
        #expect(try Self.resolve(option: "/option", policy: "/policy", environment).path == "/option")
        #expect(try Self.resolve(policy: "/policy", environment).path == "/environment")
        #expect(try Self.resolve(policy: "/policy", ["HOME": "/home/a"]).path == "/policy")
        #expect(try Self.resolve(["HOME": "/home/a"]).path == "/home/a/.local/share/rewarm")
        #expect(try Self.resolve(["HOME": "/home/a", "XDG_DATA_HOME": "/data"]).path == "/data/rewarm")
        #expect(try Self.resolve(option: "", ["REWARM_REPOSITORY": "", "HOME": "/h"]).origin == .standard)
    }

    @Test func `only the standard repository is made without being asked`() throws {
        #expect(try Self.resolve(["HOME": "/h"]).mayCreate)
        #expect(try !Self.resolve(option: "/option", ["HOME": "/h"]).mayCreate)
        #expect(try !Self.resolve(["HOME": "/h", "REWARM_REPOSITORY": "/r"]).mayCreate)
        #expect(try Self.resolve(option: "/option", create: true, ["HOME": "/h"]).mayCreate)
    }

    @Test func `a relative XDG directory is ignored, and no home at all is a usage error`() throws {
        #expect(try Self.resolve(["HOME": "/h", "XDG_DATA_HOME": "data"]).path == "/h/.local/share/rewarm")
        let error = #expect(throws: OperationError.self) { try Self.resolve([:]) }
        #expect(error?.kind == .usage)
    }

    @Test func `journals lie in the state directory`() {
        #expect(UserDirectories { ["HOME": "/h"][$0] }.state == "/h/.local/state/rewarm")
        #expect(UserDirectories { ["XDG_STATE_HOME": "/s"][$0] }.state == "/s/rewarm")
    }
}
