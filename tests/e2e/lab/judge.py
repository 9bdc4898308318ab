# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges a machine's disk with tools we did not write: dislocker opens BitLocker, ntfs-3g's tools read NTFS."""
import hashlib
import os
import shutil
import subprocess
import tempfile

FVEK_LEN = {"xts-aes-128": 32, "xts-aes-256": 64, "aes-cbc-128": 16, "aes-cbc-256": 32}
FVEK_METHOD = {"xts-aes-128": 0x8004, "xts-aes-256": 0x8005, "aes-cbc-128": 0x8002, "aes-cbc-256": 0x8003}


class Judge:
    """Remembers every file of C: at once; later says what is different.

    replay: the volume is seen as after ntfsrecover has replayed its journal, in a copy (of a plain volume)."""

    def __init__(self, machine, replay=False):
        self.disk = machine.windows
        self.replay = replay
        self.bad = [f["path"] for f in self.disk.info["bad_files"]]
        self.before = self._files()
        missing = [p for p in self.bad if _unix(p) not in self.before]
        if missing:
            raise AssertionError(f"the judge cannot see {missing}: it could not notice that they are gone")

    def only_bad_files_gone(self, test, message=""):
        after = self._files()
        expected = {p: h for p, h in self.before.items() if p not in {_unix(b) for b in self.bad}}
        gone = sorted(set(expected) - set(after))
        new = sorted(set(after) - set(expected))
        changed = sorted(p for p in expected if p in after and after[p] != expected[p])
        test.assertEqual((gone, new, changed), ([], [], []), message)

    def only_bad_files_renamed(self, test, ending=".off"):
        """Each has another ending and the same content."""
        bad = {_unix(b) for b in self.bad}
        expected = {os.path.splitext(p)[0] + ending if p in bad else p: h for p, h in self.before.items()}
        test.assertEqual(self._files(), expected)

    def _files(self):
        """{path: SHA-256} of everything on C: that is a file."""
        work = tempfile.mkdtemp(dir="/run")
        mounted = []
        try:
            volume = self._volume(work, mounted)
            if self.replay:
                subprocess.run(["ntfsrecover", "-k", volume], check=True, capture_output=True)
            check = subprocess.run(["ntfsfix", "--no-action", volume], capture_output=True, text=True)
            if check.returncode != 0:
                raise AssertionError(f"ntfsfix is not content: {check.stdout}{check.stderr}")
            root = os.path.join(work, "c")
            os.mkdir(root)
            subprocess.run(["ntfs-3g", "-o", "ro", volume, root], check=True, capture_output=True)
            mounted.append(root)
            return dict(_hash_tree(root))
        finally:
            for path in reversed(mounted):
                subprocess.run(["umount", path], check=False, capture_output=True)
            shutil.rmtree(work, ignore_errors=True)

    def _volume(self, work, mounted):
        """A path that holds plain NTFS."""
        c = next(p for p in self.disk.info["partitions"] if p["name"] == "Basic data partition")
        window = os.path.join(work, "partition")
        bitlocker = self.disk.info.get("bitlocker")
        if bitlocker:
            fvek = os.path.join(work, "fvek")
            key = bytes.fromhex(bitlocker["fvek"])
            with open(fvek, "wb") as f:
                f.write(FVEK_METHOD[bitlocker["method"]].to_bytes(2, "little") + key.ljust(64, b"\0"))
            os.mkdir(window)
            subprocess.run(["dislocker-fuse", "-r", "-q", "-V", self.disk.path, "-O", str(c["start"]), "-k", fvek, "--",
                            window], check=True, capture_output=True)
            mounted.append(window)
            return os.path.join(window, "dislocker-file")
        subprocess.run(["dd", f"if={self.disk.path}", f"of={window}", "bs=1M", "iflag=skip_bytes,count_bytes",
                        f"skip={c['start']}", f"count={c['size']}", "conv=sparse"], check=True, capture_output=True)
        return window


def _unix(path):
    return path.replace("\\", "/").lstrip("/")


def _hash_tree(root):
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, root)
            if name in ("pagefile.sys", "swapfile.sys", "hiberfil.sys") or not os.path.isfile(path):
                continue
            digest = hashlib.sha256()
            with open(path, "rb") as f:
                while block := f.read(1 << 20):
                    digest.update(block)
            yield relative, digest.hexdigest()
