#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of the audit record in the system's log, from behind escrow's walls: a syslog daemon played by the test on a /dev of its
own, that is there, goes away, and comes back. What it got is what `netmend audit verify --copy` compares with."""
import json
import os
import re
import socket
import time
import unittest

import appliance_lab as lab
from attack_lab import Machine, random_blobs, random_guid, volume

NODES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}


def own_dev():
    """In place of /dev, for this test's namespace alone."""
    os.makedirs("/run/dev")
    lab.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run/dev")
    for name, number in NODES.items():
        os.mknod(f"/run/dev/{name}", 0o020666, os.makedev(*number))
        os.chmod(f"/run/dev/{name}", 0o666)
    os.symlink("/proc/self/fd", "/run/dev/fd")
    os.makedirs("/run/dev/shm")
    lab.run("mount", "--move", "/run/dev", "/dev")


class Daemon:
    def __init__(self):
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)

    def read(self, seconds=0.5):
        self.socket.settimeout(seconds)
        try:
            while True:
                self.lines.append(self.socket.recv(65536).decode())
        except TimeoutError:
            return "\n".join(self.lines) + "\n"

    def close(self):
        self.socket.close()
        os.unlink("/dev/log")


class Syslog(unittest.TestCase):
    def test_copies(self):
        daemon = Daemon()
        appliance = lab.Appliance("syslog", boot="scope = all")
        appliance.start()
        self.addCleanup(appliance.stop)
        appliance.wait_for(lambda: appliance.snapshot()["appliance"]["escrow"]["ok"], "escrow")
        self.refuse(appliance, 1)
        text = daemon.read()
        self.assertTrue(all(line.startswith("<85>") and len(line) < 1000 for line in daemon.lines), daemon.lines)
        self.assertEqual(self.numbers(text), {1, 2})
        # It goes away: nothing waits for it, and it is told once.
        daemon.close()
        begun = time.monotonic()
        self.refuse(appliance, 2)
        self.refuse(appliance, 3)
        self.assertLess(time.monotonic() - begun, 60)
        self.assertEqual(len(re.findall("audit records are not copied", appliance.log())), 1)
        # It is back: what it missed comes with the next record.
        again = Daemon()
        time.sleep(10.5)
        self.refuse(appliance, 4)
        self.assertEqual(self.numbers(text + again.read()), {1, 2, 3, 4, 5})
        appliance.stop()
        text += again.read()
        again.close()
        with open("/run/copies", "w") as f:
            f.write(text)
        said = appliance.command("audit", "verify", "--copy", "/run/copies").stdout
        count = int(re.search(r"^(\d+) records, chain whole", said).group(1))
        self.assertIn(f"{count} of them compared with copies", said)
        self.parts_are_the_record(text, appliance)

    def refuse(self, appliance, number):
        machine = Machine("10.77.0.66", f"52:54:00:66:00:{number:02x}", [volume(random_blobs(1), random_guid())])
        machine.boot()
        machine.until("KEY_NOT_FOUND")

    def numbers(self, text):
        return {int(n) for n in re.findall(r"netmend-audit (\d+) ", text)}

    def parts_are_the_record(self, text, appliance):
        with open(appliance.state + "/escrow/audit.log") as f:
            records = f.read().splitlines()
        parts = re.findall(r"netmend-audit (\d+) (\d+)/(\d+) ([0-9a-f]{64}) (.*)", text)
        for number, record in enumerate(records, 1):
            ours = [p for p in parts if int(p[0]) == number]
            self.assertEqual([int(p[1]) for p in ours], list(range(1, int(ours[0][2]) + 1)))
            self.assertEqual("".join(p[4] for p in ours), record)
            self.assertEqual({p[3] for p in ours}, {json.loads(record)["hash"]})


if __name__ == "__main__":
    lab.enter()
    own_dev()
    unittest.main()
