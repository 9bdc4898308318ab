#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the fuzz targets one after the other.

usage: run.py BUILD SECONDS [TARGET...]      BUILD/fuzz holds fuzz_TARGET and the program that makes seeds

Each starts from the seeds and from what earlier runs found (BUILD/fuzz/found/TARGET). A finding is kept as
BUILD/fuzz/TARGET-crash-...; the run goes on with the next target, and ends with an error.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def run(fuzz, name, seconds):
    """True without a finding."""
    found = os.path.join(fuzz, "found", name)
    os.makedirs(found, exist_ok=True)
    seeds = [d for d in (os.path.join(fuzz, "seeds", name), os.path.join(HERE, "corpus", name)) if os.path.isdir(d)]
    command = [os.path.join(fuzz, "fuzz_" + name), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024",
               f"-artifact_prefix={fuzz}/{name}-", found, *seeds]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    ran = re.search(r"Done (\d+) runs in (\d+) second", done.stderr)
    if done.returncode != 0 or not ran or int(ran.group(1)) == 0:
        told = [line for line in done.stderr.splitlines() if not re.match(r"#\d|\s*NEW_FUNC|INFO", line)]
        print(f"{name}: FINDING (status {done.returncode})", *told[-40:], sep="\n    ", flush=True)
        return False
    covered = re.findall(r" cov: (\d+)", done.stderr)[-1]
    print(f"{name}: {ran.group(1)} runs in {ran.group(2)} s, {covered} branches seen, {len(seeds)} seed folders, "
          f"{len(os.listdir(found))} inputs kept", flush=True)
    return True


def main():
    fuzz, seconds = os.path.join(os.path.abspath(sys.argv[1]), "fuzz"), int(sys.argv[2])
    names = sys.argv[3:] or sorted(f[5:-2] for f in os.listdir(HERE) if re.fullmatch(r"fuzz_.*\.c", f))
    subprocess.run([os.path.join(fuzz, "make_seeds"), os.path.join(fuzz, "seeds")], check=True)
    clean = [run(fuzz, name, seconds) for name in names]
    print(f"{len(clean)} targets, {clean.count(False)} with findings")
    sys.exit(0 if clean and all(clean) else 1)


if __name__ == "__main__":
    main()
