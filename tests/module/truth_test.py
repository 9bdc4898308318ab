#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes whose journal Windows left to be replayed, and the truth: what each repair leaves, replayed, is the truth but for the file.

cs-clean is what Windows had; the others are the same with the last transactions undone on disk. Judged by ntfsrecover and
ntfscheck, every fact of every record. User data inside MFT records is not compared: NTFS never logs it.
"""
import filecmp
import lzma
import os
import re
import shutil
import tempfile
import unittest

from image_lab import BUILD, FIXER, copy, fixer, run

CHECK = os.path.join(BUILD, "tests/ntfscheck/ntfscheck")
IMAGES = "../shared/data/ntfs-dirty"
UNCLEAN = ("cs-n4-20", "cs-n7-20", "cs-n7-11")
# ntfscheck's names of things: record 43 is \test\1.txt, record 39 \test, record 3 $Volume.
TARGET = "C-00000291-00000000-00000032"
PENDING = "43-1"
PENDING_FOLDER = "39-1"
RESIDENT_DATA = re.compile(r'( attribute 0x80 .* resident size \d+) sha256 [0-9a-f]+$', re.M)

RECIPE = r"""[recipe]
name = truth
[match]
path = {path}
glob = {glob}
{more}
[action]
do = remove
unclean-journal = {unclean}
"""


def findings(image):
    done = run(CHECK, image)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return done.stdout


def facts(image):
    """Lines of the dump."""
    done = run(CHECK, "--dump", image)
    if done.returncode != 0:
        raise AssertionError(findings(image))
    return RESIDENT_DATA.sub(r"\1", done.stdout).splitlines()


def replay(image):
    done = run("ntfsrecover", "-k", image)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)


def journal(image):
    """The bytes of $LogFile, where the dump says it is."""
    line = next(l for l in run(CHECK, "--dump", image).stdout.splitlines() if l.startswith('2-2 attribute 0x80 ""'))
    first, count = map(int, re.search(r" runs (\d+)\+(\d+)$", line).groups())
    with open(image, "rb") as f:
        f.seek(first * 4096)
        return f.read(count * 4096)


@unittest.skipUnless(os.path.isdir(IMAGES), "skipped: no " + IMAGES)
class Truth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="netmend-truth-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.images = {}
        for name in ("cs-clean", *UNCLEAN):
            cls.images[name] = os.path.join(cls.dir, name)
            with lzma.open(os.path.join(IMAGES, name + ".img.xz")) as packed, open(cls.images[name], "wb") as out:
                shutil.copyfileobj(packed, out, 1 << 20)
        cls.truth = facts(cls.images["cs-clean"])

    def setUp(self):
        self.image = os.path.join(self.dir, "image")
        self.bundle = os.path.join(self.dir, "bundle")
        self.replayed = os.path.join(self.dir, "replayed")

    def repair(self, name, expected, **recipe):
        """Repairs a copy and gives the reason and text of its volume."""
        path = os.path.join(self.dir, "recipe.ini")
        recipe = {"path": r"\Windows\System32\drivers\CrowdStrike", "glob": TARGET + ".sys", "more": "", **recipe}
        with open(path, "w") as f:
            f.write(RECIPE.format(**recipe))
        copy(self.images[name], self.image)
        if os.path.exists(self.bundle):
            os.unlink(self.bundle)
        status, result = fixer("--image", self.image, "--recipe", path, "--bundle", self.bundle)
        volume = result["volumes"][0]
        self.assertEqual(volume["reason"], expected, volume)
        self.assertEqual(status, 0 if expected in ("REPAIRED", "RENAMED") else 3)

    def expect_untouched(self, name):
        self.assertTrue(filecmp.cmp(self.images[name], self.image, shallow=False))
        self.assertFalse(os.path.exists(self.bundle))

    def undo(self, name):
        status, _ = fixer("--undo", self.bundle, "--image", self.image)
        self.assertEqual(status, 0)
        self.assertTrue(filecmp.cmp(self.images[name], self.image, shallow=False))

    def test_replay(self):
        for name in UNCLEAN:
            with self.subTest(name):
                self.assertNotEqual(facts(self.images[name]), self.truth)
                copy(self.images[name], self.replayed)
                replay(self.replayed)
                self.assertEqual(findings(self.replayed), "")
                self.assertEqual(facts(self.replayed), self.truth)

    def expect_only_renamed(self, lines):
        """The truth, but for the target's extension in its names."""
        back = [re.sub(r'\.off"', '.sys"', re.sub(r'\.OFF"', '.SYS"', line)) for line in lines]
        self.assertEqual(sorted(back), sorted(self.truth))
        self.assertEqual([line for line in lines if TARGET + ".sys" in line], [])
        self.assertEqual(len([line for line in lines if TARGET + ".off" in line]), 2)

    def test_rename(self):
        for name in UNCLEAN:
            for unclean in ("rename", "replay"):
                with self.subTest(name, unclean=unclean):
                    self.repair(name, "RENAMED", unclean=unclean)
                    self.assertEqual(findings(self.image), "")
                    self.assertEqual(journal(self.image), journal(self.images[name]))
                    copy(self.image, self.replayed)
                    replay(self.replayed)
                    self.assertEqual(findings(self.replayed), "")
                    self.expect_only_renamed(facts(self.replayed))
                    self.undo(name)

    def test_refuse(self):
        for name in UNCLEAN:
            with self.subTest(name):
                self.repair(name, "NTFS_UNCLEAN", unclean="refuse")
                self.expect_untouched(name)

    def pending(self, name):
        """What a recipe says to find the file that the journal changes. Its name is short: the hash must be given."""
        copy(self.images[name], self.replayed)
        replay(self.replayed)
        dump = run(CHECK, "--dump", self.replayed).stdout
        digest = re.search(rf'^{PENDING} attribute 0x80 "" .* sha256 ([0-9a-f]+)$', dump, re.M).group(1)
        return {"path": r"\test", "glob": "1.txt", "more": "sha256 = " + digest}

    def test_pending(self):
        for name in UNCLEAN:
            with self.subTest(name):
                self.repair(name, "NTFS_PENDING", unclean="rename", **self.pending(name))
                self.expect_untouched(name)

    def expect_only_deleted(self, lines):
        """The truth without record 43, with the dirty flag and new times of its folder."""
        gone, new = set(self.truth) - set(lines), set(lines) - set(self.truth)
        folder = re.compile(rf"^({PENDING_FOLDER} (standard-information|name) |5-5 index .* entry {PENDING_FOLDER} )")
        flags = [line for line in new if line.startswith("3-3 attribute 0x70")]
        self.assertEqual([line[-4:] for line in flags], ["8100"])
        for line in new:
            self.assertTrue(line in flags or folder.match(line), line)
        for line in gone:
            expected = line.startswith((PENDING, "3-3 attribute 0x70", '25-1 index "$O" key b1ef')) or folder.match(line) or \
                f"entry {PENDING} " in line
            self.assertTrue(expected, line)
        self.assertEqual([line for line in lines if line.startswith(PENDING) or f"entry {PENDING} " in line], [])

    def test_replay_and_delete(self):
        for name in UNCLEAN:
            with self.subTest(name):
                self.repair(name, "REPAIRED", unclean="replay", **self.pending(name))
                self.assertEqual(findings(self.image), "")
                self.assertIn("version 1.1, clean", run(CHECK, self.image).stderr)
                self.expect_only_deleted(facts(self.image))
                self.undo(name)


if __name__ == "__main__":
    unittest.main()
