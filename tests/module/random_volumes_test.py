#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of the random volumes (tests/volumes/README.md); make volumes runs as many as one likes."""
import os
import re
import subprocess
import tempfile
import unittest

COUNT = 150


class RandomVolumes(unittest.TestCase):
    def test_sample(self):
        with tempfile.TemporaryDirectory() as keep:
            done = subprocess.run([os.path.join(os.environ["B"], "tests/volumes/random"), "--seed", "291", "--count", str(COUNT),
                                   "--keep", keep], capture_output=True, text=True, errors="replace")
        print(done.stdout[-4000:], done.stderr[-2000:])
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, rf"(?m)^{COUNT} random NTFS volumes .*, 0 failed$")
        deleted, renamed = map(int, re.findall(r"deleted on (\d+), renamed on (\d+),", done.stdout)[-1])
        self.assertGreater(deleted, COUNT // 4)
        self.assertGreater(renamed, COUNT // 4)


if __name__ == "__main__":
    unittest.main()
