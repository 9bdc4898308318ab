#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mkdisk's disks, judged by sgdisk, fsck.vfat, dislocker and ntfs-3g. Build folder in B."""
import datetime
import os
import shutil
import subprocess
import tempfile
import unittest

from generator_tools import STANDIN, Disk, decrypted, run, sha256_file

CHANNEL_FILES = "Windows/System32/drivers/CrowdStrike"
SMALL = ("--size", "300", "--files", "400")


class Mounted:
    """An NTFS volume in a file, read through ntfs-3g."""

    def __init__(self, image):
        self.image, self.point = image, image + ".mnt"

    def __enter__(self):
        os.makedirs(self.point)
        run("ntfs-3g", "-o", "ro,streams_interface=windows", self.image, self.point)
        return self.point

    def __exit__(self, *_):
        subprocess.run(["umount", self.point], check=True)


class GeneratorTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="generator-")
        self.addCleanup(shutil.rmtree, self.folder)

    def check_tree(self, disk, image):
        """Every file of the manifest and no other but the left-out ones, with the right content."""
        if not os.access("/dev/fuse", os.W_OK):
            self.skipTest("no /dev/fuse")
        manifest = disk.manifest()
        bad = {f["path"].replace("\\", "/")[1:]: f for f in disk.info["bad_files"]}
        with Mounted(image) as root:
            found = {os.path.relpath(os.path.join(folder, name), root)
                     for folder, _, names in os.walk(root) for name in names
                     if not folder.endswith("System Volume Information")}
            self.assertEqual(found - set(manifest), set(bad) | {"pagefile.sys", "swapfile.sys"})
            for path, digest in manifest.items():
                self.assertEqual(sha256_file(os.path.join(root, path)), digest, path)
            for path, expected in bad.items():
                stat = os.stat(os.path.join(root, path))
                self.assertEqual(stat.st_size, expected["size"])
                modified = datetime.datetime.fromtimestamp(stat.st_mtime, datetime.timezone.utc)
                self.assertEqual(modified.strftime("%Y-%m-%dT%H:%M:%SZ"), expected["modified"])
                self.assertEqual(sha256_file(os.path.join(root, path)), expected["sha256"])

    def test_plain_disk(self):
        disk = Disk(self.folder, "--plain", "--size", "400", "--good-291", "--bad-files", "2", "--sha256")
        self.assertIn(b"No problems found", run("sgdisk", "-v", disk.path))
        types = [run("sgdisk", "-i", str(n), disk.path).decode().split("code: ")[1][:36] for n in (1, 2, 3, 4)]
        self.assertEqual(types, [p["type"] for p in disk.info["partitions"]])
        run("fsck.vfat", "-n", disk.slice(1))
        self.assertIn(b"Winre.wim", run("ntfsls", "-p", "/Recovery/WindowsRE", disk.slice(4)))
        windows = disk.slice(3)
        self.assertEqual(sha256_file(windows), disk.info["ntfs_sha256"])
        self.assertGreater(len(disk.manifest()), 2990)
        names = run("ntfsls", "-p", "/" + CHANNEL_FILES, windows).decode().split()
        channel = [n for n in names if n.startswith("C-0")]
        self.assertEqual(len(channel), 203)
        self.assertEqual(sum(n.startswith("C-00000291-") for n in channel), 3)
        self.assertEqual([f["modified"][:16] for f in disk.info["bad_files"]],
                         ["2024-07-19T04:18", "2024-07-19T04:26"])
        self.assertEqual(disk.info["good_291"]["modified"], "2024-07-19T05:40:00Z")
        self.check_tree(disk, windows)

    def test_same_seed_same_bytes(self):
        first, second, other = (os.path.join(self.folder, n) for n in ("first", "second", "other"))
        for folder, seed in ((first, "7"), (second, "7"), (other, "8")):
            os.mkdir(folder)
            disk = Disk(folder, *SMALL, "--seed", seed)
            os.rename(disk.path, os.path.join(folder, "image"))
        digests = [sha256_file(os.path.join(f, "image")) for f in (first, second, other)]
        self.assertEqual(digests[0], digests[1])
        self.assertNotEqual(digests[0], digests[2])

    def test_used_space_only(self):
        disk = Disk(self.folder, *SMALL, "--bad-files", "2")
        self.assertLess(os.stat(disk.path).st_blocks * 512, 48 << 20)
        key = os.path.join(self.folder, "fvek")
        with open(key, "wb") as f:
            f.write(disk.esp_file(STANDIN + "fvek"))
        self.check_tree(disk, decrypted(disk.slice(3), "-k", key))

    def test_sectors_of_4096(self):
        disk = Disk(self.folder, "--size", "400", "--files", "300", "--sector-size", "4096", "--full-encryption", "--sha256")
        run("fsck.vfat", "-n", disk.slice(1))
        image = disk.slice(3)
        plain = decrypted(image, "-p" + disk.passwords()[0])
        self.assertEqual(sha256_file(plain), disk.info["ntfs_sha256"])

    def test_recovery_password_is_not_on_the_disk(self):
        disk = Disk(self.folder, *SMALL)
        password = disk.passwords()[0]
        groups = password.split("-")
        key = b"".join((int(g) // 11).to_bytes(2, "little") for g in groups)
        with open(disk.path, "rb") as f:
            content = f.read()
        vmk, fvek = (bytes.fromhex(disk.info["bitlocker"][k]) for k in ("vmk", "fvek"))
        for secret in (password.encode(), "".join(groups).encode(), password.encode("utf-16le"), key, vmk):
            self.assertNotIn(secret, content)
        self.assertEqual(content.count(fvek), 1)  # the stand-in's, on the ESP

    def test_disks_that_are_not_windows(self):
        disk = Disk(self.folder, "--no-ntfs", "--size", "300", "--sha256")
        self.assertIn(b"No problems found", run("sgdisk", "-v", disk.path))
        self.assertEqual(len(disk.info["partitions"]), 3)
        self.assertNotIn("ntfs_sha256", disk.info)
        disk = Disk(self.folder, "--no-windows", "--size", "300", "--files", "50")
        image = disk.slice(3)
        self.assertNotIn(b"Windows", run("ntfsls", image))
        self.assertEqual(len(disk.manifest()), 50)

    def test_files_for_the_esp(self):
        source = os.path.join(self.folder, "esp")
        os.makedirs(os.path.join(source, "EFI", "Microsoft", "Boot"))
        with open(os.path.join(source, "EFI", "Microsoft", "Boot", "bootmgfw.efi"), "wb") as f:
            f.write(b"MZ loader")
        disk = Disk(self.folder, "--plain", *SMALL, "--esp-dir", source, "--name", "LAB-7")
        self.assertEqual(disk.esp_file("/EFI/Microsoft/Boot/bootmgfw.efi"), b"MZ loader")
        info = dict(line.split("=", 1) for line in disk.esp_file(STANDIN + "info").decode().splitlines())
        c = disk.info["partitions"][disk.info["c_partition"] - 1]
        self.assertEqual(info, {"C_PARTUUID": c["guid"].lower(), "C_START": str(c["start"]),
                                "C_SIZE": str(c["size"]), "BITLOCKER": "0", "NAME": "LAB-7"})


if __name__ == "__main__":
    unittest.main()
