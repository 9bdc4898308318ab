#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What netmend web makes of signs of a repaired machine: ARP that lasts, PXE requests nobody answers."""
import contextlib
import socket
import sqlite3
import time
import unittest

from web_server import DHCP, HEARD, UEFI, Web, operator, result

MAC = "52:54:00:12:34:56"
NEIGHBOUR = 4


class Returned(unittest.TestCase):
    def setUp(self):
        self.web = Web(scope="all")
        self.addCleanup(self.web.close)
        self.web.start()
        _, opened = self.web.open(MAC)
        self.web.api("POST", f"/v1/sessions/{opened['session']}/result", result("REPAIRED"))
        self.assertEqual(self.web.row(MAC)["state"], "rebooting")

    def minutes_pass(self, minutes):
        with contextlib.closing(sqlite3.connect(self.web.path("netmend.db"), timeout=60)) as db, db:
            db.execute("UPDATE machines SET since = since - ?, last_seen = last_seen - ?", 2 * (minutes * 60000,))

    def expect(self, state, reason, seconds=60):
        end = time.monotonic() + seconds
        while (now := (self.web.row(MAC)["state"], self.web.row(MAC)["reason"])) != (state, reason):
            self.assertLess(time.monotonic(), end, now)
            time.sleep(0.05)

    def test_arp(self):
        self.web.tell(DHCP, number=600, event=NEIGHBOUR, mac=MAC, ip="10.0.0.5")
        self.minutes_pass(4)
        self.web.tell(DHCP, number=100, event=NEIGHBOUR, mac=MAC, ip="10.0.0.5")
        time.sleep(0.3)
        self.assertEqual(self.web.row(MAC)["state"], "rebooting")
        self.web.tell(DHCP, number=200, event=NEIGHBOUR, mac=MAC, ip="10.0.0.5")
        self.expect("returned", "RETURNED")
        self.assertEqual(self.web.row(MAC)["text"], "answers ARP at 10.0.0.5 since 3 minutes")

    def test_many_that_stay_away_do_not_hide_one_that_is_back(self):
        for number in range(1, 71):  # more than a round of probes takes, heard of last before this one
            operator(self.web, f"52:54:00:00:01:{number:02x}", ip=f"127.0.2.{number}", state="rebooting", done=1, since=1, last_seen=1)
        with socket.create_server(("127.0.0.1", 445)):
            self.expect("returned", "RETURNED")

    def test_a_request_after_the_repair(self):
        self.web.tell(DHCP, UEFI, 1, event=HEARD, mac=MAC, text="PXEClient")
        time.sleep(0.3)
        self.assertEqual(self.web.row(MAC)["state"], "rebooting")
        self.minutes_pass(4)
        self.web.tell(DHCP, UEFI, 1, event=HEARD, mac=MAC, text="PXEClient")
        self.expect("attention", "RELAPSED")
        self.assertTrue(self.web.row(MAC)["held"])
        self.assertNotIn("netmend.token", self.web.script(MAC))


if __name__ == "__main__":
    unittest.main()
