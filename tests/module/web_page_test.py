#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend web, the status page: files, snapshot, and an event stream that loses nothing."""
import http.client
import json
import signal
import socket
import ssl
import threading
import time
import unittest

from web_server import HEALTH, Web, add, event, events, operator, until

MAC = "52:54:00:12:34:56"
OTHER = "52:54:00:12:34:57"


class Stream:
    """An EventSource: messages as (event, id, data)."""

    def __init__(self, web, path="/api/v1/events", last=None):
        context = ssl._create_unverified_context()
        self.connection = http.client.HTTPSConnection("127.0.0.1", web.https_port, context=context, timeout=15)
        self.connection.request("GET", path, headers={"Last-Event-ID": str(last)} if last is not None else {})
        self.answer = self.connection.getresponse()
        self.comments = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def next(self):
        fields = {}
        while line := self.answer.readline().decode().rstrip("\n"):
            if line.startswith(":"):
                self.comments += 1
                self.answer.readline()
                return None
            name, value = line.split(": ", 1)
            fields[name] = value
        return fields.get("event"), int(fields["id"]) if "id" in fields else None, json.loads(fields["data"])

    def machine(self):
        while True:
            message = self.next()
            if message and message[0] == "machine":
                return message[1], message[2]


class Page(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)

    def test_files(self):
        for path, data, kind in (("/", b"<!doctype html>page", "text/html; charset=utf-8"),
                                 ("/page/index.html", b"<!doctype html>page", "text/html; charset=utf-8"),
                                 ("/page/app.js", b"'use strict';", "text/javascript; charset=utf-8")):
            status, headers, body = self.web.get(path, secure=True)
            self.assertEqual((status, headers["Content-Type"], body), (200, kind, data))
            self.assertTrue(headers["Content-Security-Policy"].startswith("default-src 'self'"))
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            status, again, body = self.web.get(path, secure=True, headers={"If-None-Match": headers["ETag"]})
            self.assertEqual((status, again["ETag"], body), (304, headers["ETag"], b""))
            self.assertEqual(self.web.call("HEAD", path, secure=True)[0::2], (200, b""))
        for path in ("/page/../recipe.ini", "/page/%2e%2e%2frecipe.ini", "/page/", "/page/none.js", "/key.pem"):
            self.assertEqual(self.web.get(path, secure=True)[0], 404, path)
        self.assertEqual(self.web.api("POST", "/api/v1/snapshot", {})[0], 405)

    def test_snapshot(self):
        add(self.web, MAC, name="floor 3, desk 12")
        self.web.script(MAC)
        status, headers, body = self.web.get("/api/v1/snapshot", secure=True)
        self.assertEqual((status, headers["Cache-Control"]), (200, "no-store"))
        snapshot = json.loads(body)
        self.assertEqual(sorted(snapshot), ["appliance", "machines", "now", "seq", "v"])
        self.assertAlmostEqual(snapshot["now"] / 1000, time.time(), delta=5)
        appliance = until(lambda: (a := self.web.api("GET", "/api/v1/snapshot")[1]["appliance"])["escrow"]["ok"] and a)
        self.assertEqual(sorted(appliance), ["dhcp", "escrow", "recipe", "started", "url", "version"])
        self.assertEqual((appliance["escrow"]["keys"], appliance["recipe"]), (12, "crowdstrike-291"))
        row = snapshot["machines"][0]
        self.assertEqual(sorted(row), sorted(
            "id name mac ip uuid serial product state reason severity title advice text attempt since first_seen "
            "last_seen pairing".split()))
        self.assertEqual((row["name"], row["state"], row["severity"]), ("floor 3, desk 12", "booting", "ok"))
        for number in ("0", "99", "x", "-1", str(1 << 70)):
            self.assertEqual(self.web.api("GET", "/api/v1/machines/" + number)[0], 404, number)

    def test_events_arrive_at_once_and_after_a_pause(self):
        add(self.web, MAC)
        seq = self.web.api("GET", "/api/v1/snapshot")[1]["seq"]
        with Stream(self.web) as stream:
            self.assertEqual(stream.answer.getheader("Content-Type"), "text/event-stream")
            self.assertEqual(stream.next()[0], "appliance")
            began = time.monotonic()
            self.web.script(MAC)
            first, row = stream.machine()
            self.assertLess(time.monotonic() - began, 0.6)
            self.assertEqual(row["state"], "booting")
            self.assertGreater(first, seq)
            # What another process writes is seen within about a second.
            operator(self.web, OTHER, name="other", state="held")
            number, row = stream.machine()
            self.assertEqual((row["name"], row["state"]), ("other", "held"))
            self.web.tell(HEALTH, ok=1, text="")
            self.assertTrue(stream.next()[2]["dhcp"]["ok"])
        # A page that was away gets each machine that changed since, once, as it is now.
        session = self.web.open(MAC)[1]["session"]
        self.web.api("POST", f"/v1/sessions/{session}/events", events("saving", event(1, "planning", "plan"), event(2, "saving", "save")))
        with Stream(self.web, last=number) as stream:
            self.assertEqual(stream.machine()[1]["state"], "saving")
        with Stream(self.web, f"/api/v1/events?after={seq}") as stream:
            self.assertEqual(sorted(stream.machine()[1]["mac"] for _ in range(2)), [MAC, OTHER])
        with Stream(self.web, last=1 << 40) as stream:
            self.assertEqual(sorted(stream.machine()[1]["mac"] for _ in range(2)), [MAC, OTHER])
        self.assertEqual(self.web.api("GET", "/api/v1/events?after=x")[0], 400)

    def test_a_restart_loses_no_change(self):
        add(self.web, MAC)
        with Stream(self.web) as stream:
            self.web.script(MAC)
            seen, _ = stream.machine()
        self.web.script(MAC)
        self.web.stop(signal.SIGKILL)
        self.web.start()
        with Stream(self.web, last=seen) as stream:
            number, row = stream.machine()
            self.assertGreater(number, seen)
            self.assertEqual(row["attempt"], 2)

    def test_a_quiet_stream_shows_life(self):
        with Stream(self.web) as stream:
            stream.next()
            while stream.comments == 0:
                message = stream.next()
                self.assertTrue(message is None or message[0] == "appliance")

    def test_a_stop_ends_the_streams(self):
        with Stream(self.web) as stream:
            stream.next()
            began = time.monotonic()
            self.web.stop()
            self.assertLess(time.monotonic() - began, 3)

    def test_many_idle_clients_do_not_keep_others_out(self):
        sockets = [socket.create_connection(("127.0.0.1", self.web.https_port)) for _ in range(300)]
        streams = [Stream(self.web) for _ in range(30)]
        threads = [threading.Thread(target=self.web.release, args=("0" * 32, 25)) for _ in range(20)]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        self.assertEqual(self.web.api("GET", "/api/v1/snapshot")[0], 200)
        self.assertLess(time.monotonic() - began, 5)
        for thread in threads:
            thread.join()
        for stream in streams:
            self.assertEqual(stream.next()[0], "appliance")
            stream.connection.close()
        for sock in sockets:
            sock.close()


if __name__ == "__main__":
    unittest.main()
