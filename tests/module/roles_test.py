#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role tried against every call that is compiled in: exactly those with the right pass the gate. What each call takes is said by
the OpenAPI file; a route that it does not list fails."""
import http.client
import json
import os
import re
import ssl
import subprocess
import unittest

from directory_lab import SANITIZED
from web_server import BUILD, Web, operator

PASSWORD = "a long enough password"
RIGHTS = {None: {"open"}, "viewer": {"open", "wall", "view"}, "operator": {"open", "wall", "view", "operate"},
          "approver": {"open", "wall", "view", "approve"}, "admin": {"open", "wall", "view", "operate", "approve", "admin"}}
PLAN = {"name": "july", "recipe": "crowdstrike-291",
        "scope": {"all": True, "sites": [], "floors": [], "owners": [], "rings": [], "subnets": [], "machines": []}, "from": 0, "until": 0,
        "approval": "config", "dry_run": False, "start_order": False,
        "waves": [{"name": "canary", "sites": ["Bern"], "floors": [], "owners": [], "rings": [], "machines": 0, "percent": 0,
                   "opens": {"by_hand": True, "returned_percent": 100, "minutes": 0}}], "stop": {"failed_percent": 10, "at_least": 2}}
FIXER = "/v1/"  # a session's secret is what opens these: no account does


def compiled_in():
    text = subprocess.run([os.path.join(BUILD, "netmend"), "web", "--routes"], check=True, capture_output=True, text=True).stdout
    return sorted(tuple(line.split()) for line in text.splitlines())


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = Web().start()
        cls.connection = None
        cls.access = {None: [{"Cookie": ""}, {"Cookie": "__Host-netmend=" + "0" * 32}, {"Authorization": "Bearer nm_" + "0" * 32}]}
        mark = {"Cookie": cls.web.admin(), "X-Netmend": "1"}
        for number, role in enumerate(r for r in RIGHTS if r):
            status, _ = cls.web.api("POST", "/api/v1/people", {"v": 1, "name": role, "role": role, "password": PASSWORD}, headers=mark)
            assert status == 200
            status, headers, body = cls.web.call("POST", "/api/v1/login", json.dumps(
                {"v": 1, "name": role, "password": PASSWORD}).encode(), secure=True, source=f"127.0.0.{10 + number}", headers={"Cookie": ""})
            assert status == 200, body
            cls.access[role] = [{"Cookie": headers["Set-Cookie"].split(";")[0]}, {"Authorization": cls.web.api_token(role, role)}]
        described = json.loads(cls.web.call("GET", "/api/v1/openapi.json", secure=True)[2])["paths"]
        cls.takes = {(method.upper(), re.sub(r"\{\w+\}", "{}", path)): call["x-right"] for path, methods in described.items()
                     for method, call in methods.items()}

    @classmethod
    def tearDownClass(cls):
        if cls.connection:
            cls.connection.close()
        cls.web.close()

    def ask(self, method, path, headers):
        """Status and reason; no call does anything: bodies are no bodies, and what is named is not there."""
        address = path.replace("{}", "999999999")
        if path == "/api/v1/events":
            address += "?after=x"  # refused behind the gate: the stream itself would not end
        if not self.connection:
            type(self).connection = http.client.HTTPSConnection("127.0.0.1", self.web.https_port, timeout=30,
                                                                context=ssl._create_unverified_context())
        self.connection.request(method, address, b"[" if method in ("POST", "PUT") else None, {k: v for k, v in headers.items() if v})
        answer = self.connection.getresponse()
        body = answer.read()
        error = json.loads(body).get("error") if answer.headers.get("Content-Type") == "application/json" else None
        return answer.status, error

    def test_every_role_against_every_call(self):
        tried = 0
        for server, method, path in compiled_in():
            if server != "https" or path.startswith(FIXER):
                continue
            self.assertIn((method, path), self.takes, "compiled in, but nobody said who may")
            right = self.takes[method, path]
            for role, ways in self.access.items():
                may = right in RIGHTS[role]
                for headers in ways:
                    for mark in ({}, {"X-Netmend": "1"}):
                        status, error = self.ask(method, path, headers | mark)
                        what = (method, path, role, sorted(headers), mark, status, error)
                        tried += 1
                        forged = method != "GET" and right != "open" and role and "Cookie" in headers and not mark
                        if not may:
                            self.assertEqual((status, error), (403, "ROLE_TOO_LOW") if role else (401, "LOGIN_NEEDED"), what)
                        elif forged:
                            self.assertEqual((status, error), (403, "PROTOCOL_ERROR"), what)
                        else:
                            self.assertNotIn(status, (401, 500), what)
                            self.assertNotIn(error, ("LOGIN_NEEDED", "ROLE_TOO_LOW"), what)
                            if status == 403:
                                self.assertIn(error, ("LOGIN_WRONG", "SETUP_CLOSED"), what)
        print(f"{tried} tries", end=" ", flush=True)

    def test_what_needs_no_account(self):
        """The list of it, by hand: nothing gets onto it by accident."""
        https = [(method, path) for server, method, path in compiled_in() if server == "https"]
        self.assertEqual(sorted(path for method, path in https if not path.startswith(FIXER) and self.takes[method, path] == "open"),
                         ["/", "/api/v1/login", "/api/v1/me", "/api/v1/openapi.json", "/api/v1/setup", "/page/{}", "/page/{}/{}", "/setup"])
        self.assertEqual({path for _, path in https if path.startswith(FIXER)},
                         {"/v1/boot", "/v1/sessions"} | {"/v1/sessions/{}/" + call for call in ("events", "journal", "release", "result")})
        self.assertEqual(sorted(path for server, _, path in compiled_in() if server == "http"),
                         ["/", "/boot.ipxe", "/boot/initrd.img", "/boot/ipxe", "/boot/netmend.iso", "/boot/vmlinuz", "/boot/x64/shimx64.efi",
                          "/boot/x64/snponly-shim.efi", "/boot/x64/snponly.efi"])


class Bodies(unittest.TestCase):
    LARGE, SENDERS = 2 * 1024 * 1024, 24

    def peak(self, web):
        """KiB it has held at most."""
        with open(f"/proc/{web.process.pid}/status") as f:
            return int(re.search(r"VmHWM:\s+(\d+) kB", f.read())[1])

    @unittest.skipIf(SANITIZED, "a sanitizer's heap keeps what was given back")
    def test_of_nobody_are_not_kept(self):
        """A stranger's large bodies, each all but sent, take no memory; they are read to the end for the answer's sake."""
        web = Web().start()
        self.addCleanup(web.close)
        for path in ("/api/v1/machines/act", "/api/v1/inventory"):
            before, senders = self.peak(web), []
            for _ in range(self.SENDERS):
                sender = http.client.HTTPSConnection("127.0.0.1", web.https_port, timeout=30, context=ssl._create_unverified_context())
                self.addCleanup(sender.close)
                sender.putrequest("POST", path)
                sender.putheader("Content-Length", str(self.LARGE))
                sender.endheaders(bytes(self.LARGE - 1))
                senders.append(sender)
            for sender in senders:
                sender.send(b"x")
                answer = sender.getresponse()
                self.assertEqual((answer.status, json.loads(answer.read())["error"]), (401, "LOGIN_NEEDED"), path)
            self.assertLess(self.peak(web) - before, self.SENDERS * self.LARGE // 1024 // 4, path)


class Wallboard(unittest.TestCase):
    """Counts and names only, field by field; open when the configuration says so."""

    def board(self, web, status=200):
        got, answer = web.api("GET", "/api/v1/wallboard", headers={"Cookie": ""})
        self.assertEqual(got, status, answer)
        return answer

    def test_closed_unless_told(self):
        web = Web().start()
        self.addCleanup(web.close)
        self.assertEqual(self.board(web, 401)["error"], "LOGIN_NEEDED")

    def test_counts_and_names(self):
        web = Web(options=("--wallboard", "yes")).start()
        self.addCleanup(web.close)
        self.assertEqual(web.api("GET", "/api/v1/me", headers={"Cookie": ""})[1]["wallboard"], True)
        self.assertEqual(web.api("GET", "/api/v1/snapshot", headers={"Cookie": ""})[0], 401)
        secret = {"serial": "SERIAL7", "uuid": "4C4C4544-0043-3510-8052-B4C04F564433", "ip": "127.66.66.66", "product": "PRODUCT7",
                  "text": "TEXT7", "asset": "ASSET7"}
        status, answer = web.api("POST", "/api/v1/campaigns", {"v": 1, "plan": PLAN})
        self.assertEqual(status, 200, answer)
        for verb in ("start", "pause"):
            status, done = web.api("POST", f"/api/v1/campaigns/{answer['id']}/act", {"v": 1, "verb": verb, "wave": 0, "text": "TEXT7"})
            self.assertEqual(status, 200, done)
        operator(web, "52:54:00:77:00:01", name="PC01", state="attention", reason="NO_NTFS", **secret)
        operator(web, "52:54:00:77:00:02", state="attention", reason="DISK_READ_ERROR", **secret)
        operator(web, "52:54:00:77:00:03", name="PC03", state="returned", reason="RETURNED", **secret)
        board = self.board(web)
        self.assertEqual(sorted(board), ["attention", "campaigns", "counts", "now", "progress", "sites", "v"])
        self.assertEqual(sum(board["counts"]["state"].values()), 3)
        self.assertEqual(sum(board["counts"]["severity"].values()), 3)
        self.assertEqual(sorted(a["name"] for a in board["attention"]), ["PC01", "machine 2"])
        self.assertEqual(board["sites"], [{"name": "", "machines": 3, "returned": 1, "action": 2}])
        self.assertEqual((board["progress"]["total"], board["progress"]["recovered"]), (3, 1))
        self.assertEqual(sorted(board["progress"]), ["bucket", "buckets", "left", "rate", "recovered", "total"])
        for machine in board["attention"]:
            self.assertEqual(sorted(machine), ["name", "title"])
        (campaign,) = board["campaigns"]
        self.assertEqual(sorted(campaign), ["name", "state", "waves"])
        self.assertEqual((campaign["name"], campaign["state"]), ("july", "paused"))
        self.assertEqual([wave["name"] for wave in campaign["waves"]], ["canary", "rest"])
        for wave in campaign["waves"]:
            self.assertEqual(sorted(wave), ["failed", "machines", "name", "open", "returned"])
        text = json.dumps(board)
        for value in [*secret.values(), "52:54:00", "Bern", "anna"]:
            self.assertNotIn(value, text)


if __name__ == "__main__":
    unittest.main()
