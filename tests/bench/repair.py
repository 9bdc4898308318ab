#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One repair of an image, against the same with dislocker, ntfs-3g and rm (or mv), on copies of the same image, in turn.

Whole processes from start to end, everything on disk. `repair` is bench_repair: the transaction alone, given the VMK;
`fixer --image` also looks for keys and tells of every Windows and its last crash. It and dislocker open the volume by the
clear key, or both by the recovery password, which takes a second of hashing. Prints minimum, median and maximum, ratios pair
by pair, where the time goes, and the sectors written.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = int(os.environ.get("RUNS", "9"))
BUILD = os.environ.get("B", "build")
FOLDER = "Windows/System32/drivers/CrowdStrike"
RECIPE = r"""[recipe]
name = bench
[match]
path = \Windows\System32\drivers\CrowdStrike
glob = C-00000291*.sys
[action]
do = {}
"""
STEPS = ("plan", "bundle", "sync", "commit", "verify")


class Volume:
    def __init__(self, work, name, with_password, *options):
        self.name, self.path = name, os.path.join(work, "disk.raw")
        subprocess.run([os.path.join(BUILD, "tests/generators/mkdisk"), "--output", self.path, "--volume-only", "--size", "256",
                        "--files", "300", *options], check=True, stdout=subprocess.DEVNULL)
        with open(self.path + ".json") as f:
            self.info = json.load(f)
        self.vmk = [self.info["bitlocker"]["vmk"]] if self.info["kind"] == "bitlocker" else []
        self.size = os.path.getsize(self.path)
        self.for_fixer, self.for_dislocker = [], ["-c"]
        if with_password:
            password = self.info["bitlocker"]["recovery_passwords"][0]["password"]
            self.for_fixer, self.for_dislocker = ["--recovery-password-file", os.path.join(work, "password")], [f"-p{password}"]
            with open(os.open(self.for_fixer[1], os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
                f.write(password)


class Bench:
    def __init__(self, work, volume, action):
        self.work, self.volume, self.action = work, volume, action
        self.image, self.bundle, self.recipe = (os.path.join(work, n) for n in ("copy.raw", "bundle", "recipe.ini"))
        with open(self.recipe, "w") as f:
            f.write(RECIPE.format(action))
        self.steps, self.sectors = [], 0

    def by_repair(self):
        told = self.run(os.path.join(BUILD, "tests/bench/bench_repair"), self.image, self.bundle, self.recipe, "0", "0",
                        str(self.volume.size), *self.volume.vmk)
        self.steps.append(json.loads(told))
        self.sectors = self.steps[-1]["sectors"]

    def by_fixer(self):
        self.run(os.path.join(BUILD, "fixer.bin"), "--image", self.image, "--recipe", self.recipe, "--bundle", self.bundle,
                 *self.volume.for_fixer)

    def by_tools(self):
        unlocked, c = (os.path.join(self.work, n) for n in ("unlocked", "c"))
        for folder in (unlocked, c):
            os.makedirs(folder, exist_ok=True)
        image = self.image
        if self.volume.vmk:
            self.run("dislocker-fuse", "-q", "-V", self.image, *self.volume.for_dislocker, "--", unlocked)
            image = os.path.join(unlocked, "dislocker-file")
        self.run("ntfs-3g", image, c)
        folder = os.path.join(c, FOLDER)
        for name in os.listdir(folder):
            if name.startswith("C-00000291"):
                path = os.path.join(folder, name)
                self.run("rm", path) if self.action == "remove" else self.run("mv", path, path[:-3] + "off")
        self.run("umount", c)
        if self.volume.vmk:
            self.unmount_busy(unlocked)
        self.run("sync", self.image)

    @staticmethod
    def unmount_busy(path):
        """dislocker-fuse stays busy for a moment."""
        for _ in range(1000):
            if subprocess.run(["umount", path], capture_output=True).returncode == 0:
                return
            time.sleep(0.002)
        sys.exit("dislocker-fuse does not let go of its mount point")

    @staticmethod
    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{command[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def time(self, function):
        if os.path.exists(self.bundle):
            os.unlink(self.bundle)
        subprocess.run(["cp", "--sparse=always", self.volume.path, self.image], check=True)
        os.sync()
        started = time.monotonic()
        function()
        return (time.monotonic() - started) * 1000

    def measure(self):
        contestants = {"repair": self.by_repair, "fixer --image": self.by_fixer, "tools": self.by_tools}
        times = {name: [] for name in contestants}
        for _ in range(RUNS):
            for name, function in contestants.items():
                times[name].append(self.time(function))
        return times


def show(label, values, unit):
    print(f"  {label:24}{min(values):9.3g}{statistics.median(values):9.3g}{max(values):9.3g}{unit}")


def report(bench, times):
    tools = "dislocker + ntfs-3g" if bench.volume.vmk else "ntfs-3g"
    tools += " + rm" if bench.action == "remove" else " + mv"
    print(f"\n{bench.volume.name}, {bench.action}, {RUNS} runs (minimum, median, maximum):", flush=True)
    show("repair", times["repair"], " ms")
    show("fixer --image", times["fixer --image"], " ms")
    show(tools, times["tools"], " ms")
    for name in ("repair", "fixer --image"):
        show(f"{name} / tools", [a / b for a, b in zip(times[name], times["tools"])], "")
    for step in STEPS:
        show(f"  of repair: {step}", [s[step] for s in bench.steps], " ms")
    print(f"  sectors written: {bench.sectors}", flush=True)


def main():
    clear, plain = ("BitLocker, clear key", False, "--bitlocker", "--clear-key"), ("plain NTFS", False, "--plain")
    password = ("BitLocker, recovery password", True, "--bitlocker")
    for volume, action in ((clear, "remove"), (clear, "rename"), (plain, "remove"), (plain, "rename"), (password, "remove")):
        work = tempfile.mkdtemp(prefix="netmend-bench-")
        try:
            bench = Bench(work, Volume(work, *volume), action)
            report(bench, bench.measure())
        finally:
            shutil.rmtree(work)


if __name__ == "__main__":
    main()
