# SPDX-License-Identifier: GPL-3.0-or-later
"""Two `netmend web` on one PostgreSQL: machines go from one to the other at each step, nothing gets lost, nothing is done twice."""
import hashlib
import http.client
import json
import os
import random
import signal
import ssl
import threading
import time
import unittest

import postgres_lab
from web_server import Web, event, events, hello, released, result, until

MACHINES = 16
EVENTS = 6
PATIENCE = 240


def mac_of(number):
    return f"52:54:00:aa:00:{number:02x}"


class Machine(threading.Thread):
    """Boots, is repaired, reboots: each call at one of the two, and once more when it was not answered."""

    def __init__(self, appliances, number):
        super().__init__(daemon=True)
        self.appliances, self.number, self.mac = appliances, number, mac_of(number)
        self.source = f"127.0.1.{number + 1}"
        self.random = random.Random(number)
        self.turn = number
        self.bundle = self.random.randbytes(self.random.choice((5000, 1 << 20, (1 << 20) + 1, 2500000)))
        self.failure = None
        self.start()

    def run(self):
        try:
            self.repair()
        except Exception as e:  # told by the test that waits
            self.failure = e

    def ask(self, method, path, body=None, want=200, **settings):
        """Until one of them answers: the next in turn each time."""
        end = time.monotonic() + PATIENCE
        while True:
            self.turn += 1
            web = self.appliances[self.turn % 2]
            try:
                status, answer = web.api(method, path, body, source=self.source, timeout=20, **settings)
            except (OSError, http.client.HTTPException):
                status, answer = 503, "not answered"
            if status != 503:
                assert status == want, (self.mac, method, path, status, answer)
                return answer
            assert time.monotonic() < end, (self.mac, method, path, answer)
            time.sleep(0.2)

    def token(self):
        end = time.monotonic() + PATIENCE
        while True:
            self.turn += 1
            try:
                return self.appliances[self.turn % 2].token(self.mac, self.source)
            except (OSError, http.client.HTTPException, AssertionError, AttributeError):
                assert time.monotonic() < end, (self.mac, "boot")
                time.sleep(0.2)

    def repair(self):
        body = hello(self.token(), self.mac)
        session = self.ask("POST", "/v1/sessions", body)["session"]
        assert self.ask("POST", "/v1/sessions", body)["session"] == session
        path = f"/v1/sessions/{session}"
        while self.ask("GET", f"{path}/release?wait=1")["status"] != "released":
            pass
        told = []
        for n in range(1, EVENTS + 1):
            told.append(event(n, "planning", f"step-{n}", number=n))
            # What was not acknowledged is sent again along with the next, as a fixer does.
            self.ask("POST", f"{path}/events", events("planning", *told[-2:]))
            time.sleep(self.random.random() * 0.4)
        sha = hashlib.sha256(self.bundle).hexdigest()
        assert self.ask("PUT", f"{path}/journal", self.bundle)["sha256"] == sha
        self.fetch_journal(f"{path}/journal")
        for _ in range(2):
            assert self.ask("POST", f"{path}/result", result("REPAIRED", sha))["next"] == "reboot"

    def fetch_journal(self, path):
        end = time.monotonic() + PATIENCE
        while True:
            self.turn += 1
            try:
                status, _, body = self.appliances[self.turn % 2].call("GET", path, secure=True, source=self.source)
            except (OSError, http.client.HTTPException):
                status = 503
            if status == 200 and body == self.bundle:
                return
            assert status in (200, 503) and time.monotonic() < end, (self.mac, status)
            time.sleep(0.2)


@unittest.skipUnless(postgres_lab.programs(), "skipped: no PostgreSQL server on this host")
class TwoAppliances(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(postgres_lab.Postgres())
        self.appliances = []
        for _ in range(2):
            web = Web(store=self.server.url())
            self.addCleanup(web.close)
            web.start()
            web.escrow.answer = released()
            self.appliances.append(web)

    def number(self, text):
        return int(self.server.sql(text)[0][0])

    def list_machines(self, count):
        """As an operator's command does: machines in scope, each with its event."""
        self.server.sql("BEGIN; SELECT pg_advisory_xact_lock(31073798164147812);" + "".join(
            f"INSERT INTO machines (mac, in_scope) VALUES ('{mac_of(n)}', 1);"
            f"INSERT INTO macs (mac, machine) SELECT mac, id FROM machines WHERE mac = '{mac_of(n)}';"
            "INSERT INTO events (machine, at, attempt, state, step, reason, text, numbers)"
            f" SELECT id, 1, 0, 'seen', 'operator', 'OK', '', '{{}}' FROM machines WHERE mac = '{mac_of(n)}';"
            for n in range(count)) +
            "UPDATE machines SET changed = (SELECT max(seq) FROM events WHERE machine = machines.id); NOTIFY netmend; COMMIT")

    def test_machines_that_move(self):
        self.list_machines(MACHINES)
        names = sorted(mac_of(n).replace(":", "-") for n in range(MACHINES))
        for web in self.appliances:
            until(lambda: web.answered() == names)
        machines = [Machine(self.appliances, n) for n in range(MACHINES)]
        enough = f"SELECT count(*) >= {MACHINES} FROM events WHERE step LIKE 'step-%'"
        until(lambda: self.server.sql(enough)[0][0] == "t")
        first, second = self.appliances
        first.stop(signal.SIGKILL)
        time.sleep(1)
        first.start()
        until(lambda: self.server.sql(enough.replace(str(MACHINES), str(2 * MACHINES)))[0][0] == "t")
        self.server.restart()
        time.sleep(0.5)
        self.server.restart()
        for machine in machines:
            machine.join(PATIENCE)
            self.assertFalse(machine.is_alive(), machine.mac)
            self.assertIsNone(machine.failure)
        self.judge(machines)
        for web in self.appliances:
            until(lambda: web.answered() == [])

    def judge(self, machines):
        sql = self.server.sql
        # Every event of every session once, in order; one session a machine, one result, one bundle.
        self.assertEqual(sql("SELECT session, count(*), min(n), max(n) FROM events WHERE session IS NOT NULL GROUP BY session"
                             f" HAVING count(*) <> {EVENTS} OR max(n) <> {EVENTS}"), [])
        self.assertEqual(self.number("SELECT count(DISTINCT session) FROM events"), len(machines))
        self.assertEqual(sql("SELECT a.session FROM events a JOIN events b ON a.session = b.session AND a.n < b.n"
                             " AND a.seq > b.seq"), [])
        for table in ("sessions", "results", "bundles"):
            self.assertEqual(self.number(f"SELECT count(*) FROM {table}"), len(machines), table)
            self.assertEqual(self.number(f"SELECT count(DISTINCT machine) FROM {table}"), len(machines), table)
        # Who refuses connections for minutes, as these addresses do, is back in Windows: on a slow host the first are by now.
        self.assertEqual(sql("SELECT mac, state, done FROM machines WHERE state NOT IN ('rebooting', 'returned') OR done <> 1"), [])
        self.assertEqual(self.number("SELECT count(*) FROM tokens WHERE used = 1"), len(machines))
        self.assertEqual(self.number("SELECT count(*) FROM events WHERE step = 'result'"), len(machines))
        self.assertEqual(sorted(r[0] for r in sql("SELECT sha256 FROM bundles WHERE state = 'confirmed'")),
                         sorted(hashlib.sha256(m.bundle).hexdigest() for m in machines))
        parts = sql("SELECT sha256, encode(sha256(string_agg(bytes, '' ORDER BY part)), 'hex') FROM bundle_parts GROUP BY 1")
        self.assertEqual([p for p in parts if p[0] != p[1]], [])
        self.assertEqual(len(parts), len(machines))
        # Whoever had to do with a machine last is one of the two; both told that they are there, and keep nothing in files.
        ids = sorted(web.appliance() for web in self.appliances)
        self.assertEqual(sorted(r[0] for r in sql("SELECT id FROM appliances")), ids)
        self.assertLessEqual({r[0] for r in sql("SELECT DISTINCT appliance FROM machines")}, set(ids))
        for web in self.appliances:
            self.assertEqual(os.listdir(web.path("bundles")), [])

    def put_begun(self, web, session, source, data):
        """The head of a PUT, of which the appliance has decided whether it takes the body."""
        context = ssl.create_default_context(cafile=web.path("cert.pem"))
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", web.https_port, context=context, timeout=60, source_address=(source, 0))
        self.addCleanup(connection.close)
        connection.putrequest("PUT", f"/v1/sessions/{session}/journal")
        connection.putheader("Content-Length", str(len(data)))
        connection.endheaders()
        web.get("/boot/vmlinuz")  # came after it, and is answered by the same loop
        return connection

    def test_a_repair_that_is_saved_while_the_server_comes_back(self):
        """At its head nobody could say whose session it is, at its end it is known again: no reason to give up the repair."""
        web, mac, source, data = self.appliances[0], mac_of(0), "127.0.1.1", os.urandom(100000)
        self.list_machines(1)
        until(lambda: web.answered() == [mac.replace(":", "-")])
        _, answer = web.open(mac, source)
        self.server.stop()
        until(lambda: web.call("GET", "/boot/ipxe?mac=52-54-00-00-00-01")[0] == 503)
        connection = self.put_begun(web, answer["session"], source, data)
        self.server.start()
        until(lambda: web.call("GET", "/boot/ipxe?mac=52-54-00-00-00-01")[0] == 200)
        connection.send(data)
        reply = connection.getresponse()
        self.assertEqual((reply.status, json.loads(reply.read())["error"]), (503, "INTERNAL"))
        status, saved = web.api("PUT", f"/v1/sessions/{answer['session']}/journal", data, source=source)
        self.assertEqual((status, saved["sha256"]), (200, hashlib.sha256(data).hexdigest()))

    def test_without_a_server_calls_fail(self):
        web = self.appliances[0]
        self.server.stop()
        web.call("GET", "/boot/ipxe?mac=52-54-00-00-00-01")  # finds out
        for _ in range(5):
            self.assertEqual(web.call("GET", "/boot/ipxe?mac=52-54-00-00-00-01")[0], 503)
        # Kernel and page are not the store's business.
        self.assertEqual(web.get("/boot/vmlinuz")[0], 200)
        self.server.start()
        until(lambda: web.call("GET", "/boot/ipxe?mac=52-54-00-00-00-01")[0] == 200)
        self.assertIn("PostgreSQL is back", web.log())


if __name__ == "__main__":
    unittest.main()
