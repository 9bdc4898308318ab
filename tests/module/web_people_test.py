#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend web and people: set-up, logins, roles, API tokens, what is written down."""
import csv
import http.client
import io
import json
import ssl
import threading
import time
import unittest

from web_page_test import Stream
from web_server import ADMIN, PASSWORD, Web, add, event, events, until

NOBODY = {"Cookie": ""}
MARK = {"X-Netmend": "1"}
OTHER = "another long password"


class Case(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)

    def call(self, method, path, body=None, cookie=None, status=200, **headers):
        """The answer; cookie: of a login, None: nobody."""
        headers = {"Cookie": cookie or "", **(MARK if cookie else {}), **{k.replace("_", "-"): v for k, v in headers.items()}}
        got, answer = self.web.api(method, "/api/v1/" + path, body, headers=headers)
        self.assertEqual(got, status, (method, path, answer))
        return answer

    def login(self, name, password, source="127.0.0.1"):
        """(status, cookie or error)"""
        status, headers, body = self.web.call("POST", "/api/v1/login", json.dumps({"v": 1, "name": name, "password": password}).encode(),
                                              secure=True, source=source, headers=NOBODY)
        return status, headers["Set-Cookie"].split(";")[0] if status == 200 else json.loads(body)["error"]

    def person(self, name, role, password=OTHER):
        """A new account's (number, cookie)."""
        number = self.call("POST", "people", {"v": 1, "name": name, "role": role, "password": password}, self.web.admin())["id"]
        status, cookie = self.login(name, password)
        self.assertEqual(status, 200, cookie)
        return number, cookie

    def actions(self):
        return self.call("GET", "actions", cookie=self.web.admin())["actions"]


class Setup(Case):
    def test_once(self):
        self.assertEqual(self.call("GET", "me"), {"v": 1, "name": "", "role": "", "setup": True, "wallboard": False})
        (token,) = until(lambda: self.web.supervisor.setup)
        body = {"v": 1, "token": token, "name": "Anna", "password": PASSWORD}
        self.assertEqual(self.call("POST", "setup", body | {"token": "0" * 32}, status=403)["error"], "SETUP_CLOSED")
        self.assertEqual(self.call("POST", "setup", body | {"token": ""}, status=403)["error"], "SETUP_CLOSED")
        self.assertEqual(self.call("POST", "setup", body | {"password": "elevencharS"}, status=400)["error"], "PASSWORD_WEAK")
        self.assertEqual(self.call("POST", "setup", body | {"name": "a b"}, status=400)["error"], "VALUE_BAD")
        self.assertEqual(self.call("POST", "setup", body | {"more": 1}, status=400)["error"], "VALUE_BAD")
        status, headers, answer = self.web.call("POST", "/api/v1/setup", json.dumps(body).encode(), secure=True, headers=NOBODY)
        self.assertEqual((status, json.loads(answer)), (200, {"v": 1, "name": "anna", "role": "admin"}))
        cookie = headers["Set-Cookie"]
        self.assertRegex(cookie, r"^__Host-netmend=[0-9a-f]{32}; Path=/; Secure; HttpOnly; SameSite=Strict$")
        me = self.call("GET", "me", cookie=cookie.split(";")[0])
        self.assertEqual((me["name"], me["role"], me["setup"]), ("anna", "admin", False))
        self.assertEqual(self.call("POST", "setup", body, status=403)["error"], "SETUP_CLOSED")
        self.assertEqual(self.call("POST", "setup", body | {"name": "eve"}, status=403)["error"], "SETUP_CLOSED")
        # Nobody needs a link any more.
        self.web.stop()
        self.web.start()
        self.call("GET", "me")
        self.assertEqual(self.web.supervisor.setup, [])
        self.assertEqual(self.web.get("/setup", secure=True)[0], 200)
        self.assertNotIn(token, self.web.log())
        self.assertNotIn(PASSWORD, self.web.log())

    def test_raced(self):
        """The link works once also when it is used by many at the same moment."""
        (token,) = until(lambda: self.web.supervisor.setup)
        answers = []

        def use(name):
            answers.append(self.web.api("POST", "/api/v1/setup", {"v": 1, "token": token, "name": name, "password": PASSWORD}, headers=NOBODY))
        threads = [threading.Thread(target=use, args=(f"racer{i}",)) for i in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(status for status, _ in answers), [200, 403, 403, 403, 403], answers)
        self.assertEqual(self.web.sql("SELECT count(*) FROM people"), [(1,)])

    def test_a_new_link_ends_the_old_one(self):
        (old,) = until(lambda: self.web.supervisor.setup)
        self.web.stop()
        self.web.start()
        (new,) = until(lambda: self.web.supervisor.setup)
        body = {"v": 1, "name": "anna", "password": PASSWORD}
        self.call("POST", "setup", body | {"token": old}, status=403)
        self.call("POST", "setup", body | {"token": new})

    def test_who_tries_links_does_not_shut_it(self):
        (token,) = until(lambda: self.web.supervisor.setup)
        body = {"v": 1, "token": token, "name": "anna", "password": PASSWORD}
        for i in range(12):
            status, _ = self.web.api("POST", "/api/v1/setup", body | {"token": f"{i:032x}"}, headers=NOBODY, source=f"127.0.5.{i + 1}")
            self.assertEqual(status, 403)
        self.call("POST", "setup", body)

    def test_nothing_else_is_open(self):
        for path in ("snapshot", "machines/1", "events", "release", "people", "tokens", "actions", "actions.csv", "wallboard"):
            self.assertEqual(self.call("GET", path, status=401)["error"], "LOGIN_NEEDED", path)
        self.assertEqual(self.web.get("/", secure=True, headers=NOBODY)[0], 200)


class Login(Case):
    def test_in_and_out(self):
        self.web.admin()
        status, one = self.login("ANNA", PASSWORD)
        self.assertEqual(status, 200)
        status, two = self.login(ADMIN, PASSWORD)
        self.assertNotEqual(one, two)
        for name, password in ((ADMIN, PASSWORD + "x"), ("nobody", PASSWORD), ("", PASSWORD), ("a b", PASSWORD)):
            self.assertEqual(self.login(name, password), (403, "LOGIN_WRONG"), name)
        self.call("POST", "login", {"v": 1, "name": ADMIN, "password": ""}, status=400)
        self.call("POST", "login", {"v": 1, "name": ADMIN, "password": "x" * 257}, status=400)
        self.call("GET", "snapshot", cookie=one)
        self.call("POST", "logout", {"v": 1}, one)
        self.call("GET", "snapshot", cookie=one, status=401)
        self.call("GET", "snapshot", cookie=two)
        for bad in ("__Host-netmend=", "__Host-netmend=" + "0" * 32, "__Host-netmend=" + "x" * 3000, "netmend=" + two.split("=")[1],
                    two[:-1], two + "0", ";;;=;" + "a" * 100):
            self.call("GET", "snapshot", cookie=bad, status=401)
        told = [(x["verb"], x["who"], x["object"], x["text"]) for x in reversed(self.actions())]
        self.assertEqual(told[:3], [("setup-link", "appliance", "", ""), ("setup", "anna", "anna", "the first account"),
                                    ("login", "anna", "anna", "")])
        self.assertIn(("login-failed", "", "anna", ""), told)
        self.assertIn(("login-failed", "", "", "a name nobody has"), told)
        self.assertEqual(told[-1], ("logout", "anna", "anna", ""))
        self.assertNotIn("nobody", json.dumps([t[:3] for t in told]))

    def test_as_long_for_a_name_nobody_has(self):
        self.web.admin()
        spent = {}
        for name in (ADMIN, "nobody"):
            before = self.processor()
            for i in range(8):
                self.assertEqual(self.login(name, "wrong password", source=f"127.0.0.{20 + i}")[0], 403)
            spent[name] = self.processor() - before
        one, other = spent.values()
        self.assertGreater(one, 5)  # else there is nothing to compare
        self.assertGreater(other, 0.5 * one)
        self.assertGreater(one, 0.5 * other)

    def processor(self):
        """Ticks of processor time web has used: on a busy machine, what a watch would show at best."""
        with open(f"/proc/{self.web.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def test_the_loop_does_not_wait(self):
        """Others are answered while passwords are computed."""
        cookie = self.web.admin()
        threads = [threading.Thread(target=self.login, args=(ADMIN, "wrong password", f"127.0.1.{i}")) for i in range(10)]
        for t in threads:
            t.start()
        answered = 0
        while any(t.is_alive() for t in threads):
            self.call("GET", "me", cookie=cookie)
            answered += 1
        for t in threads:
            t.join()
        # A loop that computed them itself would answer once after each.
        self.assertGreater(answered, 2 * len(threads))

    def test_guessing_is_slowed_down(self):
        self.web.admin()  # signed in from 127.0.0.1
        until(lambda: self.login(ADMIN, PASSWORD, source="127.0.0.7")[0] == 200)
        # For one name, from everywhere: ten a minute.
        got = [self.login(ADMIN, f"guess number {i}", source=f"127.0.2.{i}")[0] for i in range(14)]
        self.assertEqual(got.count(429), 14 - 9)  # one was the login from .7
        self.assertEqual(self.login(ADMIN, PASSWORD, source="127.0.3.1"), (429, "TRY_LATER"))
        # Where the admin is signed in already, others' guesses do not shut him out.
        self.assertEqual(self.login(ADMIN, PASSWORD)[0], 200)
        self.assertEqual(self.login(ADMIN, PASSWORD, source="127.0.0.7")[0], 200)
        # From one address, whatever the name: twenty.
        got = [self.login(f"name{i}", "wrong password", source="127.0.4.1")[0] for i in range(25)]
        self.assertEqual((got.count(403), got.count(429)), (20, 5))
        # A flood is not written down one by one.
        self.assertEqual(sum(x["verb"] == "login-failed" for x in self.actions()), 10)

    def test_ends(self):
        """After its hours, and when it was not used."""
        cookie = self.web.admin()
        for column, minutes in (("seen", 61), ("created", 12 * 60 + 1)):
            status, other = self.login(ADMIN, PASSWORD)
            self.web.sql(f"UPDATE logins SET {column} = {column} - ? WHERE created = (SELECT max(created) FROM logins)", minutes * 60000)
            self.call("GET", "me", cookie=cookie)
            self.call("GET", "snapshot", cookie=other, status=401)
        # A call keeps it alive: to the minute.
        self.web.sql("UPDATE logins SET seen = seen - 120000 WHERE seen > created - 1000")
        self.call("GET", "snapshot", cookie=cookie)
        self.assertGreater(self.web.sql("SELECT max(seen) FROM logins")[0][0], time.time() * 1000 - 60000)

    def test_at_most_so_many(self):
        first = self.web.admin()
        for i in range(16):
            self.assertEqual(self.login(ADMIN, PASSWORD, source=f"127.0.0.{10 + i // 9}")[0], 200)
        self.call("GET", "snapshot", cookie=first, status=401)

    def test_own_password(self):
        cookie = self.web.admin()
        _, other = self.login(ADMIN, PASSWORD)
        body = {"v": 1, "old": PASSWORD, "new": OTHER}
        self.assertEqual(self.call("POST", "me/password", body | {"old": "wrong password"}, cookie, 403)["error"], "LOGIN_WRONG")
        self.assertEqual(self.call("POST", "me/password", body | {"new": "short"}, cookie, 400)["error"], "PASSWORD_WEAK")
        self.call("POST", "me/password", body, cookie)
        self.call("GET", "snapshot", cookie=cookie)
        self.call("GET", "snapshot", cookie=other, status=401)
        self.assertEqual(self.login(ADMIN, PASSWORD)[0], 403)
        self.assertEqual(self.login(ADMIN, OTHER)[0], 200)


class Forgery(Case):
    def test_other_sites(self):
        """A page of another site cannot use a cookie, whatever it sends; a program with a token need not say where it is from."""
        cookie, here = self.web.admin(), f"https://127.0.0.1:{self.web.https_port}"
        body = json.dumps({"v": 1, "name": "x", "role": "viewer", "days": 1}).encode()

        def post(status, **headers):
            headers = {k.replace("_", "-"): v for k, v in headers.items()}
            got, answer = self.web.api("POST", "/api/v1/tokens", body, headers=headers)
            self.assertEqual(got, status, (headers, answer))
            self.web.sql("DELETE FROM api_tokens WHERE name = 'x'")
        post(403, Cookie=cookie)
        post(403, Cookie=cookie, X_Netmend="0")
        post(200, Cookie=cookie, X_Netmend="1")
        post(200, Cookie=cookie, X_Netmend="1", Origin=here)
        post(200, Cookie=cookie, X_Netmend="1", Origin=here, Sec_Fetch_Site="same-origin")
        for origin in ("https://evil.example", "null", here + "0", here.replace("https", "http"), "https://127.0.0.1", ""):
            post(403 if origin else 200, Cookie=cookie, X_Netmend="1", Origin=origin)
        for site in ("cross-site", "same-site", "x"):
            post(403, Cookie=cookie, X_Netmend="1", Sec_Fetch_Site=site)
        bearer = self.web.api_token("y")
        post(200, Authorization=bearer)
        # A token that opens nothing is not helped by a cookie.
        post(401, Authorization="Bearer nm_" + "0" * 32, Cookie=cookie, X_Netmend="1")
        # Nor can another site sign somebody in as somebody else.
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            status, _ = self.web.api("POST", "/api/v1/login", {"v": 1, "name": ADMIN, "password": PASSWORD}, headers=NOBODY | headers)
            self.assertEqual(status, 403)

    def test_headers_of_every_answer(self):
        for path, policy in (("/", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
                             ("/setup", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
                             ("/api/v1/me", "default-src 'none'; frame-ancestors 'none'"),
                             ("/api/v1/snapshot", "default-src 'none'; frame-ancestors 'none'"),
                             ("/none", "default-src 'none'; frame-ancestors 'none'")):
            _, headers, _ = self.web.get(path, secure=True)
            self.assertEqual(headers["Content-Security-Policy"], policy, path)
            self.assertEqual(headers["X-Frame-Options"], "DENY")
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(headers["Cross-Origin-Resource-Policy"], "same-origin")


class People(Case):
    def test_accounts(self):
        admin = self.web.admin()
        number, cookie = self.person("Bert", "viewer")
        self.assertEqual(self.call("GET", "me", cookie=cookie)["role"], "viewer")
        self.assertEqual(self.call("POST", "people", {"v": 1, "name": "bert", "role": "admin", "password": OTHER}, admin, 409)["error"],
                         "NAME_TAKEN")
        self.call("POST", "people", {"v": 1, "name": "x", "role": "root", "password": OTHER}, admin, 400)
        self.call("POST", f"people/{number}", {"v": 1, "role": "operator"}, admin)
        self.call("GET", "snapshot", cookie=cookie, status=401)  # what he may changed: he signs in again
        _, cookie = self.login("bert", OTHER)
        self.call("POST", f"people/{number}", {"v": 1, "password": "a third long password"}, admin)
        self.assertEqual(self.login("bert", OTHER)[0], 403)
        _, cookie = self.login("bert", "a third long password")
        self.call("POST", f"people/{number}", {"v": 1, "disabled": True}, admin)
        self.call("GET", "snapshot", cookie=cookie, status=401)
        self.assertEqual(self.login("bert", "a third long password"), (403, "LOGIN_WRONG"))
        self.call("POST", f"people/{number}", {"v": 1, "disabled": False}, admin)
        self.assertEqual(self.login("bert", "a third long password")[0], 200)
        listed = {p["name"]: p for p in self.call("GET", "people", cookie=admin)["people"]}
        self.assertEqual(sorted(listed), ["anna", "bert"])
        self.assertEqual(sorted(listed["bert"]), ["created", "created_by", "disabled", "id", "name", "role", "seen"])
        self.assertEqual(listed["bert"]["created_by"], "anna")
        self.call("DELETE", f"people/{number}", cookie=admin)
        self.call("DELETE", f"people/{number}", cookie=admin, status=404)
        for bad in ("0", "x", "-1", "99999999999999999999"):
            self.call("DELETE", "people/" + bad, cookie=admin, status=404)
        told = [(x["verb"], x["text"]) for x in reversed(self.actions()) if x["object"] == "bert" and x["who"] == "anna"]
        self.assertEqual(told, [("account-add", "viewer"), ("account-change", "role operator"), ("account-change", "new password"),
                                ("account-change", "disabled"), ("account-change", "enabled"), ("account-remove", "")])

    def test_the_last_admin(self):
        admin = self.web.admin()
        (me,) = self.call("GET", "people", cookie=admin)["people"]
        for change in ({"role": "operator"}, {"disabled": True}):
            self.assertEqual(self.call("POST", f"people/{me['id']}", {"v": 1} | change, admin, 409)["error"], "NOT_NOW")
        self.call("DELETE", f"people/{me['id']}", cookie=admin, status=409)
        self.call("GET", "snapshot", cookie=admin)
        self.person("carla", "admin")
        self.call("POST", f"people/{me['id']}", {"v": 1, "role": "viewer"}, admin)

    def test_tokens(self):
        admin = self.web.admin()
        made = self.call("POST", "tokens", {"v": 1, "name": "Grafana", "role": "viewer", "days": 90}, admin)
        self.assertRegex(made["token"], r"^nm_[0-9a-f]{32}$")
        bearer = "Bearer " + made["token"]
        self.call("GET", "snapshot", Authorization=bearer)
        self.assertEqual(self.call("GET", "me", Authorization=bearer)["name"], "grafana")
        for bad in (bearer[:-1], bearer + "0", bearer.replace("Bearer", "Basic"), bearer.replace("Bearer ", "Bearer  "), "Bearer", made["token"],
                    bearer.upper()):
            self.call("GET", "snapshot", status=401, Authorization=bad)
        self.assertEqual(self.call("POST", "me/password", {"v": 1, "old": OTHER, "new": OTHER}, status=409, Authorization=bearer)["error"],
                         "NOT_NOW")
        (listed,) = self.call("GET", "tokens", cookie=admin)["tokens"]
        self.assertEqual((listed["name"], listed["role"], listed["created_by"], listed["expires"] - listed["created"]),
                         ("grafana", "viewer", "anna", 90 * 86400000))
        self.assertGreater(listed["used"], 0)
        self.call("POST", "tokens", {"v": 1, "name": "grafana", "role": "viewer", "days": 1}, admin, 409)
        for days in (-1, 3651):
            self.call("POST", "tokens", {"v": 1, "name": "x", "role": "viewer", "days": days}, admin, 400)
        self.assertNotIn(made["token"], json.dumps(self.web.sql("SELECT hex(hash) FROM api_tokens")))
        self.web.sql("UPDATE api_tokens SET expires = 1000")
        self.call("GET", "snapshot", status=401, Authorization=bearer)
        self.web.sql("UPDATE api_tokens SET expires = 0")
        self.call("GET", "snapshot", Authorization=bearer)
        self.call("DELETE", f"tokens/{made['id']}", cookie=admin)
        self.call("GET", "snapshot", status=401, Authorization=bearer)

    def test_streams_end_with_the_login(self):
        number, cookie = self.person("bert", "viewer")
        for end in (lambda: self.call("POST", f"people/{number}", {"v": 1, "disabled": True}, self.web.admin()),
                    lambda: self.web.sql("UPDATE people SET disabled = 1")):  # as another appliance does
            self.web.sql("UPDATE people SET disabled = 0")
            status, cookie = self.login("bert", OTHER)
            self.assertEqual(status, 200)
            with Stream(self.web, headers={"Cookie": cookie}) as stream:
                self.assertEqual(stream.answer.status, 200)
                stream.next()
                begun = time.monotonic()
                end()
                while stream.answer.readline():
                    pass
                self.assertLess(time.monotonic() - begun, 60)
            self.web.sql("UPDATE people SET disabled = 0")

    def test_actions(self):
        admin = self.web.admin()
        for i in range(5):
            self.call("POST", "tokens", {"v": 1, "name": f"t{i}", "role": "viewer", "days": 1}, admin)
        all_ = self.actions()
        self.assertEqual([x["object"] for x in all_[:5]], ["t4", "t3", "t2", "t1", "t0"])
        self.assertEqual(sorted(all_[0]), ["at", "id", "ip", "kind", "object", "role", "text", "verb", "via", "who"])
        self.assertEqual((all_[0]["who"], all_[0]["role"], all_[0]["via"], all_[0]["ip"]), ("anna", "admin", "page", "127.0.0.1"))
        two = self.call("GET", f"actions?before={all_[1]['id']}&limit=2", cookie=admin)["actions"]
        self.assertEqual(two, all_[2:4])
        for bad in ("limit=-1", "limit=1001", "before=x", "limit="):
            self.call("GET", "actions?" + bad, cookie=admin, status=400)
        self.web.sql("UPDATE actions SET text = '=1+1, \"quoted\"' WHERE id = ?", all_[0]["id"])
        status, headers, body = self.web.get("/api/v1/actions.csv", secure=True)
        rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
        self.assertEqual((status, headers["Content-Type"], len(rows)), (200, "text/csv; charset=utf-8", len(self.actions())))
        self.assertEqual(rows[0]["id"], str(all_[0]["id"] + (len(rows) - len(all_))))
        self.assertIn("'=1+1, \"quoted\"", [r["text"] for r in rows])
        body = self.web.get(f"/api/v1/actions.csv?before={all_[1]['id']}&limit=2", secure=True)[2]
        self.assertEqual([int(r["id"]) for r in csv.DictReader(io.StringIO(body.decode(), newline=""))], [x["id"] for x in two])
        self.call("GET", "actions.csv?limit=x", cookie=admin, status=400)


if __name__ == "__main__":
    unittest.main()
