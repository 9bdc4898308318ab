#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small power-on wave of ../bench/storm.py behind a network that loses frames: every machine gets from DHCP to its first contact, and no
script of ours makes one give up."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
STORM = os.path.join(HERE, "../bench/storm.py")
MACHINES, SIZES = 40, (300_000, 900_000)


class Storm(unittest.TestCase):
    def test_none_is_lost(self):
        """beside the site's DHCP server, and as the only one"""
        with tempfile.TemporaryDirectory() as folder:
            for name, size in zip(("vmlinuz", "initrd.img"), SIZES):
                with open(f"{folder}/{name}", "wb") as f:
                    f.write(os.urandom(size))
            waves = {mode: subprocess.Popen(
                [sys.executable, STORM, "--machines", str(MACHINES), "--within", "3", "--loss", "2", "--mode", mode, "--images", folder,
                 "--json", f"{folder}/{mode}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                for mode in ("proxy", "full")}
            said = {mode: wave.communicate()[0] for mode, wave in waves.items()}
            for mode, wave in waves.items():
                self.assertEqual(wave.returncode, 0, said[mode])
                with open(f"{folder}/{mode}") as f:
                    self.judge(json.load(f), said[mode])

    def judge(self, told, said):
        self.assertEqual((told["arrived"], told["lost"], told["given_up"]), (MACHINES, [], 0), said)
        self.assertTrue(told["children_lived"], said)
        self.assertGreater(told["wire"]["lost"], MACHINES)  # the network did lose frames
        for name, seconds in told["stages"].items():
            self.assertEqual(len(seconds), MACHINES, name)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: needs root for network namespaces")
    elif not os.path.exists(os.path.join(os.path.abspath(os.environ.get("B", "build")), "tests/bench/wave/wire")):
        print("skipped: not built: make tests")
    else:
        unittest.main()
