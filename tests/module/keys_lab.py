# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend keys` as an administrator runs it: as root, in a folder of its own."""
import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest
import uuid

BUILD = os.path.abspath(os.environ.get("B", "build"))
# A process that is no longer root and lets nobody look into it can't be searched for leaks.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"


def password(rng):
    return "-".join(f"{rng.randrange(65536) * 11:06d}" for _ in range(8))


def keys(count, seed=1):
    """[(host, GUID, password)]"""
    rng = random.Random(seed)
    return [(f"ZEBRA{i:06d}", str(uuid.UUID(int=rng.getrandbits(128))).upper(), password(rng)) for i in range(count)]


def crowdstrike(rows):
    text = '"Hostname","KeyID","RecoveryKey","Directory"\r\n'
    return text + "".join(f'"CN={host},OU=Giraffe,DC=lab","{guid}","{digits}","ActiveDirectory"\r\n' for host, guid, digits in rows)


@unittest.skipUnless(os.geteuid() == 0, "skipped: netmend hands work to other users, which root can")
class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="netmend-keys-")
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o755)
        for name in ("netmend", "netmend-escrow"):
            shutil.copy(os.path.join(BUILD, name), self.dir)
        self.state = self.path("state")
        self.shown = []
        self.configure("")

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(self.path(name), 0o600)
        return self.path(name)

    def configure(self, escrow):
        self.file("netmend.conf", f"[server]\nstate = {self.state}\nruntime = {self.path('run')}\n[escrow]\n{escrow}\n")

    def command(self, *words):
        return [self.path("netmend"), "keys", *words, "--config", self.path("netmend.conf")]

    def keys(self, *words, status=0, stdin=""):
        done = subprocess.run(self.command(*words), input=stdin, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        self.shown.append(done.stdout + done.stderr)
        return done

    def count(self):
        return json.loads(self.keys("status", "--json").stdout)["keys"]

    def audit(self):
        with open(os.path.join(self.state, "escrow", "audit.log")) as f:
            return [json.loads(line) for line in f]
