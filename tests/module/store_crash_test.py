# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines and people were told is stored, is: PostgreSQL is killed in the middle of their calls, again and again."""
import http.client
import threading
import time
import unittest

import postgres_lab
from web_server import Web, event, events, until

MACHINES = 12
CRASHES = 3


def mac_of(number):
    return f"52:54:00:ab:00:{number:02x}"


class Machine(threading.Thread):
    """Sends one event after the other and remembers what was acknowledged; with each crash it boots anew."""

    def __init__(self, web, number, told):
        super().__init__(daemon=True)
        self.web, self.mac, self.source, self.told = web, mac_of(number), f"127.0.2.{number + 1}", told
        self.ending = False
        self.start()

    def run(self):
        while not self.ending:
            try:
                self.life()
            except (OSError, http.client.HTTPException, AssertionError, AttributeError):
                time.sleep(0.1)

    def life(self):
        session = self.web.open(self.mac, self.source)[1]["session"]
        self.told.sessions.append(session)
        for n in range(1, 1000):
            name = f"{session}-{n}"
            while True:
                if self.ending:
                    return
                status, answer = self.web.api("POST", f"/v1/sessions/{session}/events", events("planning", event(
                    n, "planning", "step", text=name)), source=self.source, timeout=20)
                if status == 200:
                    assert answer["ack"] == n
                    self.told.events.append(name)
                    break
                assert status == 503, (status, answer)
                time.sleep(0.1)


class Told:
    def __init__(self):
        self.sessions, self.events, self.people = [], [], []


@unittest.skipUnless(postgres_lab.programs(), "skipped: no PostgreSQL server on this host")
class ServerThatDies(unittest.TestCase):
    def test_nothing_acknowledged_is_lost(self):
        # Left to itself this server writes its log ten seconds after a commit that does not wait for it.
        server = self.enterContext(postgres_lab.Postgres(settings=["wal_writer_delay = 10s", "wal_writer_flush_after = 0"]))
        web = Web(store=server.url(), scope="all")
        self.addCleanup(web.close)
        web.start()
        told = Told()
        machines = [Machine(web, n, told) for n in range(MACHINES)]
        lost = []
        for crash in range(CRASHES):
            enough = len(told.events) + 3 * MACHINES
            until(lambda: len(told.events) >= enough)
            name = f"person-{crash}"
            status, answer = web.api("POST", "/api/v1/tokens", {"v": 1, "name": name, "role": "viewer", "days": 1})
            if status == 200:
                told.people.append(name)
            server.stop("immediate")
            until(lambda: "what was committed may be lost" in web.log() or "PostgreSQL" in web.log())
            # Whoever was told, was told before this.
            before = list(told.events), list(told.people)
            server.start()
            found = {r[0] for r in server.sql("SELECT text FROM events WHERE step = 'step'")}
            lost += [e for e in before[0] if e not in found]
            tokens = {r[0] for r in server.sql("SELECT name FROM api_tokens")}
            lost += [p for p in before[1] if p not in tokens]
        for machine in machines:
            machine.ending = True
        for machine in machines:
            machine.join(60)
        self.assertEqual(lost, [], f"{len(told.events)} were acknowledged")
        self.assertEqual(server.sql("SELECT session, n FROM events WHERE session IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1"), [])
        self.assertGreaterEqual(len(told.people), 1)
        print(f"\n{len(told.events)} events acknowledged, {len(told.sessions)} sessions, {CRASHES} crashes, none lost")


if __name__ == "__main__":
    unittest.main()
