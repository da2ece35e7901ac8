"""How long the commands take that look something up: over 10,000 snapshots, and in an archive of 1.5 million keys.

One snapshot is taken and verified, the others are its copies an hour apart, each with manifest, archive and facts under an
id of its own (but for the one in the archive's header, which only `verify` looks at); `catalog rebuild` then makes the
catalog of them. The figures are of the whole command, from its start to its end."""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import bench

POLICY = """name: bench
source: {name: bench, url: redis://127.0.0.1:%d}
repository: %s
archive: {tags: {env: bench}}
retention: {last: 48, daily: 60, weekly: 52, monthly: 60, yearly: all, max-delete: 100%%}
check: {max-age: 8h}
"""
HOUR = 3_600_000


def run(words):
    """Wall and own processor milliseconds, peak MiB, and the output, of one run."""
    began = time.monotonic()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit("failed (%d): %s\n%s" % (process.returncode, words, errors.decode()[-2000:]))
    return {"milliseconds": wall * 1000, "processorMilliseconds": (usage.ru_utime + usage.ru_stime) * 1000,
            "peakMebibytes": usage.ru_maxrss / 1024, "output": output.decode(errors="replace")}


def id_of(milliseconds, number):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(milliseconds // 1000)) + "-%06x" % number


class Lookups:
    def __init__(self, options, work):
        self.options, self.work, self.rows = options, work, []

    def path(self, name):
        return os.path.join(self.work, name)

    def rewarm(self, *words):
        return [self.options.rewarm, *map(str, words)]

    def measure(self, name, *words, bar=None, runs=None):
        samples = []
        for _ in range(runs or self.options.runs):
            samples.append(run(self.rewarm(*words)))
            # Kept, they would count as memory of every later process, which begins as a copy of this one.
            output = samples[-1].pop("output")
        wall, own = [[one[field] for one in samples] for field in ("milliseconds", "processorMilliseconds")]
        self.rows.append({
            "name": name, "runCount": len(samples), "medianMilliseconds": statistics.median(wall),
            "minimumMilliseconds": min(wall), "maximumMilliseconds": max(wall), "barMilliseconds": bar,
            "processorMilliseconds": min(own), "peakMebibytes": max(one["peakMebibytes"] for one in samples)})
        print("  %-40s %8.1f ms" % (name, min(wall)), file=sys.stderr, flush=True)
        return output

    def snapshot(self, name, keys):
        """A repository with one verified snapshot of so many keys; and the policy that made it."""
        print("making %d keys" % keys, file=sys.stderr, flush=True)
        server, repository, policy = bench.Server(self.path("server")), self.path(name), self.path(name + ".yaml")
        try:
            load = "%s/bench-data %d %d | redis-cli -p %d --pipe" % (bench.HERE, keys, self.options.seed, server.port)
            done = subprocess.run(load, shell=True, capture_output=True, text=True)
            if "errors: 0" not in done.stdout:
                sys.exit("loading failed: " + done.stdout + done.stderr)
            with open(policy, "w") as out:
                out.write(POLICY % (server.port, repository))
            run(self.rewarm("snapshot", "--policy", policy, "--create", "--quiet"))
        finally:
            server.stop()
        run(self.rewarm("verify", "latest", "--repository", repository, "--quiet"))
        return repository, policy

    def multiply(self, repository, count):
        """Makes `count` snapshots of the one: the others are older by an hour each."""
        folder = os.path.join(repository, "snapshots")
        first, = (name for name in os.listdir(folder) if name != "runs")
        with open(os.path.join(folder, first, "manifest.json")) as file:
            manifest = json.load(file)
        instant = manifest["instant"]
        for number in range(count):
            id = first if number == 0 else id_of(instant - number * HOUR, number)
            made = os.path.join(folder, id)
            if number > 0:
                shutil.copytree(os.path.join(folder, first), made)
            moved = dict(manifest, id=id, sequence=count - number)
            for field in ("instant", "startedAt", "finishedAt"):
                moved[field] = manifest[field] - number * HOUR
            with open(os.path.join(made, "manifest.json"), "w") as out:
                json.dump(moved, out, sort_keys=True, separators=(",", ":"))
            for file in os.listdir(os.path.join(made, "facts")):
                path = os.path.join(made, "facts", file)
                with open(path) as facts:
                    text = facts.read()
                with open(path, "w") as out:
                    out.write(text.replace(first, id))
        return first

    def catalog(self):
        repository, policy = self.snapshot("few", 500)
        at = ("--repository", repository)
        self.measure("list, 1 snapshot", "list", *at, bar=30)
        count = self.options.snapshots
        first = self.multiply(repository, count)
        self.measure("catalog rebuild", "catalog", "rebuild", *at, "--quiet", runs=1)
        listed = self.measure("list", "list", *at, bar=50)
        if listed.count("\n") != count + 1:
            sys.exit("the list has %d lines" % listed.count("\n"))
        self.measure("list --json", "list", *at, "--json")
        self.measure("show latest", "show", "latest", *at)
        self.measure("show ID", "show", first, *at)
        self.measure("get", "get", "latest", "user:0", *at)
        self.measure("check", "check", "--policy", policy)
        self.measure("expire --dry-run", "expire", "--policy", policy, "--dry-run")
        self.measure("catalog check", "catalog", "check", *at, "--quiet", runs=1)
        shutil.rmtree(repository)

    def archive(self):
        keys = self.options.keys
        repository, _ = self.snapshot("large", keys)
        at = ("--repository", repository)
        for place, index in (("first", 0), ("middle", keys // 2), ("last", keys - 1)):
            key = "%s:%d" % (("user", "session", "cart", "feed", "rank")[index % 5], index)
            self.measure("get the %s of %d keys" % (place, keys), "get", "latest", key, *at, bar=100)

    def show(self):
        print("| %d snapshots | ms, least | median | most | bar | own CPU ms | peak MiB |" % self.options.snapshots)
        print("|---|--:|--:|--:|--:|--:|--:|")
        for row in self.rows:
            print("| %s | %.1f | %.1f | %.1f | %s | %.1f | %.0f |" % (
                row["name"], row["minimumMilliseconds"], row["medianMilliseconds"], row["maximumMilliseconds"],
                row["barMilliseconds"] or "", row["processorMilliseconds"], row["peakMebibytes"]))


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench --catalog", description=__doc__)
    parser.add_argument("--snapshots", type=int, default=10_000)
    parser.add_argument("--keys", type=int, default=1_500_000, help="of the archive that 'get' reads; 0 leaves it out")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--directory", help="where the work goes (default: the temporary directory)")
    parser.add_argument("--rewarm", default=os.environ.get("REWARM"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = tempfile.mkdtemp(prefix="rewarm-bench-", dir=options.directory)
    try:
        lookups = Lookups(options, work)
        lookups.catalog()
        if options.keys:
            lookups.archive()
    finally:
        shutil.rmtree(work, ignore_errors=True)
    lookups.show()
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"schema": 1, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                       "snapshotCount": options.snapshots, "keyCount": options.keys, "coreCount": os.cpu_count(),
                       "rows": lookups.rows}, out, indent=1)
            out.write("\n")


if __name__ == "__main__":
    main()
