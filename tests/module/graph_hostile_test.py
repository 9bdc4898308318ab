#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key source `graph`: everything at once, and a server that is not what it should be."""
import json
import threading
import time
import unittest
import uuid

from directory_lab import SANITIZED, passwords_left
from fetch_client import check
from graph_case import GUID, PASSWORD, Graph, until
from graph_standin import RECORDS, Entra


class Pull(Graph):
    def test_all_pages(self):
        self.entra.keys = self.many(8)
        fetch = self.fetch()
        self.entra.calls.clear()
        reason, records, text = fetch.pull("entra")
        self.assertEqual((reason, text), ("OK", ""))
        self.assertEqual({r["protector"]: r["password"] for r in records}, {k.upper(): v["key"] for k, v in self.entra.keys.items()})
        self.assertEqual({r["host"] for r in records}, {f"Entra device {v['deviceId'].upper()}" for v in self.entra.keys.values()})
        self.assertEqual({r["changed"] for r in records}, {1719820800000})
        self.assertEqual(len(self.entra.reads), 8, "one event in the audit log a record")
        self.assertEqual(len([c for c in self.entra.calls if RECORDS + "/" not in c[1]]), 3)

    def test_machines_find_room_beside_it(self):
        self.entra.keys |= self.many(30)
        self.entra.page = 20
        fetch = self.fetch()
        self.entra.delay, self.entra.most_busy = 0.1, 0
        got = []
        thread = threading.Thread(target=lambda: got.append(fetch.pull("entra")))
        thread.start()
        time.sleep(0.3)
        for _ in range(20):
            fetch.ask("entra", GUID)
        self.assertEqual({fetch.receive()["reason"] for _ in range(20)}, {"OK"})
        thread.join(30)
        self.assertEqual((got[0][0], len(got[0][1])), ("OK", 31))
        self.assertEqual(self.entra.most_busy, 5)

    @unittest.skipIf(SANITIZED, "a sanitizer's heap keeps what was given back")
    def test_nothing_of_the_passwords_stays_in_memory(self):
        self.entra.keys = self.many(50)
        fetch = self.fetch()
        for key in self.entra.keys:
            fetch.ask("entra", key)
        self.assertEqual({fetch.receive()["reason"] for _ in self.entra.keys}, {"OK"})
        self.assertEqual(len(fetch.pull("entra")[1]), 50)
        self.assertEqual(passwords_left(fetch.process.pid), [])

    def test_goes_on_when_throttled(self):
        self.entra.keys = self.many(5)
        fetch = self.fetch()
        self.entra.throttle = [(429, 1), (500, None), (429, None)]
        self.assertEqual(len(fetch.pull("entra")[1]), 5)

    def test_a_record_that_is_gone_meanwhile(self):
        self.entra.keys = self.many(5)
        fetch = self.fetch()
        gone = sorted(self.entra.keys)[3]
        listed = self.entra.list

        def once(query):
            answer = listed(query)
            self.entra.keys.pop(gone, None)
            return answer

        self.entra.page, self.entra.list = 10, once
        reason, records, _ = fetch.pull("entra")
        self.assertEqual((reason, len(records)), ("OK", 4))
        self.assertIn(gone.upper(), fetch.log())

    def test_the_list_leads_elsewhere(self):
        """The token goes to the API's own server only."""
        elsewhere = Entra(self.dir)
        self.addCleanup(elsewhere.stop)
        self.entra.keys = self.many(5)
        fetch = self.fetch()
        for link in (f"{elsewhere.url}{RECORDS}?$skiptoken=3", f"{self.entra.url}.example{RECORDS}", f"{self.entra.url}@{elsewhere.url[8:]}/",
                     f"http{self.entra.url[5:]}{RECORDS}", "file:///etc/passwd", f"{self.entra.url}9/x", "/v1.0/next"):
            self.entra.next_link = link
            reason, records, text = fetch.pull("entra")
            self.assertEqual((reason, len(records)), ("SOURCE_FAILED", 3), link)
            self.assertIn("another server", text)
        self.assertEqual(elsewhere.calls, [])

    def test_a_list_that_goes_in_circles(self):
        self.entra.keys = self.many(5)
        fetch = self.fetch()
        self.entra.next_link = f"{self.entra.url}{RECORDS}?$skiptoken=0"
        reason, _, text = fetch.pull("entra")
        self.assertEqual(reason, "SOURCE_FAILED")
        self.assertIn("circle", text)


class Hostile(Graph):
    def test_answers(self):
        fetch = self.fetch()
        record = {"id": GUID.lower(), "key": PASSWORD}
        for body in (b"", b"x", b"[]", b"null", b'"x"', b"[" * 5000, b'{"key":1}', b'{"key":["x"]}', b'{"value":{"key":{}}}',
                     b'{"key":"a","key":"b"}', json.dumps(record | {"id": str(uuid.uuid4())}).encode(), b'{"key":"\xff"}',
                     json.dumps(record | {"id": 1}).encode(), json.dumps({"key": "1" * 257}).encode(), b'{"key":"a\\u0000b"}'):
            with self.subTest(body[:60]):
                self.entra.raw = body
                self.assertEqual(fetch.lookup("entra", GUID)[:2], ("SOURCE_FAILED", []))
        self.entra.raw = b'{"key":' + b" " * (1 << 20) + b'"x"}'
        reason, _, text = fetch.lookup("entra", GUID)
        self.assertEqual(reason, "SOURCE_FAILED")
        self.assertIn("larger than 65536 bytes", text)
        self.entra.raw = None
        self.assertEqual(fetch.lookup("entra", GUID)[0], "OK")

    def test_endless_and_slow(self):
        def endless(request):
            request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n{")
            while True:
                request.wfile.write(b" " * 65536)

        def endless_head(request):
            request.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                request.wfile.write(b"X-Y: " + b"z" * 4096 + b"\r\n")

        def drip(request):
            request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(60):
                request.wfile.write(b" ")
                time.sleep(0.3)

        def lies(request):
            request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n{}")

        fetch = self.fetch()
        for how, reasons in ((endless, {"SOURCE_FAILED"}), (endless_head, {"SOURCE_UNREACHABLE", "SOURCE_FAILED"}), (lies, {"SOURCE_UNREACHABLE"}),
                             (drip, {"SOURCE_UNREACHABLE"})):
            with self.subTest(how.__name__):
                self.entra.raw, began = how, time.monotonic()
                self.assertIn(fetch.lookup("entra", GUID)[0], reasons)
                self.assertLess(time.monotonic() - began, 60)

    def test_ends_while_a_server_holds_it_up(self):
        fetch = self.fetch()
        over = threading.Event()
        self.addCleanup(over.set)
        self.entra.raw = lambda request: over.wait(60)
        fetch.ask("entra", GUID)
        until(lambda: self.entra.called(GUID.lower()))
        began = time.monotonic()
        fetch.process.terminate()
        self.assertEqual(fetch.process.wait(60), 0)
        self.assertLess(time.monotonic() - began, 50)

    def test_redirects_are_not_followed(self):
        elsewhere = Entra(self.dir)
        self.addCleanup(elsewhere.stop)

        def redirect(request):
            request.wfile.write(f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}{RECORDS}\r\nContent-Length: 0\r\n\r\n".encode())

        fetch = self.fetch()
        self.entra.raw = redirect
        self.assertEqual(fetch.lookup("entra", GUID)[0], "SOURCE_FAILED")
        self.assertEqual(elsewhere.calls, [])

    def test_login_answers(self):
        good = {"token_type": "Bearer", "expires_in": 3600, "access_token": "x"}
        for n, answer in enumerate((b"", b"{}", good | {"expires_in": "3600"}, good | {"expires_in": 0}, good | {"expires_in": 1 << 40},
                                    good | {"access_token": "a\r\nX-Evil: 1"}, good | {"access_token": ""}, good | {"token_type": "mac"},
                                    good | {"access_token": "x" * 20000}, good | {"refresh_token": 7})):
            with self.subTest(n):
                self.entra.login = lambda *_args, answer=answer: answer
                found, _ = check({"entra": ("graph", self.options())})
                self.assertEqual(found["entra"][1], "SOURCE_FAILED", answer)


if __name__ == "__main__":
    unittest.main()
