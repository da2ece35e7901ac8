"""What a key costs, and how much memory a command takes, from 10 thousand keys to as many as `--largest` says.

Snapshot, verify, restore (both ways), diff (with a snapshot and with a node) and drill, on a server of its own: the
source is gone before the target begins, so that the machine needs memory for one of them. Own processor time is that of
rewarm alone, without the server's; the least of several runs counts, as other work on the machine only adds to it."""
import argparse
import json
import math
import os
import shutil
import signal
import sys
import tempfile
import time

import bench

SIZES = (10_000, 100_000, 1_000_000)
# Okabe and Ito's colours, told apart by everybody; operations in the order of the legend.
COLOURS = {
    "snapshot": "#0072b2", "verify": "#009e73", "restore": "#d55e00", "restore, replication": "#e69f00",
    "diff, snapshot": "#56b4e9", "diff, node": "#cc79a7", "drill": "#000000",
}


class Scale(bench.Bench):
    """The operations at one size after the other."""

    def __init__(self, options):
        super().__init__(options)
        self.rows = []

    def runs(self, keys):
        return max(1, min(self.options.runs, 1_000_000 // keys))

    def step(self, name, keys, server, *words, before=None):
        """Runs a command so often that the least processor time says something."""
        samples = []
        for _ in range(self.runs(keys)):
            if before:
                before()
            samples.append(bench.measure(self.rewarm(*words, "--repository", self.repository, "--quiet"), server))
        best = min(samples, key=lambda sample: sample["processorSeconds"])
        row = {"operation": name, "keyCount": keys, "runCount": len(samples), "seconds": min(one["seconds"] for one in samples),
               "processorSeconds": best["processorSeconds"], "serverSeconds": best["serverSeconds"],
               "peakMebibytes": max(one["peakMebibytes"] for one in samples)}
        self.rows.append(row)
        print("  %-22s %9.3f s, own processor time %6.2f us a key, peak %3.0f MiB" % (
            name, row["seconds"], 1e6 * row["processorSeconds"] / keys, row["peakMebibytes"]), file=sys.stderr, flush=True)

    def measure(self, wanted):
        self.repository = self.path("repository")
        shutil.rmtree(self.repository, ignore_errors=True)
        source = self.server("source")
        self.load(source, wanted, self.options.seed)
        keys = source.client.ask("DBSIZE")
        url = "redis://127.0.0.1:%d" % source.port
        snapshot = ("snapshot", "--source", url, "--source-name", "bench", "--codec", self.options.codec, "--create")
        bench.measure(self.rewarm(*snapshot, "--repository", self.repository, "--quiet"), source)
        self.step("snapshot", keys, source, *snapshot)
        source.stop()
        earlier = sorted(name for name in os.listdir(self.repository + "/snapshots") if name != "runs")[0]
        target = self.server("target")
        url = "redis://127.0.0.1:%d" % target.port
        self.step("verify", keys, target, "verify", "latest")
        self.step("diff, snapshot", keys, target, "diff", earlier, "latest", "--exit-code")
        restore = ("restore", "latest", "--target", url, "--method")
        self.step("restore, replication", keys, target, *restore, "replication", before=target.restart_empty)
        self.step("restore", keys, target, *restore, "commands", before=target.restart_empty)
        self.step("diff, node", keys, target, "diff", "latest", "--target", url, "--exit-code")
        self.step("drill", keys, target, "drill", "latest", "--target", url, "--flush-target",
                  "--report-directory", self.path("reports"))
        target.stop()

    def report(self):
        return {"schema": 1, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "coreCount": os.cpu_count(),
                "commit": self.options.commit, "command": "Scripts/bench --scale " + " ".join(sys.argv[1:]), "rows": self.rows}


class Panel:
    """One diagram: a line for each operation over the number of keys, both axes logarithmic or the lower one at 0."""

    WIDTH, HEIGHT = 360, 260

    def __init__(self, title, left, rows, value):
        self.title, self.left, self.value = title, left, value
        self.lines = {name: sorted((row["keyCount"], value(row)) for row in rows if row["operation"] == name)
                      for name in COLOURS}
        counts = [row["keyCount"] for row in rows]
        self.low, self.high = math.floor(math.log10(min(counts)) + 0.01), math.log10(max(counts)) + 0.05
        most = max(value(row) for row in rows)
        self.step = next(step for step in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if most / step <= 8)
        self.top = self.step * math.ceil(most / self.step)

    def place(self, keys, value):
        share = (math.log10(keys) - self.low) / (self.high - self.low)
        return self.left + share * self.WIDTH, 50 + self.HEIGHT * (1 - value / self.top)

    def svg(self):
        yield '<text x="%d" y="30" font-weight="bold">%s</text>' % (self.left, self.title)
        for number in range(round(self.top / self.step) + 1):
            _, y = self.place(10 ** self.low, number * self.step)
            yield '<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>' % (self.left, y, self.left + self.WIDTH, y)
            yield '<text x="%d" y="%.1f" text-anchor="end">%g</text>' % (self.left - 6, y + 4, number * self.step)
        for power in range(self.low, math.floor(self.high) + 1):
            x, y = self.place(10 ** power, 0)
            text = "%d" % 10 ** power if power < 3 else "%d %s" % (10 ** (power % 3), {1: "thousand", 2: "million"}[power // 3])
            yield '<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>' % (x, y + 18, text)
        for name, points in self.lines.items():
            places = [self.place(*point) for point in points]
            yield '<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>' % (
                COLOURS[name], " ".join("%.1f,%.1f" % place for place in places))
            for x, y in places:
                yield '<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (x, y, COLOURS[name])


def plot(report):
    rows = report["rows"]
    panels = [Panel("Own processor time, microseconds a key", 50, rows,
                    lambda row: 1e6 * row["processorSeconds"] / row["keyCount"]),
              Panel("Peak memory, MiB", 480, rows, lambda row: row["peakMebibytes"])]
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 870 400" font-family="sans-serif" font-size="12">',
             '<rect width="870" height="400" fill="#fff"/>']
    for panel in panels:
        lines += panel.svg()
    x = 50
    for name, colour in COLOURS.items():
        lines.append('<circle cx="%d" cy="370" r="5" fill="%s"/><text x="%d" y="374">%s</text>' % (x, colour, x + 9, name))
        x += 40 + 7 * len(name)
    return "\n".join(lines + ["</svg>"]) + "\n"


def show(report):
    print("\n%d cores; %s; own processor time in microseconds a key, and peak MiB\n" % (report["coreCount"], report["date"]))
    sizes = sorted({row["keyCount"] for row in report["rows"]})
    print("| what |" + "".join(" %d |" % size for size in sizes) + "\n|---|" + "--:|" * len(sizes))
    for name in COLOURS:
        cells = {row["keyCount"]: "%.2f, %.0f MiB" % (1e6 * row["processorSeconds"] / row["keyCount"], row["peakMebibytes"])
                 for row in report["rows"] if row["operation"] == name}
        print("| %s |" % name + "".join(" %s |" % cells.get(size, "") for size in sizes))


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench --scale", description=__doc__)
    parser.add_argument("--largest", type=int, default=0, help="one more size, in keys: as many as memory holds")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="in keys, separated by commas")
    parser.add_argument("--runs", type=int, default=5, help="of small sizes; a million keys and more take one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--codec", default="zlib")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--plot", metavar="FILE", help="draw them there, as SVG")
    parser.add_argument("--redraw", metavar="FILE", help="draw the figures of this JSON file instead of measuring")
    parser.add_argument("--directory", help="where the work goes (default: the temporary directory)")
    parser.add_argument("--rewarm", default=os.environ.get("REWARM"), help=argparse.SUPPRESS)
    parser.add_argument("--commit", default=os.environ.get("REWARM_BENCH_COMMIT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.redraw:
        with open(options.redraw) as file:
            report = json.load(file)
    else:
        scale = Scale(options)
        try:
            for size in sorted({int(size) for size in options.sizes.split(",")} | {options.largest} - {0}):
                scale.measure(size)
        finally:
            scale.close()
        report = scale.report()
    show(report)
    for path, text in ((options.json, json.dumps(report, indent=1) + "\n"), (options.plot, plot(report))):
        if path:
            with open(path, "w") as out:
                out.write(text)


if __name__ == "__main__":
    main()
