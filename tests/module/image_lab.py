# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of disks outside their machine share: running the fixer, comparing images, foreign judges."""
import hashlib
import io
import json
import os
import subprocess
import tarfile

BUILD = os.path.abspath(os.environ.get("B", "build"))
FIXER = os.path.join(BUILD, "fixer.bin")
MKDISK = os.path.join(BUILD, "tests/generators/mkdisk")
FOLDER = "/Windows/System32/drivers/CrowdStrike"
CHUNK = 1 << 16


def run(*args, **settings):
    return subprocess.run(args, capture_output=True, text=True, timeout=120, **settings)


def fixer(*args):
    """(exit status, result) of a run with --json."""
    done = run(FIXER, *args, "--json")
    return done.returncode, json.loads(done.stdout)


def blocks(path):
    """(offset, bytes) of every block of a sparse image that holds anything but zeros."""
    zeros = bytes(CHUNK)
    with open(path, "rb") as f:
        at, size = 0, os.fstat(f.fileno()).st_size
        while at < size:
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA) // CHUNK * CHUNK
            except OSError:  # a hole up to the end
                return
            f.seek(at)
            block = f.read(CHUNK)
            if block != zeros:
                yield at, block
            at += CHUNK


def fingerprint(path):
    """SHA-256 over the size and every block that is not zero."""
    digest = hashlib.sha256(str(os.path.getsize(path)).encode())
    for at, block in blocks(path):
        digest.update(str(at).encode() + block)
    return digest.hexdigest()


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def copy(source, target):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)
    return target


def changed_sectors(one, other, size):
    """Numbers of the sectors in which two images differ."""
    old, new, found = dict(blocks(one)), dict(blocks(other)), []
    for base in sorted(old.keys() | new.keys()):
        x, y = old.get(base, bytes(CHUNK)), new.get(base, bytes(CHUNK))
        if x != y:
            found += [(base + i) // size for i in range(0, CHUNK, size) if x[i:i + size] != y[i:i + size]]
    return found


class Bundle:
    """Read with zstd and tarfile, not with our decoder."""

    def __init__(self, path):
        raw = subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
            self.parts = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
        self.manifest = json.loads(self.parts["manifest.json"])
        self.size = self.manifest["disk"]["sector"]
        self.lbas = [lba for run in self.manifest["runs"] for lba in range(run["lba"], run["lba"] + run["count"])]

    def put(self, image, side, positions):
        with open(image, "r+b") as f:
            for at in positions:
                f.seek(self.lbas[at] * self.size)
                f.write(self.parts[side][at * self.size:(at + 1) * self.size])

    def holds(self, image, side):
        with open(image, "rb") as f:
            for at, lba in enumerate(self.lbas):
                f.seek(lba * self.size)
                if f.read(self.size) != self.parts[side][at * self.size:(at + 1) * self.size]:
                    return False
        return True


class Disk:
    """A disk of mkdisk and what it says about it."""

    def __init__(self, folder, name, *options):
        self.path = os.path.join(folder, name + ".raw")
        subprocess.run([MKDISK, "--output", self.path, "--files", "200", *options], check=True, stdout=subprocess.DEVNULL)
        with open(self.path + ".json") as f:
            self.info = json.load(f)
        self.fingerprint = fingerprint(self.path)
        self.password = os.path.join(folder, name + ".password")
        bitlocker = self.info.get("bitlocker")
        if bitlocker and bitlocker["recovery_passwords"]:
            with open(os.open(self.password, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
                f.write(bitlocker["recovery_passwords"][0]["password"] + "\n")

    def unlock(self, image, target):
        """The plain NTFS volume of an image of this disk, with dislocker."""
        c = next(p for p in self.info["partitions"] if p["number"] == self.info["c_partition"])
        if self.info["kind"] == "bitlocker":
            password = self.info["bitlocker"]["recovery_passwords"][0]["password"]
            subprocess.run(["dislocker-file", "-q", "-O", str(c["start"]), "-V", image, f"-p{password}", "--", target],
                           check=True, capture_output=True)
            return target
        with open(image, "rb") as f, open(target, "wb") as out:
            f.seek(c["start"])
            out.write(f.read(c["size"]))
        return target

    def names(self, key):
        return {f["path"].rsplit("\\", 1)[1] for f in self.info[key]}


def listing(volume):
    return set(run("ntfsls", "-p", FOLDER, volume).stdout.split()) - {".", ".."}


def contents(volume, names):
    return {n: hashlib.sha256(subprocess.run(["ntfscat", volume, f"{FOLDER}/{n}"], check=True,
                                             capture_output=True).stdout).hexdigest() for n in names}
