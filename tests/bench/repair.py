#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One repair of a BitLocker image: fixer --image against dislocker + ntfs-3g + rm, on copies of the same image, in turn.

Both get the recovery password, so both pay one key stretching. Prints medians and the ratio.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 7
BUILD = os.environ.get("B", "build")


def by_fixer(image, password_file, work):
    bundle = os.path.join(work, "bundle.tar.zst")
    result = subprocess.run([os.path.join(BUILD, "fixer.bin"), "--image", image, "--recovery-password-file",
                             password_file, "--bundle", bundle], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"fixer: {result.stdout}{result.stderr}")
    os.unlink(bundle)
    return result.stdout


def by_tools(image, start, password, work):
    unlocked, c = os.path.join(work, "unlocked"), os.path.join(work, "c")
    os.makedirs(unlocked, exist_ok=True)
    os.makedirs(c, exist_ok=True)
    subprocess.run(["dislocker-fuse", "-q", "-V", image, "-O", str(start), f"-p{password}", "--", unlocked], check=True,
                   capture_output=True)
    subprocess.run(["ntfs-3g", os.path.join(unlocked, "dislocker-file"), c], check=True, capture_output=True)
    folder = os.path.join(c, "Windows/System32/drivers/CrowdStrike")
    for name in os.listdir(folder):
        if name.startswith("C-00000291"):
            os.unlink(os.path.join(folder, name))
    subprocess.run(["umount", c], check=True)
    for _ in range(100):  # dislocker-fuse stays busy for a moment
        if subprocess.run(["umount", unlocked], capture_output=True).returncode == 0:
            return ""
        time.sleep(0.01)
    sys.exit("dislocker-fuse does not let go of its mount point")


def measure(work):
    master = os.path.join(work, "disk.raw")
    subprocess.run([os.path.join(BUILD, "tests/generators/mkdisk"), "--output", master, "--bitlocker"], check=True,
                   stdout=subprocess.DEVNULL)
    with open(master + ".json") as f:
        info = json.load(f)
    password = info["bitlocker"]["recovery_passwords"][0]["password"]
    start = next(p["start"] for p in info["partitions"] if p["name"] == "Basic data partition")
    password_file = os.path.join(work, "password")
    with open(os.open(password_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write(password)
    copy, ours, theirs, output = os.path.join(work, "copy.raw"), [], [], ""
    for run in range(RUNS):
        for times, function, args in ((ours, by_fixer, (copy, password_file, work)),
                                      (theirs, by_tools, (copy, start, password, work))):
            subprocess.run(["cp", "--sparse=always", master, copy], check=True)
            os.sync()
            started = time.monotonic()
            output = function(*args) or output
            times.append(time.monotonic() - started)
        print(f"run {run + 1} of {RUNS}: fixer {ours[-1]:.3f} s, dislocker + ntfs-3g + rm {theirs[-1]:.3f} s", flush=True)
    return ours, theirs, output


def main():
    with tempfile.TemporaryDirectory() as work:
        ours, theirs, output = measure(work)
    ratios = sorted(a / b for a, b in zip(ours, theirs))
    sectors = re.search(r"(\d+) sectors", output)
    print(f"median: fixer {statistics.median(ours):.3f} s, dislocker + ntfs-3g + rm {statistics.median(theirs):.3f} s; "
          f"ratio {ratios[0]:.3f} / {statistics.median(ratios):.3f} / {ratios[-1]:.3f} (min / median / max); "
          f"sectors written: {sectors.group(1) if sectors else 'not said'}")


if __name__ == "__main__":
    main()
