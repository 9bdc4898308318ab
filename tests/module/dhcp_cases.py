#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""init's DHCP client (test_dhcp.c, which starts this with its own path) against dnsmasq: beside it, and behind a relay."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv[1]
URL = "https://10.50.0.1:8443"


class Host:
    """A network namespace of its own."""

    def __init__(self, case):
        self.case = case
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        case.addCleanup(self.process.wait)
        case.addCleanup(self.process.terminate)
        # It has left ours once its namespace is another one.
        ours = os.readlink("/proc/self/ns/net")
        case.wait_for(lambda: os.readlink(f"/proc/{self.process.pid}/ns/net") != ours)

    def inside(self, *words):
        return ["nsenter", "-t", str(self.process.pid), "-n", *words]

    def run(self, *words):
        subprocess.run(self.inside(*words), check=True)

    def up(self, port, address=None):
        if address:
            self.run("ip", "addr", "add", address, "dev", port)
        self.run("ip", "link", "set", port, "up")

    def dnsmasq(self, *options):
        log = os.path.join(self.case.folder, f"log{self.process.pid}")
        with open(log, "w") as out:
            server = subprocess.Popen(self.inside(
                "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-ping", "--log-facility=-", "--user=root",
                f"--dhcp-leasefile={self.case.folder}/leases", *options), stdout=out, stderr=out)
        self.case.addCleanup(server.wait)
        self.case.addCleanup(server.terminate)
        self.case.wait_for(lambda: "started" in pathlib.Path(log).read_text())
        return log


@unittest.skipIf(os.geteuid() != 0, "needs root")
class Asks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="netmend-dhcp-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.client, self.server = Host(self), Host(self)

    def wait_for(self, check):
        end = time.monotonic() + 60
        while not check():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def wire(self, one, name, other, other_name):
        subprocess.run(["ip", "link", "add", name, "netns", str(one.process.pid), "type", "veth", "peer", "name", other_name, "netns",
                        str(other.process.pid)], check=True)

    def ask(self, ms=20000):
        self.client.up("c0")
        mac = subprocess.run(self.client.inside("ip", "-br", "link", "show", "c0"), check=True, capture_output=True,
                             text=True).stdout.split()[2]
        done = subprocess.run(self.client.inside(PROGRAM, "c0", mac, str(ms)), capture_output=True, text=True, timeout=120)
        return dict(line.split(" ", 1) for line in done.stdout.splitlines())

    def test_beside_the_server(self):
        self.wire(self.client, "c0", self.server, "s0")
        self.server.up("s0", "10.50.0.1/24")
        self.server.dnsmasq("--dhcp-range=10.50.0.50,10.50.0.60,255.255.255.0", "--dhcp-option=3,10.50.0.254",
                            f"--dhcp-option=vendor:netmend,1,{URL}")
        told = self.ask()
        self.assertRegex(told.pop("address"), r"^10\.50\.0\.[56]\d$")
        self.assertEqual(told, {"gateway": "10.50.0.254", "next": "10.50.0.1", "prefix": "24", "url": URL})

    def test_through_a_relay(self):
        relay = Host(self)
        self.wire(self.client, "c0", relay, "r0")
        self.wire(relay, "r1", self.server, "s0")
        self.server.up("s0", "10.50.0.1/24")
        relay.up("r0", "10.60.0.1/20")
        relay.up("r1", "10.50.0.2/24")
        self.server.run("ip", "route", "add", "10.60.0.0/20", "via", "10.50.0.2")
        self.server.dnsmasq("--dhcp-range=10.60.0.50,10.60.0.60,255.255.240.0", "--dhcp-option=3,10.60.0.1",
                            "--dhcp-boot=x,,10.50.0.9")
        relay.dnsmasq("--dhcp-relay=10.60.0.1,10.50.0.1")
        told = self.ask()
        self.assertRegex(told.pop("address"), r"^10\.60\.0\.[56]\d$")
        self.assertEqual(told, {"gateway": "10.60.0.1", "next": "10.50.0.9", "prefix": "20", "url": ""})

    def test_a_server_that_comes_later(self):
        self.wire(self.client, "c0", self.server, "s0")
        self.server.up("s0", "10.50.0.1/24")
        self.assertEqual(self.ask(500), {"error": "Connection timed out"})
        log = self.server.dnsmasq("--dhcp-range=10.50.0.50,10.50.0.60,255.255.255.0")
        self.assertIn("address", self.ask())
        with open(log) as f:
            self.assertIn("DHCPACK(s0)", f.read())


if __name__ == "__main__":
    unittest.main(argv=[__file__, *sys.argv[2:]], verbosity=2)
