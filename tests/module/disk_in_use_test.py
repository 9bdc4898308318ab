#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fixer --disk on real block devices (loop), and everything that is in use: refused, and who uses it is told."""
import fcntl
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest

from image_lab import FIXER, Disk, blocks, copy, fingerprint, fixer, run

F_OFD_GETLK = 36


def must(*args):
    return subprocess.run(args, check=True, capture_output=True, text=True).stdout.strip()


class Devices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("losetup", "partx", "mkfs.ext4", "mkswap", "swapon", "qemu-io"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"skipped: no {tool}")
        cls.folder = tempfile.mkdtemp(prefix="netmend-devices-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        if os.geteuid() != 0 or run("losetup", "--find").returncode != 0:
            raise unittest.SkipTest("skipped: no loop devices here")
        cls.plain = Disk(cls.folder, "plain", "--plain", "--size", "300")
        cls.plain_4k = Disk(cls.folder, "plain4k", "--plain", "--size", "600", "--sector-size", "4096")

    def setUp(self):
        self.work = tempfile.mkdtemp(dir=self.folder)
        self.addCleanup(shutil.rmtree, self.work)
        self.image = copy(self.plain.path, os.path.join(self.work, "disk.raw"))

    def attach(self, image=None, *options):
        device = must("losetup", "--find", "--show", *options, image or self.image)
        self.addCleanup(subprocess.run, ["losetup", "--detach", device])
        return device

    def partition(self, device, number):
        """A node of that partition; the kernel is told of it where it does not look itself."""
        name = f"{os.path.basename(device)}p{number}"
        if not os.path.exists(f"/sys/class/block/{name}"):
            must("partx", "--add", "--nr", str(number), device)
            self.addCleanup(subprocess.run, ["partx", "--delete", "--nr", str(number), device])
        with open(f"/sys/class/block/{name}/dev") as f:
            major, minor = map(int, f.read().split(":"))
        node = os.path.join(self.work, name)
        os.mknod(node, 0o600 | 0o060000, os.makedev(major, minor))
        return node

    def bundle(self):
        return os.path.join(self.work, "bundle.tar.zst")

    def refused(self, path, *texts, dry_run_too=True, fingerprint=fingerprint):
        before = fingerprint(self.image)
        for options in ((), ("--dry-run",)) if dry_run_too else ((),):
            status, result = fixer("--disk", path, "--bundle", self.bundle(), *options)
            self.assertEqual((status, result["reason"]), (5, "DISK_IN_USE"), result)
            for text in texts:
                self.assertIn(text, result["text"])
        self.assertEqual(fingerprint(self.image), before)
        self.assertFalse(os.path.exists(self.bundle()))

    # --- a device that is free ---------------------------------------------------------------------------

    def whole_way(self, device, image, disk, sector):
        status, result = fixer("--disk", device, "--bundle", self.bundle())
        self.assertEqual((status, result["reason"], result["disk"]["sector"]), (0, "REPAIRED", sector), result)
        again = fixer("--disk", device, "--dry-run")
        self.assertEqual((again[0], again[1]["reason"]), (0, "NO_BAD_FILE"))
        self.assertNotEqual(fingerprint(image), disk.fingerprint, "what was flushed is in the file below")
        status, result = fixer("--undo", self.bundle(), "--disk", device)
        self.assertEqual((status, result["reason"]), (0, "UNDONE"), result)
        self.assertEqual(fingerprint(image), disk.fingerprint)

    def test_block_device(self):
        self.whole_way(self.attach(), self.image, self.plain, 512)

    def test_device_of_4096_byte_sectors(self):
        image = copy(self.plain_4k.path, os.path.join(self.work, "4k.raw"))
        self.whole_way(self.attach(image, "--sector-size", "4096"), image, self.plain_4k, 4096)

    def test_device_with_unaligned_sector_size(self):
        """The same disk seen through the wrong sector size, as through a USB adapter that translates."""
        image = copy(self.plain_4k.path, os.path.join(self.work, "4k.raw"))
        status, result = fixer("--disk", self.attach(image), "--dry-run")
        self.assertEqual((status, result["reason"]), (3, "PARTITION_TABLE_BAD"), result)
        self.assertIn("sectors of 4096 bytes, seen here with sectors of 512", result["text"])
        status, result = fixer("--disk", self.attach(image, "--sector-size", "2048"), "--dry-run")
        self.assertEqual((status, result["reason"]), (5, "CANNOT_OPEN"), result)
        self.assertIn("neither of 512 nor of 4096", result["text"])

    def test_partition_as_a_disk(self):
        device = self.attach()
        node = self.partition(device, self.plain.info["c_partition"])
        status, result = fixer("--disk", node, "--bundle", self.bundle())
        self.assertEqual((status, result["reason"], result["disk"]["table"]), (0, "REPAIRED", "none"), result)
        self.assertEqual(fixer("--undo", self.bundle(), "--disk", node)[0], 0)
        self.assertEqual(fingerprint(self.image), self.plain.fingerprint)

    def test_read_only_device(self):
        device = self.attach(None, "--read-only")
        status, result = fixer("--disk", device, "--dry-run")
        self.assertEqual((status, result["reason"]), (0, "WOULD_REPAIR"), result)
        status, result = fixer("--disk", device, "--bundle", self.bundle())
        self.assertEqual((status, result["reason"]), (5, "CANNOT_OPEN"), result)
        self.assertIn("Read-only", result["text"])
        self.assertFalse(os.path.exists(self.bundle()))

    # --- in use -------------------------------------------------------------------------------------------

    def test_image_on_a_loop_device(self):
        device = self.attach()
        self.refused(self.image, f"attached to {device}")
        self.assertEqual(fixer("inspect", self.image)[0], 0)

    def test_undo_of_a_disk_in_use(self):
        self.assertEqual(fixer("--image", self.image, "--bundle", self.bundle())[0], 0)
        before = fingerprint(self.image)
        device = self.attach()
        for verb in ("--undo", "--complete"):
            status, result = fixer(verb, self.bundle(), "--image", self.image)
            self.assertEqual((status, result["reason"]), (5, "DISK_IN_USE"), result)
            self.assertIn(device, result["text"])
        self.assertEqual(fingerprint(self.image), before)

    def make_file_system(self, node):
        must("mkfs.ext4", "-q", node)
        point = os.path.join(self.work, "mnt")
        os.mkdir(point)
        must("mount", node, point)
        self.addCleanup(subprocess.run, ["umount", point])
        return point

    def test_mounted_disk_and_partition(self):
        device = self.attach()
        point = self.make_file_system(self.partition(device, 4))
        self.refused(device, f"{os.path.basename(device)}p4 is mounted at {point}")
        with self.assertRaises(OSError):  # what we refuse, the kernel would refuse, too
            os.close(os.open(device, os.O_RDWR | os.O_EXCL))
        free = self.partition(device, self.plain.info["c_partition"])
        self.assertEqual(fixer("--disk", free, "--dry-run")[1]["reason"], "WOULD_REPAIR")

    def test_mount_that_cannot_be_seen(self):
        """In another mount namespace: nobody tells who it is, and O_EXCL refuses all the same."""
        device = self.attach()
        node = self.partition(device, 4)
        must("mkfs.ext4", "-q", node)
        point = os.path.join(self.work, "mnt")
        os.mkdir(point)
        hidden = subprocess.Popen(["unshare", "-m", "sh", "-c", f"mount {node} {point} && echo ready && exec sleep 600"],
                                  stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(hidden.stdout.readline(), "ready\n")
            self.refused(device, "mounted or held by another program", dry_run_too=False)
        finally:
            hidden.kill()
            hidden.communicate()

    def test_swap(self):
        device = self.attach()
        node = self.partition(device, 4)
        must("mkswap", node)
        if run("swapon", node).returncode != 0:
            self.skipTest("skipped: no swap here")
        self.addCleanup(subprocess.run, ["swapoff", node])
        with open(f"/sys/class/block/{os.path.basename(node)}/start") as start, open(f"/sys/class/block/{os.path.basename(node)}/size") as size:
            begin, length = int(start.read()) * 512, int(size.read()) * 512

        def elsewhere(path):
            """The kernel may swap to it at any moment; nobody else writes there, either."""
            digest = hashlib.sha256()
            for at, block in blocks(path):
                if not begin <= at < begin + length:
                    digest.update(str(at).encode() + block)
            return digest.hexdigest()

        self.refused(device, "p4 is swapped to", fingerprint=elsewhere)

    def test_part_of_another_device(self):
        """As a device-mapper or md device shows among the holders; not every kernel that tests run on has those."""
        device = self.attach()
        holders = f"/sys/class/block/{os.path.basename(device)}/holders"
        done = run("unshare", "-m", "sh", "-c", f"mount -t tmpfs none {holders} && mkdir {holders}/dm-7 && "
                   f"exec {FIXER} --disk {device} --bundle {self.bundle()} --json")
        result = json.loads(done.stdout)
        self.assertEqual((done.returncode, result["reason"]), (5, "DISK_IN_USE"), result)
        self.assertIn("is part of dm-7", result["text"])

    def hold_with_qemu(self, path):
        holder = subprocess.Popen(["qemu-io", "-f", "raw", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(holder.communicate)
        self.addCleanup(holder.kill)
        holder.stdin.write(b"read 0 512\n")
        holder.stdin.flush()
        holder.stdout.readline()
        return holder.pid

    def test_opened_by_qemu(self):
        for path in (self.image, self.attach(copy(self.plain.path, os.path.join(self.work, "other.raw")))):
            with self.subTest(path):
                self.refused(path, f"qemu-io (process {self.hold_with_qemu(path)})", dry_run_too=False)

    def test_two_fixers(self):
        first = subprocess.Popen([FIXER, "--image", self.image, "--json"], stdout=subprocess.PIPE)
        while first.poll() is None:
            if not self.locked():
                continue
            first.send_signal(signal.SIGSTOP)
            if self.locked():
                break
            first.send_signal(signal.SIGCONT)
        status, result = fixer("--image", self.image, "--bundle", self.bundle())
        first.send_signal(signal.SIGCONT)
        out, _ = first.communicate(timeout=60)
        self.assertEqual(json.loads(out)["reason"], "REPAIRED")
        self.assertEqual((status, result["reason"]), (5, "DISK_IN_USE"), result)
        self.assertIn(f"fixer.bin (process {first.pid})", result["text"])

    def locked(self):
        with open(self.image, "rb") as f:
            asked = struct.pack("hhqqixxxx", fcntl.F_WRLCK, 0, 0, 0, 0)
            return struct.unpack("hhqqixxxx", fcntl.fcntl(f, F_OFD_GETLK, asked))[0] != fcntl.F_UNLCK


if __name__ == "__main__":
    unittest.main()
