#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random writes through our BitLocker layer, judged by dislocker. A model of the plaintext is kept here: it starts as what
dislocker reads before, each write that has to be done is done to it too, and at the end dislocker has to read exactly that.
Writes that touch what belongs to BitLocker have to be refused whole. Nothing but the sectors written may change, and on a
volume that is read-only nothing at all.

SEED=N chooses other writes. The writes of each volume are counted in $TABLE."""
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import tempfile
import unittest

import bitlocker_readers as readers

MKDISK = os.path.join(readers.BUILD, "tests/generators/mkdisk")
ARCHIVE = "../shared/data/bitlk-images.tar.xz"
SEED = int(os.environ.get("SEED", "1"))
WRITES = 400
AREA = 64 * 1024  # of one metadata copy
DECRYPTED = 1     # of the states

METHODS = ("aes-cbc-128-diffuser", "aes-cbc-256-diffuser", "aes-cbc-128", "aes-cbc-256", "xts-aes-128", "xts-aes-256")
WRITABLE = {
    **{f"{method}, {size}": f"--method {method} --sector-size {size}" for method in METHODS for size in (512, 4096)},
    **{f"{sectors} sectors of {size} moved": f"--header-sectors {sectors} --sector-size {size}"
       for sectors, size in ((1, 512), (201, 512), (10270, 512), (1, 4096), (1283, 4096))},
    **{f"metadata {places}": f"--places {places} --header-sectors 160" for places in ("low", "high", "reversed")},
    "To Go": "--to-go --method aes-cbc-128",
    "grown": "--grow 8",
    "shrunk": "--shrink 5",
    "decrypted": "--state 1/1",
    "decrypted, 4096": "--state 1/1 --sector-size 4096 --header-sectors 40 --places reversed",
}
READ_ONLY = {
    "1 bad metadata copy": "--bad-copies 1",
    "metadata copies differ": "--copies-differ",
    "state 4/1": "--state 4/1",
    "state 3/1": "--state 3/1",
    "state 2/4": "--state 2/4",
    "encrypt-on-write": "--encrypt-on-write 50",
    "decrypted, encrypt-on-write type": "--state 1/1 --encrypt-on-write 0",
}
WINDOWS = {
    "aes-cbc-128-4k": "482548-408683-386023-032725-083754-344718-228228-361845",
    "aes-xts-256": "404558-436711-420860-678557-638220-018909-039941-695321",
    "aes-cbc-elephant-256": "618871-562507-462814-555324-264660-562727-105171-668195",
    "togo-aes-xts-128": "243067-548680-059818-148852-287771-550088-628265-631653",
}


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Layout:
    """Where BitLocker keeps its own, as the volume itself says."""

    def __init__(self, raw):
        at = 160 if raw[3:11] == b"-FVE-FS-" else 424
        self.sector = struct.unpack_from("<H", raw, 11)[0]
        metadata = struct.unpack_from("<3Q", raw, at + 16)
        sectors, = struct.unpack_from("<I", raw, metadata[0] + 28)
        self.backup, = struct.unpack_from("<Q", raw, metadata[0] + 56)
        self.header = sectors * self.sector
        self.state, = struct.unpack_from("<H", raw, metadata[0] + 12)
        self.size = len(raw) // self.sector * self.sector
        self.reserved = sorted([(m, m + AREA) for m in metadata] + [(self.backup, self.backup + self.header)])

    def unencrypted(self, raw):
        """The plaintext of a volume on which nothing is encrypted."""
        plain = bytearray(raw[:self.size])
        for start, end in self.reserved:
            plain[start:end] = bytes(end - start)
        plain[:self.header] = raw[self.backup:self.backup + self.header]
        return plain

    def edges(self):
        return [0, self.header, self.size] + [edge for area in self.reserved for edge in area]

    def physical(self, start, end):
        """The sectors on the device that [start, end) of the volume lies in, as ranges."""
        start, end = start // self.sector * self.sector, -(-end // self.sector) * self.sector
        if start < self.header:
            yield start + self.backup, min(end, self.header) + self.backup
        if end > self.header:
            yield max(start, self.header), end


class Model:
    """The plaintext as it has to be."""

    def __init__(self, layout, plain):
        self.layout, self.plain = layout, bytearray(plain)
        self.touched = []
        self.counts = {"done": 0, "refused": 0, "outside": 0}

    def write(self, offset, data):
        """Does it when it has to be done; gives mkplain's words about it."""
        end = offset + len(data)
        if end > self.layout.size:
            self.counts["outside"] += 1
            return "Invalid argument"
        for start, stop in self.layout.reserved:
            if offset < stop and start < end:
                self.counts["refused"] += 1
                return f"refused at {max(start, offset)}"
        self.plain[offset:end] = data
        self.touched.append((offset, end))
        self.counts["done"] += 1
        return "done"


def random_write(rng, layout):
    """(offset, bytes): mostly near an edge of something, of any alignment; some longer than what our layer takes at once."""
    near = rng.choice(layout.edges()) if rng.random() < 0.7 else rng.randrange(layout.size)
    if rng.random() < 0.3:
        near = near // layout.sector * layout.sector
    longest, = rng.choices((16, layout.sector, 3 * layout.sector, 9000, 200000), (6, 6, 6, 6, 1))
    length = rng.randint(1, longest)
    offset = near + rng.choice((0, 0, -length, -length // 2, rng.randint(-9000, 9000), rng.randint(-40, 40)))
    return max(offset, 0), rng.randbytes(length)


def first_difference(one, other):
    """None when they are the same."""
    if one == other:
        return None
    length = min(len(one), len(other))
    return next((at for at in range(length) if one[at] != other[at]), length)


class WritesTest(unittest.TestCase):
    counts = {}

    @classmethod
    def setUpClass(cls):
        if not shutil.which("dislocker-file"):
            raise unittest.SkipTest("no dislocker-file")
        cls.folder = tempfile.mkdtemp(prefix="netmend-writes-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    @classmethod
    def tearDownClass(cls):
        width = max(map(len, cls.counts), default=0)
        lines = [f"{f'random writes, seed {SEED}':{width}}  done  refused  outside"]
        lines += [f"{name:{width}} {c['done']:5} {c['refused']:8} {c['outside']:8}" for name, c in cls.counts.items()]
        with open(os.environ.get("TABLE", os.devnull), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")

    def setUp(self):
        self.work = tempfile.mkdtemp(dir=self.folder)
        self.addCleanup(shutil.rmtree, self.work)

    def generated(self, options):
        path = os.path.join(self.work, "volume")
        subprocess.run([MKDISK, "--volume-only", "--size", "24", "--files", "60", "--full-encryption", "--output", path,
                        *options.split()], check=True, capture_output=True)
        with open(path + ".json", encoding="utf-8") as f:
            info = json.load(f)
        return readers.Volume(path, readers.Key("vmk", info["bitlocker"]["vmk"]), info["ntfs_sha256"])

    def windows(self, name, password):
        if not os.path.exists(ARCHIVE):
            self.skipTest("no " + ARCHIVE)
        member = f"bitlk-images/bitlk-{name}.img"
        subprocess.run(["tar", "-xJf", ARCHIVE, "-C", self.work, member, "bitlk-images/images.conf"], check=True)
        conf = read(os.path.join(self.work, "bitlk-images/images.conf")).decode()
        digest = conf.partition(f"[bitlk-{name}]")[2].partition("SHA256SUM=")[2][:64]
        return readers.Volume(os.path.join(self.work, member), readers.Key("recovery", password), digest)

    def by_others(self, volume, layout):
        """The plaintext by dislocker, which ends where encryption does; behind that, and in state 1, it is on the device."""
        unencrypted = layout.unencrypted(read(volume.path))
        if layout.state == DECRYPTED:
            return unencrypted
        output = os.path.join(self.work, "dislocker")
        subprocess.run(readers.dislocker_command(volume.path, volume, output), check=True, capture_output=True)
        plain = read(output)[:layout.size]
        os.unlink(output)
        return plain + unencrypted[len(plain):]

    def write(self, volume, writes, opened="read+write"):
        """(mkplain's words about each write, the plaintext our layer reads afterwards)"""
        file, output = os.path.join(self.work, "writes"), os.path.join(self.work, "ours")
        with open(file, "wb") as f:
            for offset, data in writes:
                f.write(struct.pack("<QI", offset, len(data)) + data)
        said = subprocess.run([*readers.mkplain_command(volume.path, volume, output), "--writes", file], check=True,
                              capture_output=True, text=True).stdout.splitlines()
        self.assertEqual(said[0].split()[0], opened)
        self.assertEqual(len(said) - 1, len(writes))
        return [line.partition(": ")[2] for line in said[1:]], read(output)

    def assert_same(self, got, right, what):
        at = first_difference(got, right)
        if at is not None:
            self.fail(f"seed {SEED}: {what} differs from byte {at} on")

    def check(self, name, volume):
        before = read(volume.path)
        layout = Layout(before)
        plain = self.by_others(volume, layout)
        self.assertEqual(hashlib.sha256(plain).hexdigest(), volume.sha256)
        model, rng = Model(layout, plain), random.Random(f"{SEED} {name}")
        writes = [random_write(rng, layout) for _ in range(WRITES)]
        expected = [model.write(offset, data) for offset, data in writes]
        said, ours = self.write(volume, writes)
        for number, (offset, data) in enumerate(writes):
            self.assertEqual(said[number], expected[number], f"seed {SEED}, write {number}: {len(data)} bytes at {offset}")
        self.assert_same(self.by_others(volume, layout), model.plain, "what others read")
        self.assert_same(ours, model.plain, "what our layer reads")
        self.check_untouched(before, read(volume.path), layout, model)
        self.assertGreater(min(model.counts.values()), 0)
        self.counts[name] = model.counts

    def check_read_only(self, volume):
        before, rng = read(volume.path), random.Random(SEED)
        layout = Layout(before)
        writes = [(offset, data) for offset, data in (random_write(rng, layout) for _ in range(40))
                  if offset + len(data) <= layout.size]
        said, ours = self.write(volume, writes, opened="read-only")
        self.assertEqual(set(said), {"Read-only file system"})
        self.assert_same(read(volume.path), before, "the volume")
        self.assertEqual(hashlib.sha256(ours).hexdigest(), volume.sha256)

    def check_untouched(self, before, after, layout, model):
        """On the device, no sector changed that no write touched."""
        masked = bytearray(after)
        for start, end in model.touched:
            for a, b in layout.physical(start, end):
                masked[a:b] = before[a:b]
        self.assert_same(masked, before, "a sector nobody wrote")


def add(name, test):
    setattr(WritesTest, "test_" + "".join(c if c.isalnum() else "_" for c in name), test)


for each, text in WRITABLE.items():
    add(each, lambda self, name=each, options=text: self.check(name, self.generated(options)))
for each, text in READ_ONLY.items():
    add("read_only_" + each, lambda self, options=text: self.check_read_only(self.generated(options)))
for each, text in WINDOWS.items():
    add("windows_" + each, lambda self, name=each, password=text: self.check(name, self.windows(name, password)))

if __name__ == "__main__":
    unittest.main()
