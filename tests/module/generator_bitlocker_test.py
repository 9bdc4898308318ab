#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mkdisk's BitLocker volumes, judged by cryptsetup, dislocker and libbde. Build folder in B."""
import os
import shutil
import subprocess
import tempfile
import unittest

from generator_tools import decrypted, expected_key, run, sha256_file, volume, volume_key

METHODS = ("xts-aes-128", "xts-aes-256", "aes-cbc-128", "aes-cbc-256", "aes-cbc-128-diffuser", "aes-cbc-256-diffuser")


class BitlockerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="generator-")
        self.addCleanup(shutil.rmtree, self.folder)

    def check_decrypts(self, disk, *key):
        """dislocker turns the volume into what was encrypted; with the first recovery password if no key is given."""
        plain = decrypted(disk.path, *(key or ("-p" + disk.passwords()[0],)))
        self.assertEqual(sha256_file(plain), disk.info["ntfs_sha256"])

    def check_key(self, disk, password, *how):
        self.assertEqual(volume_key(disk.path, password, *how), expected_key(disk.info["bitlocker"]))

    def test_methods_and_sectors(self):
        for number, method in enumerate(METHODS):
            sector_size = ("512", "4096")[number % 2]
            with self.subTest(method=method, sector_size=sector_size):
                disk = volume(self.folder, "--method", method, "--sector-size", sector_size)
                self.assertEqual(disk.info["bitlocker"]["method"], method)
                self.assertIn(f"{sector_size} [bytes]", run("cryptsetup", "bitlkDump", disk.path).decode())
                self.check_key(disk, disk.passwords()[0])
                self.check_decrypts(disk)

    def test_same_seed_same_volume(self):
        digests = []
        for seed in ("7", "7", "8"):
            digests.append(sha256_file(volume(self.folder, "--seed", seed).path))
        self.assertEqual(digests[0], digests[1])
        self.assertNotEqual(digests[0], digests[2])

    def test_small_volume_holds_the_bad_file(self):
        disk = volume(self.folder)
        plain = decrypted(disk.path, "-p" + disk.passwords()[0])
        names = run("ntfsls", "-p", "/Windows/System32/drivers/CrowdStrike", plain).decode().split()
        bad = disk.info["bad_files"][0]["path"].split("\\")[-1]
        self.assertIn(bad, names)
        content = run("ntfscat", plain, "Windows/System32/drivers/CrowdStrike/" + bad)
        self.assertEqual(len(content), disk.info["bad_files"][0]["size"])

    def test_several_protectors(self):
        disk = volume(self.folder, "--recovery-protectors", "3")
        self.assertEqual([p["kind"] for p in disk.info["bitlocker"]["protectors"]],
                         ["tpm"] + ["recovery-password"] * 3)
        dump = run("cryptsetup", "bitlkDump", disk.path).decode()
        for protector in disk.info["bitlocker"]["protectors"]:
            self.assertIn(protector["guid"].lower(), dump)
        self.assertIn("VMK protected with TPM", dump)
        for password in disk.passwords():
            self.check_key(disk, password)
        with self.assertRaises(subprocess.CalledProcessError):
            volume_key(disk.path, "000000-" * 7 + "000000")

    def test_suspended(self):
        self.check_decrypts(volume(self.folder, "--clear-key"), "-c")

    def test_damaged_metadata_copies(self):
        for copies in (1, 2):
            with self.subTest(copies=copies):
                disk = volume(self.folder, "--bad-copies", str(copies))
                self.check_decrypts(disk)
                with open(disk.path, "rb") as f:
                    blocks = [os.pread(f.fileno(), 4096, o) for o in disk.info["bitlocker"]["metadata"]]
                self.assertEqual(len(set(blocks)), 2)
                self.assertEqual(blocks[:copies], [blocks[0]] * copies)


if __name__ == "__main__":
    unittest.main()
