#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend web with thousands of machines: the snapshot compressed and not, shared by those who ask at once, true while machines change;
lists of any length; the same news for every page."""
import concurrent.futures
import csv
import gzip
import io
import json
import os
import threading
import unittest

from web_page_test import Stream
from web_server import Web

MACHINES = 2500
NAME = 'PC "{}" \\ é ✓ 😀'
TICKS = os.sysconf("SC_CLK_TCK")


class Fleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = Web().start()
        cls.addClassCleanup(cls.web.close)
        lines = io.StringIO()
        table = csv.writer(lines)
        table.writerow(["name", "mac", "site"])
        table.writerows([NAME.format(i), f"52:54:00:10:{i >> 8:02x}:{i & 255:02x}", "Zürich"] for i in range(MACHINES))
        status, told = cls.web.api("POST", "/api/v1/inventory", lines.getvalue().encode())
        assert (status, told["added"]) == (200, MACHINES), told
        cls.ids = {m["id"] for m in cls.snapshot()["machines"]}

    @classmethod
    def fetch(cls, path="/api/v1/snapshot", encoding=""):
        """(headers, body)"""
        status, headers, body = cls.web.get(path, secure=True, headers=cls.web.access(path, {}) | {"Accept-Encoding": encoding})
        assert status == 200, body
        return headers, body

    @classmethod
    def snapshot(cls):
        return json.loads(gzip.decompress(cls.fetch(encoding="gzip")[1]))

    def act(self, verb, *machines):
        status, told = self.web.api("POST", "/api/v1/machines/act", {"v": 1, "verb": verb, "machines": list(machines), "text": ""})
        self.assertEqual((status, told["refused"]), (200, []))

    def spent(self):
        """Processor seconds of web so far."""
        with open(f"/proc/{self.web.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def test_compressed_and_not(self):
        answers = {}
        for encoding, packed in (("gzip", True), ("br, deflate;q=0.5, GZIP ; q=0.1", True), ("", False), ("gzip;q=0", False), ("gzipped", False),
                                 ("identity, gzip; q=0.000", False)):
            headers, body = self.fetch(encoding=encoding)
            self.assertEqual((headers["Content-Encoding"], int(headers["Content-Length"])), ("gzip" if packed else None, len(body)), encoding)
            answers[packed] = json.loads(gzip.decompress(body) if packed else body)
        self.assertEqual(answers[True]["machines"], answers[False]["machines"])
        self.assertEqual([m["name"] for m in answers[True]["machines"]], [NAME.format(i) for i in range(MACHINES)])
        self.assertEqual(self.web.call("HEAD", "/api/v1/snapshot", secure=True)[0::2], (200, b""))

    def test_lists(self):
        rows = json.loads(self.fetch("/api/v1/machines")[1])
        self.assertEqual({m["id"] for m in rows["machines"]}, self.ids)
        self.assertEqual(len(rows["machines"]), MACHINES)
        self.assertEqual(sorted(rows["machines"][7]), sorted(self.snapshot()["machines"][7]))
        self.assertEqual(self.fetch("/api/v1/machines?text=nowhere")[1], b'{"v":1,"machines":[]}')
        last = json.loads(self.fetch(f"/api/v1/machines?text=52:54:00:10:{(MACHINES - 1) >> 8:02x}:{(MACHINES - 1) & 255:02x}")[1])
        self.assertEqual([m["name"] for m in last["machines"]], [NAME.format(MACHINES - 1)])
        table = list(csv.reader(io.StringIO(self.fetch("/api/v1/machines.csv")[1].decode())))
        self.assertEqual((len(table), {len(line) for line in table}), (MACHINES + 1, {len(table[0])}))
        self.assertEqual([line[1] for line in table[1:]], [NAME.format(i) for i in range(MACHINES)])

    def test_what_was_done_is_in_the_next_snapshot(self):
        """However many ask meanwhile; and no machine is in it twice, or not at all."""
        stop, wrong = threading.Event(), []

        def ask():
            while not stop.is_set():
                found = [m["id"] for m in self.snapshot()["machines"]]
                if sorted(found) != sorted(self.ids):
                    wrong.append(len(found))
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for number in sorted(self.ids)[::MACHINES // 3]:
                for verb, held in (("hold", True), ("release", False)):
                    self.act(verb, number)
                    self.assertEqual([m["held"] for m in self.snapshot()["machines"] if m["id"] == number], [held])
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])

    def test_who_asks_at_once_shares(self):
        before = self.spent()
        for _ in range(6):
            self.fetch(encoding="gzip")
        alone = (self.spent() - before) / 6
        before = self.spent()
        with concurrent.futures.ThreadPoolExecutor(48) as pool:
            for done in [pool.submit(self.fetch, encoding="gzip") for _ in range(48)]:
                self.assertGreater(len(done.result()[1]), 1000)
        self.assertLess(self.spent() - before, 48 * alone / 2)

    def test_every_page_hears_the_same(self):
        streams = [Stream(self.web) for _ in range(12)]
        chosen = sorted(self.ids)[:450]  # more than are told at once
        try:
            self.act("hold", *chosen)
            self.act("release", *chosen)
            heard = []
            for stream in streams:
                rows, newest = {}, 0
                while len(rows) < len(chosen) or any(row["held"] for row in rows.values()):
                    number, row = stream.machine()
                    self.assertGreater(number, newest)
                    newest, rows[row["id"]] = number, row
                heard.append((newest, rows))
        finally:
            for stream in streams:
                stream.connection.close()
        for one in heard[1:]:
            self.assertEqual(one[1], heard[0][1])


if __name__ == "__main__":
    unittest.main()
