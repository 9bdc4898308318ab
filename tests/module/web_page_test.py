#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend web, the status page: files, snapshot, and an event stream that loses nothing."""
import gzip
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

    def __init__(self, web, path="/api/v1/events", last=None, headers=None):
        context = ssl._create_unverified_context()
        self.connection = http.client.HTTPSConnection("127.0.0.1", web.https_port, context=context, timeout=60)
        self.connection.request("GET", path, headers=web.access(
            path, {**(headers or {}), **({"Last-Event-ID": str(last)} if last is not None else {})}))
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
        # Who is signed in gets the page that asks for the fleet at once.
        self.assertEqual(self.web.get("/", secure=True, headers={"Cookie": self.web.admin()})[2], b"<!doctype html>fleet")
        self.assertEqual(self.web.get("/", secure=True, headers={"Cookie": self.web.admin() + "0"})[2], b"<!doctype html>page")
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

    def test_compressed_files(self):
        """Another tag than what it is not compressed; nobody gets it who does not ask."""
        web = Web()
        self.addCleanup(web.close)
        with open(web.path("page/long.css"), "w") as f:
            f.write(".a { color: red; }\n" * 500)
        web.start()
        plain, headers, body = web.get("/page/long.css", secure=True)
        self.assertNotIn("Content-Encoding", headers)
        ask = {"Accept-Encoding": "br, gzip"}
        status, packed, data = web.get("/page/long.css", secure=True, headers=ask)
        self.assertEqual((status, packed["Content-Encoding"], packed["Vary"], gzip.decompress(data)), (plain, "gzip", "Accept-Encoding", body))
        self.assertLess(len(data), len(body) // 10)
        self.assertEqual((headers["Vary"], packed["Content-Type"]), ("Accept-Encoding", headers["Content-Type"]))
        self.assertNotEqual(packed["ETag"], headers["ETag"])
        self.assertEqual(web.get("/page/long.css", secure=True, headers=ask | {"If-None-Match": packed["ETag"]})[0], 304)
        self.assertEqual(web.get("/page/long.css", secure=True, headers={"If-None-Match": packed["ETag"]})[0], 200)
        self.assertNotIn("Content-Encoding", web.get("/page/app.js", secure=True, headers=ask)[1])  # it would not be shorter

    def test_versions(self):
        """An address that has the version is for good; after an update there is another version, and nothing of the one before."""
        web = Web()
        self.addCleanup(web.close)
        with open(web.path("page/index.html"), "w") as f:
            f.write("<script src=/page/@page---version@/app.js></script> @page---version@")
        web.start()
        versions = []
        for _ in range(2):
            body = web.get("/page/index.html", secure=True)[2].decode()
            version = body.split(" ")[-1]
            self.assertRegex(version, "^[0-9a-f]{16}$")
            self.assertIn(f"/page/{version}/app.js", body)
            status, headers, body = web.get(f"/page/{version}/app.js", secure=True)
            self.assertEqual((status, headers["Cache-Control"]), (200, "max-age=31536000, immutable"))
            self.assertEqual(web.get("/page/app.js", secure=True)[1]["Cache-Control"], "no-cache")
            self.assertEqual(web.get("/page/app.js", secure=True)[2], body)
            for wrong in [*versions, "0" * 16, version + "0", version.upper() + "A"]:
                status, headers, _ = web.get(f"/page/{wrong}/app.js", secure=True)
                self.assertEqual((status, "immutable" in headers.get("Cache-Control", "")), (404, False))
            versions.append(version)
            web.stop()
            with open(web.path("page/app.js"), "a") as f:
                f.write("// newer")
            web.start()
        self.assertNotEqual(*versions)

    def test_snapshot(self):
        add(self.web, MAC, name="floor 3, desk 12")
        self.web.script(MAC)
        status, headers, body = self.web.get("/api/v1/snapshot", secure=True)
        self.assertEqual((status, headers["Cache-Control"]), (200, "no-store"))
        snapshot = json.loads(body)
        self.assertEqual(sorted(snapshot), ["appliance", "machines", "now", "seq", "v"])
        self.assertAlmostEqual(snapshot["now"] / 1000, time.time(), delta=5)
        appliance = until(lambda: (a := self.web.api("GET", "/api/v1/snapshot")[1]["appliance"])["escrow"]["ok"] and a)
        self.assertEqual(sorted(appliance), ["clock", "dhcp", "escrow", "recipe", "started", "twin", "url", "version"])
        self.assertEqual((appliance["escrow"]["keys"], appliance["recipe"]), (12, "crowdstrike-291"))
        row = snapshot["machines"][0]
        self.assertEqual(sorted(row), sorted(
            "id name mac ip uuid serial product state reason severity group title advice text attempt since first_seen "
            "last_seen pairing actor in_scope held done network_first safe_mode campaign wave open listed site floor owner ring bmc rank conflict "
            "appliance".split()))
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
            self.assertLess(time.monotonic() - began, 60)
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
                self.assertTrue(message is None or message[0] != "machine")

    def test_a_stop_ends_the_streams(self):
        with Stream(self.web) as stream:
            stream.next()
            began = time.monotonic()
            self.web.stop()
            self.assertLess(time.monotonic() - began, 60)

    def test_one_does_not_take_all_streams(self):
        """A script that opens streams and never ends them is refused, nobody else; what it closes it may open again."""
        streams = [Stream(self.web) for _ in range(32)]
        status, answer = self.web.api("GET", "/api/v1/events")
        self.assertEqual((status, answer["error"]), (429, "TRY_LATER"))
        with Stream(self.web, headers={"Cookie": self.web.admin()}) as other:
            self.assertEqual(other.next()[0], "appliance")
        streams.pop(5).connection.close()

        def one_more():
            streams.append(Stream(self.web))
            return streams[-1].answer.status == 200
        until(one_more)
        for stream in streams:
            stream.connection.close()

    def test_many_idle_clients_do_not_keep_others_out(self):
        sockets = [socket.create_connection(("127.0.0.1", self.web.https_port)) for _ in range(300)]
        streams = [Stream(self.web) for _ in range(30)]
        threads = [threading.Thread(target=self.web.release, args=("0" * 32, 25)) for _ in range(20)]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        self.assertEqual(self.web.api("GET", "/api/v1/snapshot")[0], 200)
        self.assertLess(time.monotonic() - began, 24)
        for thread in threads:
            thread.join()
        for stream in streams:
            self.assertEqual(stream.next()[0], "appliance")
            stream.connection.close()
        for sock in sockets:
            sock.close()


if __name__ == "__main__":
    unittest.main()
