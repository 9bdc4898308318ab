#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key source `graph`, by the real process, against the stand-in of Entra ID and Graph in graph_standin.py."""
import contextlib
import email.utils
import socket
import threading
import time
import unittest
import uuid

from fetch_client import Fetch, check
from graph_case import GUID, PASSWORD, Graph, until
from graph_standin import RECORDS, SECRET, make_application


class Lookup(Graph):
    def test_found(self):
        fetch = self.fetch()
        self.entra.calls.clear()
        for _ in range(3):
            self.assertEqual(fetch.lookup("entra", GUID), ("OK", [PASSWORD], ""))
        self.assertEqual(self.entra.calls, [("GET", f"{RECORDS}/{GUID.lower()}?$select=key")] * 3, "one GET each, and no new login")
        self.assertEqual(self.entra.reads, [GUID.lower()] * 3)
        number = fetch.ask("entra", GUID)
        answer = fetch.receive()
        self.assertEqual((answer["id"], answer["candidates"][0]["origin"]), (number, f"Entra ID, recovery key {GUID}"))

    def test_within_value(self):
        self.entra.wrapped = True
        self.assertEqual(self.fetch().lookup("entra", GUID)[:2], ("OK", [PASSWORD]))

    def test_not_found(self):
        self.assertEqual(self.fetch().lookup("entra", str(uuid.uuid4()))[:2], ("KEY_NOT_FOUND", []))

    def test_not_readable(self):
        fetch = self.fetch()
        self.entra.forbidden.add(GUID.lower())
        reason, passwords, text = fetch.lookup("entra", GUID)
        self.assertEqual((reason, passwords), ("KEY_NOT_READABLE", []))
        self.assertIn("application permission BitlockerKey.Read.All", text)
        self.entra.forbidden.clear()
        self.entra.no_key = True
        self.assertEqual(fetch.lookup("entra", GUID)[:2], ("KEY_NOT_READABLE", []))

    def test_token_not_taken(self):
        fetch = self.fetch()
        self.entra.calls.clear()
        self.entra.unauthorized = 1
        self.assertEqual(fetch.lookup("entra", GUID)[:2], ("OK", [PASSWORD]))
        self.assertEqual(len(self.entra.called("/token")), 1)
        self.entra.calls.clear()
        self.entra.unauthorized = 100
        self.assertEqual(fetch.lookup("entra", GUID)[0], "SOURCE_LOGIN")
        self.assertEqual(len(self.entra.called(RECORDS)), 2)

    def test_token_renewed_before_it_expires(self):
        self.entra.seconds = 4
        fetch = self.fetch()
        for _ in range(10):
            self.assertEqual(fetch.lookup("entra", GUID)[0], "OK")
            time.sleep(0.5)
        self.assertIn(len(self.entra.called("/token")), (2, 3, 4), "renewed at half its time")
        # A login that fails while the token is good still is no reason to stop.
        self.entra.throttle_login = [(500, None)] * 9
        time.sleep(2)
        self.assertEqual(fetch.lookup("entra", GUID)[0], "OK")

    def test_one_login_for_all(self):
        self.entra.delay = 0.2
        fetch = self.fetch(tested=False)
        for _ in range(20):
            fetch.ask("entra", GUID)
        self.assertEqual({fetch.receive()["reason"] for _ in range(20)}, {"OK"})
        self.assertEqual(len(self.entra.called("/token")), 1)

    def test_at_most_five_at_once(self):
        fetch = self.fetch()
        self.entra.delay, self.entra.most_busy = 0.3, 0
        for _ in range(20):
            fetch.ask("entra", GUID)
        self.assertEqual({fetch.receive()["reason"] for _ in range(20)}, {"OK"})
        self.assertEqual(self.entra.most_busy, 5)


class Throttled(Graph):
    def test_waits_as_told(self):
        fetch = self.fetch()
        for after in ("1", email.utils.formatdate(time.time() + 2, usegmt=True), None):
            for status in (429, 503):
                with self.subTest(after=after, status=status):
                    after = email.utils.formatdate(time.time() + 2, usegmt=True) if after and "GMT" in after else after
                    self.entra.throttle = [(status, after)]
                    began = time.monotonic()
                    self.assertEqual(fetch.lookup("entra", GUID)[:2], ("OK", [PASSWORD]))
                    self.assertGreater(time.monotonic() - began, 0.4 if after is None else 0.9)
                    self.assertLess(time.monotonic() - began, 30)

    def test_too_long_a_wait_is_told_and_kept(self):
        fetch = self.fetch()
        self.entra.throttle = [(429, 60)]
        began = time.monotonic()
        reason, _, text = fetch.lookup("entra", GUID)
        self.assertEqual(reason, "SOURCE_LIMITED")
        self.assertRegex(text, "again in (60|59) s")
        self.entra.calls.clear()
        self.assertEqual(fetch.lookup("entra", GUID)[0], "SOURCE_LIMITED")
        self.assertEqual(self.entra.calls, [], "nobody asks before the time has come")
        self.assertLess(time.monotonic() - began, 30)

    def test_absurd_retry_after(self):
        fetch = self.fetch()
        for after in ("99999999999999999999", "-5", "tomorrow"):
            self.entra.throttle = [(429, after)]
            self.assertEqual(fetch.lookup("entra", GUID)[0], "OK", "it is as if it had said nothing")
        self.entra.throttle = [(429, 999999)]
        reason, _, text = fetch.lookup("entra", GUID)
        self.assertEqual(reason, "SOURCE_LIMITED")
        self.assertRegex(text, "in 3(600|599) s", "an hour at most")

    def test_server_errors(self):
        fetch = self.fetch()
        self.entra.throttle = [(500, None), (502, None)]
        self.assertEqual(fetch.lookup("entra", GUID)[0], "OK")
        self.entra.throttle = [(500, None)] * 99
        began = time.monotonic()
        reason, _, text = fetch.lookup("entra", GUID)
        self.assertEqual(reason, "SOURCE_FAILED")
        self.assertIn("HTTP 500", text)
        self.assertLess(time.monotonic() - began, 30)
        self.assertLess(len(self.entra.calls), 12, "with growing pauses")

    def test_login_is_throttled(self):
        self.entra.throttle_login = [(429, 30)] * 9
        fetch = self.fetch()
        self.assertEqual(fetch.lookup("entra", GUID)[0], "SOURCE_LIMITED")
        self.assertEqual(len(self.entra.called("/token")), 1)


class Login(Graph):
    def test_certificate(self):
        self.entra.application = self.app
        fetch = self.fetch(client_secret=None, certificate=self.app)
        self.assertEqual(fetch.lookup("entra", GUID)[:2], ("OK", [PASSWORD]))

    def test_wrong_certificate(self):
        self.entra.application = self.app
        fetch = self.fetch(client_secret=None, certificate=make_application(self.dir, "other"))
        reason, _, text = fetch.lookup("entra", GUID)
        self.assertEqual(reason, "SOURCE_LOGIN")
        self.assertIn("AADSTS700027", text)

    def test_wrong_secret(self):
        fetch = self.fetch(client_secret="wrong")
        self.assertEqual(fetch.status("entra")["reason"], "SOURCE_LOGIN")
        for _ in range(30):
            reason, _, text = fetch.lookup("entra", GUID)
            self.assertEqual(reason, "SOURCE_LOGIN")
        self.assertIn("AADSTS7000215: Invalid client secret provided.", text)
        self.assertNotIn("Trace", text)
        self.assertEqual(len(self.entra.called("/token")), 1, "a floor of machines is no reason to try again and again")

    def test_options(self):
        weak = make_application(self.dir, "weak", "-newkey", "rsa:1024")
        curve = make_application(self.dir, "curve", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        key, certificate = self.app.split("-----BEGIN CERTIFICATE-----")
        certificate = "-----BEGIN CERTIFICATE-----" + certificate
        other = make_application(self.dir, "another").split("-----BEGIN CERTIFICATE-----")[0]
        for word, changes in (
                ("tenant", {"tenant": None}), ("tenant", {"tenant": "a/b"}), ("client-id", {"client_id": 'x"y'}),
                ("client-secret", {"client_secret": None}), ("client-secret", {"certificate": self.app}),
                ("client-secret", {"client_secret": "two\nlines"}), ("client-secret", {"client_secret": ""}),
                ("flow", {"flow": "password"}), ("flow", {"flow": "device-code"}),
                ("login", {"login": "http://localhost"}), ("login", {"login": "https://a@b"}), ("api", {"api": "https://"}),
                ("api", {"api": "https://localhost/v1.0"}), ("2048", {"client_secret": None, "certificate": weak}),
                ("RSA", {"client_secret": None, "certificate": curve}), ("private key", {"client_secret": None, "certificate": certificate}),
                ("no certificate", {"client_secret": None, "certificate": key}),
                ("not the certificate's", {"client_secret": None, "certificate": other + certificate})):
            with self.subTest(word, **changes):
                found, status = check({"entra": ("graph", self.options(**changes))})
                self.assertEqual((found["entra"][1], status), ("SOURCE_FAILED", 3))
                self.assertIn(word, found["entra"][2])
        self.assertEqual(self.entra.calls, [])

    def test_secret_of_a_file_with_a_line_end(self):
        self.assertEqual(self.fetch(client_secret=SECRET + "\r\n").lookup("entra", GUID)[0], "OK")


class Person(Graph):
    def setUp(self):
        super().setUp()
        self.person = {"flow": "device-code", "client_secret": None}

    def code(self, text):
        self.assertRegex(text, r"open https://login\.example/devicelogin and enter CODE\d{5}, until \d\d:\d\d UTC")
        return text.split("enter ")[1].split(",")[0]

    def test_signs_in(self):
        fetch = self.fetch(**self.person)
        status = fetch.status("entra")
        self.assertEqual(status["reason"], "SOURCE_LOGIN_NEEDED")
        code = self.code(status["text"])
        for _ in range(20):
            reason, _, text = fetch.lookup("entra", GUID)
            self.assertEqual((reason, self.code(text)), ("SOURCE_LOGIN_NEEDED", code))
            time.sleep(0.1)
        self.assertLessEqual(len(self.entra.polls), 3, "once an interval")
        self.entra.signed_in = True
        until(lambda: fetch.lookup("entra", GUID)[:2] == ("OK", [PASSWORD]))
        self.assertEqual(len(self.entra.called("/devicecode")), 1)
        until(lambda: fetch.status("entra")["reason"] == "OK")

    def test_stays_signed_in(self):
        self.entra.seconds, self.entra.signed_in = 2, True
        fetch = self.fetch(**self.person)
        until(lambda: fetch.lookup("entra", GUID)[0] == "OK")
        first = self.entra.refresh
        for _ in range(4):
            time.sleep(1)
            self.assertEqual(fetch.lookup("entra", GUID)[0], "OK")
        self.assertNotEqual(self.entra.refresh, first, "each refresh brings the next one")
        self.assertEqual(len(self.entra.called("/devicecode")), 1)
        # Signed out by an administrator: a person is asked again.
        self.entra.refresh_good, self.entra.signed_in = False, False
        until(lambda: fetch.lookup("entra", GUID)[0] == "SOURCE_LOGIN_NEEDED")
        self.assertEqual(len(self.entra.called("/devicecode")), 2)

    def test_code_expires(self):
        self.entra.device_seconds = 2
        fetch = self.fetch(**self.person)
        codes = set()
        for _ in range(30):
            reason, _, text = fetch.lookup("entra", GUID)
            self.assertEqual(reason, "SOURCE_LOGIN_NEEDED")
            codes.add(self.code(text))
            time.sleep(0.1)
        self.assertIn(len(codes), (2, 3))

    def test_declined(self):
        fetch = self.fetch(**self.person)
        first = self.code(fetch.status("entra")["text"])
        self.entra.declined = True
        self.assertNotEqual(until(lambda: (c := self.code(fetch.lookup("entra", GUID)[2])) != first and c), first)

    def test_what_is_missing(self):
        self.entra.signed_in = True
        fetch = self.fetch(**self.person)
        until(lambda: fetch.lookup("entra", GUID)[0] == "OK")
        self.entra.forbidden.add(GUID.lower())
        reason, _, text = fetch.lookup("entra", GUID)
        self.assertEqual(reason, "KEY_NOT_READABLE")
        self.assertIn("delegated permission BitlockerKey.Read.All", text)
        self.assertIn("Administrator", text)


class SelfTest(Graph):
    def test_says_how_it_is(self):
        status = self.fetch().status("entra")
        self.assertEqual((status["reason"], status["type"]), ("OK", "graph"))
        self.assertIn("1 recovery keys listed", status["text"])
        self.assertEqual(self.entra.reads, [], "no key is read for a test")
        found, code = check({"entra": ("graph", self.options())})
        self.assertEqual((found["entra"][1], code), ("OK", 0))

    def test_no_rights(self):
        self.entra.forbidden_list = True
        status = self.fetch().status("entra")
        self.assertEqual(status["reason"], "SOURCE_NO_RIGHTS")
        self.assertIn("BitlockerKey.Read.All", status["text"])
        self.entra.forbidden_list = False
        self.entra.keys.clear()
        found, code = check({"entra": ("graph", self.options())})
        self.assertEqual((found["entra"][1], code), ("SOURCE_NO_RIGHTS", 3))
        self.assertIn("empty", found["entra"][2])

    def test_another_authority(self):
        self.well = False
        found, _ = check({"entra": ("graph", self.options(ca=None))})
        self.assertEqual(found["entra"][1], "SOURCE_CERTIFICATE", found)
        # The certificate names localhost only.
        by_number = self.entra.url.replace("localhost", "127.0.0.1")
        found, _ = check({"entra": ("graph", self.options(login=by_number))})
        self.assertEqual(found["entra"][1], "SOURCE_CERTIFICATE", found)
        found, _ = check({"entra": ("graph", self.options(ca="no certificate at all"))})
        self.assertEqual(found["entra"][1], "SOURCE_CERTIFICATE", found)
        self.assertEqual(self.entra.calls, [])

    def test_through_a_proxy(self):
        """https_proxy of the environment; it sees where the way leads, and nothing else."""
        seen = []

        def carry(a, b):
            with contextlib.suppress(OSError), a:
                while data := a.recv(65536):
                    seen.append(data)
                    b.sendall(data)
                b.shutdown(socket.SHUT_WR)

        def proxy():
            while True:
                try:
                    near = listener.accept()[0]
                except OSError:
                    return
                seen.append(near.recv(4096))
                far = socket.create_connection(("127.0.0.1", self.entra.port))
                near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=proxy, daemon=True).start()
            fetch = Fetch({"entra": ("graph", self.options())}, https_proxy=f"http://127.0.0.1:{listener.getsockname()[1]}")
            self.addCleanup(self.close, fetch)
            self.assertEqual(fetch.lookup("entra", GUID)[:2], ("OK", [PASSWORD]))
        self.assertTrue(seen[0].startswith(f"CONNECT localhost:{self.entra.port} ".encode()))
        self.assertNotIn(PASSWORD.encode(), b"".join(seen))

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            url = f"https://localhost:{s.getsockname()[1]}"
        found, _ = check({"entra": ("graph", self.options(login=url))})
        self.assertEqual(found["entra"][1], "SOURCE_UNREACHABLE")
        with socket.create_server(("127.0.0.1", 0)) as s:  # takes the connection and says nothing
            began = time.monotonic()
            found, _ = check({"entra": ("graph", self.options(api=f"https://localhost:{s.getsockname()[1]}"))})
            self.assertEqual(found["entra"][1], "SOURCE_UNREACHABLE")
            self.assertLess(time.monotonic() - began, 30)
        self.entra.problems.clear()  # the scope names the other origin


if __name__ == "__main__":
    unittest.main()
