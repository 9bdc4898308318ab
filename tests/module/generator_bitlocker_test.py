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

    def check_mounts(self, disk, *key):
        """libbde shows the volume as it was."""
        if not os.access("/dev/fuse", os.W_OK):
            self.skipTest("no /dev/fuse")
        point = os.path.join(self.folder, "point")
        os.makedirs(point, exist_ok=True)
        run("bdemount", *key, disk.path, point)
        try:
            self.assertEqual(sha256_file(os.path.join(point, "bde1")), disk.info["ntfs_sha256"])
        finally:
            subprocess.run(["umount", point], check=True)

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

    def test_every_protector(self):
        bek = os.path.join(self.folder, "key.BEK")
        disk = volume(self.folder, "--recovery-protectors", "2", "--passphrase", "It's a pass phrase", "--startup-key", bek,
                      "--tpm-pin", "--certificate")
        protectors = disk.info["bitlocker"]["protectors"]
        self.assertEqual([p["kind"] for p in protectors], ["tpm", "tpm-pin", "passphrase", "recovery-password",
                                                           "recovery-password", "startup-key", "certificate"])
        dump = run("cryptsetup", "bitlkDump", disk.path).decode()
        for protector in protectors:
            self.assertIn(protector["guid"].lower(), dump)
        for words in ("VMK protected with TPM", "VMK protected with passphrase", "VMK protected with recovery passphrase",
                      "VMK protected with startup key", "VMK protected with smart card"):
            self.assertIn(words, dump)
        for password in disk.passwords() + [protectors[2]["passphrase"]]:
            self.check_key(disk, password)
        self.check_key(disk, "", "--key-file", bek)
        self.check_decrypts(disk, "-u" + protectors[2]["passphrase"])
        self.check_decrypts(disk, "-f", bek)
        with self.assertRaises(subprocess.CalledProcessError):
            volume_key(disk.path, "000000-" * 7 + "000000")

    def test_passphrase_beyond_ascii(self):
        passphrase = "\u00dcb\u00e9r \u20ac \U0001f30d"
        disk = volume(self.folder, "--passphrase", passphrase, "--recovery-protectors", "0", "--no-tpm")
        self.check_mounts(disk, "-p", passphrase)

    def test_places(self):
        for options in (("--places", "low", "--header-sectors", "1"), ("--places", "high", "--header-sectors", "10270"),
                        ("--places", "reversed", "--header-sectors", "3", "--sector-size", "4096")):
            with self.subTest(options=options):
                disk = volume(self.folder, *options)
                bitlocker = disk.info["bitlocker"]
                self.assertEqual(bitlocker["header_sectors"], int(options[3]))
                ordered = sorted(bitlocker["metadata"], reverse=bitlocker["places"] == "reversed")
                self.assertEqual(bitlocker["metadata"], ordered)
                self.check_decrypts(disk)
                self.check_mounts(disk, "-r", disk.passwords()[0])
                self.assertIn(b"Collecting resizing constraints", run("ntfsresize", "-i", "-f", disk.path + ".plain"))

    def test_copies_that_differ(self):
        disk = volume(self.folder, "--copies-differ")
        with open(disk.path, "rb") as f:
            blocks = [os.pread(f.fileno(), 4096, o) for o in disk.info["bitlocker"]["metadata"]]
        self.assertEqual(len(set(blocks)), 3)
        self.check_decrypts(disk)
        for damaged in disk.info["bitlocker"]["metadata"][:2]:
            with open(disk.path, "r+b") as f:
                f.seek(damaged)
                f.write(bytes(64))
        self.check_decrypts(disk)

    def test_unknown_entries_and_stretch_flags(self):
        """No tool reads past unknown entries: what they are is all that can be judged."""
        disk = volume(self.folder, "--unknown-entries")
        dump = subprocess.run(["cryptsetup", "bitlkDump", disk.path], capture_output=True, text=True)
        self.assertIn("Unexpected metadata entry", dump.stderr)
        disk = volume(self.folder, "--stretch-flags", "14")
        with open(disk.path, "rb") as f:
            self.assertIn(b"\x03\x00\x01\x00\x00\x10\x14\x00", os.pread(f.fileno(), 4096, disk.info["bitlocker"]["metadata"][0]))

    def test_to_go(self):
        for options in (("--size", "24", "--places", "reversed"), ("--sector-size", "4096", "--passphrase", "stick")):
            with self.subTest(options=options):
                disk = volume(self.folder, "--to-go", *options)
                with open(disk.path, "rb") as f:
                    self.assertEqual(f.read(11)[3:], b"MSWIN4.1")
                self.assertGreater(disk.info["bitlocker"]["header_sectors"] * disk.info["sector_size"], 4 << 20)
                self.check_key(disk, disk.passwords()[0])
                self.check_decrypts(disk)
                self.check_mounts(disk, "-r", disk.passwords()[0])
        run("fsck.vfat", "-n", disk.path + ".plain")
        self.assertIn(b"IMG_0019.JPG", run("mdir", "-b", "-i", disk.path + ".plain", "::/Photos"))

    def test_vista(self):
        disk = volume(self.folder, "--vista")
        self.assertEqual(disk.info["bitlocker"]["method"], "aes-cbc-128-diffuser")
        dump = subprocess.run(["cryptsetup", "bitlkDump", disk.path], capture_output=True, text=True)
        self.assertIn("BITLK version 1 is currently not supported", dump.stderr)
        plain = decrypted(disk.path, "-p" + disk.passwords()[0])
        with open(disk.path, "rb") as f, open(plain, "r+b") as p:
            f.seek(disk.info["bitlocker"]["metadata"][0] + 56)
            p.seek(56)
            p.write(f.read(8))  # where the $MFT's mirror is: dislocker does not put it back
        self.assertEqual(sha256_file(plain), disk.info["ntfs_sha256"])

    def test_sector_size_zero(self):
        disk = volume(self.folder, "--sector-size-zero")
        with open(disk.path, "rb") as f:
            self.assertEqual(f.read(13)[11:], b"\0\0")
        self.check_key(disk, disk.passwords()[0])
        self.check_decrypts(disk)

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
