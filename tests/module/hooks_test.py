#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Webhooks: everything is told, in order, signed, through outages and kill -9; a dead endpoint delays nobody; who is not verified gets nothing."""
import time
import unittest

import postgres_lab
from hooks_lab import Hooks, Receiver, unused_port, until


class HooksTest(unittest.TestCase):
    def setUp(self):
        self.hooks = Hooks()
        self.addCleanup(self.hooks.close)

    def receiver(self, *args, **settings):
        receiver = Receiver(self.hooks.pair, *args, **settings)
        self.addCleanup(receiver.close)
        return receiver

    def begin(self, *hooks):
        self.hooks.start(*hooks)
        self.hooks.machine(1)

    def test_what_is_told(self):
        everything, attention, returned = self.receiver(), self.receiver(), self.receiver()
        self.begin(self.hooks.hook("all", everything.port), self.hooks.hook("attention", attention.port, "attention"),
                   self.hooks.hook("returned", returned.port, "returned, campaign"))
        self.hooks.run("UPDATE machines SET name = 'PC \"01\"', campaign = 1")
        self.hooks.run("INSERT INTO inventory (machine, name, serial, uuid, macs, site, floor, owner, ring, bmc, imported)"
                       " VALUES (1, '', '', '', '', 'Bern', '', '', '', '', 0)")
        told = {}
        for state, reason, text in (("seen", "OK", ""), ("booting", "OK", ""), ("booting", "OK", "a note: no change"),
                                    ("waiting", "KEY_NOT_FOUND", "none"), ("waiting", "KEY_MISMATCH", "two"),
                                    ("attention", "NO_HEARTBEAT", "gone"), ("returned", "RETURNED", "\u00e4 \u2713")):
            told[text] = self.hooks.run("INSERT INTO events (machine, at, attempt, state, step, reason, text, numbers)"
                                        " VALUES (1, 1721366651000, 1, ?, 'test', ?, ?, '{}')", state, reason, text)
        until(lambda: len(everything.events()) == 6 and attention.events() and returned.events())
        self.assertEqual([(e["previous"], e["state"], e["reason"]) for e in everything.events()],
                         [("", "seen", "OK"), ("seen", "booting", "OK"), ("booting", "waiting", "KEY_NOT_FOUND"),
                          ("waiting", "waiting", "KEY_MISMATCH"), ("waiting", "attention", "NO_HEARTBEAT"),
                          ("attention", "returned", "RETURNED")])
        self.assertEqual(everything.bodies[0] | {"events": None},
                         {"v": 1, "hook": "all", "appliance": "0123456789abcdef", "events": None, "campaigns": []})
        self.assertEqual(everything.events()[-1], {
            "seq": told["\u00e4 \u2713"], "at": 1721366651000, "state": "returned", "reason": "RETURNED", "severity": "ok",
            "text": "\u00e4 \u2713", "previous": "attention",
            "machine": {"id": 1, "name": 'PC "01"', "mac": "02:00:00:00:00:01", "serial": "S1", "site": "Bern", "campaign": ""}})
        self.assertEqual([e["reason"] for e in attention.events()], ["NO_HEARTBEAT"])
        self.assertEqual([e["state"] for e in returned.events()], ["returned"])
        self.campaign("stopped", "FAILURE_RATE")
        until(lambda: any(body["campaigns"] for body in everything.bodies) and any(body["campaigns"] for body in returned.bodies))
        self.assertEqual(returned.bodies[-1]["campaigns"], [
            {"changed": 1, "id": 1, "name": "rollout", "state": "stopped", "reason": "FAILURE_RATE", "severity": "warn", "text": ""}])
        self.assertFalse(any(body["campaigns"] for body in attention.bodies))
        self.assertNotIn("signatures", self.hooks.log())

    def campaign(self, state, reason):
        columns = self.hooks.columns("campaigns")
        values = {"name": "rollout", "state": state, "reason": reason, "changed": 1}
        values = {name: values.get(name, "" if kind == "TEXT" else 0) for name, kind in columns.items() if name != "id"}
        self.hooks.run(f"INSERT INTO campaigns ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", *values.values())

    def test_dead_slow_and_outage(self):
        """One endpoint is down, one takes the call and says nothing: the third has everything at once; the first later, in order."""
        port, quick = unused_port(), self.receiver()
        silent = self.receiver(lambda *_: (time.sleep(60), (500, {}, b""))[1])
        self.begin(self.hooks.hook("down", port), self.hooks.hook("silent", silent.port), self.hooks.hook("quick", quick.port))
        began = time.monotonic()
        told = self.hooks.changes(250)
        until(lambda: len(quick.seqs()) == 250)
        self.assertLess(time.monotonic() - began, 50)
        self.assertEqual(quick.seqs(), told)
        self.assertGreaterEqual(len(quick.bodies), 3)  # of a hundred at most
        until(lambda: self.hooks.row("down")["failures"] >= 2)
        self.assertIn("connect", self.hooks.row("down")["text"])
        self.assertEqual(self.hooks.row("down")["delivered"], 0)
        until(lambda: self.hooks.row("quick")["delivered"] == 250)
        back = self.receiver(port=port)
        told += self.hooks.changes(10)
        until(lambda: len(back.seqs()) == 260)
        self.assertEqual(back.seqs(), told)
        row = until(lambda: (r := self.hooks.row("down"))["delivered"] == 260 and r)
        self.assertEqual((row["text"], row["cursor"]), ("", told[-1]))
        self.assertGreater(silent.calls, 0)  # it is called again after its time limit
        self.assertEqual(silent.bodies, [])

    def test_killed_in_the_middle(self):
        slow = self.receiver(lambda *_: (time.sleep(0.15), (204, {}, b""))[1])
        self.begin(self.hooks.hook("ops", slow.port))
        told = self.hooks.changes(1000)
        for times in range(3):
            until(lambda: slow.calls > 2 * times)
            time.sleep(0.05 * times)
            self.hooks.stop(9)
            self.hooks.start(self.hooks.hook("ops", slow.port))
        until(lambda: slow.seqs() and slow.seqs()[-1] == told[-1])
        seqs = slow.seqs()
        self.assertEqual(sorted(set(seqs)), told, "lost")
        first = [seq for i, seq in enumerate(seqs) if seq not in seqs[:i]]
        self.assertEqual(first, told, "out of order")
        print(f"\n1000 events, three kills: {len(seqs) - 1000} told twice", flush=True)

    def test_whom_it_does_not_believe(self):
        """Another certificate, another name, a redirect, an answer without end, a refusal: nothing counts as taken."""
        target = self.receiver()
        stranger = self.receiver()
        redirect = self.receiver(lambda *_: (307, {"Location": f"https://127.0.0.1:{target.port}/in"}, b""))
        endless = self.receiver(lambda *_: (200, {"Content-Length": "9000000"}, b"x" * 9000000))
        refusal = self.receiver(lambda *_: (410, {}, b""))
        self.begin(self.hooks.hook("stranger", stranger.port, ca=self.hooks.other[0]),
                   self.hooks.hook("name", stranger.port, host="localhost"), self.hooks.hook("redirect", redirect.port),
                   self.hooks.hook("endless", endless.port), self.hooks.hook("refusal", refusal.port))
        self.hooks.changes(3)
        until(lambda: all(row["failures"] for row in self.hooks.rows()))
        self.assertEqual((target.calls, stranger.calls), (0, 0))
        text = {row["name"]: row["text"] for row in self.hooks.rows()}
        self.assertEqual({row["delivered"] for row in self.hooks.rows()}, {0})
        self.assertIn("certificate", text["stranger"])
        self.assertRegex(text["name"], "localhost|name|resolve")
        self.assertEqual(text["redirect"], "answered with status 307; redirects are not followed")
        self.assertEqual(text["endless"], "its answer is larger than 65536 bytes")
        self.assertEqual(text["refusal"], "answered with status 410")

    @unittest.skipUnless(postgres_lab.programs(), "skipped: no PostgreSQL server on this host")
    def test_on_postgresql(self):
        receiver = self.receiver()
        with postgres_lab.Postgres(settings=["fsync = off"]) as server:
            self.hooks.start(self.hooks.hook("ops", receiver.port), store=server.url())
            until(lambda: "tells them now" in self.hooks.log())
            server.sql("INSERT INTO machines (mac, serial) VALUES ('02:00:00:00:00:01', 'S1')")
            for state in ("seen", "booting", "returned"):
                server.sql("INSERT INTO events (machine, at, attempt, state, step, reason, text, numbers)"
                           f" VALUES (1, 7, 1, '{state}', 'x', 'OK', '', '{{}}')")
            until(lambda: len(receiver.events()) == 3)
            self.assertEqual([e["state"] for e in receiver.events()], ["seen", "booting", "returned"])
            # The receiver has the third before the caller has heard its answer.
            until(lambda: server.sql("SELECT delivered FROM hooks") == [["3"]])
            self.hooks.stop()

    def test_only_one_appliance_calls(self):
        receiver = self.receiver()
        self.begin(self.hooks.hook("ops", receiver.port))
        first = self.hooks.process
        until(lambda: "tells them now" in self.hooks.log())
        with open(self.hooks.path("appliance-id"), "w") as f:
            f.write("fedcba9876543210\n")
        self.hooks.start(self.hooks.hook("ops", receiver.port))
        told = self.hooks.changes(20)
        until(lambda: len(receiver.seqs()) >= 20)
        self.assertEqual({body["appliance"] for body in receiver.bodies}, {"0123456789abcdef"})
        # It has heard the answer, stops, and gives the lease back: the other one goes on.
        until(lambda: self.hooks.row("ops")["delivered"] == 20)
        first.terminate()
        self.assertEqual(first.wait(60), 0)
        told += self.hooks.changes(20)
        until(lambda: len(receiver.seqs()) >= 40)
        self.assertEqual(receiver.seqs(), told)
        self.assertEqual(receiver.bodies[-1]["appliance"], "fedcba9876543210")


if __name__ == "__main__":
    unittest.main()
