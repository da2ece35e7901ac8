import Foundation

/// `posix_spawn` with the descriptors 0, 1 and 2 on files and none besides.
enum Spawn {
    /// Starts a process; `files` are what it reads, what it writes and where its errors go.
    static func start(
        _ path: String,
        _ arguments: [String],
        environment: [String: String],
        workingDirectory: String?,
        files: [String]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, files[0], O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 1, files[1], flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, files[2], flags, 0o600)
        closeInherited(&actions)
        guard let workingDirectory else {
            return try spawn(path, arguments, environment: environment, actions: &actions)
        }
        let change = "cd \"$0\" && exec \"$@\""
        let words = ["-c", change, workingDirectory, path] + arguments
        return try spawn("/bin/sh", words, environment: environment, actions: &actions)
    }

    /// Starts a process with descriptor 0 on `input` (a descriptor of ours) and the rest on nothing.
    static func start(_ path: String, _ arguments: [String], input: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        closeInherited(&actions)
        return try spawn(path, arguments, environment: ["PATH": "/usr/bin:/bin"], actions: &actions)
    }

    /// Closes in the child what other tests have open at this moment and did not mark close-on-exec.
    private static func closeInherited(_ actions: inout posix_spawn_file_actions_t) {
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 {
            let flags = fcntl(descriptor, F_GETFD)
            if flags >= 0, flags & FD_CLOEXEC == 0 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        }
    }

    private static func spawn(
        _ path: String,
        _ arguments: [String],
        environment: [String: String],
        actions: inout posix_spawn_file_actions_t
    ) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A signal that the test runner ignores or blocks must not stay so in the child.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var processID: pid_t = 0
        let result = withCStrings([path] + arguments) { argumentPointers in
            withCStrings(environment.map { $0.key + "=" + $0.value }) { environmentPointers in
                posix_spawn(&processID, path, &actions, &attributes, argumentPointers, environmentPointers)
            }
        }
        guard result == 0 else { throw TestSystemCallError(call: "posix_spawn \(path)", number: result) }
        return processID
    }

    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has a base") }
            return body(base)
        }
    }
}
