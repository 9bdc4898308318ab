#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs test programs, some at a time, and counts.

usage: run.py BUILD TIER...      TIER: unit, module, e2e, boot

cmocka programs and Python unittest files; each test of whole machines (e2e, boot) is a run of its own. Output of each goes to
BUILD/test-logs; what fails is shown, and once more in a few lines at the end, where somebody who has only the end of
the output finds it. The last line is "N passed, N failed, N skipped".

A test that has more to show than a verdict writes it to the file named by $TABLE: it is shown below the test's line, between two
rules, and stays in BUILD/test-logs.

In a build with sanitizers (make check-asan) what they find in any process a test starts is written to
BUILD/test-logs/sanitizers, and fails that test, whatever the test itself thought of it.
"""
import collections
import concurrent.futures
import glob
import hashlib
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"
# At a time: one more than there are processors, and more while those have time left, as most tests wait more than they compute.
FEWEST = len(os.sched_getaffinity(0)) + 1
MOST = 3 * FEWEST
IDLE = 0.15  # share of all processors
LIMIT = {"unit": 300, "module": 1500, "e2e": 1500, "boot": 2400}
WHOLE_MACHINES = ("e2e", "boot")  # each test makes networks of its own, and is a run of its own
# Module tests open ports: each has a loopback of its own, so that it meets nobody, not even itself in another tree.
ALONE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
# Started first, so that nothing long is left alone at the end.
LONGEST = ("boot/pcr", "e2e/main_job", "e2e/bad_days_test.test_power_cut", "module/bitlocker_matrix", "module/attack")
LINE = 4000
CMOCKA = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\S+)$", re.M)
# The lines of a failed test's output that say which of its tests failed, where and why.
TELLING = re.compile(r"^(FAIL|ERROR): |^\w*(Error|Exception|Expired|Exit)\b|\[ +(ERROR|FAILED) +\]|error: |stopped after|Sanitizer:|assert")
# The name and, when the test has a docstring, its first line on a line of its own.
UNITTEST = re.compile(r"^(\w+) \(.*?\)(?:\n.*?)??.*?\.\.\. (?:.*\n)*?.*?(ok|FAIL|ERROR|skipped .*)$", re.M)


def replays(build):
    """[(name, command)] of the fuzz targets, each with its corpus."""
    fuzz = os.path.join(HERE, "fuzz")
    names = [file[5:-2] for file in os.listdir(fuzz) if re.fullmatch(r"fuzz_.*\.c", file)]
    return [(f"fuzz/{name}", [os.path.join(build, "tests", "fuzz", "replay_" + name), os.path.join(fuzz, "corpus", name)])
            for name in sorted(names)]


def jobs_of(build, tier):
    """[(name, command)]"""
    jobs = []
    alone = ALONE if tier == "module" else []
    folder = os.path.join(HERE, tier)
    for file in sorted(os.listdir(folder)):
        path = os.path.join(folder, file)
        if re.fullmatch(r"test_.*\.c", file):
            jobs.append((f"{tier}/{file[:-2]}", alone + [os.path.join(build, "tests", tier, file[:-2])]))
        elif file.endswith("_test.py") and tier in WHOLE_MACHINES:
            names = subprocess.run([PYTHON, path, "--list"], check=True, capture_output=True, text=True,
                                   env=dict(os.environ, B=build)).stdout.split()
            jobs += [(f"{tier}/{file[:-3]}.{name.split('.')[-1]}", [PYTHON, path, name]) for name in names]
        elif file.endswith("_test.py"):
            jobs.append((f"{tier}/{file[:-3]}", alone + [PYTHON, path, "-v"]))
    if tier == "unit":
        jobs += replays(build)
    return jobs


def count(text, status):
    """(passed, failed, skipped) of one run's output."""
    results = [r.split()[0] for _, r in UNITTEST.findall(text)] if "\nRan " in text else []
    if results:
        passed, skipped = results.count("ok"), results.count("skipped")
        unseen = int(re.search(r"^Ran (\d+) ", text, re.M)[1]) - len(results)  # a verdict that was not understood is no pass
        failed = len(results) - passed - skipped + max(unseen, 0)
    else:
        marks = {name: mark for mark, name in CMOCKA.findall(text)}
        found = list(marks.values())
        passed, failed, skipped = found.count("OK"), found.count("FAILED"), found.count("SKIPPED")
    if status != 0 and failed == 0:
        failed = 1  # crashed, or ended without a verdict
    if passed + failed + skipped == 0:
        failed = 1  # a test that says nothing has not passed
    return passed, failed, skipped


def essence(text):
    """What failed, in at most ten short lines; the end of the output where nothing tells."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line[:200] for line in [line for line in lines if TELLING.search(line)][:10] or lines[-4:]]


def read(path):
    """A line of megabytes (a process's memory, in an assertion) is shortened: nobody reads it, and what looks for words in it takes ages."""
    with open(path, errors="replace") as f:
        return "\n".join(line if len(line) <= LINE else f"{line[:LINE]}... ({len(line)} characters)" for line in f.read().split("\n"))


def run_one(name, command, limit, logs, env):
    started = time.monotonic()
    base = os.path.join(logs, name.replace("/", "-"))
    log, table = base + ".log", base + ".table"
    reports = os.path.join(logs, "sanitizers", name.replace("/", "-"))
    for old in glob.glob(reports + ".*") + glob.glob(table):
        os.unlink(old)
    env = dict(env, TABLE=table, ASAN_OPTIONS=f"log_path={reports}", UBSAN_OPTIONS=f"log_path={reports}:print_stacktrace=1")
    with open(log, "wb") as out:
        try:
            status = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                    timeout=limit, env=env).returncode
        except subprocess.TimeoutExpired:
            out.write(f"\nstopped after {limit} s\n".encode())
            status = -1
        except FileNotFoundError as error:
            out.write(f"\n{error}\n".encode())
            status = -1
    text = read(log)
    passed, failed, skipped = count(text, status)
    found = glob.glob(reports + ".*")
    text += "".join("\n" + read(report) for report in found)
    shown = read(table) if os.path.exists(table) else ""
    return name, (passed, failed + len(found), skipped), time.monotonic() - started, text, shown


def stretched(build):
    """The folder where generators keep stretched keys (tests/generators/bitlocker_crypto.c): another one once that file has changed."""
    with open(os.path.join(HERE, "generators", "bitlocker_crypto.c"), "rb") as f:
        folder = os.path.join(build, "test-cache", "stretched-" + hashlib.sha256(f.read()).hexdigest()[:16])
    os.makedirs(folder, exist_ok=True)
    return folder


def processors():
    """(ticks they had nothing to do, ticks in all) since this machine started; proc(5)."""
    with open("/proc/stat") as f:
        ticks = [int(word) for word in f.readline().split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def side_by_side(jobs, run):
    """run(job) for each of them, begun in their order; yields what it returns as each ends."""
    waiting, running = collections.deque(jobs), set()
    before, looked = processors(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(MOST) as pool:
        while waiting or running:
            while waiting and len(running) < FEWEST:
                running.add(pool.submit(run, waiting.popleft()))
            ended, running = concurrent.futures.wait(running, 1, concurrent.futures.FIRST_COMPLETED)
            for one in ended:
                yield one.result()
            if time.monotonic() - looked < 2:
                continue
            now, looked = processors(), time.monotonic()
            idle, before = (now[0] - before[0]) / max(now[1] - before[1], 1), now
            if waiting and len(running) < MOST and idle > IDLE:
                running.add(pool.submit(run, waiting.popleft()))


def main():
    build, tiers = os.path.abspath(sys.argv[1]), sys.argv[2:]
    logs = os.path.join(build, "test-logs")
    reports = os.path.join(logs, "sanitizers")
    os.makedirs(reports, exist_ok=True)
    os.chmod(reports, 0o1777)  # what runs without root has to write there too
    env = dict(os.environ, B=build, PYTHONDONTWRITEBYTECODE="1", NETMEND_TEST_STRETCHED=stretched(build))
    totals, failures = [0, 0, 0], []
    jobs = [(*job, LIMIT[tier]) for tier in tiers for job in jobs_of(build, tier)]
    jobs.sort(key=lambda job: not any(name in job[0] for name in LONGEST))
    runs = side_by_side(jobs, lambda job: run_one(*job, logs, env))
    for done, (name, (passed, failed, skipped), seconds, text, table) in enumerate(runs, 1):
        totals = [a + b for a, b in zip(totals, (passed, failed, skipped))]
        verdict = "FAIL" if failed else "ok" if passed else "skip"
        print(f"[{done:3}/{len(jobs)}] {verdict:4} {name}: {passed} passed, {failed} failed, "
              f"{skipped} skipped ({seconds:.1f} s)", flush=True)
        if table:
            print(f"{f' {name} ':-^120}\n{table}{'':-^120}")
        for line in sorted(set(re.findall(r".*(?<!\w)skipped[: ].*", text))):
            print(f"          {line.strip()[:150]}")
        if failed:
            failures.append((name, failed, essence(text)))
            print("\n".join("          | " + line for line in text.splitlines()[-40:]))
    for name, failed, lines in failures:
        print("\n".join([f"failed: {name} ({failed})"] + ["    " + line for line in lines]))
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped", flush=True)
    unwelcome = totals[2] if os.environ.get("CI") == "true" else 0
    if unwelcome:
        print("CI: a skipped test is a failure here", file=sys.stderr)
    sys.exit(1 if totals[1] or unwelcome or not totals[0] else 0)


if __name__ == "__main__":
    main()
