"""How long retention takes to decide over a great many snapshots: `rewarm expire --what-if`, all seven tiers.

The time is that of the decision alone, as the command tells it (`planningMilliseconds`); reading the list is left out."""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

TIERS = ("minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly")
POLICIES = {
    "seven tiers, counted": "{%s}" % ", ".join("%s: 60" % tier for tier in TIERS),
    "seven tiers, all": "{%s}" % ", ".join("%s: all" % tier for tier in TIERS),
    "seven windows of 12 years": "{%s}" % ", ".join("%s: {within: 12y}" % tier for tier in TIERS),
}


def snapshots(count, seed):
    """One an hour, each up to a minute late."""
    generator = random.Random(seed)
    begin = 1_400_000_000
    for number in range(count):
        moment = time.gmtime(begin + number * 3600 + generator.randrange(60))
        yield {"id": "s%06d" % number, "takenAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", moment), "sequence": number}


def main():
    parser = argparse.ArgumentParser(prog="Scripts/bench --plan", description=__doc__)
    parser.add_argument("--snapshots", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        listed = os.path.join(directory, "list.json")
        with open(listed, "w") as out:
            json.dump(list(snapshots(options.snapshots, options.seed)), out)
        for name, tiers in POLICIES.items():
            policy = os.path.join(directory, "policy.yaml")
            with open(policy, "w") as out:
                out.write("name: bench\nretention: {time-zone: Europe/Rome, %s\n" % tiers[1:])
            taken = []
            for _ in range(options.runs):
                lines = subprocess.run(
                    [os.environ["REWARM"], "expire", "--policy", policy, "--what-if", listed, "--json"],
                    check=True, capture_output=True, text=True).stdout.splitlines()
                if len(lines) != options.snapshots + 1:
                    sys.exit("%d lines for %d snapshots" % (len(lines), options.snapshots))
                taken.append(json.loads(lines[-1])["planningMilliseconds"])
            rows.append({"policy": name, "medianMilliseconds": statistics.median(taken), "minimumMilliseconds": min(taken),
                         "maximumMilliseconds": max(taken), "runCount": len(taken)})
    print("| plan over %d snapshots | median ms | min to max |\n|---|--:|--:|" % options.snapshots)
    for row in rows:
        print("| %s | %d | %d to %d |" % (row["policy"], row["medianMilliseconds"], row["minimumMilliseconds"],
                                        row["maximumMilliseconds"]))
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"schema": 1, "snapshotCount": options.snapshots, "rows": rows}, out, indent=1)
            out.write("\n")


if __name__ == "__main__":
    main()
