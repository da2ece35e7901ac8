"""A repository's daily life in a loop: snapshot, verify, restore, diff, expire --apply and purge by several policies,
under a source that is written to all the time.

Each command is a process of its own. What must stay flat over the rounds: the peak memory and the open descriptors of
each command (looked at from outside, in /proc), the bytes and files of the repository once retention has filled up, its
catalog, and what is left in the state and temporary directories. The end of the run compares its last quarter with its
second; what grew is named, and the exit code is 1."""
import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bench

POLICIES = {
    "often": ("{method: replication}", "{codec: 'zlib:1'}", "{last: 6, minutely: 3, max-delete: 100%, grace: 1min}"),
    "window": ("{method: scan}", "{codec: 'zstd:3', tags: {env: soak}}", "{last: 4, max-delete: 100%, grace: 1min}"),
    "disk": ("{method: replication, transfer: disk}", "{codec: none}", "{last: 2, max-delete: 100%, grace: 1min}"),
}
# How much more than before is no growth: a share, and so much on top.
ALLOWED = {"peakMebibytes": (1.10, 2), "descriptorCount": (1, 1), "repositoryByteCount": (1.15, 1 << 20),
           "repositoryFileCount": (1.10, 4), "catalogByteCount": (1.10, 64 << 10), "stateFileCount": (1, 0),
           "temporaryFileCount": (1, 0), "sourceClientCount": (1, 1)}


class Writer(threading.Thread):
    """Writes to the source until it is told to stop: all types, new lives, deletions, over the same names."""

    def __init__(self, port, keys, rate, seed):
        super().__init__(daemon=True)
        self.client, self.keys, self.rate = bench.Client(port), keys, rate
        self.random, self.stopped, self.count = random.Random(seed), threading.Event(), 0

    def command(self):
        index = self.random.randrange(self.keys)
        key, text = "soak:%d" % index, "%x" % self.random.getrandbits(8 * self.random.randrange(1, 200))
        kind = index % 6
        if self.random.random() < 0.1:
            return [("DEL", key)]
        if self.random.random() < 0.2:
            return [("PEXPIRE", key, self.random.randrange(1000, 600_000))]
        return [("DEL", key), (("SET", key, text), ("HSET", key, "field", text, "count", index), ("RPUSH", key, text, text),
                               ("SADD", key, text, index), ("ZADD", key, index, text), ("XADD", key, "*", "field", text))[kind]]

    def run(self):
        batch = max(1, self.rate // 20)
        while not self.stopped.wait(0.05):
            words = [command for _ in range(batch) for command in self.command()]
            for command in words:
                self.client.send(*command)
            self.client.file.flush()
            for _ in words:
                self.client.reply()
            self.count += len(words)


def run(words, environment):
    """One command: its milliseconds, peak MiB, most open descriptors, exit code and output."""
    began = time.monotonic()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
    most, done = 0, threading.Event()

    def watch():
        nonlocal most
        while not done.wait(0.01):
            try:
                most = max(most, len(os.listdir("/proc/%d/fd" % process.pid)))
            except OSError:
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    output = process.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    done.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    return {"milliseconds": (time.monotonic() - began) * 1000, "peakMebibytes": usage.ru_maxrss / 1024,
            "descriptorCount": most, "exitCode": process.returncode, "output": output}


def census(folder, wanted=lambda name: True):
    """How many files there are below a folder, and their bytes."""
    sizes = []
    for parent, _, names in os.walk(folder):
        for name in filter(wanted, names):
            try:
                sizes.append(os.path.getsize(os.path.join(parent, name)))
            except FileNotFoundError:
                pass
    return len(sizes), sum(sizes)


class Soak:
    def __init__(self, options):
        self.options = options
        self.work = tempfile.mkdtemp(prefix="rewarm-soak-", dir=options.directory)
        self.environment = dict(os.environ, HOME=self.work, TMPDIR=self.path("temporary"),
                                XDG_STATE_HOME=self.path("state"), XDG_DATA_HOME=self.path("data"))
        os.makedirs(self.path("temporary"))
        self.repository = self.path("repository")
        self.servers, self.samples, self.rounds, self.failures = [], {}, [], []

    def path(self, name):
        return os.path.join(self.work, name)

    def close(self):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.work, ignore_errors=True)

    def server(self, name):
        self.servers.append(bench.Server(self.path(name)))
        return self.servers[-1]

    def rewarm(self, verb, *words):
        sample = run([self.options.rewarm, verb, *map(str, words)], self.environment)
        self.samples.setdefault(verb, []).append(sample)
        if sample["exitCode"] != 0:
            self.failures.append({"round": len(self.rounds), "verb": verb, "exitCode": sample["exitCode"],
                                  "output": sample["output"][-2000:]})
            print("round %d: %s %s ends with %d: %s" % (len(self.rounds), verb, " ".join(map(str, words)),
                                                      sample["exitCode"], sample["output"][-2000:]), file=sys.stderr)
        del sample["output"]

    def round(self, number, source, target):
        at = ("--repository", self.repository)
        url = "redis://127.0.0.1:%d" % target.port
        for name, policy in self.policies.items():
            self.rewarm("snapshot", "--policy", policy, "--create", "--quiet")
            narrowed = ("latest", "--policy", name, *at)
            self.rewarm("verify", *narrowed, "--quiet")
            method = ("commands", "replication")[number % 2]
            self.rewarm("restore", *narrowed, "--target", url, "--flush-target", "--method", method, "--quiet")
            self.rewarm("diff", *narrowed, "--target", url, "--exit-code", "--quiet")
            self.rewarm("expire", "--policy", policy, "--apply", "--quiet")
        self.rewarm("purge", *at, "--grace", "10s", "--quiet")
        for verb in ("list", "catalog check", "keys") if number % 5 == 0 else ("list",):
            self.rewarm(*verb.split(), *(("latest", "--policy", "often") if verb == "keys" else ()), *at)
        if number % 10 == 9:
            self.rewarm("drill", "--policy", self.policies["often"], "--sample", 1000, "--quiet")
        files, size = census(self.repository)
        self.rounds.append({
            "repositoryByteCount": size, "repositoryFileCount": files,
            "catalogByteCount": os.path.getsize(os.path.join(self.repository, "catalog.sqlite")),
            "stateFileCount": census(self.path("state"), lambda name: not name.startswith(("drill", "report")))[0],
            "temporaryFileCount": census(self.path("temporary"))[0] + len(os.listdir(self.path("temporary"))),
            "sourceClientCount": int(source.client.info("clients")["connected_clients"]),
            "snapshotCount": len([name for name in os.listdir(self.repository + "/snapshots") if name != "runs"])})

    def soak(self):
        source, target = self.server("source"), self.server("target")
        self.policies = {}
        for name, (capture, archive, retention) in POLICIES.items():
            self.policies[name] = self.path(name + ".yaml")
            with open(self.policies[name], "w") as out:
                out.write("name: %s\nsource: {name: soak, url: redis://127.0.0.1:%d}\nrepository: %s\ncapture: %s\n"
                          "archive: %s\nretention: %s\n" % (name, source.port, self.repository, capture, archive, retention))
        load = "%s/bench-data %d %d | redis-cli -p %d --pipe" % (bench.HERE, self.options.keys, self.options.seed, source.port)
        subprocess.run(load, shell=True, check=True, capture_output=True)
        writer = Writer(source.port, self.options.keys, self.options.rate, self.options.seed)
        writer.start()
        deadline = time.monotonic() + 60 * self.options.minutes
        while time.monotonic() < deadline and len(self.failures) < 5:
            self.round(len(self.rounds), source, target)
            last = self.rounds[-1]
            print("round %d: %d snapshots, %.1f MB in %d files" % (
                len(self.rounds), last["snapshotCount"], last["repositoryByteCount"] / 1e6, last["repositoryFileCount"]),
                file=sys.stderr, flush=True)
        writer.stopped.set()
        writer.join()
        self.written = writer.count

    # What came of it

    def series(self):
        """Everything that must be flat: a name, and its figures in the order of time."""
        for verb, samples in self.samples.items():
            for field in ("peakMebibytes", "descriptorCount"):
                yield verb, field, [sample[field] for sample in samples]
        for field in ALLOWED:
            if field in self.rounds[0]:
                yield "", field, [one[field] for one in self.rounds]

    def rows(self):
        for verb, field, values in self.series():
            quarter = len(values) // 4
            before, after = (values[quarter:2 * quarter], values[-quarter:]) if quarter else ([], [])
            # The most of a quarter, but of a single process the median: one peak, or one descriptor that was seen open
            # for the moment of a look, is an accident of scheduling.
            of = max if verb == "" else statistics.median
            share, extra = ALLOWED[field]
            grown = len(values) >= 12 and of(after) > share * of(before) + extra
            yield {"command": verb, "figure": field, "count": len(values), "least": min(values), "most": max(values),
                   "secondQuarter": of(before) if before else None, "lastQuarter": of(after) if after else None, "hasGrown": grown}


def show(rows):
    print("\n| command | figure | runs | least | most | second quarter | last quarter | |\n|---|---|--:|--:|--:|--:|--:|---|")
    for row in rows:
        figures = ["%.0f" % row[name] if row[name] is not None else "" for name in ("least", "most", "secondQuarter", "lastQuarter")]
        print("| %s | %s | %d | %s | %s |" % (row["command"] or "repository", row["figure"], row["count"], " | ".join(figures),
                                          "GREW" if row["hasGrown"] else ""))


def main():
    parser = argparse.ArgumentParser(prog="Scripts/soak --repository", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--keys", type=int, default=50_000)
    parser.add_argument("--rate", type=int, default=2000, help="commands a second that the source is written to with")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--directory", help="where the work goes (default: the temporary directory)")
    parser.add_argument("--rewarm", default=os.environ.get("REWARM"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print("seed %d" % options.seed, file=sys.stderr)
    soak = Soak(options)
    try:
        soak.soak()
    finally:
        soak.close()
    rows = list(soak.rows())
    show(rows)
    grown = [row for row in rows if row["hasGrown"]]
    runs = sum(map(len, soak.samples.values()))
    print("\n%d rounds, %d commands, %d of them failed; %d writes to the source; %d figures grew" % (
        len(soak.rounds), runs, len(soak.failures), soak.written, len(grown)))
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"schema": 1, "seed": options.seed, "minutes": options.minutes, "rows": rows, "rounds": soak.rounds,
                       "failures": soak.failures, "samples": soak.samples}, out, indent=1)
            out.write("\n")
    sys.exit(1 if grown or soak.failures else 0)


if __name__ == "__main__":
    main()
