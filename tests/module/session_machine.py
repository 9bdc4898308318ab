# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine made of files for the boot-time session, and judges of what became of its disk."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

MKDISK = os.path.join(os.environ.get("B", "build"), "tests/generators/mkdisk")
REBOOT, HOLD, AGAIN = 0, 10, 11


class Disks:
    """Made once, copied for each case."""
    folder, made = None, {}

    @classmethod
    def get(cls, name, *options):
        cls.folder = cls.folder or tempfile.mkdtemp(prefix="netmend-session-")
        if name not in cls.made:
            path = os.path.join(cls.folder, name)
            subprocess.run([MKDISK, "--output", path, "--files", "100", "--size", "288", *options], check=True)
            with open(path + ".json") as f:
                cls.made[name] = path, json.load(f)
        return cls.made[name]

    @classmethod
    def remove(cls):
        if cls.folder:
            shutil.rmtree(cls.folder)


def copy(source, target):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


def next_data(fd, at, end):
    """Where the file has data again, at or after at."""
    try:
        return os.lseek(fd, at, os.SEEK_DATA)
    except OSError:
        return end


def changed_sectors(a, b, size=512, step=1 << 16):
    """[index] of the sectors that differ; holes of both files are not read."""
    found, at, end = [], 0, os.path.getsize(a)
    assert end == os.path.getsize(b)
    with open(a, "rb", 0) as fa, open(b, "rb", 0) as fb:
        while at < end:
            at = min(next_data(fa.fileno(), at, end), next_data(fb.fileno(), at, end)) // step * step
            da, db = os.pread(fa.fileno(), step, at), os.pread(fb.fileno(), step, at)
            if da != db:
                found += [(at + i) // size for i in range(0, len(da), size) if da[i:i + size] != db[i:i + size]]
            at += step
    return found


class Machine(unittest.TestCase):
    """self.program: the built tests/module/test_session, which runs one session on self.root."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="netmend-machine-")
        self.addCleanup(shutil.rmtree, self.root)
        self.image = os.path.join(self.root, "dev", "vda")
        self.put("boot_id", "b5a3b0c2-4a9e-4a53-9d3f-6c6f0b0d8f11\n")
        self.put("sys/class/dmi/id/product_serial", "SN-1\n")
        self.put("sys/class/dmi/id/product_name", "Stand\u00f6rt\n")
        self.put("sys/class/net/eth0/address", "52:54:00:12:34:56\n")
        self.put("sys/class/net/eth0/type", "1\n")
        self.put("sys/class/net/eth0/device/vendor", "0x1af4\n")
        os.makedirs(os.path.join(self.root, "sys/block"))
        os.makedirs(os.path.join(self.root, "dev"))

    def put(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def put_disk(self, source):
        self.source = source
        copy(source, self.image)
        self.put("sys/block/vda/size", f"{os.path.getsize(source) // 512}\n")

    def run_session(self, cmdline):
        """The exit code; what the screen showed is in self.screen."""
        path = os.path.join(self.root, "screen")
        with open(path, "w") as screen:
            code = self.start_session(cmdline, screen).wait(120)
        with open(path) as screen:
            self.screen = screen.read()
        return code

    def start_session(self, cmdline, screen=subprocess.DEVNULL):
        self.put("cmdline", cmdline)
        return subprocess.Popen([self.program, self.root], stdout=screen, stderr=screen)

    def c_drive(self, truth):
        """A copy of C: in a file (plain disks only), and where it is on the disk."""
        part = next(p for p in truth["partitions"] if p["number"] == truth["c_partition"])
        volume = os.path.join(self.root, "c")
        subprocess.run(["dd", f"if={self.image}", f"of={volume}", "bs=1M", "conv=sparse", "status=none",
                        f"skip={part['start']}", f"count={part['size']}", "iflag=skip_bytes,count_bytes"], check=True)
        return volume, part["start"]

    def put_on_c_drive(self, truth, name, content):
        """As a tool of ntfs-3g writes it."""
        volume, start = self.c_drive(truth)
        source = os.path.join(self.root, "content")
        with open(source, "wb") as f:
            f.write(content)
        subprocess.run(["ntfscp", "-f", volume, source, name], check=True, capture_output=True)
        subprocess.run(["dd", f"if={volume}", f"of={self.image}", "bs=1M", "conv=sparse,notrunc", "status=none",
                        f"seek={start}", "oflag=seek_bytes"], check=True)

    def c_drive_lists(self, truth):
        """Names in the driver's folder, told by ntfsls (plain disks only)."""
        volume, _ = self.c_drive(truth)
        return subprocess.run(["ntfsls", "--path", "/Windows/System32/drivers/CrowdStrike", volume], check=True,
                              capture_output=True, text=True).stdout.split()

    def assertUntouched(self):
        self.assertEqual(changed_sectors(self.source, self.image), [])
