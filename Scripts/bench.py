"""The figures of Rewarm beside the usual tools; started by Scripts/bench."""
import argparse
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# Contenders that the table compares with each other.
SERVER_START = "redis-server starts from the RDB"
REPLICATION = "rewarm restore, replication"


class Client:
    """A blocking RESP2 client, enough to make RESTORE commands and to read INFO."""

    def __init__(self, port):
        self.file = socket.create_connection(("127.0.0.1", port)).makefile("rwb", buffering=1 << 20)

    def send(self, *words):
        self.file.write(encode(words))

    def reply(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind in b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        return [self.reply() for _ in range(int(rest))]

    def ask(self, *words):
        self.send(*words)
        self.file.flush()
        return self.reply()

    def info(self, section):
        lines = self.ask("INFO", section).decode().split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        raw = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(raw), raw))
    return b"".join(parts)


class Server:
    """A redis-server on a free loopback port with a directory of its own."""

    def __init__(self, directory, *options):
        self.directory, self.options = directory, options
        os.makedirs(directory, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.directory, "--save", "",
             "--appendonly", "no", "--repl-diskless-sync-delay", "0", "--logfile", self.directory + "/log",
             "--enable-debug-command", "yes", *self.options], stdin=subprocess.DEVNULL)
        while True:
            try:
                self.client = Client(self.port)
                self.client.ask("PING")
                return
            except (OSError, RuntimeError, ValueError):
                if self.process.poll() is not None:
                    sys.exit("redis-server does not start, see " + self.directory + "/log")
                time.sleep(0.02)

    def cpu(self):
        """Seconds of processor time of the server and of its fork children so far."""
        found = self.client.info("cpu")
        return sum(float(found[name]) for name in ("used_cpu_sys", "used_cpu_user", "used_cpu_sys_children",
                                                   "used_cpu_user_children"))

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def restart_empty(self):
        self.stop()
        self.start()


def measure(words, server, shell=False):
    """Runs a command; wall and processor seconds, the largest process in MiB, and what the server spent on it."""
    before = server.cpu()
    began = time.monotonic()
    process = subprocess.Popen(words, shell=shell, executable="/bin/bash" if shell else None, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    if process.returncode != 0:
        sys.exit("failed (%d): %s\n%s%s" % (process.returncode, words, out[-2000:], errors[-2000:]))
    # A fork child is counted once the server has collected it.
    time.sleep(0.3)
    return {"seconds": wall, "processorSeconds": usage.ru_utime + usage.ru_stime,
            "peakMebibytes": usage.ru_maxrss / 1024, "serverSeconds": server.cpu() - before, "output": out}


class Bench:
    def __init__(self, options):
        self.options = options
        self.work = tempfile.mkdtemp(prefix="rewarm-bench-", dir=options.directory)
        self.servers, self.samples, self.sizes, self.counts = [], {}, {}, {}

    def server(self, name, *options):
        server = Server(os.path.join(self.work, name), *options)
        self.servers.append(server)
        return server

    def close(self):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.work, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.work, name)

    def rewarm(self, *words):
        return [self.options.rewarm, *map(str, words)]

    def note(self, name, sample, size=None):
        self.samples.setdefault(name, []).append(sample)
        if size is not None:
            self.sizes[name] = size
        print("  %-34s %7.2f s" % (name, sample["seconds"]), file=sys.stderr, flush=True)

    def load(self, source, keys, seed):
        print("making %d keys" % keys, file=sys.stderr, flush=True)
        words = "%s/bench-data %d %d | redis-cli -p %d --pipe" % (HERE, keys, seed, source.port)
        done = subprocess.run(words, shell=True, capture_output=True, text=True)
        if "errors: 0" not in done.stdout:
            sys.exit("loading failed: " + done.stdout + done.stderr)

    # Snapshots

    def snapshot(self, source, name, *options):
        repository = self.path("repository")
        shutil.rmtree(repository, ignore_errors=True)
        sample = measure(self.rewarm("snapshot", "--source", "redis://127.0.0.1:%d" % source.port, "--repository",
                                     repository, "--create", "--quiet", *options), source)
        size = sum(os.path.getsize(os.path.join(folder, file)) for folder, _, files in os.walk(repository)
                   for file in files if file.endswith(".rewarm"))
        self.note(name, sample, size)

    def plain(self, source, name, after=""):
        file = self.path("plain.rdb")
        target = file if not after else "-"
        tail = " | %s >%s && sync %s" % (after, file, file) if after else " && sync " + file
        sample = measure("set -o pipefail; redis-cli -p %d --rdb %s%s" % (source.port, target, tail), source, shell=True)
        self.note(name, sample, os.path.getsize(file))
        os.unlink(file)

    def scan_in_c(self, source):
        self.note("C loop: SCAN, MULTI, DUMP", measure([self.options.scanner, str(source.port)], source))

    def snapshots(self, source):
        contenders = [
            lambda: self.plain(source, "redis-cli --rdb"),
            lambda: self.snapshot(source, "rewarm zlib", "--method", "replication", "--codec", "zlib"),
            lambda: self.plain(source, "redis-cli --rdb to gzip -1", "gzip -1"),
            lambda: self.snapshot(source, "rewarm zstd", "--method", "replication", "--codec", "zstd"),
            lambda: self.plain(source, "redis-cli --rdb to pigz -1 -p2", "pigz -1 -p2"),
            lambda: self.snapshot(source, "rewarm none", "--method", "replication", "--codec", "none"),
            lambda: self.plain(source, "redis-cli --rdb to zstd -1", "zstd -1 -q"),
        ]
        if self.options.scanner:
            contenders.append(lambda: self.scan_in_c(source))
        contenders.append(lambda: self.snapshot(source, "rewarm scan, zstd", "--method", "scan", "--codec", "zstd"))
        self.rounds("snapshot", contenders)

    # Restores

    def restore_commands(self, source):
        """Writes ready-made RESTORE commands with absolute deadlines, as redis-cli --pipe takes them."""
        file, cursor = self.path("restore.resp"), b"0"
        with open(file, "wb") as out:
            while True:
                cursor, names = source.client.ask("SCAN", cursor, "COUNT", 2000)
                for name in names:
                    source.client.send("PEXPIRETIME", name)
                    source.client.send("DUMP", name)
                source.client.file.flush()
                for name in names:
                    deadline, payload = source.client.reply(), source.client.reply()
                    if payload is not None:
                        out.write(encode(("RESTORE", name, max(deadline, 0), payload, "ABSTTL")))
                if cursor == b"0":
                    return file

    def restores(self, source, target):
        repository = self.path("restore-repository")
        subprocess.run(self.rewarm("snapshot", "--source", "redis://127.0.0.1:%d" % source.port, "--repository", repository,
                                   "--create", "--quiet", "--codec", self.options.codec), check=True,
                       stdin=subprocess.DEVNULL)
        commands = self.restore_commands(source)
        keys = source.client.ask("DBSIZE")
        rdb = self.path("start.rdb")
        subprocess.run(["redis-cli", "-p", str(source.port), "--rdb", rdb], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

        def pipe():
            target.restart_empty()
            sample = measure("redis-cli -p %d --pipe <%s" % (target.port, commands), target, shell=True)
            self.note("redis-cli --pipe, RESTORE", sample)

        def rewarm(name="rewarm restore", method="commands"):
            target.restart_empty()
            sample = measure(self.rewarm("restore", "latest", "--repository", repository, "--target",
                                         "redis://127.0.0.1:%d" % target.port, "--method", method, "--quiet"), target)
            loaded = target.client.ask("DBSIZE")
            if loaded != keys:
                print("  note: %d of %d keys in the target" % (loaded, keys), file=sys.stderr)
            self.note(name, sample)

        def replication():
            rewarm(REPLICATION, "replication")

        def export():
            sample = measure(self.rewarm("export", "latest", "--repository", repository, "--rdb",
                                         self.path("export.rdb"), "--quiet"), target)
            self.note("rewarm export", sample, os.path.getsize(self.path("export.rdb")))

        def start():
            target.stop()
            shutil.copy(rdb, target.directory + "/dump.rdb")
            began = time.monotonic()
            target.start()
            while target.client.info("persistence").get("loading") == "1":
                time.sleep(0.02)
            sample = {"seconds": time.monotonic() - began, "processorSeconds": 0.0, "peakMebibytes": 0.0,
                      "serverSeconds": target.cpu()}
            os.unlink(target.directory + "/dump.rdb")
            self.note(SERVER_START, sample)

        self.rounds("restore", [pipe, rewarm, start, replication, export])
        verify = measure(self.rewarm("verify", "--all", "--repository", repository, "--quiet"), target)
        self.note("rewarm verify", verify)
        for _ in range(20):
            sample = measure(self.rewarm("list", "--repository", repository), target)
            self.samples.setdefault("rewarm list", []).append(sample)

    def rounds(self, what, contenders):
        """Every contender once per round, beginning with another one each time."""
        for number in range(self.options.runs):
            print("%s, round %d of %d" % (what, number + 1, self.options.runs), file=sys.stderr, flush=True)
            for index in range(len(contenders)):
                contenders[(index + number) % len(contenders)]()

    # Huge values

    def huge(self):
        source, target = self.server("huge-source"), self.server("huge-target")
        # The payload of a 512 MiB string is a little longer than what a server takes as one argument by default.
        target.client.ask("CONFIG", "SET", "proto-max-bulk-len", 768 * 1048576)
        megabytes, members, fields = self.options.huge_string, self.options.huge_members, self.options.huge_fields
        items = self.options.huge_list
        print("making a string of %d MiB, a list of %d MiB, a sorted set of %d members, a hash of %d fields"
              % (megabytes, items, members, fields), file=sys.stderr)
        source.client.ask("SETRANGE", "huge:string", megabytes * 1048576 - 1, "x")
        for start in range(0, megabytes, 16):
            # Half of it random, so that neither LZF nor zeros make it small.
            source.client.ask("SETRANGE", "huge:string", start * 1048576, os.urandom(8 * 1048576))
        for name, count, element in (("ZADD huge:zset", members, lambda index: (index * 1.5, "member:%d" % index)),
                                     ("HSET huge:hash", fields, lambda index: ("field:%d" % index, "value %d of the hash" % index))):
            for start in range(0, count, 5000):
                source.client.ask(*name.split(), *(word for index in range(start, min(start + 5000, count)) for word in element(index)))
        for _ in range(items):
            source.client.ask("RPUSH", "huge:list", os.urandom(1 << 19) + bytes(1 << 19))
        repository = self.path("huge-repository")
        sample = measure(self.rewarm("snapshot", "--source", "redis://127.0.0.1:%d" % source.port, "--repository",
                                     repository, "--create", "--quiet"), source)
        self.note("huge values: snapshot", sample)
        sample = measure(self.rewarm("restore", "latest", "--repository", repository, "--target",
                                     "redis://127.0.0.1:%d" % target.port, "--quiet"), target)
        self.note("huge values: restore", sample)
        self.compare_huge(source, target)
        # A target whose limits let none of them through as one command.
        target.client.ask("CONFIG", "SET", "client-query-buffer-limit", 8 * 1048576)
        sample = measure(self.rewarm("restore", "latest", "--repository", repository, "--target",
                                     "redis://127.0.0.1:%d" % target.port, "--flush-target", "--json"), target)
        plan, summary = (json.loads(line) for line in sample["output"].splitlines())
        limit = plan["target"]["largestArgumentByteCount"]
        if summary["piecewiseKeyCount"] != sum(row["bodyByteCount"] > limit for row in plan["types"]):
            sys.exit("not every huge value went piece by piece: " + sample["output"])
        self.note("huge values: restore, piece by piece", sample)
        self.compare_huge(source, target)
        sample = measure(self.rewarm("restore", "latest", "--repository", repository, "--target",
                                     "redis://127.0.0.1:%d" % target.port, "--method", "replication",
                                     "--flush-target", "--quiet"), target)
        self.note("huge values: restore, replication", sample)
        self.compare_huge(source, target)
        sample = measure(self.rewarm("export", "latest", "--repository", repository, "--rdb", self.path("huge.rdb"),
                                     "--quiet"), target)
        self.note("huge values: export", sample)

    def compare_huge(self, source, target):
        for key in ("huge:string", "huge:zset", "huge:hash", "huge:list"):
            if source.client.ask("DEBUG", "DIGEST-VALUE", key) != target.client.ask("DEBUG", "DIGEST-VALUE", key):
                sys.exit("the target's %s differs" % key)

    # Output

    def report(self, source):
        rows, keys = [], self.counts["keys"]
        base = {"redis-cli --rdb": "redis-cli --rdb", "restore": "redis-cli --pipe, RESTORE"}
        for name, samples in self.samples.items():
            against = base["restore"] if "restore" in name or "pipe," in name or "starts" in name else base["redis-cli --rdb"]
            if name == REPLICATION:
                against = SERVER_START
            if name in ("rewarm scan, zstd", "C loop: SCAN, MULTI, DUMP") and "C loop: SCAN, MULTI, DUMP" in self.samples:
                against = "C loop: SCAN, MULTI, DUMP"
            seconds = [sample["seconds"] for sample in samples]
            comparable = against in self.samples and not name.startswith(("huge", "rewarm list", "rewarm verify", "rewarm export"))
            rows.append({
                "name": name, "runCount": len(samples), "medianSeconds": statistics.median(seconds),
                "minimumSeconds": min(seconds), "maximumSeconds": max(seconds),
                "ratio": self.ratio(name, against) if comparable else None, "against": against if comparable else None,
                "byteCount": self.sizes.get(name),
                "sizeRatio": self.sizes[name] / self.sizes["redis-cli --rdb"] if name in self.sizes else None,
                "keysPerSecond": None if name.startswith(("huge", "rewarm list")) else keys / statistics.median(seconds),
                "peakMebibytes": max(sample["peakMebibytes"] for sample in samples),
                "processorSeconds": statistics.median(sample["processorSeconds"] for sample in samples),
                "serverSeconds": statistics.median(sample["serverSeconds"] for sample in samples),
            })
        return {"schema": 1, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "keyCount": keys,
                "rdbByteCount": self.sizes["redis-cli --rdb"], "coreCount": os.cpu_count(),
                "redisVersion": source.client.info("server")["redis_version"], "commit": self.options.commit,
                "command": "Scripts/bench " + " ".join(sys.argv[1:]), "rows": rows}

    def ratio(self, name, against):
        """The median of the ratios of the same round: what the machine does meanwhile meets both."""
        pairs = zip(self.samples[name], self.samples[against])
        return statistics.median(one["seconds"] / other["seconds"] for one, other in pairs)


def show(report):
    print("\n%d keys, %.0f MB as RDB; Redis %s, %d cores; %s; medians\n" % (
        report["keyCount"], report["rdbByteCount"] / 1e6, report["redisVersion"], report["coreCount"], report["date"]))
    print("| what | seconds | ratio | min to max | of RDB | keys/s | peak MiB | own CPU s | server CPU s |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for row in report["rows"]:
        cells = [
            row["name"], "%.3f" % row["medianSeconds"] if row["medianSeconds"] < 0.1 else "%.2f" % row["medianSeconds"],
            "%.2f" % row["ratio"] if row["ratio"] else "", "%.2f to %.2f" % (row["minimumSeconds"], row["maximumSeconds"]),
            "%.3f" % row["sizeRatio"] if row["sizeRatio"] else "",
            "%.0f k" % (row["keysPerSecond"] / 1000) if row["keysPerSecond"] else "",
            "%.0f" % row["peakMebibytes"] if row["peakMebibytes"] else "", "%.2f" % row["processorSeconds"],
            "%.2f" % row["serverSeconds"]]
        print("| " + " | ".join(cells) + " |")


def write(report, path):
    """Writes a report as JSON, if there is a path."""
    if path:
        with open(path, "w") as out:
            json.dump(report, out, indent=1)
            out.write("\n")


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench", description=__doc__)
    parser.add_argument("--keys", type=int, help="default 1500000; of a run with --only huge, whose table needs few, 10000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--codec", default="zlib", help="codec of the archive that the restores read")
    parser.add_argument("--only", choices=["snapshot", "restore", "huge"])
    parser.add_argument("--huge-string", type=int, default=512, help="MiB of the one string; 0 leaves huge values out")
    parser.add_argument("--huge-members", type=int, default=5_000_000)
    parser.add_argument("--huge-fields", type=int, default=20_000_000)
    parser.add_argument("--huge-list", type=int, default=4096, help="MiB of the one list, whose elements have 1 MiB")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--directory", help="where the work goes (default: the temporary directory)")
    parser.add_argument("--rewarm", default=os.environ.get("REWARM"), help=argparse.SUPPRESS)
    parser.add_argument("--scanner", default=os.environ.get("REWARM_BENCH_SCANNER"), help=argparse.SUPPRESS)
    parser.add_argument("--commit", default=os.environ.get("REWARM_BENCH_COMMIT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.keys = options.keys or (10_000 if options.only == "huge" else 1_500_000)
    # One run is a table row, too: stop orderly on every signal, so that servers and files go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    bench = Bench(options)
    try:
        source = bench.server("source")
        bench.load(source, options.keys, options.seed)
        bench.counts["keys"] = source.client.ask("DBSIZE")
        bench.plain(source, "redis-cli --rdb (warm-up)")
        bench.sizes["redis-cli --rdb"] = bench.sizes.pop("redis-cli --rdb (warm-up)")
        bench.samples.clear()
        if options.only in (None, "snapshot"):
            bench.snapshots(source)
        if options.only in (None, "restore"):
            bench.restores(source, bench.server("target"))
        if options.only in (None, "huge") and options.huge_string:
            bench.huge()
        report = bench.report(source)
        show(report)
        write(report, options.json)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
