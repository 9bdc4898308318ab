#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""GET /metrics, read strictly: figures that are true, text that is escaped, who may see it, how fast 10,000 machines are counted."""
import contextlib
import sqlite3
import time
import unittest

from prometheus_text import parse
from web_server import HEALTH, Web

MAC = "52:54:00:12:34:56"
NASTY = 'a "quoted" \\ name\nin two lines'


class StrictReader(unittest.TestCase):
    """The judge itself: each of these has one fault."""

    def test_faults(self):
        head = "# HELP a b\n# TYPE a gauge\n"
        self.assertEqual(parse((head + 'a{x="\\"\\\\\\n"} 1\n').encode())["a"].samples, {("a", (("x", '"\\\n'),)): 1})
        for text in ("a 1\n", head + "a 1", head + "a 1\na 1\n", head + "b 1\n", head + 'a{x="1",x="2"} 1\n', head + 'a{x="1} 1\n',
                     head + "a one\n", head + "a  1\n", "# TYPE a gauge\na 1\n", head + head, head + 'a{x="\\t"} 1\n',
                     "# HELP a b\n# TYPE a number\n", "# HELP a b\n# TYPE a counter\na -1\n", head + "\na 1\n",
                     "# HELP h b\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"):
            with self.assertRaises((ValueError, KeyError, IndexError), msg=text):
                parse(text.encode())


class Metrics(unittest.TestCase):
    def setUp(self):
        self.web = Web(scope="all", options=("--metrics", "127.0.0.0/30", "--at-once", "50"))
        self.addCleanup(self.web.close)
        self.web.start()

    def scrape(self, **settings):
        status, headers, body = self.web.call("GET", "/metrics", secure=True, **settings)
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), body)
        return parse(body)

    def value(self, families, name, **labels):
        for family in families.values():
            if (name, tuple(sorted(labels.items()))) in family.samples:
                return family.samples[name, tuple(sorted(labels.items()))]
        self.fail(f"no {name} {labels}")

    def write(self, *statements):
        with contextlib.closing(sqlite3.connect(self.web.path("netmend.db"))) as db, db:
            for statement in statements:
                db.execute(*statement)

    def insert(self, table, **values):
        """What is not given and has to be something is empty or 0."""
        with contextlib.closing(sqlite3.connect(self.web.path("netmend.db"))) as db, db:
            for _, name, kind, needed, default, _ in db.execute(f"PRAGMA table_info({table})").fetchall():
                if needed and default is None and name not in values:
                    values[name] = "" if kind == "TEXT" else 0
            db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values()))

    def test_figures(self):
        self.web.tell(HEALTH, ok=1, text="dnsmasq answers")
        self.web.escrow.status |= {"released": 7, "waiting": {"machines": 3, "per_minute": 0}}
        for last in range(3):
            self.web.script(f"52:54:00:00:00:0{last}")
        self.web.open(MAC)
        end = time.monotonic() + 15
        while True:
            found = self.scrape()
            if self.value(found, "netmend_escrow_released") == 7 or time.monotonic() > end:
                break
            time.sleep(0.2)
        for name, number, labels in (
                ("netmend_machines", 3, {"state": "booting", "severity": "ok"}),
                ("netmend_machines", 1, {"state": "running", "severity": "ok"}),
                ("netmend_machines", 0, {"state": "returned", "severity": "ok"}),
                ("netmend_machines_by_reason", 4, {"reason": "OK", "severity": "ok"}),
                ("netmend_attempts_total", 4, {}), ("netmend_handouts_total", 4, {}), ("netmend_boot_loading", 3, {}),
                ("netmend_boot_waiting", 0, {}), ("netmend_returned_total", 0, {}),
                ("netmend_escrow_up", 1, {}), ("netmend_escrow_released", 7, {}), ("netmend_escrow_waiting", 3, {}),
                ("netmend_escrow_keys", 12, {}), ("netmend_dhcp_up", 1, {}),
                ("netmend_http_requests_total", 1, {"server": "https", "group": "fixer", "code": "2xx"}),
                ("netmend_http_connections", 1, {"server": "https"})):
            self.assertEqual(self.value(found, name, **labels), number, (name, labels))
        self.assertGreaterEqual(self.value(found, "netmend_http_requests_total", server="http", group="boot", code="2xx"), 4)
        self.assertGreater(self.value(found, "netmend_events_total"), 4)
        self.assertGreater(self.value(found, "netmend_store_seconds_count"), 4)
        self.assertGreater(self.value(found, "netmend_store_seconds_sum"), 0)
        self.assertGreater(self.value(found, "process_resident_memory_bytes"), 1e6)
        self.assertGreater(self.value(found, "process_open_fds"), 5)
        self.assertGreater(self.value(found, "process_cpu_seconds_total"), 0)
        self.assertLess(abs(self.value(found, "process_start_time_seconds") - time.time()), 60)

    def test_campaigns_and_hooks(self):
        self.web.script(MAC)
        self.web.script("52:54:00:00:00:01")
        self.insert("campaigns", id=1, name=NASTY, state="running", reason="OK")
        self.insert("waves", campaign=1, number=1, name="canary")
        self.insert("hooks", name="ops", cursor=1, delivered=5, failures=2)
        self.write(("UPDATE machines SET campaign = 1, wave = 1",),
                   ("UPDATE machines SET state = 'attention', reason = 'NTFS_DAMAGED' WHERE mac = ?", (MAC,)))
        found = self.scrape()
        families = found["netmend_campaign_machines"].samples
        names = {dict(labels)["campaign"] for _, labels in families}
        self.assertEqual(len(names), 1)
        self.assertEqual(names.pop(), NASTY)
        by_outcome = {dict(labels)["outcome"]: number for (_, labels), number in families.items()}
        self.assertEqual(by_outcome, {"waiting": 0, "working": 1, "returned": 0, "failed": 1})
        self.assertEqual(self.value(found, "netmend_campaigns", state="running"), 1)
        self.assertEqual(self.value(found, "netmend_machines", state="attention", severity="fail"), 1)
        self.assertEqual(self.value(found, "netmend_webhook_delivered_total", hook="ops"), 5)
        self.assertEqual(self.value(found, "netmend_webhook_failures_total", hook="ops"), 2)
        self.assertGreater(self.value(found, "netmend_webhook_behind", hook="ops"), 0)

    def test_who_may_see_it(self):
        """The addresses of the configuration, and who is signed in."""
        nobody = {"Cookie": ""}
        self.scrape(headers=nobody)
        status, _, body = self.web.call("GET", "/metrics", secure=True, source="127.0.0.9", headers=nobody)
        self.assertEqual(status, 401, body)
        self.scrape(source="127.0.0.9", headers={"Cookie": self.web.admin()})

    def test_appliances(self):
        self.insert("hooks", name="ops", cursor=1, delivered=5, failures=2, text="refused")
        status, answer = self.web.api("GET", "/api/v1/appliances")
        self.assertEqual((status, answer["v"], answer["store"]), (200, 1, "sqlite"))
        own, = [a for a in answer["appliances"] if a["self"]]
        self.assertEqual((own["address"], own["id"]), ("127.0.0.1", own["id"]))
        self.assertLess(abs(own["seen"] / 1000 - time.time()), 60)
        self.assertEqual(answer["learnt"], [{"step": "boot", "samples": 0, "median": 0, "limit": 180000},
                                            {"step": "repair", "samples": 0, "median": 0, "limit": 0},
                                            {"step": "return", "samples": 0, "median": 0, "limit": 900000}])
        self.assertEqual(answer["hooks"], [{"name": "ops", "delivered": 5, "failures": 2, "text": "refused"}])

    def test_ten_thousand_machines(self):
        self.write(("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO machines"
                    " (mac, state, attempt) SELECT printf('02:00:00:00:%02x:%02x', i / 256, i % 256), 'returned', 2 FROM n",))
        self.scrape()
        before = time.monotonic()
        found = self.scrape()
        print(f"\n10,000 machines scraped in {(time.monotonic() - before) * 1000:.0f} ms", flush=True)
        self.assertEqual(self.value(found, "netmend_machines", state="returned", severity="ok"), 10000)
        self.assertEqual(self.value(found, "netmend_attempts_total"), 20000)
        used = self.value(found, "process_cpu_seconds_total")
        for _ in range(10):
            found = self.scrape()
        each = (self.value(found, "process_cpu_seconds_total") - used) / 10
        print(f"processor time of one: {each * 1000:.1f} ms", flush=True)
        self.assertLess(each, 0.5)


if __name__ == "__main__":
    unittest.main()
