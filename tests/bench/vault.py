#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the vault: an export of 200,000 recovery keys imported, imported again, and looked up in."""
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid

BUILD = os.environ.get("B", "build")
ESCROW = os.path.join(BUILD, "netmend-escrow")
KEYS, LOOKUPS = 200_000, 20_000
BUDGET_SECONDS, BUDGET_MS = 20, 1


def write_export(path):
    rng = random.Random(291)
    with open(path, "w", newline="") as f:
        f.write('"Hostname","KeyID","RecoveryKey","Directory"\r\n')
        for i in range(KEYS):
            digits = "-".join(f"{rng.randrange(65536) * 11:06d}" for _ in range(8))
            f.write(f'"CN=PC{i:06d},OU=Workstations,DC=lab,DC=test","{uuid.UUID(int=rng.getrandbits(128))}","{digits}",'
                    '"ActiveDirectory"\r\n')


def timed(*command):
    """(seconds, CPU seconds) of a command that must succeed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    with tempfile.TemporaryDirectory(prefix="netmend-bench-") as work:
        export, state = os.path.join(work, "export.csv"), os.path.join(work, "state")
        write_export(export)
        inventory = os.path.join(work, "inventory.csv")
        with open(inventory, "w") as f:
            f.write("Name\n" + "".join(f"pc{i:06d}.lab.test\n" for i in range(KEYS)))
        os.mkdir(state, 0o700)
        print(f"Vault: {KEYS} recovery keys in an export of {os.path.getsize(export) >> 20} MB, on {work}", flush=True)
        script = '"$0" import --state "$1" 0:export.csv <"$2"'
        for name in ("import", "the same again"):
            wall, cpu = timed("sh", "-c", script, ESCROW, state, export)
            print(f"  {name:28} {wall:6.2f} s, {KEYS / wall:9.0f} keys a second, {cpu:5.2f} s of CPU"
                  f" (budget {BUDGET_SECONDS} s)", flush=True)
        wall, cpu = timed("sh", "-c", '"$0" list --state "$1" >/dev/null', ESCROW, state)
        print(f"  {'list':28} {wall:6.2f} s")
        wall, cpu = timed("sh", "-c", '"$0" list --state "$1" --inventory-fd 5 5<"$2"', ESCROW, state, inventory)
        print(f"  {'list --missing, as many':28} {wall:6.2f} s")
        done = subprocess.run([os.path.join(BUILD, "tests/bench/bench_vault"), state, str(LOOKUPS)], check=True,
                              capture_output=True, text=True)
        figures = json.loads(done.stdout)
        for name in ("found", "not there"):
            f = figures[name]
            print(f"  lookup, {name:20} mean {f['mean']:.0f} us, median {f['median']:.0f}, 99th percentile {f['p99']:.0f}, longest"
                  f" {f['longest']:.0f}, first of the process {f['first']:.0f} (budget {BUDGET_MS * 1000})")
        print(f"  on disk: {os.path.getsize(os.path.join(state, 'vault.db')) / KEYS:.0f} bytes a key")


if __name__ == "__main__":
    sys.exit(main())
