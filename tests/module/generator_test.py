#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mkdisk's disks, judged by sgdisk, fsck.vfat, cryptsetup, dislocker and ntfs-3g. Build folder in B."""
import datetime
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.environ.get("B", "build")
MKDISK = os.path.join(BUILD, "tests", "generators", "mkdisk")
MIB = 1024 * 1024
STANDIN = "/EFI/Microsoft/Boot/standin/"
CHANNEL_FILES = "Windows/System32/drivers/CrowdStrike"
SMALL = ("--size", "300", "--files", "400")


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, **options).stdout


def sha256_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(MIB):
            digest.update(block)
    return digest.hexdigest()


class Disk:
    def __init__(self, folder, *options):
        self.folder = folder
        self.path = os.path.join(folder, "disk.raw")
        run(MKDISK, "--output", self.path, *options)
        with open(self.path + ".json") as f:
            self.info = json.load(f)

    def slice(self, number):
        """A partition as a file of its own."""
        part = self.info["partitions"][number - 1]
        path = os.path.join(self.folder, f"part{number}")
        run("dd", f"if={self.path}", f"of={path}", "bs=1M", f"skip={part['start'] // MIB}",
            f"count={part['size'] // MIB}", "conv=sparse", "status=none")
        os.truncate(path, part["size"])
        return path

    def esp_file(self, name):
        return run("mtype", "-i", f"{self.path}@@{self.info['partitions'][0]['start']}", "::" + name)

    def passwords(self):
        return [p["password"] for p in self.info["bitlocker"]["recovery_passwords"]]

    def manifest(self):
        lines = self.esp_file(STANDIN + "manifest").decode().splitlines()
        return {line[66:]: line[:64] for line in lines}


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

    def volume_key(self, image, password):
        """What cryptsetup takes out of the volume with this password."""
        text = run("cryptsetup", "bitlkDump", "--dump-volume-key", "--batch-mode", "--key-file", "-", image,
                   input=password.encode()).decode()
        return text.split("MK dump:")[1].replace("\t", " ").replace("\n", " ").replace(" ", "")

    def decrypted(self, image, *key):
        output = image + ".plain"
        run("dislocker-file", "-V", image, *key, "--", output)
        return output

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
        disk = Disk(self.folder, "--plain", "--size", "400", "--good-291", "--bad-files", "2")
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

    def test_full_encryption_decrypts_to_the_same_volume(self):
        disk = Disk(self.folder, *SMALL, "--full-encryption")
        bitlocker, image = disk.info["bitlocker"], disk.slice(3)
        dump = run("cryptsetup", "bitlkDump", image).decode()
        for protector in bitlocker["protectors"]:
            self.assertIn(protector["guid"].lower(), dump)
        self.assertIn("VMK protected with TPM", dump)
        self.assertEqual(self.volume_key(image, disk.passwords()[0]), bitlocker["fvek"])
        plain = self.decrypted(image, "-p" + disk.passwords()[0])
        self.assertEqual(sha256_file(plain), disk.info["ntfs_sha256"])

    def test_used_space_only(self):
        disk = Disk(self.folder, *SMALL, "--bad-files", "2")
        self.assertLess(os.stat(disk.path).st_blocks * 512, 48 * MIB)
        key = os.path.join(self.folder, "fvek")
        with open(key, "wb") as f:
            f.write(disk.esp_file(STANDIN + "fvek"))
        self.check_tree(disk, self.decrypted(disk.slice(3), "-k", key))

    def test_sectors_of_4096(self):
        disk = Disk(self.folder, "--size", "400", "--files", "300", "--sector-size", "4096", "--full-encryption")
        run("fsck.vfat", "-n", disk.slice(1))
        image = disk.slice(3)
        self.assertIn(b"4096 [bytes]", run("cryptsetup", "bitlkDump", image))
        plain = self.decrypted(image, "-p" + disk.passwords()[0])
        self.assertEqual(sha256_file(plain), disk.info["ntfs_sha256"])

    def test_several_protectors(self):
        disk = Disk(self.folder, *SMALL, "--recovery-protectors", "3")
        self.assertEqual([p["kind"] for p in disk.info["bitlocker"]["protectors"]],
                         ["tpm"] + ["recovery-password"] * 3)
        image = disk.slice(3)
        for password in disk.passwords():
            self.assertEqual(self.volume_key(image, password), disk.info["bitlocker"]["fvek"])
        with self.assertRaises(subprocess.CalledProcessError):
            self.volume_key(image, "000000-" * 7 + "000000")

    def test_suspended(self):
        disk = Disk(self.folder, *SMALL, "--clear-key", "--full-encryption")
        plain = self.decrypted(disk.slice(3), "-c")
        self.assertEqual(sha256_file(plain), disk.info["ntfs_sha256"])

    def test_damaged_metadata_copies(self):
        for copies in (1, 2):
            with self.subTest(copies=copies):
                folder = os.path.join(self.folder, str(copies))
                os.mkdir(folder)
                disk = Disk(folder, *SMALL, "--bad-copies", str(copies), "--full-encryption")
                plain = self.decrypted(disk.slice(3), "-p" + disk.passwords()[0])
                self.assertEqual(sha256_file(plain), disk.info["ntfs_sha256"])
                with open(disk.slice(3), "rb") as f:
                    blocks = [os.pread(f.fileno(), 4096, o) for o in disk.info["bitlocker"]["metadata"]]
                self.assertEqual(len(set(blocks)), 2)
                self.assertEqual(blocks[:copies], [blocks[0]] * copies)

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
        disk = Disk(self.folder, "--no-ntfs", "--size", "300")
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
