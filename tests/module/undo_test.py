#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every plan, taken back and finished again by its bundle: the whole image, byte for byte, judged by cmp; the bundle by tar."""
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.path.abspath(os.environ.get("B", "build"))
FIXER = os.path.join(BUILD, "fixer.bin")
MKDISK = os.path.join(BUILD, "tests/generators/mkdisk")
CHECKER = os.path.join(BUILD, "tests/ntfscheck/ntfscheck")

RECIPE = r"""[recipe]
name = test
[match]
path = \Windows\System32\drivers\CrowdStrike
glob = C-00000291*.sys
[action]
do = {action}
unclean-journal = {unclean}
"""
# Plan: what is done, what with an unclean journal, and how the volume was left.
PLANS = {
    "delete": ("remove", "rename", ()),
    "rename": ("rename", "rename", ()),
    "rename beside an unclean journal": ("remove", "rename", ("--unclean", "2.0", "--pending", "elsewhere")),
    "replay-delete": ("remove", "replay", ("--unclean", "2.0", "--pending", "beside")),
}
VOLUMES = {
    "plain": ("--plain",),
    "XTS-AES-128": ("--bitlocker", "--clear-key"),
    "AES-CBC-256 with diffuser": ("--bitlocker", "--clear-key", "--method", "aes-cbc-256-diffuser"),
    "AES-CBC-128": ("--bitlocker", "--clear-key", "--method", "aes-cbc-128"),
    "XTS-AES-256, sectors of 4096 bytes": ("--bitlocker", "--clear-key", "--method", "xts-aes-256", "--sector-size", "4096"),
}
# The journal generator makes sectors of 512 bytes only.
NOT_MADE = {("XTS-AES-256, sectors of 4096 bytes", plan) for plan in PLANS if PLANS[plan][2]}


def fixer(*args):
    done = subprocess.run([FIXER, *args, "--json"], capture_output=True, text=True, timeout=300)
    return done.returncode, json.loads(done.stdout)


class Undo(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="netmend-undo-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.work, name)

    def keep(self, name):
        subprocess.run(["cp", "--sparse=always", self.image, self.path(name)], check=True)
        return self.path(name)

    def assert_same(self, kept, what):
        self.assertEqual(subprocess.run(["cmp", self.image, kept], capture_output=True).returncode, 0, what)

    def apply(self, verb, reason):
        """How many sectors had to be written."""
        status, result = fixer(verb, self.bundle, "--image", self.image)
        self.assertEqual((status, result["reason"]), (0, reason), result)
        return int(result["text"].split()[0])

    def unpack(self):
        """{name: bytes} of the bundle, by tar."""
        folder = self.path("unpacked")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        subprocess.run(["tar", "--zstd", "-xf", self.bundle, "-C", folder], check=True)
        parts = {}
        for root, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(root, name)
                with open(path, "rb") as f:
                    parts[os.path.relpath(path, folder)] = f.read()
        return parts

    def check_bundle(self, plan, renamed):
        parts = self.unpack()
        manifest = json.loads(parts["manifest.json"])
        self.assertEqual((manifest["v"], manifest["plan"]), (2, plan))
        self.assertEqual(len(manifest["files"]), 2)
        for n, file in enumerate(manifest["files"]):
            self.assertEqual(hashlib.sha256(parts[f"files/{n}"]).hexdigest(), file["sha256"])
            self.assertEqual(file["renamed_to"] != "", renamed)
            names = {name["type"]: name["name"] for name in file["metadata"]["names"]}
            self.assertEqual(names["win32"], file["path"].rsplit("\\", 1)[1])
            self.assertTrue(file["metadata"]["clusters"] or file["metadata"]["resident"])
        return manifest, parts

    def put(self, manifest, parts, side, chosen):
        """Writes those sectors of one side whose number is chosen, as a power cut may leave them."""
        size, at = manifest["disk"]["sector"], 0
        with open(self.image, "r+b") as f:
            for run in manifest["runs"]:
                for lba in range(run["lba"], run["lba"] + run["count"]):
                    if chosen(at):
                        f.seek(lba * size)
                        f.write(parts[side][at * size:(at + 1) * size])
                    at += 1
        return at

    def run_case(self, volume, plan):
        self.work = tempfile.mkdtemp(dir=self.folder)
        self.image, self.bundle, self.recipe = (self.path(n) for n in ("disk.raw", "bundle.tar.zst", "recipe.ini"))
        action, unclean, crash = PLANS[plan]
        subprocess.run([MKDISK, "--output", self.image, "--volume-only", "--size", "48", "--files", "60", "--bad-files", "2",
                        *VOLUMES[volume], *crash], check=True, stdout=subprocess.DEVNULL)
        with open(self.recipe, "w") as f:
            f.write(RECIPE.format(action=action, unclean=unclean))
        before = self.keep("before")
        status, result = fixer("--image", self.image, "--recipe", self.recipe, "--bundle", self.bundle)
        kind = plan.split()[0]
        self.assertEqual((status, result["volumes"][0]["plan"]), (0, kind), result)
        self.assertEqual(result["reason"], "RENAMED" if kind == "rename" else "REPAIRED")
        after = self.keep("after")
        manifest, parts = self.check_bundle(kind, kind == "rename")
        total = len(parts["sectors.old"]) // manifest["disk"]["sector"]

        self.assertEqual(self.apply("--undo", "UNDONE"), total)
        self.assert_same(before, "undone")
        self.assertEqual(self.apply("--complete", "COMPLETED_PENDING"), total)
        self.assert_same(after, "completed")
        self.put(manifest, parts, "sectors.old", lambda at: at % 3 == 0)
        self.assertEqual(self.apply("--complete", "COMPLETED_PENDING"), (total + 2) // 3)
        self.assert_same(after, "completed from a part")
        self.put(manifest, parts, "sectors.old", lambda at: at % 2 == 0)
        self.assertEqual(self.apply("--undo", "UNDONE"), total // 2)
        self.assert_same(before, "undone from a part")
        if volume == "plain" and not crash:
            self.assertEqual(subprocess.run([CHECKER, self.image], capture_output=True).returncode, 0)
        os.unlink(self.bundle)

        # Once more from there; a deletion notes its time in the directory, a rename notes nothing.
        status, result = fixer("--image", self.image, "--recipe", self.recipe, "--bundle", self.bundle)
        self.assertEqual(status, 0, result)
        if kind == "rename":
            self.assert_same(after, "renamed once more")
            self.assertEqual(self.unpack(), parts)
        self.assertEqual(self.apply("--undo", "UNDONE"), total)
        self.assert_same(before, "undone once more")

    def run_volume(self, volume):
        for plan in PLANS:
            if (volume, plan) not in NOT_MADE:
                with self.subTest(plan=plan):
                    self.run_case(volume, plan)

    def test_plain(self):
        self.run_volume("plain")

    def test_xts(self):
        self.run_volume("XTS-AES-128")

    def test_diffuser(self):
        self.run_volume("AES-CBC-256 with diffuser")

    def test_cbc(self):
        self.run_volume("AES-CBC-128")

    def test_sectors_of_4096(self):
        self.run_volume("XTS-AES-256, sectors of 4096 bytes")


if __name__ == "__main__":
    unittest.main()
