#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of the damaged volumes (tests/volumes/README.md); make volumes-corrupt runs as many as one likes."""
import os
import re
import subprocess
import unittest

COUNT = 150


class CorruptVolumes(unittest.TestCase):
    def test_sample(self):
        done = subprocess.run([os.path.join(os.environ["B"], "tests/volumes/corrupt"), "--seed", "291", "--count", str(COUNT)],
                              capture_output=True, text=True, errors="replace")
        print(done.stdout[-6000:], done.stderr[-2000:])
        if "TABLE" in os.environ:
            with open(os.environ["TABLE"], "w") as table:
                table.write(done.stdout)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, rf"(?m)^{COUNT} damaged NTFS volumes .*, 0 failed$")
        repaired = [sum(map(int, re.findall(rf"(?m)^ +{reason} +(.*)$", done.stdout)[0].split())) for reason in ("REPAIRED", "RENAMED")]
        self.assertGreater(min(repaired), COUNT // 20)
        self.assertLess(sum(repaired), COUNT * 3 // 4)


if __name__ == "__main__":
    unittest.main()
