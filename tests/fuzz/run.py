#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the fuzz targets one after the other.

usage: run.py BUILD TIME [TARGET...]      TIME per target: 90, 10m, 1h
       run.py BUILD merge [TARGET...]

BUILD/fuzz holds fuzz_TARGET and the program that makes seeds. Each target starts from the seeds, from corpus/TARGET and
from what earlier runs reached (BUILD/fuzz/found/TARGET). A finding is kept as BUILD/fuzz/TARGET-crash-...; the run goes
on with the next target, and ends with an error.

merge makes corpus/TARGET anew: files with a name of their own stay, the seeds are put beside them, and of all others
those that reach something new.
"""
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS_MAX = 300 * 1024  # bytes, all targets together: it lives in git
HASH = re.compile(r"[0-9a-f]{40}")  # libFuzzer's names


def seconds_of(text):
    match = re.fullmatch(r"(\d+)([smh]?)", text)
    if not match or int(match.group(1)) == 0:
        sys.exit(f"TIME={text}: a number of seconds, or with m or h behind it")
    return int(match.group(1)) * {"": 1, "s": 1, "m": 60, "h": 3600}[match.group(2)]


def folders_of(fuzz, name):
    """Where the target's inputs are; libFuzzer writes new ones into the first."""
    found = os.path.join(fuzz, "found", name)
    os.makedirs(found, exist_ok=True)
    others = (os.path.join(HERE, "corpus", name), os.path.join(fuzz, "seeds", name))
    return [found] + [folder for folder in others if os.path.isdir(folder)]


def fuzz_one(fuzz, name, seconds):
    """(inputs tried, seconds taken), None after a finding."""
    folders = folders_of(fuzz, name)
    command = [os.path.join(fuzz, "fuzz_" + name), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024",
               f"-artifact_prefix={fuzz}/{name}-", *folders]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    took = time.monotonic() - started
    ran = re.search(r"Done (\d+) runs in", done.stderr)
    if done.returncode != 0 or not ran or int(ran.group(1)) == 0:
        told = [line for line in done.stderr.splitlines() if not re.match(r"#\d|\s*NEW_FUNC|INFO", line)]
        print(f"{name}: FINDING (status {done.returncode})", *told[-40:], sep="\n    ", flush=True)
        return None
    covered = re.findall(r" cov: (\d+)", done.stderr)[-1]
    print(f"{name}: {ran.group(1)} inputs in {took:.0f} s, {covered} branches seen, {len(os.listdir(folders[0]))} inputs kept",
          flush=True)
    return int(ran.group(1)), took


def fuzz_all(fuzz, names, seconds):
    results = [fuzz_one(fuzz, name, seconds) for name in names]
    clean = [result for result in results if result]
    inputs, took = (sum(column) for column in zip(*clean)) if clean else (0, 0)
    print(f"{len(names)} targets, {inputs} inputs in {took:.0f} s, {len(results) - len(clean)} with findings")
    return bool(names) and len(clean) == len(results)


def merge_one(fuzz, name):
    found = folders_of(fuzz, name)[0]
    corpus, seeds = os.path.join(HERE, "corpus", name), os.path.join(fuzz, "seeds", name)
    os.makedirs(corpus, exist_ok=True)
    for file in filter(HASH.fullmatch, os.listdir(corpus)):
        os.replace(os.path.join(corpus, file), os.path.join(found, file))
    for file in os.listdir(seeds) if os.path.isdir(seeds) else []:
        shutil.copy(os.path.join(seeds, file), corpus)
    command = [os.path.join(fuzz, "fuzz_" + name), "-set_cover_merge=1", "-use_counters=0", corpus, found]
    subprocess.run(command, check=True, capture_output=True)
    files = os.listdir(corpus)
    size = sum(os.path.getsize(os.path.join(corpus, file)) for file in files)
    print(f"{name}: {len(files)} files, {size} bytes", flush=True)


def merge_all(fuzz, names):
    for name in names:
        merge_one(fuzz, name)
    size = sum(os.path.getsize(os.path.join(folder, file)) for folder, _, files in os.walk(os.path.join(HERE, "corpus"))
               for file in files)
    print(f"corpus: {size} bytes of at most {CORPUS_MAX}")
    return size <= CORPUS_MAX


def main():
    fuzz, task = os.path.join(os.path.abspath(sys.argv[1]), "fuzz"), sys.argv[2]
    names = sys.argv[3:] or sorted(f[5:-2] for f in os.listdir(HERE) if re.fullmatch(r"fuzz_.*\.c", f))
    subprocess.run([os.path.join(fuzz, "make_seeds"), os.path.join(fuzz, "seeds")], check=True)
    well = merge_all(fuzz, names) if task == "merge" else fuzz_all(fuzz, names, seconds_of(task))
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
