#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key sources as an administrator sets them up: [source NAME] in the configuration, `netmend serve`, `netmend keys`."""
import json
import os
import shutil
import socket
import tempfile
import unittest

import appliance_lab as lab
from graph_standin import CLIENT, TENANT, Entra, make_application, make_pki

GUID = "063EA4E1-220C-4293-BA01-4754620A96E7"
SEEN = f"/tmp/netmend-sources-{os.getpid()}"  # programs of a source write in /tmp only
FETCH = 64873  # the number used where the user doesn't exist


def password(number):
    return "-".join(f"{11 * (number + n):06}" for n in range(1, 9))


class Sources(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="sources-", dir="/run")
        self.addCleanup(shutil.rmtree, self.dir)
        at = make_pki(self.dir)
        self.entra = Entra(self.dir)
        self.addCleanup(self.entra.stop)
        self.entra.keys = {f"{n:08x}-0000-4000-8000-000000000000": {"key": password(n)} for n in range(20)}
        self.entra.application = make_application(self.dir)
        with open(at("entra.pem"), "w") as f:
            f.write(self.entra.application)
        os.chmod(at("entra.pem"), 0o600)  # root's: fetch cannot read it, serve hands it over
        with open(at("ask"), "w") as f:
            f.write(f'#!/bin/sh\nid -u >{SEEN}\n[ "$2" = {GUID} ] || exit 3\necho {password(99)}\n')
        for path, mode in ((self.dir, 0o755), (at("ask"), 0o755)):
            os.chmod(path, mode)
        self.appliance = lab.Appliance("sources", rest=f"""
[source entra]
type = graph
tenant = {TENANT}
client-id = {CLIENT}
certificate = {at("entra.pem")}
login = {self.entra.url}
api = {self.entra.url}
ca = {at("ca.pem")}

[source other]
type = exec
program = {at("ask")}
arguments = "two words"
""")
        self.appliance.start()
        self.addCleanup(self.appliance.stop)

    def sources(self):
        return self.appliance.command("keys", "sources", check=False).stdout

    def test_set_up_tested_and_taken_into_the_vault(self):
        self.appliance.wait_for(lambda: "recovery keys listed" in self.sources() and "can be run" in self.sources(), "both sources")
        status = lab.status_of(self.appliance.children()["netmend-fetch"])
        self.assertEqual(set(map(int, status["Uid"].split())), {FETCH})
        self.assertEqual(self.entra.reads, [])
        self.appliance.command("keys", "snapshot", "entra")
        self.appliance.wait_for(lambda: "20 recovery keys" in self.appliance.command("keys", "status").stdout, "the snapshot")
        self.assertEqual(len(self.entra.reads), 20)
        self.assertEqual(self.entra.problems, [])
        # What escrow asks when a machine waits: the program runs as fetch's user.
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.connect(f"{self.appliance.runtime}/fetch.sock")
            for source, protector, want in (("other", GUID, [password(99)]), ("other", GUID[:-1] + "8", []),
                                            ("entra", sorted(self.entra.keys)[7], [password(7)])):
                sock.send(json.dumps({"v": 1, "id": 1, "op": "lookup", "source": source, "protector": protector,
                                      "machine": {"name": "", "serial": "", "uuid": "", "mac": ""}}).encode())
                answer = json.loads(sock.recv(1 << 17))
                self.assertEqual([c["password"] for c in answer["candidates"]], want, answer)
        with open(SEEN) as f:
            self.assertEqual(f.read(), f"{FETCH}\n")
        os.unlink(SEEN)
        for secret in (password(1), "PRIVATE KEY", *self.entra.tokens):
            self.assertNotIn(secret, self.appliance.log())


if __name__ == "__main__":
    lab.enter()
    unittest.main()
