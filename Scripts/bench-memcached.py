"""The figures of Rewarm with Memcached beside the server's own bound; started by Scripts/bench --only memcached.

The bound is a C loop that drops what it reads and sends what was made before: `mg` of every key that metadump names,
and quiet `ms`, pipelined over as many connections as serve best. What a snapshot does beside, at the least, are the
loop's replies in a file, with their SHA-256 and durable, as they are and through zstd."""
import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

import bench

# Contenders that the table compares with each other.
READ, WRITE = "C loop: metadump, mg", "C loop: ms"
KEPT, KEPT_BY_ZSTD = "C loop to a file, SHA-256, fsync", "C loop to zstd -1, SHA-256, fsync"
SNAPSHOT, RESTORE = "rewarm snapshot, zstd", "rewarm restore"


class Server:
    """A memcached on a free loopback port; `cpu` as `bench.measure` wants it."""

    def __init__(self, *options):
        self.options = options
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def start(self):
        words = ["memcached", "-p", str(self.port), "-U", "0", "-l", "127.0.0.1", *self.options]
        if os.getuid() == 0:
            words += ["-u", "root"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        while True:
            try:
                self.stats()
                return
            except OSError:
                if self.process.poll() is not None:
                    sys.exit("memcached does not start")
                time.sleep(0.02)

    def stats(self):
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"stats\r\n")
            file, found = connection.makefile("rb"), {}
            for line in file:
                words = line.decode().split()
                if words == ["END"]:
                    return found
                found[words[1]] = " ".join(words[2:])
            raise ConnectionError("memcached closed the connection")

    def cpu(self):
        found = self.stats()
        return float(found["rusage_user"]) + float(found["rusage_system"])

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def restart_empty(self):
        self.stop()
        self.start()


class Bench(bench.Bench):
    def __init__(self, options):
        super().__init__(options)
        self.loop = [options.loop]

    def memcached(self):
        server = Server("-m", str(self.options.memory), "-c", "256")
        self.servers.append(server)
        return server

    def load(self, source, keys, seed):
        print("making %d items" % keys, file=sys.stderr, flush=True)
        with open(self.path("items"), "wb") as out:
            subprocess.run([bench.HERE + "/bench-data", str(keys), str(seed), "memcached"], stdout=out, check=True)
        with open(self.path("items"), "rb") as items:
            subprocess.run(self.loop + ["write", str(source.port)], stdin=items, stdout=subprocess.DEVNULL, check=True)
        found = source.stats()
        if int(found["curr_items"]) != keys or int(found["evictions"]):
            sys.exit("the source holds %s of %d items: more --memory" % (found["curr_items"], keys))

    def expect(self, sample, keys):
        if not sample["output"].startswith("%d items," % keys):
            sys.exit("the C loop met other items: " + sample["output"])
        return sample

    def read_in_c(self, source, connections):
        sample = bench.measure(self.loop + ["read", str(source.port), str(connections)], source)
        self.note(READ, self.expect(sample, self.counts["keys"]))

    def keep_in_c(self, source, connections, name, filter=""):
        target = self.path("replies")
        words = ("set -o pipefail; { %s read %d %d /dev/fd/3 3>&1 >&4 4>&- | %stee %s | openssl dgst -sha256 >/dev/null; }"
                 " 4>&1 && sync %s" % (self.loop[0], source.port, connections, filter, target, target))
        sample = self.expect(bench.measure(words, source, shell=True), self.counts["keys"])
        self.note(name, sample, os.path.getsize(target))
        os.remove(target)

    def write_in_c(self, target, connections):
        target.restart_empty()
        words = "%s write %d %d <%s" % (self.loop[0], target.port, connections, self.path("items"))
        self.note(WRITE, self.expect(bench.measure(words, target, shell=True), self.counts["keys"]))

    def best(self, what, run):
        """The number of connections with which the loop is fastest, of three rounds."""
        medians = {}
        for connections in (1, 2, 4):
            for _ in range(3):
                run(connections)
            medians[connections] = statistics.median(one["seconds"] for one in self.samples.pop(what)[-3:])
        found = min(medians, key=medians.get)
        print("  %s is fastest over %d connections" % (what, found), file=sys.stderr, flush=True)
        return found

    def snapshot(self, source, name, *options):
        repository = self.path("repository")
        shutil.rmtree(repository, ignore_errors=True)
        sample = bench.measure(self.rewarm("snapshot", "--source", "memcached://127.0.0.1:%d" % source.port, "--repository",
                                           repository, "--create", "--quiet", *options), source)
        size = sum(os.path.getsize(os.path.join(folder, file)) for folder, _, files in os.walk(repository)
                   for file in files if file.endswith(".rewarm"))
        self.note(name, sample, size)

    def restore(self, target):
        target.restart_empty()
        sample = bench.measure(self.rewarm("restore", "latest", "--repository", self.path("repository"), "--target",
                                           "memcached://127.0.0.1:%d" % target.port, "--quiet"), target)
        found = target.stats()
        if int(found["curr_items"]) != self.counts["keys"] or int(found["evictions"]):
            sys.exit("the target holds %s items, evicted %s" % (found["curr_items"], found["evictions"]))
        self.note(RESTORE, sample)

    def run(self):
        source, target = self.memcached(), self.memcached()
        keys = self.options.keys
        self.load(source, keys, self.options.seed)
        self.counts["keys"] = keys
        readers = self.best(READ, lambda count: self.read_in_c(source, count))
        writers = self.best(WRITE, lambda count: self.write_in_c(target, count))
        if self.options.bound_only:
            contenders = [lambda: self.read_in_c(source, readers), lambda: self.write_in_c(target, writers)]
            self.rounds("bound", contenders)
            return self.report(source)
        self.rounds("snapshot", [
            lambda: self.read_in_c(source, readers),
            lambda: self.keep_in_c(source, readers, KEPT),
            lambda: self.keep_in_c(source, readers, KEPT_BY_ZSTD, "zstd -1 -T1 -q -c | "),
            lambda: self.snapshot(source, "rewarm snapshot, zlib", "--codec", "zlib"),
            lambda: self.snapshot(source, "rewarm snapshot, none", "--codec", "none"),
            lambda: self.snapshot(source, SNAPSHOT, "--codec", "zstd"),
        ])
        self.snapshot(source, SNAPSHOT, "--codec", self.options.codec)
        self.samples[SNAPSHOT].pop()
        self.rounds("restore", [lambda: self.write_in_c(target, writers), lambda: self.restore(target)])
        return self.report(source)

    def report(self, source):
        rows, found = [], source.stats()
        for name, samples in self.samples.items():
            seconds = [sample["seconds"] for sample in samples]
            against = WRITE if name in (WRITE, RESTORE) else READ
            rows.append({
                "name": name, "runCount": len(samples), "medianSeconds": statistics.median(seconds),
                "minimumSeconds": min(seconds), "maximumSeconds": max(seconds), "ratio": self.ratio(name, against),
                "against": against, "byteCount": self.sizes.get(name),
                "sizeRatio": self.sizes[name] / self.item_bytes() if name in self.sizes else None,
                "keysPerSecond": self.counts["keys"] / statistics.median(seconds),
                "peakMebibytes": max(sample["peakMebibytes"] for sample in samples),
                "processorSeconds": statistics.median(sample["processorSeconds"] for sample in samples),
                "serverSeconds": statistics.median(sample["serverSeconds"] for sample in samples),
            })
        return {"schema": 1, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "keyCount": self.counts["keys"],
                "itemByteCount": self.item_bytes(), "coreCount": os.cpu_count(), "memcachedVersion": found["version"],
                "commit": self.options.commit, "command": "Scripts/bench --only memcached " + " ".join(sys.argv[1:]),
                "rows": rows}

    def item_bytes(self):
        return os.path.getsize(self.path("items"))


def show(report):
    print("\n%d items, %.0f MB as ms commands; memcached %s, %d cores; %s; medians\n" % (
        report["keyCount"], report["itemByteCount"] / 1e6, report["memcachedVersion"], report["coreCount"],
        report["date"]))
    print("| what | seconds | of the bound | min to max | of the commands' bytes | items/s | peak MiB | own CPU s | server CPU s |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for row in report["rows"]:
        cells = [row["name"], "%.2f" % row["medianSeconds"], "%.2f" % row["ratio"],
                 "%.2f to %.2f" % (row["minimumSeconds"], row["maximumSeconds"]),
                 "%.3f" % row["sizeRatio"] if row["sizeRatio"] else "", "%.0f k" % (row["keysPerSecond"] / 1000),
                 "%.0f" % row["peakMebibytes"], "%.2f" % row["processorSeconds"], "%.2f" % row["serverSeconds"]]
        print("| " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench --only memcached", description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--codec", default="zstd", help="codec of the archive that the restores read")
    parser.add_argument("--memory", type=int, default=2048, help="MiB of each server")
    parser.add_argument("--bound-only", action="store_true", help="measure the C loops alone")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--directory", help="where the work goes (default: the temporary directory)")
    parser.add_argument("--rewarm", default=os.environ.get("REWARM"), help=argparse.SUPPRESS)
    parser.add_argument("--loop", default=os.environ.get("REWARM_BENCH_LOOP"), help=argparse.SUPPRESS)
    parser.add_argument("--commit", default=os.environ.get("REWARM_BENCH_COMMIT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = Bench(options)
    try:
        report = work.run()
        show(report)
        bench.write(report, options.json)
    finally:
        work.close()


if __name__ == "__main__":
    main()
