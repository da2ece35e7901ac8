// The yardsticks for Memcached: what a server can give and take over plain pipelined connections.
//
// bench-memcached read PORT [CONNECTIONS [FILE]]   lru_crawler metadump on one connection; for each key that it names an
//                                                  `mg` on one of the others. Values are counted and dropped, or the
//                                                  replies written to FILE as they come.
// bench-memcached write PORT [CONNECTIONS] <FILE   sends ready-made `ms` commands of FILE, quiet ones; a refusal ends it.
//
// One thread, non-blocking sockets, at most WINDOW bytes of commands unanswered per connection.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECTION_LIMIT = 16, CHUNK = 1 << 18, WINDOW = 1 << 16 };

struct buffer {
    char *bytes;
    size_t start, end, capacity;
};

struct connection {
    int socket;
    struct buffer in, out;
    unsigned long long asked, answered;
    size_t skip;  // Bytes of a value that are still to come, its line end included.
    int is_kept;  // Whether what comes goes to `output`.
};

static unsigned long long item_count, value_byte_count, missing_count;
static int output = -1;

static void fail(const char *what, const char *detail) {
    fprintf(stderr, "bench-memcached: %s: %s\n", what, detail);
    exit(1);
}

static void reserve(struct buffer *buffer, size_t count) {
    if (buffer->start == buffer->end) buffer->start = buffer->end = 0;
    if (buffer->capacity - buffer->end >= count) return;
    memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->end - buffer->start);
    buffer->end -= buffer->start;
    buffer->start = 0;
    if (buffer->capacity - buffer->end >= count) return;
    buffer->capacity = 2 * (buffer->end + count);
    buffer->bytes = realloc(buffer->bytes, buffer->capacity);
    if (buffer->bytes == NULL) fail("memory", "none left");
}

static void append(struct buffer *buffer, const char *bytes, size_t count) {
    reserve(buffer, count);
    memcpy(buffer->bytes + buffer->end, bytes, count);
    buffer->end += count;
}

static int open_connection(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connection = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
        fail("connect", strerror(errno));
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(connection, F_SETFL, O_NONBLOCK);
    return connection;
}

static void keep(const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(output, bytes, count);
        if (written < 0) fail("output", strerror(errno));
        bytes += written;
        count -= written;
    }
}

// 0 at the end of the stream.
static int fill(struct connection *connection) {
    reserve(&connection->in, CHUNK);
    ssize_t count = read(connection->socket, connection->in.bytes + connection->in.end, CHUNK);
    if (count < 0 && errno != EAGAIN) fail("read", strerror(errno));
    if (count > 0 && connection->is_kept) keep(connection->in.bytes + connection->in.end, count);
    if (count > 0) connection->in.end += count;
    return count != 0;
}

static void flush(struct connection *connection) {
    struct buffer *out = &connection->out;
    if (out->start == out->end) return;
    ssize_t count = write(connection->socket, out->bytes + out->start, out->end - out->start);
    if (count < 0 && errno != EAGAIN) fail("write", strerror(errno));
    if (count > 0) out->start += count;
}

static char *take_line(struct buffer *buffer, size_t *length) {
    char *line = buffer->bytes + buffer->start;
    char *end = memchr(line, '\n', buffer->end - buffer->start);
    if (end == NULL) return NULL;
    *length = end - line;
    buffer->start += *length + 1;
    return line;
}

// Reading

static void take_values(struct connection *connection) {
    struct buffer *in = &connection->in;
    for (;;) {
        size_t count = in->end - in->start, length;
        if (connection->skip > count) {
            connection->skip -= count;
            in->start = in->end;
            return;
        }
        in->start += connection->skip;
        connection->skip = 0;
        char *line = take_line(in, &length);
        if (line == NULL) return;
        connection->answered += 1;
        if (strncmp(line, "VA ", 3) == 0) {
            size_t size = strtoul(line + 3, NULL, 10);
            item_count += 1;
            value_byte_count += size;
            connection->skip = size + 2;
        } else if (strncmp(line, "EN", 2) == 0) {
            missing_count += 1;
        } else {
            line[length] = 0;
            fail("answer", line);
        }
    }
}

// Keys of the dump are escaped as in a URI; those of the bench have nothing to escape but what `%` begins.
static int take_keys(struct connection *dump, struct connection *readers, int count) {
    static int next = 0;
    size_t length;
    char *line;
    while ((line = take_line(&dump->in, &length)) != NULL) {
        if (strncmp(line, "key=", 4) != 0) {
            if (strncmp(line, "END", 3) == 0) return 0;
            if (strncmp(line, "OK", 2) == 0) continue;
            line[length] = 0;
            fail("metadump", line);
        }
        struct connection *reader = &readers[next++ % count];
        char *key = line + 4, *end = memchr(key, ' ', length - 4);
        if (end == NULL) fail("metadump", "a line without an end of the key");
        reserve(&reader->out, 300);
        struct buffer *out = &reader->out;
        memcpy(out->bytes + out->end, "mg ", 3);
        out->end += 3;
        for (char *from = key; from < end; from++) {
            char byte = *from;
            if (byte == '%') {
                char digits[3] = {from[1], from[2], 0};
                byte = (char)strtoul(digits, NULL, 16);
                from += 2;
            }
            out->bytes[out->end++] = byte;
        }
        // What a backup needs: value, client flags, remaining life, CAS; u leaves the LRU alone.
        append(out, " v f t c u\r\n", 12);
        reader->asked += 1;
    }
    return 1;
}

static void read_all(int port, int count) {
    struct connection dump = {.socket = open_connection(port)}, readers[CONNECTION_LIMIT] = {0};
    for (int index = 0; index < count; index++) {
        readers[index].socket = open_connection(port);
        readers[index].is_kept = output >= 0;
    }
    append(&dump.out, "lru_crawler metadump hash\r\n", 27);
    flush(&dump);
    int is_dumping = 1;
    for (;;) {
        struct pollfd polls[CONNECTION_LIMIT + 1];
        int is_busy = is_dumping;
        for (int index = 0; index < count; index++) {
            struct connection *reader = &readers[index];
            int wants_write = reader->out.start < reader->out.end;
            polls[index] = (struct pollfd){reader->socket, POLLIN | (wants_write ? POLLOUT : 0), 0};
            is_busy |= reader->asked != reader->answered;
        }
        if (!is_busy) break;
        polls[count] = (struct pollfd){is_dumping ? dump.socket : -1, POLLIN, 0};
        if (poll(polls, count + 1, 10000) <= 0) fail("poll", "nothing came for 10 s");
        if (polls[count].revents) {
            if (!fill(&dump)) fail("metadump", "the connection was closed");
            is_dumping = take_keys(&dump, readers, count);
        }
        for (int index = 0; index < count; index++) {
            struct connection *reader = &readers[index];
            if (polls[index].revents & (POLLIN | POLLHUP)) {
                if (!fill(reader)) fail("read", "the connection was closed");
                take_values(reader);
            }
            flush(reader);
        }
    }
}

// Writing

// The end of the command that begins at `start`: its line, and as many bytes as its line says.
static size_t end_of_command(const char *bytes, size_t start, size_t size) {
    const char *line_end = memchr(bytes + start, '\n', size - start);
    if (line_end == NULL) fail("input", "half a command");
    const char *key = bytes + start + 3, *space = memchr(key, ' ', line_end - key);
    if (strncmp(bytes + start, "ms ", 3) != 0 || space == NULL) fail("input", "no ms command");
    item_count += 1;
    unsigned long length = strtoul(space + 1, NULL, 10);
    value_byte_count += length;
    return line_end + 1 - bytes + length + 2;
}

static void write_all(int port, int count) {
    struct stat status;
    if (fstat(STDIN_FILENO, &status) != 0) fail("input", strerror(errno));
    size_t size = status.st_size, start = 0;
    const char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, STDIN_FILENO, 0);
    if (bytes == MAP_FAILED) fail("input", "not a file with commands");
    struct connection writers[CONNECTION_LIMIT] = {0};
    for (int index = 0; index < count; index++) writers[index].socket = open_connection(port);
    for (;;) {
        struct pollfd polls[CONNECTION_LIMIT];
        int is_busy = 0;
        for (int index = 0; index < count; index++) {
            struct connection *writer = &writers[index];
            if (writer->out.start == writer->out.end && start < size) {
                size_t end = start;
                while (end < size && end - start < WINDOW) end = end_of_command(bytes, end, size);
                append(&writer->out, bytes + start, end - start);
                start = end;
                // Quiet commands have no answer; this one says that they were taken.
                append(&writer->out, "mn\r\n", 4);
                writer->asked += 1;
            }
            flush(writer);
            int wants_write = writer->out.start < writer->out.end;
            polls[index] = (struct pollfd){writer->socket, POLLIN | (wants_write ? POLLOUT : 0), 0};
            is_busy |= writer->asked != writer->answered;
        }
        if (!is_busy && start == size) break;
        if (poll(polls, count, 10000) <= 0) fail("poll", "nothing happened for 10 s");
        for (int index = 0; index < count; index++) {
            struct connection *writer = &writers[index];
            size_t length;
            char *line;
            if (!(polls[index].revents & (POLLIN | POLLHUP))) continue;
            if (!fill(writer)) fail("write", "the connection was closed");
            while ((line = take_line(&writer->in, &length)) != NULL) {
                line[length] = 0;
                if (strncmp(line, "MN", 2) != 0) fail("refused", line);
                writer->answered += 1;
            }
        }
    }
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    int port = atoi(arguments[2]), connections = count > 3 ? atoi(arguments[3]) : 1;
    if (connections < 1 || connections > CONNECTION_LIMIT) return 2;
    if (strcmp(arguments[1], "read") == 0) {
        if (count > 4) output = open(arguments[4], O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (count > 4 && output < 0) fail(arguments[4], strerror(errno));
        read_all(port, connections);
    } else if (strcmp(arguments[1], "write") == 0) {
        write_all(port, connections);
    } else {
        return 2;
    }
    printf("%llu items, %llu bytes, %llu missing\n", item_count, value_byte_count, missing_count);
    return 0;
}
