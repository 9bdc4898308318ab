#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks with more than one Windows: each may be the one that starts, so each is looked at and repaired."""
import os
import shutil
import subprocess
import tempfile
import unittest

from image_lab import Disk, fingerprint, fixer, listing

MIB = 1 << 20


class SeveralWindows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("sgdisk", "ntfsls", "zstd"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"skipped: no {tool}")
        cls.folder = tempfile.mkdtemp(prefix="netmend-several-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.bad, cls.other, cls.healthy = (
            Disk(cls.folder, name, "--plain", "--size", "300", "--seed", seed, "--bad-files", bad)
            for name, seed, bad in (("bad", "1", "1"), ("other", "2", "2"), ("healthy", "3", "0")))

    def setUp(self):
        self.work = tempfile.mkdtemp(dir=self.folder)
        self.addCleanup(shutil.rmtree, self.work)
        self.image = os.path.join(self.work, "disk.raw")
        self.bundle = os.path.join(self.work, "bundle.tar.zst")
        self.second = os.path.join(self.work, "bundle-2.tar.zst")

    def make(self, *disks, hibernated=0):
        """A disk whose partitions are the C: drives of these; in one Windows may sleep."""
        volumes = [disk.unlock(disk.path, os.path.join(self.work, f"volume{n}")) for n, disk in enumerate(disks)]
        if hibernated:
            with open(os.path.join(self.work, "hiberfil"), "wb") as f:
                f.write(b"HIBR" + bytes(8188))
            subprocess.run(["ntfscp", "-q", "-f", volumes[hibernated - 1], f.name, "/hiberfil.sys"], check=True,
                           capture_output=True)
        self.places, at = [], MIB
        for volume in volumes:
            self.places.append((at, os.path.getsize(volume)))
            at += (os.path.getsize(volume) + MIB - 1) // MIB * MIB
        with open(self.image, "wb") as image:
            image.truncate(at + MIB)
        table = [f"--new={n}:{start // 512}:{(start + size) // 512 - 1}"
                 for n, (start, size) in enumerate(self.places, 1)]
        types = [f"--typecode={n}:0700" for n in range(1, len(volumes) + 1)]
        subprocess.run(["sgdisk", "--set-alignment=1", *table, *types, self.image], check=True, capture_output=True)
        for (start, _), volume in zip(self.places, volumes):
            subprocess.run(["dd", f"if={volume}", f"of={self.image}", "bs=1M", "oflag=seek_bytes", f"seek={start}",
                            "conv=notrunc,sparse"], check=True, capture_output=True)
            os.unlink(volume)

    def listing(self, number, image=None):
        start, size = self.places[number - 1]
        volume = os.path.join(self.work, "judged")
        with open(image or self.image, "rb") as f, open(volume, "wb") as out:
            f.seek(start)
            out.write(f.read(size))
        return listing(volume)

    def repair(self, *options):
        return fixer("--image", self.image, "--bundle", self.bundle, *options)

    def test_the_second_is_the_bad_one(self):
        self.make(self.healthy, self.bad)
        status, result = self.repair()
        self.assertEqual((status, result["reason"], [v["reason"] for v in result["volumes"]]),
                         (0, "REPAIRED", ["NO_BAD_FILE", "REPAIRED"]), result)
        self.assertFalse(self.listing(2) & self.bad.names("bad_files"))
        self.assertEqual([v["bundle"] for v in result["volumes"]], ["", self.bundle])

    def test_both_are_bad(self):
        self.make(self.bad, self.other)
        before = fingerprint(self.image)
        status, result = self.repair()
        self.assertEqual((status, result["reason"], [v["reason"] for v in result["volumes"]]),
                         (0, "REPAIRED", ["REPAIRED", "REPAIRED"]), result)
        self.assertEqual([v["bundle"] for v in result["volumes"]], [self.bundle, self.second])
        self.assertFalse(self.listing(1) & self.bad.names("bad_files"))
        self.assertFalse(self.listing(2) & self.other.names("bad_files"))
        for bundle in (self.bundle, self.second):
            self.assertEqual(fixer("--undo", bundle, "--image", self.image)[0], 0)
        self.assertEqual(fingerprint(self.image), before)

    def test_other_content_is_left(self):
        self.make(self.bad, self.other)
        recipe = os.path.join(self.work, "recipe.ini")
        with open(recipe, "w") as f:
            f.write("[recipe]\nname = one\n[match]\npath = \\Windows\\System32\\drivers\\CrowdStrike\n"
                    "glob = C-00000291*.sys\nsize-to = 1\n[action]\ndo = remove\n")
        status, result = self.repair("--recipe", recipe)
        self.assertEqual((status, result["reason"]), (3, "OTHER_CONTENT"), result)
        self.assertFalse(os.path.exists(self.bundle))

    def test_one_that_cannot_be_repaired_speaks(self):
        """Whoever scripts this must not take one repaired Windows for both."""
        self.make(self.bad, self.other, hibernated=1)
        status, result = self.repair()
        self.assertEqual((status, result["reason"], [v["reason"] for v in result["volumes"]]),
                         (3, "NTFS_HIBERNATED", ["NTFS_HIBERNATED", "REPAIRED"]), result)
        self.assertEqual([v["bundle"] for v in result["volumes"]], ["", self.bundle])

    def test_one_partition_only(self):
        self.make(self.bad, self.other)
        status, result = self.repair("--partition", "2")
        self.assertEqual((status, [v["partition"] for v in result["volumes"]]), (0, [2]), result)
        self.assertTrue(self.bad.names("bad_files") <= self.listing(1))

    def test_dry_run(self):
        self.make(self.bad, self.other)
        before = fingerprint(self.image)
        status, result = self.repair("--dry-run")
        self.assertEqual((status, result["reason"], [v["reason"] for v in result["volumes"]]),
                         (0, "WOULD_REPAIR", ["WOULD_REPAIR", "WOULD_REPAIR"]), result)
        self.assertEqual(fingerprint(self.image), before)

    def test_report_only(self):
        self.make(self.bad, self.healthy)
        before = fingerprint(self.image)
        status, result = self.repair("--recipe", "report-only")
        self.assertEqual((status, result["reason"]), (0, "REPORT_ONLY"), result)
        [file] = result["volumes"][0]["files"]
        self.assertEqual((file["reason"], file["removed"], file["attributes"], file["note"]), ("REPORT_ONLY", False, 32, ""))
        self.assertEqual(fingerprint(self.image), before)

    def test_in_a_qcow2(self):
        if not shutil.which("qemu-img") or not shutil.which("qemu-storage-daemon"):
            self.skipTest("skipped: no qemu-storage-daemon")
        self.make(self.other, self.bad)
        raw, self.image = self.image, os.path.join(self.work, "disk.qcow2")
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, self.image], check=True)
        status, result = self.repair()
        if result["reason"] == "IMAGE_FORMAT":
            self.skipTest(f"skipped: {result['text']}")
        self.assertEqual((status, result["reason"], [v["reason"] for v in result["volumes"]]),
                         (0, "REPAIRED", ["REPAIRED", "REPAIRED"]), result)
        subprocess.run(["qemu-img", "convert", "-O", "raw", self.image, raw], check=True)
        self.assertFalse(self.listing(1, raw) & self.other.names("bad_files"))
        self.assertFalse(self.listing(2, raw) & self.bad.names("bad_files"))


if __name__ == "__main__":
    unittest.main()
