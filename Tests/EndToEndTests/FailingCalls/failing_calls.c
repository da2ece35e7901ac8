// Lets the n-th system call of a process fail: preloaded with LD_PRELOAD by SystemCallFaultTests, which compiles it.
//
// Counted are the calls on files below one directory and on Internet and Unix sockets, SQLite's among them; the rest
// of the process (its libraries, its own output, the event loop's pipes) is left alone.
//
//   REWARM_FAULT_ROOT    the directory; no slash at its end
//   REWARM_FAULT_KIND    the number of a kind, see `kinds`
//   REWARM_FAULT_CALL    which call fails, 1 is the first that the kind applies to; 0 only counts
//   REWARM_FAULT_REPORT  an existing file of REPORT_SIZE bytes: a count per kind (unsigned 64 bits each), how many
//                        calls failed, then the name of the first that did. It outlives a SIGKILL.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

enum call_class {
    OPEN = 1 << 0, CREATE = 1 << 1, READ = 1 << 2, WRITE = 1 << 3, SYNC = 1 << 4, NAME = 1 << 5, REMOVE = 1 << 6,
    TRUNCATE = 1 << 7, STATUS = 1 << 8, LIST = 1 << 9, LOCK = 1 << 10, CLOSE = 1 << 11, OPEN_LIST = 1 << 12,
    SOCKET = 1 << 13, CONNECT = 1 << 14, RECEIVE = 1 << 15, SEND = 1 << 16,
    RECORD_LOCK = 1 << 17,
};
#define FILE_CALLS                                                                                                     \
    (OPEN | CREATE | READ | WRITE | SYNC | NAME | REMOVE | TRUNCATE | STATUS | LIST | OPEN_LIST | LOCK | RECORD_LOCK | CLOSE)
#define SPACE_CALLS (CREATE | WRITE | SYNC | NAME | TRUNCATE)
#define SHORTENED -1
#define DEATH -2

// In the order of FaultKind in FailingCalls.swift.
static const struct kind { int error; int classes; bool lasts; } kinds[] = {
    {EIO, FILE_CALLS, false},
    {EIO, FILE_CALLS, true},
    {ENOSPC, SPACE_CALLS, false},
    {ENOSPC, SPACE_CALLS, true},
    {EACCES, OPEN | CREATE | NAME | REMOVE | STATUS | OPEN_LIST, false},
    {EROFS, CREATE | NAME | REMOVE, true},
    {EMFILE, OPEN | CREATE | OPEN_LIST | SOCKET, false},
    {EINTR, OPEN | CREATE | READ | WRITE | LOCK | RECEIVE | SEND, false},
    {SHORTENED, READ | WRITE | RECEIVE | SEND, false},
    {ECONNRESET, CONNECT | RECEIVE | SEND, false},
    {ETIMEDOUT, CONNECT | RECEIVE, false},
    {DEATH, FILE_CALLS | SOCKET | CONNECT | RECEIVE | SEND, false},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

struct report {
    _Atomic uint64_t counts[KIND_COUNT];
    _Atomic uint64_t failures;
    char name[256];
};
#define REPORT_SIZE 4096

enum { DESCRIPTORS = 4096, IS_FILE = 1, IS_SOCKET = 2 };

static const char *root;
static size_t root_length;
static size_t kind;
static uint64_t failing_call;
static struct report *report;
static _Atomic char marks[DESCRIPTORS];

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) {
    int saved = errno;
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) abort();
    errno = saved;
    return found;
}

__attribute__((constructor)) static void begin(void) {
    const char *place = getenv("REWARM_FAULT_REPORT"), *number = getenv("REWARM_FAULT_KIND");
    const char *call = getenv("REWARM_FAULT_CALL");
    root = getenv("REWARM_FAULT_ROOT");
    if (place == NULL || number == NULL || call == NULL || root == NULL) return;
    kind = strtoul(number, NULL, 10);
    failing_call = strtoull(call, NULL, 10);
    root_length = strlen(root);
    int file = REAL(open)(place, O_RDWR | O_CLOEXEC);
    if (kind >= KIND_COUNT || file < 0) abort();
    void *memory = mmap(NULL, REPORT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    REAL(close)(file);
    if (memory == MAP_FAILED) abort();
    report = memory;
    // Counted are the calls of the command, not those of the programs that it starts.
    if (strncmp(program_invocation_short_name, "rewarm", strlen("rewarm")) == 0) unsetenv("LD_PRELOAD");
}

static bool is_below(const char *path) {
    return report != NULL && path != NULL && strncmp(path, root, root_length) == 0
        && (path[root_length] == '/' || path[root_length] == 0);
}

static int mark(int descriptor) {
    if (report == NULL || descriptor < 0 || descriptor >= DESCRIPTORS) return 0;
    return atomic_load(&marks[descriptor]);
}

static void set_mark(int descriptor, char value) {
    if (descriptor >= 0 && descriptor < DESCRIPTORS) atomic_store(&marks[descriptor], value);
}

// Counts a call; 0 if it shall go on as usual, else an error number or SHORTENED.
static int fault(int class, const char *name, const char *path) {
    int own = 0;
    for (size_t index = 0; index < KIND_COUNT; index++) {
        if ((kinds[index].classes & class) == 0) continue;
        uint64_t count = atomic_fetch_add(&report->counts[index], 1) + 1;
        if (index != kind || failing_call == 0) continue;
        if (count == failing_call || (kinds[index].lasts && count > failing_call)) own = kinds[index].error;
    }
    if (own == 0) return 0;
    if (atomic_fetch_add(&report->failures, 1) == 0) {
        snprintf(report->name, sizeof(report->name), "%s %s", name, path == NULL ? "" : path + root_length);
    }
    if (own == DEATH) kill(getpid(), SIGKILL);
    return own;
}

#define FAIL_IF(condition, class, path, result)                                                                        \
    if (condition) {                                                                                                   \
        int number = fault(class, __func__, path);                                                                     \
        if (number > 0) {                                                                                              \
            errno = number;                                                                                            \
            return result;                                                                                             \
        }                                                                                                              \
    }

// Calls that take a path.

#define OPEN_FUNCTION(name, ...)                                                                                 \
    mode_t mode = 0;                                                                                                   \
    if (flags & O_CREAT) {                                                                                             \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                   \
        va_end(rest);                                                                                                  \
    }                                                                                                                  \
    bool below = is_below(path);                                                                                       \
    FAIL_IF(below, flags & O_CREAT ? CREATE : OPEN, path, -1)                                                          \
    int descriptor = REAL(name)(__VA_ARGS__, flags, mode);                                                             \
    set_mark(descriptor, below ? IS_FILE : 0);                                                                         \
    return descriptor;

int open(const char *path, int flags, ...) { OPEN_FUNCTION(open, path) }
int open64(const char *path, int flags, ...) { OPEN_FUNCTION(open64, path) }
int openat(int directory, const char *path, int flags, ...) { OPEN_FUNCTION(openat, directory, path) }
int openat64(int directory, const char *path, int flags, ...) { OPEN_FUNCTION(openat64, directory, path) }

#define PATH_FUNCTION(name, class, parameters, subject, result, ...)                                                   \
    int name parameters {                                                                                              \
        FAIL_IF(is_below(subject), class, subject, result)                                                             \
        return REAL(name)(__VA_ARGS__);                                                                                \
    }

PATH_FUNCTION(rename, NAME, (const char *from, const char *to), to, -1, from, to)
PATH_FUNCTION(link, NAME, (const char *from, const char *to), to, -1, from, to)
PATH_FUNCTION(mkdir, NAME, (const char *path, mode_t mode), path, -1, path, mode)
PATH_FUNCTION(unlink, REMOVE, (const char *path), path, -1, path)
PATH_FUNCTION(rmdir, REMOVE, (const char *path), path, -1, path)
PATH_FUNCTION(truncate, TRUNCATE, (const char *path, off_t size), path, -1, path, size)
PATH_FUNCTION(access, STATUS, (const char *path, int mode), path, -1, path, mode)
PATH_FUNCTION(stat, STATUS, (const char *path, struct stat *status), path, -1, path, status)
PATH_FUNCTION(lstat, STATUS, (const char *path, struct stat *status), path, -1, path, status)
PATH_FUNCTION(stat64, STATUS, (const char *path, struct stat64 *status), path, -1, path, status)
PATH_FUNCTION(lstat64, STATUS, (const char *path, struct stat64 *status), path, -1, path, status)
PATH_FUNCTION(statvfs, STATUS, (const char *path, struct statvfs *status), path, -1, path, status)
PATH_FUNCTION(statvfs64, STATUS, (const char *path, struct statvfs64 *status), path, -1, path, status)

// Directories. Their streams are few and short-lived; one list of them is enough.

static _Atomic(DIR *) directories[64];

static bool is_listed(DIR *directory) {
    for (size_t index = 0; index < 64; index++) {
        if (atomic_load(&directories[index]) == directory) return true;
    }
    return false;
}

static void replace(DIR *old, DIR *new) {
    for (size_t index = 0; index < 64; index++) {
        DIR *expected = old;
        if (atomic_compare_exchange_strong(&directories[index], &expected, new)) return;
    }
}

DIR *opendir(const char *path) {
    FAIL_IF(is_below(path), OPEN_LIST, path, NULL)
    DIR *directory = REAL(opendir)(path);
    if (directory != NULL && is_below(path)) replace(NULL, directory);
    return directory;
}

int closedir(DIR *directory) {
    replace(directory, NULL);
    return REAL(closedir)(directory);
}

struct dirent *readdir(DIR *directory) {
    FAIL_IF(report != NULL && is_listed(directory), LIST, NULL, NULL)
    return REAL(readdir)(directory);
}

struct dirent64 *readdir64(DIR *directory) {
    FAIL_IF(report != NULL && is_listed(directory), LIST, NULL, NULL)
    return REAL(readdir64)(directory);
}

// Calls that take a descriptor.

#define FILE_FUNCTION(name, class, parameters, ...)                                                                    \
    int name parameters {                                                                                              \
        FAIL_IF(mark(descriptor) == IS_FILE, class, NULL, -1)                                                          \
        return REAL(name)(__VA_ARGS__);                                                                                \
    }

FILE_FUNCTION(fsync, SYNC, (int descriptor), descriptor)
FILE_FUNCTION(fdatasync, SYNC, (int descriptor), descriptor)
FILE_FUNCTION(ftruncate, TRUNCATE, (int descriptor, off_t size), descriptor, size)
FILE_FUNCTION(ftruncate64, TRUNCATE, (int descriptor, off64_t size), descriptor, size)
FILE_FUNCTION(fstat, STATUS, (int descriptor, struct stat *status), descriptor, status)
FILE_FUNCTION(fstat64, STATUS, (int descriptor, struct stat64 *status), descriptor, status)
FILE_FUNCTION(flock, LOCK, (int descriptor, int operation), descriptor, operation)

#define FCNTL_FUNCTION(name)                                                                                           \
    va_list rest;                                                                                                      \
    va_start(rest, command);                                                                                           \
    void *argument = va_arg(rest, void *);                                                                             \
    va_end(rest);                                                                                                      \
    /* SQLite's locks. Giving one up does not fail. */                                                                 \
    bool locks = command == F_SETLK && ((struct flock *)argument)->l_type != F_UNLCK;                                  \
    FAIL_IF(mark(descriptor) == IS_FILE && locks, RECORD_LOCK, NULL, -1)                                               \
    return REAL(name)(descriptor, command, argument);

int fcntl(int descriptor, int command, ...) { FCNTL_FUNCTION(fcntl) }
int fcntl64(int descriptor, int command, ...) { FCNTL_FUNCTION(fcntl64) }

int close(int descriptor) {
    int before = mark(descriptor);
    set_mark(descriptor, 0);
    int result = REAL(close)(descriptor);
    // As on Linux, the descriptor is closed whatever close says.
    FAIL_IF(before == IS_FILE, CLOSE, NULL, -1)
    return result;
}

#define TRANSFER_FUNCTION(name, file_class, socket_class, parameters, ...)                                       \
    ssize_t name parameters {                                                                                          \
        int kind_of = mark(descriptor);                                                                                \
        if (kind_of != 0) {                                                                                            \
            int number = fault(kind_of == IS_FILE ? file_class : socket_class, __func__, NULL);                        \
            if (number > 0) {                                                                                          \
                errno = number;                                                                                        \
                return -1;                                                                                             \
            }                                                                                                          \
            if (number == SHORTENED && count > 1) count /= 2;                                                          \
        }                                                                                                              \
        return REAL(name)(__VA_ARGS__);                                                                                \
    }

TRANSFER_FUNCTION(read, READ, RECEIVE, (int descriptor, void *to, size_t count), descriptor, to, count)
TRANSFER_FUNCTION(pread, READ, 0, (int descriptor, void *to, size_t count, off_t at), descriptor, to, count, at)
TRANSFER_FUNCTION(pread64, READ, 0, (int descriptor, void *to, size_t count, off64_t at), descriptor, to, count, at)
TRANSFER_FUNCTION(write, WRITE, SEND, (int descriptor, const void *from, size_t count), descriptor, from, count)
TRANSFER_FUNCTION(
    pwrite, WRITE, 0, (int descriptor, const void *from, size_t count, off_t at), descriptor, from, count, at
)
TRANSFER_FUNCTION(
    pwrite64, WRITE, 0, (int descriptor, const void *from, size_t count, off64_t at), descriptor, from, count, at
)
TRANSFER_FUNCTION(
    recv, 0, RECEIVE, (int descriptor, void *to, size_t count, int flags), descriptor, to, count, flags
)
TRANSFER_FUNCTION(
    send, 0, SEND, (int descriptor, const void *from, size_t count, int flags), descriptor, from, count, flags
)
// Shortened to half of its buffers; one of one buffer goes whole.
TRANSFER_FUNCTION(
    writev, WRITE, SEND, (int descriptor, const struct iovec *from, int count), descriptor, from, count
)

// Sockets.

int socket(int domain, int type, int protocol) {
    bool counts = report != NULL && (domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX);
    FAIL_IF(counts, SOCKET, NULL, -1)
    int descriptor = REAL(socket)(domain, type, protocol);
    set_mark(descriptor, counts ? IS_SOCKET : 0);
    return descriptor;
}

int connect(int descriptor, const struct sockaddr *address, socklen_t size) {
    FAIL_IF(mark(descriptor) == IS_SOCKET, CONNECT, NULL, -1)
    return REAL(connect)(descriptor, address, size);
}
