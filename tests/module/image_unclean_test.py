#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fixer --image and inspect on disks whose Windows crashed: what is told, the exit status, undo. Judged by ntfsls on the volume as
ntfsrecover leaves it."""
import os
import shutil
import subprocess
import tempfile
import unittest

from image_lab import FIXER, FOLDER, Disk, copy, fingerprint, fixer, run

RECIPE = """[recipe]
name = test
[match]
path = \\Windows\\System32\\drivers\\CrowdStrike
glob = C-00000291*.sys
[action]
do = {}
unclean-journal = {}
"""


class UncleanImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("ntfsls", "ntfsrecover", "dislocker-file"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"skipped: no {tool}")
        cls.folder = tempfile.mkdtemp(prefix="netmend-image-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.elsewhere = Disk(cls.folder, "elsewhere", "--plain", "--size", "300", "--unclean", "2.0", "--pending", "elsewhere")
        cls.beside = Disk(cls.folder, "beside", "--plain", "--size", "300", "--unclean", "1.1", "--pending", "beside")

    def setUp(self):
        self.work = tempfile.mkdtemp(dir=self.folder)
        self.addCleanup(shutil.rmtree, self.work)
        self.image = os.path.join(self.work, "disk.raw")
        self.bundle = os.path.join(self.work, "bundle.tar.zst")

    def repair(self, disk, action="remove", unclean="rename", *options):
        """(exit status, result, C: of it)"""
        recipe = os.path.join(self.work, "recipe.ini")
        with open(recipe, "w") as f:
            f.write(RECIPE.format(action, unclean))
        copy(disk.path, self.image)
        status, result = fixer("--image", self.image, "--bundle", self.bundle, "--recipe", recipe, *options)
        return status, result, next(v for v in result["volumes"] if v["partition"] == disk.info["c_partition"])

    def names(self, disk):
        """What is beside the bad file once Windows has replayed its journal; a clean one has nothing to replay."""
        volume = disk.unlock(self.image, os.path.join(self.work, "volume"))
        subprocess.run(["ntfsrecover", "-k", volume], check=True, capture_output=True)
        return set(run("ntfsls", "-f", "-p", FOLDER, volume).stdout.split())

    def undo(self, disk):
        status, result = fixer("--undo", self.bundle, "--image", self.image)
        self.assertEqual((status, result["reason"]), (0, "UNDONE"), result)
        self.assertEqual(fingerprint(self.image), disk.fingerprint)

    def test_renamed(self):
        disk = self.elsewhere
        copy(disk.path, self.image)
        before, (bad,) = self.names(disk), disk.names("bad_files")
        status, result, c = self.repair(disk)
        self.assertEqual((status, result["reason"], c["plan"], c["journal"]), (0, "RENAMED", "rename", "unclean-2.0"), result)
        self.assertRegex(result["text"], "^journal unclean-2.0: nothing pending in the records of the file: rename 1 file in place")
        self.assertLessEqual(c["sectors"], 18)
        path = disk.info["bad_files"][0]["path"]
        self.assertEqual([(f["path"], f["removed"], f["renamed_to"]) for f in c["files"]], [(path, False, path[:-3] + "off")])
        self.assertEqual(self.names(disk), before - {bad} | {bad[:-3] + "off"})
        self.undo(disk)

    def test_renamed_in_words(self):
        copy(self.elsewhere.path, self.image)
        done = run(FIXER, "--image", self.image, "--bundle", self.bundle)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"\.sys, .*: renamed to \.off")
        self.assertRegex(done.stdout, "RENAMED: bad file renamed in place and checked")

    def test_pending(self):
        for action, unclean, reason in (("remove", "rename", "NTFS_PENDING"), ("rename", "replay", "NTFS_PENDING"),
                                        ("remove", "refuse", "NTFS_UNCLEAN")):
            status, result, c = self.repair(self.beside, action, unclean)
            self.assertEqual((status, result["reason"], c["plan"], c["journal"]), (3, reason, "none", "unclean-1.1"), result)
            self.assertEqual([(f["reason"], f["removed"], f["renamed_to"]) for f in c["files"]], [(reason, False, "")])
            self.assertEqual(fingerprint(self.image), self.beside.fingerprint)
            self.assertFalse(os.path.exists(self.bundle))

    def test_replayed(self):
        disk = self.beside
        copy(disk.path, self.image)
        before, (bad,) = self.names(disk), disk.names("bad_files")
        status, result, c = self.repair(disk, "remove", "replay")
        self.assertEqual((status, result["reason"], c["plan"]), (0, "REPAIRED", "replay-delete"), result)
        self.assertEqual([(f["removed"], f["renamed_to"]) for f in c["files"]], [(True, "")])
        self.assertEqual(self.names(disk), before - {bad})
        status, result = fixer("inspect", self.image)
        ntfs = next(v for v in result["volumes"] if v["partition"] == disk.info["c_partition"])["ntfs"]
        self.assertEqual((ntfs["journal"], ntfs["dirty"], ntfs["mirror_equal"]), ("clean", True, True))
        self.undo(disk)

    def test_dry_run(self):
        status, result, c = self.repair(self.elsewhere, "remove", "rename", "--dry-run")
        self.assertEqual((status, result["reason"], c["plan"]), (0, "WOULD_REPAIR", "rename"), result)
        self.assertEqual(fingerprint(self.image), self.elsewhere.fingerprint)

    def test_inspect(self):
        status, result = fixer("inspect", self.beside.path)
        c = next(v for v in result["volumes"] if v["partition"] == self.beside.info["c_partition"])
        self.assertEqual((status, c["ntfs"]["journal"], c["ntfs"]["mirror_equal"], c["repair"]["reason"]),
                         (0, "unclean-1.1", True, "OK"))


if __name__ == "__main__":
    unittest.main()
