#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ntfscheck against volumes that others made: Windows, mkntfs, ntfs-3g. No findings there, and its dump says what ntfscat reads."""
import hashlib
import json
import lzma
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

B = os.environ["B"]
CHECK = os.path.join(B, "tests", "ntfscheck", "ntfscheck")
MKDISK = os.path.join(B, "tests", "generators", "mkdisk")
WINDOWS = "../shared/data/ntfs-dirty/cs-clean.img.xz"
PATH = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
UNNAMED = re.compile(r'^(\d+)-\d+ attribute 0x80 "" .* sha256 ([0-9a-f]{64})$', re.M)


def run(*argv, status=0):
    """What argv prints."""
    done = subprocess.run(argv, env=PATH, capture_output=True, timeout=120)
    if done.returncode != status:
        raise AssertionError(f"{argv}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def unpack(source, target):
    """Leaves zeros as holes."""
    with lzma.open(source) as packed, open(target, "wb") as out:
        while piece := packed.read(65536):
            if piece.count(0) == len(piece):
                out.seek(len(piece), 1)
            else:
                out.write(piece)
        out.truncate()


def fill(folder):
    """Work for every part of the file system."""
    rng = random.Random(1)
    os.makedirs(os.path.join(folder, "deep", "deeper"))
    for i in range(400):
        with open(os.path.join(folder, "deep", f"a file with quite a long name {i}"), "wb") as f:
            f.write(rng.randbytes(rng.randrange(3000)))
    for i in range(0, 400, 3):
        os.unlink(os.path.join(folder, "deep", f"a file with quite a long name {i}"))
    for i in range(30):
        with open(os.path.join(folder, f"gap {i}"), "wb") as f:
            f.write(rng.randbytes(70000))
    for i in range(0, 30, 2):
        os.unlink(os.path.join(folder, f"gap {i}"))
    with open(os.path.join(folder, "fragmented"), "wb") as f:
        f.write(rng.randbytes(1500000))
    for i in range(60):
        with open(os.path.join(folder, f"gap 1:stream {i}"), "wb") as f:
            f.write(rng.randbytes(rng.randrange(2000)))
    os.link(os.path.join(folder, "fragmented"), os.path.join(folder, "deep", "deeper", "linked"))
    os.symlink("fragmented", os.path.join(folder, "symbolic"))
    with open(os.path.join(folder, "sparse"), "wb") as f:
        f.seek(3000000)
        f.write(b"end")
    for name in ("ÄÖÜ", "äöü", "Case", "case", "CASE"):
        with open(os.path.join(folder, name), "w") as f:
            f.write(name)


class Judge(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="netmend-ntfscheck-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.image = os.path.join(self.dir, "image")

    def check(self):
        self.assertEqual(run(CHECK, self.image), b"")

    def check_contents(self):
        """Each unnamed stream is what ntfscat reads of the same record."""
        dump = run(CHECK, "--dump", self.image).decode()
        read = 0
        for record, digest in UNNAMED.findall(dump):
            if int(record) < 24:
                continue
            content = run("ntfscat", "-f", "-i", record, self.image)
            self.assertEqual(hashlib.sha256(content).hexdigest(), digest, record)
            read += 1
        return read

    def test_windows(self):
        if not os.path.exists(WINDOWS):
            self.skipTest("skipped: no " + WINDOWS)
        unpack(WINDOWS, self.image)
        self.check()
        self.assertGreater(self.check_contents(), 200)

    def test_mkdisk(self):
        run(MKDISK, "--plain", "--volume-only", "--size", "64", "--files", "300", "--good-291", "--output", self.image)
        self.check()
        self.assertGreater(self.check_contents(), 100)

    def test_mkdisk_partition(self):
        run(MKDISK, "--plain", "--size", "512", "--files", "200", "--output", self.image)
        with open(self.image + ".json") as f:
            made = json.load(f)
        part = next(p for p in made["partitions"] if p["number"] == made["c_partition"])
        self.assertEqual(run(CHECK, "--offset", str(part["start"]), "--size", str(part["size"]), self.image), b"")

    def test_cluster_sizes(self):
        for cluster, sector in ((512, 512), (1024, 512), (2048, 512), (8192, 512), (65536, 512), (4096, 4096), (4096, 1024)):
            with self.subTest(cluster=cluster, sector=sector):
                with open(self.image, "wb") as f:
                    f.truncate(48 << 20)
                run("mkntfs", "-q", "-F", "-f", "-c", str(cluster), "-s", str(sector), "-p", "0", "-H", "255", "-S", "63", self.image)
                self.check()
                if not os.path.exists("/dev/fuse"):
                    continue
                folder = os.path.join(self.dir, "mounted")
                os.makedirs(folder, exist_ok=True)
                run("ntfs-3g", "-o", "streams_interface=windows", self.image, folder)
                try:
                    fill(folder)
                finally:
                    run("umount", folder)
                self.check()
        self.assertGreater(self.check_contents(), 200)

    def test_exit_status(self):
        run(CHECK, status=2)
        run(CHECK, "--size", "-1", self.image, status=2)
        run(CHECK, self.image, status=2)
        with open(self.image, "wb") as f:
            f.write(bytes(8192))
        run(CHECK, "--offset", "8192", self.image, status=2)
        self.assertEqual(run(CHECK, self.image, status=1), b"boot: not NTFS\n")


if __name__ == "__main__":
    if not os.path.exists(CHECK):
        sys.exit(f"{CHECK} is missing: make tests")
    unittest.main()
