#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend watch and the kernel's neighbour table: real ARP over a veth pair, a machine that answers, goes, comes back with another card."""
import contextlib
import os
import socket
import subprocess
import sys
import time
import unittest

from web_server import BUILD, CONTROL

MARK = "NETMEND_NEIGHBOUR"
NEIGHBOUR = 4
SERVER, CLIENT = "10.66.0.1", "10.66.0.2"
MAC, OTHER = "02:66:00:00:00:02", "02:66:00:00:00:03"


def run(*args):
    subprocess.run(args, check=True)


def enter():
    """A network of our own with mounts for `ip netns`."""
    if os.environ.get(MARK) != "1":
        if os.geteuid() != 0:
            print("skipped: needs root for network namespaces")
            sys.exit(0)
        command = ["unshare", "--fork", "--pid", "--mount-proc", "--mount", "--net", "--kill-child=SIGKILL", sys.executable, *sys.argv]
        sys.exit(subprocess.call(command, env=dict(os.environ, **{MARK: "1"})))
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    os.makedirs("/run/netns")
    run("ip", "netns", "add", "client")
    run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "cl0", "netns", "client")
    run("ip", "addr", "add", f"{SERVER}/24", "dev", "eth0")
    run("ip", "link", "set", "eth0", "up")
    # An answer is believed for a second, not for half a minute.
    run("ip", "ntable", "change", "name", "arp_cache", "dev", "eth0", "base_reachable", "1000", "delay_probe", "1000")
    run("ip", "-n", "client", "addr", "add", f"{CLIENT}/24", "dev", "cl0")
    card(MAC)


def card(mac):
    run("ip", "-n", "client", "link", "set", "cl0", "down")
    run("ip", "-n", "client", "link", "set", "cl0", "address", mac)
    run("ip", "-n", "client", "link", "set", "cl0", "arp", "on", "up")


enter()


class Watch(unittest.TestCase):
    def setUp(self):
        packets, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.kept = packets, _
        # Descriptors 3 and 4.
        self.process = subprocess.Popen(["sh", "-c", f"exec 3<&{packets.fileno()} 4<&{theirs.fileno()}; exec {BUILD}/netmend watch"],
                                        pass_fds=(packets.fileno(), theirs.fileno()))
        theirs.close()
        self.knock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def tearDown(self):
        self.ours.close()
        self.assertEqual(self.process.wait(60), 0)
        self.knock.close()
        for sock in self.kept:
            sock.close()

    def reports(self, seconds, wanted=None):
        """[(mac, seconds)] told while we knock, four times a second: for so long, or until there are so many."""
        found, end = [], time.monotonic() + seconds
        self.ours.settimeout(0.25)
        while time.monotonic() < end and len(found) != wanted:
            with contextlib.suppress(OSError):  # "host unreachable", of the last one
                self.knock.sendto(b"x", (CLIENT, 9))
            try:
                kind, age, _, event, mac, ip, _ = CONTROL.unpack(self.ours.recv(4096))
            except socket.timeout:
                continue
            self.assertEqual((kind, event, ip.rstrip(b"\0").decode()), (3, NEIGHBOUR, CLIENT))
            found.append((mac.hex(":"), age))
        return found

    def test_who_answers(self):
        first = self.reports(30, wanted=2)
        self.assertEqual([mac for mac, _ in first], [MAC, MAC])
        self.assertGreaterEqual(first[1][1] - first[0][1], 5, first)  # all the time
        # It goes: nothing is told once the kernel has noticed.
        run("ip", "-n", "client", "link", "set", "cl0", "arp", "off")
        end = time.monotonic() + 20
        while "lladdr" in subprocess.run(["ip", "neigh", "show", CLIENT], capture_output=True, text=True).stdout:
            self.assertLess(time.monotonic(), end)
            self.reports(0.5)
        self.reports(0.5)
        self.assertEqual(self.reports(6.5), [])
        # Another card at the address: it counts from its own first answer.
        card(OTHER)
        (mac, age), = self.reports(20, wanted=1)
        self.assertEqual(mac, OTHER)
        self.assertLessEqual(age, 8)


if __name__ == "__main__":
    unittest.main()
