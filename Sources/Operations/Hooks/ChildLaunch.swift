import ObjectStorage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A program that runs: its number, which is also that of its process group, and the pipe of its output.
struct StartedChild: Sendable {
    let processID: Int32
    /// Not blocking; to be closed by whoever has this.
    let output: Int32
}

/// The start of a program by posix_spawn(3).
///
/// The child is the leader of a process group, so that its own children can be ended with it. It gets the descriptors
/// 0, 1 and 2 and no other: a lock of flock(2) belongs to the open file, and a child that had it would keep the lock.
/// It gets an empty signal mask and the default actions: SIGINT and SIGTERM are blocked in this process and SIGPIPE is
/// ignored, and all that is inherited.
struct ChildLaunch {
    private let process: ChildProcess

    init(_ process: ChildProcess) {
        self.process = process
    }

    func start() throws(SystemCallFailure) -> StartedChild {
        guard let program = process.arguments.first, !program.isEmpty else {
            throw SystemCallFailure(description: "no program is named")
        }
        let input = try Self.file(of: process.input)
        defer { close(input) }
        let pipe = try Self.makePipe()
        defer { close(pipe.writing) }
        do throws(SystemCallFailure) {
            return StartedChild(processID: try spawn(program, input, pipe.writing), output: pipe.reading)
        } catch {
            close(pipe.reading)
            throw error
        }
    }

    private func spawn(_ program: String, _ input: Int32, _ output: Int32) throws(SystemCallFailure) -> pid_t {
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        for descriptor in Self.inheritable() { posix_spawn_file_actions_addclose(&actions, descriptor) }
        if let directory = process.workingDirectory {
            let number = Self.addDirectory(directory, to: &actions)
            guard number == 0 else { throw Self.failure("'\(directory)'", number) }
        }
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        #if canImport(Darwin)
        flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
        #endif
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var processID: pid_t = 0
        let variables = process.environment.variables.map { $0.key + "=" + $0.value }
        let number = Self.withCStrings(process.arguments) { arguments in
            Self.withCStrings(variables) { environment in
                posix_spawnp(&processID, program, &actions, &attributes, arguments, environment)
            }
        }
        guard number == 0 else { throw Self.failure("'\(program)'", number) }
        return processID
    }

    /// Calls `body` with a null-terminated array of C strings that live as long as the call.
    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { (pointers + index).initialize(to: strdup(string)) }
        (pointers + strings.count).initialize(to: nil)
        defer {
            for index in strings.indices { free(pointers[index]) }
            pointers.deallocate()
        }
        return body(pointers)
    }
}

extension ChildLaunch {
    #if canImport(Darwin)
    private typealias Actions = posix_spawn_file_actions_t?
    #else
    private typealias Actions = posix_spawn_file_actions_t
    #endif

    /// Makes the child begin in a directory; an error number, ENOSYS where the library cannot.
    ///
    /// The Glibc module leaves the function out.
    private static func addDirectory(_ directory: String, to actions: inout Actions) -> Int32 {
        typealias Add = @convention(c) (UnsafeMutablePointer<Actions>, UnsafePointer<CChar>) -> Int32
        guard let address = dlsym(nil, "posix_spawn_file_actions_addchdir_np") else { return ENOSYS }
        return unsafeBitCast(address, to: Add.self)(&actions, directory)
    }

    /// Descriptors above 2 that a library opened without close-on-exec; Rewarm itself opens none so.
    private static func inheritable() -> [Int32] {
        let names = (try? PosixFileSystem().names(in: "/proc/self/fd")) ?? []
        return names.compactMap { Int32($0) }.filter { descriptor in
            let flags = fcntl(descriptor, F_GETFD)
            return descriptor > 2 && flags >= 0 && flags & FD_CLOEXEC == 0
        }
    }

    /// A file without a name that holds the bytes, read from its beginning.
    ///
    /// A pipe would have to be filled while the child runs, and break where the child does not read. The file lies in
    /// memory where the system has a place for that: a hook must run on a full disk, too, to tell of it.
    private static func file(of bytes: [UInt8]) throws(SystemCallFailure) -> Int32 {
        var problem = failure("mkstemp", ENOENT)
        for directory in ["/dev/shm", "/tmp", "/var/tmp"] {
            do throws(SystemCallFailure) {
                return try file(of: bytes, in: directory)
            } catch {
                problem = error
            }
        }
        throw problem
    }

    private static func file(of bytes: [UInt8], in directory: String) throws(SystemCallFailure) -> Int32 {
        var template = Array((directory + "/rewarm-input-XXXXXX").utf8CString)
        let file = try aboveStandard(mkstemp(&template), "mkstemp")
        unlink(template)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                return pwrite(file, rest.baseAddress, rest.count, off_t(written))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                defer { close(file) }
                throw failure("write", errno)
            }
            written += count
        }
        return file
    }

    /// A pipe of which only the reading end does not block.
    private static func makePipe() throws(SystemCallFailure) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw failure("pipe", errno) }
        let reading: Int32
        do throws(SystemCallFailure) {
            reading = try aboveStandard(ends[0], "pipe")
        } catch {
            close(ends[1])
            throw error
        }
        do throws(SystemCallFailure) {
            let writing = try aboveStandard(ends[1], "pipe")
            _ = fcntl(reading, F_SETFL, O_NONBLOCK)
            return (reading, writing)
        } catch {
            close(reading)
            throw error
        }
    }

    /// The same open file at a descriptor above 2, close-on-exec.
    ///
    /// A process whose standard input was closed gets 0 for the next file that it opens, and putting one file in its
    /// place would then close another.
    private static func aboveStandard(_ descriptor: Int32, _ call: String) throws(SystemCallFailure) -> Int32 {
        guard descriptor >= 0 else { throw failure(call, errno) }
        if descriptor > 2 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return descriptor
        }
        defer { close(descriptor) }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw failure(call, errno) }
        return copy
    }

    static func failure(_ subject: String, _ number: Int32) -> SystemCallFailure {
        SystemCallFailure(description: subject + ": " + String(cString: strerror(number)))
    }
}
