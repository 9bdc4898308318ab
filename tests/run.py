#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs test programs, two at a time, and counts.

usage: run.py BUILD TIER...      TIER: unit, module, e2e

cmocka programs and Python unittest files; each end-to-end test is a run of its own. Output of each goes to
BUILD/test-logs; what fails is shown. Ends with "N passed, N failed, N skipped".

A test that has more to show than a verdict writes it to the file named by $TABLE: it is shown below the test's line, between two
rules, and stays in BUILD/test-logs.

In a build with sanitizers (make check-asan) what they find in any process a test starts is written to
BUILD/test-logs/sanitizers, and fails that test, whatever the test itself thought of it.
"""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"
LIMIT = {"unit": 300, "module": 1500, "e2e": 1500}
# Module tests open ports: each has a loopback of its own, so that it meets nobody, not even itself in another tree.
ALONE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
# Started first, so that nothing long is left alone at the end.
LONGEST = ("main_job", "power_cut", "bitlocker_matrix")
CMOCKA = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\S+)$", re.M)
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
        elif file.endswith("_test.py") and tier == "e2e":
            names = subprocess.run([PYTHON, path, "--list"], check=True, capture_output=True, text=True).stdout.split()
            jobs += [(f"{tier}/{file[:-3]}.{name.split('.')[-1]}", [PYTHON, path, name]) for name in names]
        elif file.endswith("_test.py"):
            jobs.append((f"{tier}/{file[:-3]}", alone + [PYTHON, path, "-v"]))
    if tier == "unit":
        jobs += replays(build)
    return sorted(jobs, key=lambda job: not any(name in job[0] for name in LONGEST))


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


def read(path):
    with open(path, errors="replace") as f:
        return f.read()


def run_one(name, command, logs, limit, env):
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


def main():
    build, tiers = os.path.abspath(sys.argv[1]), sys.argv[2:]
    logs = os.path.join(build, "test-logs")
    reports = os.path.join(logs, "sanitizers")
    os.makedirs(reports, exist_ok=True)
    os.chmod(reports, 0o1777)  # what runs without root has to write there too
    env = dict(os.environ, B=build, PYTHONDONTWRITEBYTECODE="1")
    totals = [0, 0, 0]
    for tier in tiers:
        jobs = jobs_of(build, tier)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(run_one, name, command, logs, LIMIT[tier], env) for name, command in jobs]
            for done, run in enumerate(concurrent.futures.as_completed(runs), 1):
                name, (passed, failed, skipped), seconds, text, table = run.result()
                totals = [a + b for a, b in zip(totals, (passed, failed, skipped))]
                verdict = "FAIL" if failed else "ok" if passed else "skip"
                print(f"[{done:3}/{len(jobs)}] {verdict:4} {name}: {passed} passed, {failed} failed, "
                      f"{skipped} skipped ({seconds:.1f} s)", flush=True)
                if table:
                    print(f"{f' {name} ':-^120}\n{table}{'':-^120}")
                for line in sorted(set(re.findall(r".*skipped[: ].*", text))):
                    print(f"          {line.strip()[:150]}")
                if failed:
                    print("\n".join("          | " + line for line in text.splitlines()[-40:]))
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped", flush=True)
    unwelcome = totals[2] if os.environ.get("CI") == "true" else 0
    if unwelcome:
        print("CI: a skipped test is a failure here", file=sys.stderr)
    sys.exit(1 if totals[1] or unwelcome or not totals[0] else 0)


if __name__ == "__main__":
    main()
