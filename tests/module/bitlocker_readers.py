# SPDX-License-Identifier: GPL-3.0-or-later
"""Four readers of BitLocker volumes: our layer (mkplain) and three tools of others. Each is asked for the whole plaintext
of a volume, cryptsetup for its key, and answers with a word: what it says about a plaintext is said after comparing every byte."""
import hashlib
import os
import subprocess

BUILD = os.path.abspath(os.environ.get("B", "build"))
MKPLAIN = os.path.join(BUILD, "tests/generators/mkplain")
LIMIT = 120  # seconds for one program

OK = "ok"            # the plaintext (cryptsetup: the key) is the right one, bit for bit
SHORT = "short"      # right, but ends early
LONG = "long"        # right, and goes on where the volume has ended
WRONG = "wrong"      # it ended well, and the plaintext is not the volume's
REFUSES = "refuses"  # says that it cannot
CRASHES = "crashes"  # a signal ended it
HANGS = "hangs"
NOT_ASKED = "-"      # has no way to take this key
MISSING = "missing"  # not on this machine: the test counts as skipped

DIFFUSER_128 = 0x8000

judged_keys = {}  # (volume, key): what dislocker made of it


class Key:
    """kind: recovery, passphrase, startup-key (value: the .BEK file), clear, vmk (value: hex) or none."""

    def __init__(self, kind, value=""):
        self.kind, self.value = kind, value


class Volume:
    """A volume in a file, with what its makers say of it: the SHA-256 of the plaintext, the keys; None: they do not say."""

    def __init__(self, path, key, sha256=None, method=None, fvek=None, vmk=None, device_sector=512):
        self.path, self.key, self.sha256, self.method = path, key, sha256, method
        self.fvek, self.vmk, self.device_sector = fvek, vmk, device_sector
        self.plain = None  # a file with the plaintext, once ours was proven right

    def by_vmk(self):
        """The same without stretching a key; its plaintext is not known to be the same."""
        return Volume(self.path, Key("vmk", self.vmk), method=self.method, device_sector=self.device_sector)


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def run(*command, **settings):
    """(answer, or None when it ended well; what it said)"""
    try:
        done = subprocess.run(command, capture_output=True, timeout=LIMIT, **settings)
    except FileNotFoundError:
        return MISSING, command[0]
    except subprocess.TimeoutExpired:
        return HANGS, ""
    said = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode < 0:
        return CRASHES, said
    return REFUSES if done.returncode else None, said


def unmount(point):
    """At once, also while somebody on this machine is looking at all mounts."""
    subprocess.run(["umount", "--lazy", point], check=True)


def begins_with(path, beginning):
    with open(path, "rb") as whole, open(beginning, "rb") as part:
        return all(whole.read(len(block)) == block for block in iter(lambda: part.read(1 << 20), b""))


def judge(volume, path):
    """What the plaintext in a file is worth. Comparing with one that was proven is faster than its SHA-256."""
    if not volume.plain:
        return OK if sha256_of(path) == volume.sha256 else WRONG
    size, right = os.path.getsize(path), os.path.getsize(volume.plain)
    if size < right:
        return SHORT if size > 0 and begins_with(volume.plain, path) else WRONG
    if not begins_with(path, volume.plain):
        return WRONG
    return OK if size == right else LONG


def mkplain_command(image, volume, output):
    names = {"recovery": "--recovery-password", "passphrase": "--passphrase", "startup-key": "--startup-key",
             "vmk": "--vmk", "clear": "--clear-key", "none": "--none"}
    return [MKPLAIN, "--volume", image, "--sector-size", str(volume.device_sector), "--output", output,
            names[volume.key.kind], *([volume.key.value] if volume.key.value else [])]


def ours(volume, folder):
    """"read+write" and "read-only REASON" after comparing; REASON alone when it was refused."""
    output = os.path.join(folder, "ours")
    done = subprocess.run(mkplain_command(volume.path, volume, output), capture_output=True, text=True, timeout=LIMIT)
    said = done.stdout.partition("\n")[0]
    word, _, rest = said.partition(" ")
    reason = rest.partition(":")[0]
    if done.returncode == 3 and word == "refused":
        return reason, said
    if done.returncode != 0:
        return CRASHES, done.stdout + done.stderr
    if judge(volume, output) != OK:
        return WRONG, said
    volume.plain = output
    return f"{word} {reason}".strip(), said


def cryptsetup(volume, folder):
    command = ["cryptsetup", "bitlkDump", "--dump-volume-key", "--batch-mode", volume.path, "--key-file"]
    if volume.key.kind in ("recovery", "passphrase"):
        answer, said = run(*command, "-", input=volume.key.value.encode())
    elif volume.key.kind == "startup-key":
        answer, said = run(*command, volume.key.value)
    else:
        return NOT_ASKED, ""
    if answer:
        return answer, said
    key = bytes.fromhex("".join(said.partition("MK dump:")[2].split()))
    if volume.fvek:
        right = volume.fvek[:16] + volume.fvek[32:48] if volume.method == DIFFUSER_128 else volume.fvek
        return OK if key == right else WRONG, key.hex()
    if volume.sha256 is None:
        # Nobody can say whether it is right: all that can be asked for is the same key as ever.
        return "key " + hashlib.sha256(key).hexdigest()[:8], key.hex()
    return judge_key(volume, folder, key), key.hex()


def judge_key(volume, folder, key):
    """A key that its makers did not state is right when dislocker decrypts the volume with it."""
    asked = (volume.path, key)
    if asked not in judged_keys:
        room = key[:16] + bytes(16) + key[16:] if volume.method == DIFFUSER_128 else key
        file = os.path.join(folder, "fvek")
        with open(file, "wb") as f:
            f.write(volume.method.to_bytes(2, "little") + room.ljust(64, b"\0"))
        judged_keys[asked] = dislocker(volume, folder, "-k" + file)[0]
    return judged_keys[asked]


def dislocker_command(image, volume, output, *key):
    if not key:
        options = {"recovery": "-p", "passphrase": "-u", "startup-key": "-f", "clear": "-c", "vmk": "-K"}
        value = volume.key.value
        if volume.key.kind == "vmk":
            value = output + ".vmk"
            with open(value, "wb") as f:
                f.write(bytes.fromhex(volume.key.value))
        key = [options[volume.key.kind] + value]
    return ["dislocker-file", "-V", image, *key, "--", output]


def dislocker(volume, folder, *key):
    if volume.key.kind == "none":
        return NOT_ASKED, ""
    output = os.path.join(folder, "dislocker")
    try:
        answer, said = run(*dislocker_command(volume.path, volume, output, *key))
        return answer or judge(volume, output), said
    finally:
        if os.path.exists(output):
            os.unlink(output)


def bdemount(volume, folder):
    option = {"recovery": ["-r"], "passphrase": ["-p"], "startup-key": ["-s"], "clear": []}.get(volume.key.kind)
    if option is None:
        return NOT_ASKED, ""
    if not os.access("/dev/fuse", os.W_OK):
        return MISSING, "/dev/fuse"
    point = os.path.join(folder, "bde")
    os.mkdir(point)
    answer, said = run("bdemount", *option, *([volume.key.value] if option else []), volume.path, point)
    if not answer:
        try:
            answer = judge(volume, os.path.join(point, "bde1"))
        except OSError as error:
            answer, said = REFUSES, f"reading: {error}"
        unmount(point)
    os.rmdir(point)
    return answer, said
