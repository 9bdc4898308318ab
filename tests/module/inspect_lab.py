# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of `fixer inspect` share."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.path.abspath(os.environ.get("B", "build"))
FIXER = os.path.join(BUILD, "fixer.bin")
MKDISK = os.path.join(BUILD, "tests/generators/mkdisk")
SHARED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/data")


def run(*args, **settings):
    return subprocess.run(args, capture_output=True, text=True, timeout=120, **settings)


def inspect(*args):
    """(exit status, JSON)"""
    done = run(FIXER, "inspect", *args, "--json")
    return done.returncode, json.loads(done.stdout)


def copy(source, target):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)
    return target


def patch(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def mkdisk(work, name, *options):
    path = os.path.join(work, name + ".raw")
    subprocess.run([MKDISK, "--output", path, "--files", "60", *options], check=True, stdout=subprocess.DEVNULL)
    with open(path + ".json") as f:
        return path, json.load(f)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="netmend-inspect-")
        cls.addClassCleanup(shutil.rmtree, cls.work)

    def path(self, name):
        return os.path.join(self.work, name)

    def file(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content)
        os.chmod(self.path(name), 0o600)
        return self.path(name)

    def words(self, *args):
        """What a person reads: never wide, never a recovery password."""
        done = run(FIXER, "inspect", *args)
        for line in done.stdout.splitlines()[1:]:  # the first begins with the path
            self.assertLessEqual(len(line), 100, line)
        self.assertIsNone(re.search(r"(\d{6}-){2}", done.stdout + done.stderr))
        return done.stdout
