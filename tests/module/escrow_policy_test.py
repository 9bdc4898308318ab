#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What netmend-escrow refuses although it has the key: scope, window, totals, rates, suspects; and what a restart remembers."""
import time
import unittest

from escrow_lab import EscrowCase, Machine, settings


class Policy(EscrowCase):
    def begin(self, **release):
        client = self.start(**release)
        self.imports(self.passwords.items())
        return client

    def refused(self, client, machine, reason):
        answer = client.release(machine)
        self.assertEqual((answer["status"], answer["reason"], answer["volumes"]), ("pending", reason, []))
        return answer

    def test_scope_by_subnet_and_inventory(self):
        inventory = [{"uuid": "", "serial": "SERIAL-7", "mac": ""}]
        client = self.begin(subnets=["10.1.0.0/16"], inventory=inventory)
        outside = self.machine(number=1, ip="10.2.0.1")
        self.refused(client, outside, "CAMPAIGN_SCOPE")
        self.assertEqual(client.release(self.machine(number=2, ip="10.1.0.1"))["status"], "released")
        self.assertEqual(client.release(self.machine(number=7, ip="10.2.0.1"))["status"], "released", "by its serial")
        (record,) = self.audit("release", decision="refused")
        self.assertEqual((record["reason"], record["protector"], record["ip"]), ("CAMPAIGN_SCOPE", self.guid, "10.2.0.1"))

    def test_window(self):
        now = int(time.time() * 1000)
        client = self.begin(**{"from": now + 4000, "until": now + 3600000})
        machine = self.machine()
        self.refused(client, machine, "CAMPAIGN_WINDOW")
        client.until(machine)  # goes on by itself
        self.assertGreaterEqual(time.time() * 1000, now + 4000)
        self.stop()
        self.refused(self.begin(until=now - 1000), self.machine(), "CAMPAIGN_WINDOW")

    def test_totals_survive_a_restart(self):
        client = self.begin(total=2)
        for number in (1, 2):
            self.assertEqual(client.release(self.machine(number=number))["status"], "released")
        self.refused(client, self.machine(number=3), "CAMPAIGN_TOTAL")
        self.kill()
        client = self.start(total=2)
        self.assertEqual(client.op("status")["released"], 2)
        self.refused(client, self.machine(number=3), "CAMPAIGN_TOTAL")
        self.stop()
        client = self.start(total=2, campaign="another one")
        self.assertEqual(client.release(self.machine(number=3))["status"], "released")

    def test_rates_survive_a_restart(self):
        client = self.begin(machine_hour=1)
        self.assertEqual(client.release(self.machine())["status"], "released")
        self.refused(client, self.machine(), "RATE_MACHINE")
        self.stop()
        client = self.start(machine_hour=1)
        self.refused(client, self.machine(), "RATE_MACHINE")
        self.assertEqual(client.release(self.machine(number=2))["status"], "released")

    def test_rates_of_subnet_and_campaign(self):
        client = self.begin(subnet_minute=1)
        self.assertEqual(client.release(self.machine(number=1, ip="10.1.1.1"))["status"], "released")
        self.refused(client, self.machine(number=2, ip="10.1.1.2"), "RATE_SUBNET")
        self.assertEqual(client.release(self.machine(number=3, ip="10.1.2.3"))["status"], "released")
        self.stop()
        client = self.start(per_minute=1)
        self.refused(client, self.machine(number=4, ip="10.9.2.3"), "RATE_CAMPAIGN")

    def test_one_machine_asking_for_many_keys_stops_itself(self):
        client = self.begin(machine_keys=8, suspects=3)
        salt_and_blob = self.blobs[self.guid]
        reasons = []
        for probe in range(12):
            guid = "00000000-0000-0000-0000-%012X" % probe
            reasons.append(client.release(Machine({guid: salt_and_blob}, self.volume))["reason"])
        self.assertEqual(reasons[:8], ["KEY_NOT_FOUND"] * 8)
        self.assertEqual(reasons[-1], "MACHINE_SUSPECT")
        self.assertEqual(client.release(self.machine(number=2))["status"], "released", "nobody else suffers")
        self.assertTrue(self.audit("suspect")[0]["text"])

    def test_many_suspects_stop_everything_until_somebody_looks(self):
        client = self.begin(machine_mismatches=1, suspects=2)
        for number in (1, 2):
            for probe in range(3):
                salt, sealed = self.blobs[self.guid]
                forged = {g: (bytes([probe, number] * 8), sealed) for g in self.passwords}
                client.release(Machine(forged, self.volume, number=number))
        self.refused(client, self.machine(number=3), "RELEASES_STOPPED")
        self.assertTrue(client.op("status")["stopped"])
        self.assertEqual(self.audit("stopped")[0]["by"], "anomaly")
        self.assertTrue(client.op("resume")["ok"])
        client.until(self.machine(number=4))
        self.assertEqual(len(self.audit("resumed")), 1)

    def test_stopped_by_hand(self):
        client, machine = self.begin(), self.machine()
        self.assertTrue(client.op("stop", why="a meeting")["ok"])
        answer = self.refused(client, machine, "RELEASES_STOPPED")
        self.assertIn("a meeting", answer["text"])
        self.assertIn("a meeting", client.op("status")["stopped"])
        self.assertTrue(client.op("resume")["ok"])
        client.wait_news("release")
        self.assertEqual(client.release(machine)["status"], "released")

    def test_trust_of_nobody(self):
        client = self.begin()
        self.assertEqual(client.op("trust", which="no such machine")["reason"], "USAGE")
        answer = client.op("trust", which="10.0.0.7")
        self.assertEqual((answer["ok"], answer["text"]), (True, "it was not suspect"))


class LockedVault(EscrowCase):
    def test_unlocked_while_machines_wait(self):
        given = settings(vault={"key": "ask", "secret": ""})
        client, machine = self.start(given), self.machine()
        self.assertEqual(client.release(machine)["reason"], "VAULT_LOCKED")
        self.assertTrue(client.op("status")["locked"])
        self.assertFalse(client.op("unlock", passphrase="no passphrase was chosen yet")["ok"])


if __name__ == "__main__":
    unittest.main()
