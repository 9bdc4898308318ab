#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend web, HTTPS: the fixer's whole protocol, with a hostile client's mistakes in it."""
import copy
import hashlib
import http.client
import json
import os
import signal
import threading
import time
import unittest
import uuid

from web_server import (BUILD, DHCP, PROTECTOR, VOLUME, WINDOWS, Escrow, Web, add, event, events, hello, operator, installation, pending,
                        released, result, until)

MAC = "52:54:00:12:34:56"
NAME = "52-54-00-12-34-56"
BUNDLE = os.urandom(200_000)


class Case(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)
        self.escrow = self.web.escrow
        add(self.web, MAC)

    def post(self, session, call, body, **settings):
        return self.web.api("POST", f"/v1/sessions/{session}/{call}", body, **settings)

    def refused(self, answer, status, reason, word=""):
        self.assertEqual((answer[0], answer[1]["error"]), (status, reason), answer)
        self.assertIn(word, answer[1]["text"])
        self.assertEqual(sorted(answer[1]), ["error", "text", "v"])


class Run(Case):
    def test_a_good_run_from_boot_to_windows(self):
        _, opened = self.web.open(MAC)
        self.assertEqual(sorted(opened), ["attempt", "heartbeat", "machine", "pending", "recipe", "session", "v"])
        session = opened["session"]
        self.assertEqual((opened["attempt"], opened["machine"], opened["pending"]), (1, "S56", None))
        self.assertIn("crowdstrike-291", opened["recipe"])
        self.assertEqual(self.web.row(MAC)["state"], "running")
        self.assertEqual(self.web.row(MAC)["pairing"], "")

        # The key: no answer yet, then none in escrow, then found.
        status, answer = self.web.release(session, wait=1)
        self.assertEqual((status, answer), (200, {"v": 1, "status": "pending", "reason": "WAITING_KEY", "text": "", "request": ""}))
        asked = self.escrow.asked[0]
        self.assertEqual((asked["session"], asked["machine"]["mac"]), (session, MAC))
        self.assertEqual([v["id"] for v in asked["volumes"]], [VOLUME])
        self.assertEqual([p["id"] for p in asked["volumes"][0]["protectors"]], [PROTECTOR])
        # A question that was not answered is not asked again so soon: let the connection drop.
        self.escrow.close()
        until(lambda: self.web.release(session)[1]["reason"] == "ESCROW_UNREACHABLE")
        self.escrow = self.web.escrow = Escrow(self.web.path("escrow.sock"))
        self.escrow.answer = pending("KEY_NOT_FOUND", "no record of " + PROTECTOR)
        until(lambda: self.web.release(session, wait=4)[1]["reason"] == "KEY_NOT_FOUND")
        row = self.web.row(MAC)
        self.assertEqual((row["state"], row["reason"], row["severity"]), ("waiting", "KEY_NOT_FOUND", "wait"))
        self.assertIn(PROTECTOR, row["text"])
        self.escrow.answer = released()
        status, answer = self.web.release(session, wait=25)
        self.assertEqual((answer["status"], answer["volumes"]), ("released", released()["volumes"]))
        self.assertEqual(self.web.release(session)[1], answer)
        self.assertEqual(self.web.row(MAC)["state"], "unlocking")

        # Events, the same twice.
        body = events("planning", event(1, "unlocking", "unlock"), event(2, "planning", "plan", sectors=24))
        self.assertEqual(self.post(session, "events", body), (200, {"v": 1, "ack": 2}))
        self.assertEqual(self.post(session, "events", body), (200, {"v": 1, "ack": 2}))
        self.assertEqual(self.post(session, "events", events("planning")), (200, {"v": 1, "ack": 2}))
        steps = [e["step"] for e in self.web.machine(MAC)["timeline"]]
        self.assertEqual(steps.count("plan"), 1)
        self.assertEqual(self.web.machine(MAC)["timeline"][-1]["numbers"], {"ms": 1002, "sectors": 24})

        # The bundle.
        path = f"/v1/sessions/{session}/journal"
        self.assertEqual(self.web.api("GET", path)[0], 404)
        sha = hashlib.sha256(BUNDLE).hexdigest()
        for _ in range(2):
            self.assertEqual(self.web.api("PUT", path, BUNDLE), (200, {"v": 1, "sha256": sha, "size": len(BUNDLE)}))
        self.assertEqual(os.listdir(self.web.path("bundles")), [sha + ".tar.zst"])
        self.assertEqual(self.web.call("GET", path, secure=True)[2], BUNDLE)
        self.assertEqual(self.web.machine(MAC)["bundles"][0]["state"], "pending")

        # The result: off the list, dnsmasq told, then `reboot`.
        self.web.supervisor.delay = 1
        self.web.supervisor.syncs.clear()
        self.assertEqual(self.web.answered(), [NAME])
        began = time.monotonic()
        self.assertEqual(self.post(session, "result", result("REPAIRED", sha)), (200, {"v": 1, "next": "reboot", "text": ""}))
        self.assertGreater(time.monotonic() - began, 0.9)
        self.assertEqual((self.web.answered(), len(self.web.supervisor.syncs)), ([], 1))
        self.assertEqual(self.post(session, "result", result("REPAIRED", sha))[1]["next"], "reboot")
        machine = self.web.machine(MAC)
        self.assertEqual((machine["machine"]["state"], machine["machine"]["reason"]), ("rebooting", "REPAIRED"))
        self.assertEqual(machine["bundles"], [{"sha256": sha, "size": len(BUNDLE), "at": machine["bundles"][0]["at"],
                                               "state": "confirmed"}])
        self.assertEqual(machine["result"]["sectors"], 24)
        self.assertEqual(machine["result"]["volumes"][0]["installations"], [installation()])
        self.assertEqual(machine["volumes"][0]["protectors"][0], {"id": PROTECTOR, "kind": "recovery-password"})
        self.assertNotIn("blob", json.dumps(machine))
        # What comes late changes nothing any more.
        self.post(session, "events", events("repaired", event(3, "repaired", "done")))
        self.assertEqual(self.web.row(MAC)["state"], "rebooting")

        # It comes to the network once more on its way: sent on, no relapse. Then Windows.
        self.assertNotIn("netmend.token", self.web.script(MAC))
        self.web.tell(DHCP, event=WINDOWS, mac=MAC)
        row = until(lambda: (r := self.web.row(MAC))["state"] == "returned" and r)
        self.assertEqual((row["reason"], row["attempt"]), ("RETURNED", 1))
        # After that it is one; and an operator may send it round again.
        self.assertNotIn("netmend.token", self.web.script(MAC))
        self.assertEqual(self.web.row(MAC)["reason"], "RELAPSED")
        operator(self.web, MAC, done=0, held=0)
        until(lambda: self.web.answered() == [NAME])
        _, opened = self.web.open(MAC)
        self.assertEqual((opened["attempt"], opened["pending"]), (2, None))
        log = self.web.log()
        for secret in (session, opened["session"], released()["volumes"][0]["sealed"]):
            self.assertNotIn(secret, log)

    def test_next_of_other_results(self):
        for reason, expected, state in (("VERIFY_FAILED", "again", "attention"), ("NO_BAD_FILE", "reboot", "rebooting"),
                                        ("VERIFY_FAILED", "hold", "attention"), ("OUTSIDE_WINDOW", "reboot", "rebooting"),
                                        ("OTHER_CONTENT", "reboot", "rebooting"),
                                        ("NTFS_DAMAGED", "hold", "attention")):
            operator(self.web, MAC, done=0, in_scope=1)
            until(lambda: self.web.answered() == [NAME])
            _, opened = self.web.open(MAC)
            self.assertEqual(self.post(opened["session"], "result", result(reason))[1]["next"], expected, reason)
            self.assertEqual((self.web.row(MAC)["state"], self.web.row(MAC)["reason"]), (state, reason))
            self.assertEqual(self.web.answered(), [] if expected == "reboot" else [NAME])

    def test_a_pending_bundle_comes_back_until_it_is_confirmed(self):
        _, opened = self.web.open(MAC)
        self.web.api("PUT", f"/v1/sessions/{opened['session']}/journal", BUNDLE)
        sha = hashlib.sha256(BUNDLE).hexdigest()
        _, opened = self.web.open(MAC)
        self.assertEqual(opened["pending"], {"sha256": sha, "size": len(BUNDLE)})
        session = opened["session"]
        _, headers, body = self.web.call("GET", f"/v1/sessions/{session}/journal", secure=True,
                                         headers={"Range": "bytes=100-199"})
        self.assertEqual(body, BUNDLE[100:200])
        self.assertEqual(self.post(session, "result", result("COMPLETED_PENDING", sha))[1]["next"], "reboot")
        operator(self.web, MAC, done=0)
        until(lambda: self.web.answered() == [NAME])
        self.assertIsNone(self.web.open(MAC)[1]["pending"])

    def test_bundles_end_as_the_fixer_says(self):
        saved = [BUNDLE, BUNDLE[1:], BUNDLE[2:]]
        shas = [hashlib.sha256(b).hexdigest() for b in saved]

        def run(reason, *ends):
            operator(self.web, MAC, done=0)
            until(lambda: self.web.answered() == [NAME])
            _, opened = self.web.open(MAC)
            for sha, _ in ends:
                self.web.api("PUT", f"/v1/sessions/{opened['session']}/journal", saved[shas.index(sha)])
            bundles = [{"sha256": sha, "written": written} for sha, written in ends]
            self.assertEqual(self.post(opened["session"], "result", result(reason, bundles=bundles))[0], 200)
            return opened["pending"] and opened["pending"]["sha256"]

        def states():
            return {shas.index(b["sha256"]): b["state"] for b in self.web.machine(MAC)["bundles"]}

        # Nothing was written: kept, not offered. Two of one session: each as it went.
        self.assertIsNone(run("DISK_CHANGED", (shas[0], "none")))
        self.assertEqual(states(), {0: "void"})
        self.assertIsNone(run("REPAIRED", (shas[1], "all"), (shas[2], "all")))
        self.assertEqual(states(), {0: "void", 1: "confirmed", 2: "confirmed"})
        # The void one saved again is about to be written: half written, it is offered.
        self.assertIsNone(run("VERIFY_FAILED", (shas[0], "part")))
        self.assertEqual(states()[0], "pending")
        self.assertEqual(run("NTFS_DAMAGED"), shas[0])
        self.assertEqual(run("REPAIRED", (shas[1], "none"), (shas[2], "all"), (shas[0], "all")), shas[0])
        self.assertEqual(states(), {0: "confirmed", 1: "void", 2: "confirmed"})
        self.assertEqual(len(os.listdir(self.web.path("bundles"))), 3)

    def test_dnsmasq_that_does_not_answer_delays_a_reboot_but_does_not_stop_it(self):
        self.web.supervisor.answers = False
        _, opened = self.web.open(MAC)
        began = time.monotonic()
        self.assertEqual(self.post(opened["session"], "result", result("REPAIRED"))[1]["next"], "reboot")
        self.assertTrue(4.5 < time.monotonic() - began < 60)

    def test_windows_is_seen_by_its_ports(self):
        import socket
        operator(self.web, MAC, in_scope=1)
        source = "127.0.0.77"
        _, opened = self.web.open(MAC, source)
        self.post(opened["session"], "result", result("REPAIRED"), source=source)
        self.assertEqual(self.web.row(MAC)["state"], "rebooting")
        with socket.socket() as windows:
            windows.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                windows.bind((source, 445))
            except PermissionError:
                self.skipTest("port 445 needs root")
            windows.listen()
            until(lambda: self.web.row(MAC)["state"] == "returned")
        self.assertEqual(self.web.row(MAC)["text"], "TCP port 445 answers")


class Tokens(Case):
    def test_one_token_one_session(self):
        token = self.web.token(MAC)
        body = hello(token, MAC)
        status, opened = self.web.api("POST", "/v1/sessions", body)
        self.assertEqual(status, 200)
        self.assertEqual(self.web.api("POST", "/v1/sessions", body), (200, opened))
        for change in ({"boot_id": str(uuid.uuid4())}, {"key": hello(token, MAC)["key"]}):
            self.refused(self.web.api("POST", "/v1/sessions", body | change), 403, "TOKEN_USED", "another session")
        self.refused(self.web.api("POST", "/v1/sessions", body, source="127.0.0.9"), 403, "TOKEN_OTHER_ADDRESS",
                     "handed to 127.0.0.1, not to 127.0.0.9")
        self.refused(self.web.api("POST", "/v1/sessions", body | {"token": "0" * 32}), 403, "TOKEN_INVALID")
        alarms = [e["reason"] for e in self.web.machine(MAC)["timeline"] if e["reason"].startswith("TOKEN_")]
        self.assertEqual(alarms, ["TOKEN_USED", "TOKEN_USED", "TOKEN_OTHER_ADDRESS"])
        self.assertEqual(self.web.row(MAC)["state"], "running")
        # A later boot ends the session, and only when it opens its own.
        later = self.web.token(MAC)
        self.assertEqual(self.post(opened["session"], "events", events("running"))[0], 200)
        self.assertEqual(self.web.api("POST", "/v1/sessions", hello(later, MAC))[0], 200)
        for answer in (self.post(opened["session"], "events", events("running")), self.web.release(opened["session"]),
                       self.post(opened["session"], "result", result("REPAIRED")),
                       self.web.api("PUT", f"/v1/sessions/{opened['session']}/journal", BUNDLE),
                       self.web.api("GET", f"/v1/sessions/{opened['session']}/journal")):
            self.refused(answer, 403, "SESSION_REPLACED")
        self.refused(self.web.api("POST", "/v1/sessions", body), 403, "SESSION_REPLACED")
        until(lambda: len(self.escrow.misuse) == 10)
        told = [(q["reason"], q["machine"]["mac"], q["machine"]["ip"]) for q in self.escrow.misuse]
        self.assertEqual(told, [("TOKEN_USED", MAC, "127.0.0.1")] * 2 + [("TOKEN_OTHER_ADDRESS", MAC, "127.0.0.9"),
                         ("TOKEN_INVALID", "", "127.0.0.1")] + [("SESSION_REPLACED", MAC, "127.0.0.1")] * 6)
        self.assertEqual(os.listdir(self.web.path("bundles")), [])

    def test_a_token_of_another_address_or_of_yesterday(self):
        token = self.web.token(MAC, "127.0.0.7")
        self.refused(self.web.api("POST", "/v1/sessions", hello(token, MAC)), 403, "TOKEN_OTHER_ADDRESS")
        self.assertEqual(self.web.api("POST", "/v1/sessions", hello(token, MAC), source="127.0.0.7")[0], 200)
        token = self.web.token(MAC)
        import sqlite3
        with sqlite3.connect(self.web.path("netmend.db")) as db:
            db.execute("UPDATE tokens SET created = created - 601000")
        self.refused(self.web.api("POST", "/v1/sessions", hello(token, MAC)), 403, "TOKEN_EXPIRED")
        until(lambda: len(self.escrow.misuse) == 2)
        self.assertEqual([q["reason"] for q in self.escrow.misuse], ["TOKEN_OTHER_ADDRESS", "TOKEN_EXPIRED"])

    def test_a_key_goes_to_the_address_that_opened_the_session(self):
        self.escrow.answer = released()
        _, opened = self.web.open(MAC, "127.0.0.7")
        session = opened["session"]
        self.refused(self.web.release(session), 403, "TOKEN_OTHER_ADDRESS", "opened from 127.0.0.7, not from 127.0.0.1")
        # What a repair under way has to tell is taken all the same.
        self.assertEqual(self.post(session, "events", events("running"))[0], 200)
        until(lambda: self.web.release(session, 5, source="127.0.0.7")[1]["status"] == "released")
        self.refused(self.web.release(session), 403, "TOKEN_OTHER_ADDRESS")  # not what was released before either
        until(lambda: len(self.escrow.misuse) > 1)
        self.assertEqual([(q["reason"], q["machine"]["ip"]) for q in self.escrow.misuse],
                         [("TOKEN_OTHER_ADDRESS", "127.0.0.1")] * 2)

    def test_guessed_sessions_are_told(self):
        for _ in range(3):
            self.refused(self.web.release(uuid.uuid4().hex), 403, "TOKEN_INVALID")
        until(lambda: len(self.escrow.misuse) == 3)
        self.assertEqual({(q["reason"], q["machine"]["id"], q["machine"]["ip"]) for q in self.escrow.misuse},
                         {("TOKEN_INVALID", 0, "127.0.0.1")})

    def test_held_and_out_of_scope(self):
        token = self.web.token(MAC)
        operator(self.web, MAC, held=1, state="held", reason="HELD", text="ask Ann")
        self.refused(self.web.api("POST", "/v1/sessions", hello(token, MAC)), 403, "HELD", "ask Ann")
        operator(self.web, MAC, held=0, in_scope=0)
        self.refused(self.web.api("POST", "/v1/sessions", hello(token, MAC)), 403, "HELD", "scope")
        operator(self.web, MAC, in_scope=1)
        status, opened = self.web.api("POST", "/v1/sessions", hello(token, MAC))
        self.assertEqual(status, 200)
        # Held in the middle: no key, and the fixer's reports move nothing.
        self.escrow.answer = released()
        operator(self.web, MAC, held=1, state="held", reason="HELD")
        self.assertEqual(self.web.release(opened["session"])[1]["reason"], "HELD")
        self.assertEqual(self.escrow.asked, [])
        self.post(opened["session"], "events", events("waiting", event(1, "waiting", "release", "WAITING_KEY")))
        self.assertEqual(self.web.row(MAC)["state"], "held")
        operator(self.web, MAC, held=0)
        until(lambda: self.web.release(opened["session"], wait=4)[1]["status"] == "released")
        operator(self.web, MAC, held=1)  # while escrow answered: its key is here, and stays here
        self.assertEqual(self.web.release(opened["session"])[1]["reason"], "HELD")


class Strictness(Case):
    def test_session_bodies(self):
        token = self.web.token(MAC)
        good = hello(token, MAC)
        salt, blob = (good["volumes"][0]["protectors"][0][field] for field in ("salt", "blob"))

        def bad(word, change):
            body = copy.deepcopy(good)
            change(body)
            self.refused(self.web.api("POST", "/v1/sessions", body), 400, "PROTOCOL_ERROR", word)

        for field in good:
            bad(field, lambda b, f=field: b.pop(f))
        bad("surprise", lambda b: b.update(surprise=1))
        bad("v: ", lambda b: b.update(v=2))
        bad("token", lambda b: b.update(token=token.upper() + "Z"))
        bad("key", lambda b: b.update(key="AAAA"))
        bad("boot_id", lambda b: b.update(boot_id="x" * 36))
        bad("firmware", lambda b: b["machine"].update(firmware="coreboot"))
        bad("boot_order", lambda b: b["machine"].update(boot_order="stick-first"))
        bad("machine", lambda b: b["machine"].update(boot_order=1))
        bad("macs[0]", lambda b: b["machine"].update(macs=["nonsense"]))
        bad("machine.macs", lambda b: b["machine"].update(macs=[MAC] * 17))
        bad("disks", lambda b: b.update(disks=b["disks"] * 33))
        bad("volumes.disk", lambda b: b["volumes"][0].update(disk=1))
        bad("volumes.start", lambda b: b["volumes"][0].update(start=-1))
        bad("volumes[1]", lambda b: b["volumes"][1].update(kind="luks"))
        bad("volumes.reason", lambda b: b["volumes"][0].update(reason="NONSENSE"))
        bad("volumes.id", lambda b: b["volumes"][0].update(id=VOLUME.lower()))
        bad("salt", lambda b: b["volumes"][0]["protectors"][0].pop("salt"))
        bad("blob", lambda b: b["volumes"][0]["protectors"][0].update(blob="AAAA"))
        bad("protectors.kind", lambda b: b["volumes"][0]["protectors"][1].update(kind="usb"))
        bad("protectors[1]", lambda b: b["volumes"][0]["protectors"][1].update(kind="passphrase", salt=salt, blob=blob))
        bad("volumes[0]", lambda b: b["volumes"][0].update(protectors=b["volumes"][0]["protectors"] * 17))
        for data, word in ((b"", "body"), (b"[]", "not an object"), (b"{", "body"), (b'{"v":1,"v":1}', "duplicate"),
                           (b"[" * 100, "nested"), (b"\xff\xfe", "body"), (b'{"v":1}x', "body"), (b'{"a":"\\u0000"}', "body")):
            self.refused(self.web.api("POST", "/v1/sessions", data), 400, "PROTOCOL_ERROR", word)
        self.assertEqual(self.web.api("POST", "/v1/sessions", good)[0], 200)
        # Names of the firmware are cleaned, not refused.
        body = hello(self.web.token(MAC), MAC)
        body["machine"].update(product="A\n\x1b[2J<b>", serial="To Be Filled By O.E.M.", uuid="00000000-0000-0000-0000-000000000000")
        self.assertEqual(self.web.api("POST", "/v1/sessions", body)[0], 200)
        row = self.web.row(MAC)
        self.assertEqual((row["product"], row["serial"]), ("A??[2J<b>", "S56"))

    def test_event_bodies(self):
        session = self.web.open(MAC)[1]["session"]
        good = event(1, "planning", "plan")
        for word, body in (("events", events("planning") | {"events": [good] * 65}),
                           ("state", events("returned", good)),
                           ("state", events("planning", good | {"state": "held"})),
                           ("seq", events("planning", good | {"seq": 0})),
                           ("ascending", events("planning", good, good)),
                           ("step", events("planning", good | {"step": "a b"})),
                           ("reason", events("planning", good | {"reason": "NOPE"})),
                           ("text", events("planning", good | {"text": "x" * 401})),
                           ("numbers", events("planning", good | {"numbers": {"a": 1.5}})),
                           ("numbers", events("planning", good | {"numbers": {str(i): i for i in range(33)}})),
                           ("extra", events("planning", good | {"extra": 1}))):
            self.refused(self.post(session, "events", body), 400, "PROTOCOL_ERROR", word)
        self.assertEqual(self.post(session, "events", events("planning"))[1]["ack"], 0)
        for bad in ("0" * 32, "x", session[:-1], session + "0", session.upper()):
            self.refused(self.post(bad, "events", events("planning", good)), 403, "TOKEN_INVALID")

    def test_result_bodies(self):
        session = self.web.open(MAC)[1]["session"]
        for word, change in (("reason", {"reason": "FINE"}), ("bundles.sha256", {"bundles": [{"sha256": "zz", "written": "all"}]}),
                             ("bundles.written", {"bundles": [{"sha256": "ab" * 32, "written": "some"}]}), ("bundles", {"bundles": [{}] * 34}), ("boot_next", {"boot_next": "maybe"}), ("safe_mode", {"safe_mode": "some"}),
                             ("timing", {"timing": {}}), ("volumes", {"volumes": {}}), ("volumes[0]", {"volumes": [{}]}),
                             ("sectors", {"sectors": -1}), ("more", {"more": 1})):
            self.refused(self.post(session, "result", result("REPAIRED") | change), 400, "PROTOCOL_ERROR", word)
        self.assertEqual(self.web.row(MAC)["state"], "running")
        self.refused(self.web.api("GET", f"/v1/sessions/{session}/release?wait=x"), 400, "PROTOCOL_ERROR", "wait")

    def test_what_a_disk_tells(self):
        session = self.web.open(MAC)[1]["session"]

        def post(*windows):
            body = result("REPAIRED")
            body["volumes"][0]["installations"] = list(windows)
            return self.post(session, "result", body)

        def bad(word, part=None, **changes):
            windows = installation()
            {None: windows, "crash": windows["crash"], "folders": windows["folders"][0]}[part].update(changes)
            self.refused(post(windows), 400, "PROTOCOL_ERROR", word)

        for field in installation():
            windows = installation()
            del windows[field]
            self.refused(post(windows), 400, "PROTOCOL_ERROR", field)
        bad("more", more=1)
        bad("build", build=-1)
        bad("build", build=1 << 32)
        bad("installations", product="x" * 261)
        bad("Expected object", crash=[])
        bad("crash.source", "crash", source="memory")
        bad("crash.kind", "crash", kind="large")
        bad("crash.path", "crash", path="\u00e4" * 131)
        bad("crash.code", "crash", code=1 << 32)
        bad("crash.time", "crash", time="yesterday at noon")
        bad("crash.name", "crash", name="X" * 129)
        bad("crash.module", "crash", module="x" * 129)
        bad("crash.parameters", "crash", parameters=["0" * 16] * 3)
        bad("crash.parameters", "crash", parameters=["0" * 16] * 3 + [0])
        bad("crash.parameters", "crash", parameters=["0" * 16] * 3 + ["0" * 15 + "G"])
        bad("folders", folders=[installation()["folders"][0]] * 9)
        bad("folders.files", "folders", files=-1)
        bad("folders.newest", "folders", newest="a b")
        self.refused(post(*[installation()] * 9), 400, "PROTOCOL_ERROR", "at most 8")
        # No crash, and text that only looks dangerous, are fine; control characters are gone.
        self.assertEqual(post(installation(crash=None, product="<b>\x1b[2J", folders=[]))[0], 200)
        (stored,) = self.web.machine(MAC)["result"]["volumes"][0]["installations"]
        self.assertEqual((stored["crash"], stored["product"], stored["folders"]), (None, "<b>?[2J", []))

    def test_sizes(self):
        session = self.web.open(MAC)[1]["session"]
        self.refused(self.post(session, "events", b" " * (256 * 1024 + 1)), 413, "REQUEST_TOO_LARGE", "262144")
        self.refused(self.web.api("PUT", f"/v1/sessions/{session}/journal", bytes(64 * 1024 * 1024 + 1)), 413, "REQUEST_TOO_LARGE")
        self.refused(self.web.api("PUT", f"/v1/sessions/{session}/journal", b""), 400, "PROTOCOL_ERROR", "empty")
        self.assertEqual(os.listdir(self.web.path("bundles")), [])
        # An upload cut short leaves nothing.
        connection = http.client.HTTPSConnection("127.0.0.1", self.web.https_port, context=__import__("ssl")._create_unverified_context())
        connection.putrequest("PUT", f"/v1/sessions/{session}/journal")
        connection.putheader("Content-Length", "100000")
        connection.endheaders(b"half")
        connection.close()
        time.sleep(0.2)
        self.assertEqual(os.listdir(self.web.path("bundles")), [])
        self.assertIsNone(self.web.open(MAC)[1]["pending"])

    def test_a_bundle_that_cannot_be_stored_is_refused(self):
        session = self.web.open(MAC)[1]["session"]
        os.rename(self.web.path("bundles"), self.web.path("gone"))
        answer = self.web.api("PUT", f"/v1/sessions/{session}/journal", BUNDLE)
        self.refused(answer, 507, "JOURNAL_REFUSED")

    def test_the_request_people_approve_goes_to_the_machine(self):
        session = self.web.open(MAC)[1]["session"]
        for request in ("0011223344556677", "8899aabbccddeeff", ""):
            self.escrow.answer = pending("WAITING_APPROVAL" if request else "WAITING_KEY") | {"request": request, "code": "K7QFMF" * bool(request)}
            answer = until(lambda: (a := self.web.release(session, wait=25)[1])["request"] == request and a)
            self.assertEqual(sorted(answer), ["reason", "request", "status", "text", "v"])

    def test_escrow_that_talks_nonsense_releases_nothing(self):
        session = self.web.open(MAC)[1]["session"]
        good = released()
        for answer in (good | {"volumes": []}, good | {"status": "granted"}, good | {"extra": 1}, good | {"reason": "X"},
                       good | {"volumes": [good["volumes"][0] | {"sealed": "AAAA"}]}):
            self.escrow.answer, before = answer, len(self.escrow.asked)
            until(lambda: self.web.release(session, wait=1)[1]["status"] == "pending" and len(self.escrow.asked) > before)
        self.escrow.answer = pending("RELEASE_DENIED", "not this one") | {"status": "denied"}
        answer = until(lambda: (a := self.web.release(session, wait=4)[1])["status"] == "denied" and a)
        self.assertEqual(answer, {"v": 1, "status": "denied", "reason": "RELEASE_DENIED", "text": "not this one", "request": ""})
        self.assertEqual(self.web.row(MAC)["reason"], "RELEASE_DENIED")


class Restart(Case):
    def test_killed_in_mid_session(self):
        body, opened = self.web.open(MAC)
        session = opened["session"]
        self.post(session, "events", events("planning", event(1, "planning", "plan")))
        self.web.api("PUT", f"/v1/sessions/{session}/journal", BUNDLE)
        self.escrow.answer = released()
        until(lambda: self.web.release(session, wait=2)[1]["status"] == "released")
        asked = len(self.escrow.asked)
        before = self.web.machine(MAC)
        self.web.stop(signal.SIGKILL)
        self.web.start()
        self.assertEqual(self.web.machine(MAC)["timeline"], before["timeline"])
        again = self.web.api("POST", "/v1/sessions", body)[1]
        self.assertEqual({k: v for k, v in again.items() if k != "pending"},
                         {k: v for k, v in opened.items() if k != "pending"})
        self.assertEqual(self.web.release(session)[1]["status"], "released")
        self.assertEqual(len(self.escrow.asked), asked)
        self.assertEqual(self.post(session, "events", events("planning", event(1, "planning", "plan"), event(2, "repairing", "commit"))),
                         (200, {"v": 1, "ack": 2}))
        end = result("REPAIRED", hashlib.sha256(BUNDLE).hexdigest())
        self.assertEqual(self.post(session, "result", end)[1]["next"], "reboot")
        self.web.stop(signal.SIGKILL)
        self.web.start()
        self.assertEqual(self.post(session, "result", end)[1]["next"], "reboot")
        self.assertEqual(self.web.answered(), [])
        self.assertEqual(self.web.machine(MAC)["bundles"][0]["state"], "confirmed")

    def test_a_stop_ends_waiting_calls(self):
        session = self.web.open(MAC)[1]["session"]
        ended = []

        def poll():
            try:
                ended.append(self.web.release(session, wait=25)[0])
            except (OSError, http.client.HTTPException):
                ended.append("closed")

        thread = threading.Thread(target=poll)
        thread.start()
        time.sleep(0.5)
        began = time.monotonic()
        self.web.stop()
        thread.join(24)
        self.assertLess(time.monotonic() - began, 24)
        self.assertEqual(len(ended), 1)


if __name__ == "__main__":
    unittest.main()
