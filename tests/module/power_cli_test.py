#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend power`: what an administrator types before the incident and in it. check and status with a real netmend-escrow, its vault,
netmend-power and controllers; what escrow says when it cannot, by a stand-in of its socket."""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

import ipmi_bmc
from escrow_lab import BUILD, WEB_USER, EscrowCase
from power_escrow_test import UUID, Case, certificate, line
from redfish_standin import Redfish

USERS = f"web-user = {WEB_USER}\nescrow-user = 64872\nfetch-user = 64873\npower-user = 64874\n"
MAC = "52:54:00:00:0d:01"


class Command:
    """`netmend power` with a configuration in self.dir, whose runtime folder has escrow's socket."""

    def configure(self, power=""):
        os.chmod(self.dir, 0o755)
        os.makedirs(f"{self.dir}/run", 0o755, exist_ok=True)
        self.config = f"{self.dir}/netmend.conf"
        with open(self.config, "w") as f:
            f.write(f"[server]\nstate = {self.dir}/state\nruntime = {self.dir}/run\n{USERS}{power}")

    def netmend(self, *words, status=0, stdin=""):
        done = subprocess.run([os.path.join(BUILD, "netmend"), *words, "--config", self.config], input=stdin, capture_output=True, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def run_power(self, *words, **more):
        return self.netmend("power", *words, **more)


class Look(Case, Command):
    def setUp(self):
        super().setUp()
        os.chmod(self.work, 0o755)
        self.configure()
        self.path = f"{self.dir}/run/escrow.sock"

    def test_check_before_the_incident(self):
        """One that could be driven, one whose login is wrong, one that does not answer: the bad ones come first."""
        self.bmc("on")
        redfish = Redfish(certificate())
        self.addCleanup(redfish.close)
        nobody = socket.create_server(("127.0.0.9", 0))
        dead = nobody.getsockname()[1]
        nobody.close()
        self.begin(line(uuid=UUID), line(name="srv2", kind="redfish", port=redfish.port, user=redfish.user, password="another"),
                   line(name="srv10", kind="redfish", address="127.0.0.9", port=dead))
        done = self.run_power("check", status=1)
        rows = done.stdout.splitlines()
        self.assertEqual([r.split()[0] for r in rows[:4]], ["machine", "srv2", "srv10", "srv1"])
        for row, words in zip(rows[1:], (("refuses our login",), ("does not answer",), (" on ", " ok"))):
            for word in words:
                self.assertIn(word, row)
        self.assertIn("1: the management controller refuses our login\n   > Correct its user or password", done.stdout)
        self.assertEqual(rows[-1], "1 reachable, 2 not")
        self.assertNotIn("\r", done.stderr)  # progress is for a terminal
        told = json.loads(self.run_power("check", "--json", "--at-once", "1", status=1).stdout)
        self.assertEqual((told["reachable"], told["not"]), (1, 2))
        self.assertEqual([(m["name"], m["reason"]) for m in told["machines"]],
                         [("srv2", "POWER_LOGIN"), ("srv10", "POWER_UNREACHABLE"), ("srv1", "OK")])
        good = told["machines"][2]
        self.assertEqual((good["address"], good["type"], good["power"], good["uuid"]), ("127.0.0.1", "ipmi", "on", UUID))
        self.assertEqual((self.audit("power"), self.told("act")), ([], []))
        for secret in (ipmi_bmc.PASSWORD, "another"):
            self.assertNotIn(secret, done.stdout + done.stderr + json.dumps(told))

    def test_chosen_machines(self):
        """By the store's names and filters; one without a controller, and one only the vault knows."""
        self.bmc()
        self.begin(line(serial="SER-1"), line(name="srv2", address="127.0.0.2"))
        self.netmend("inventory", "import", "-", stdin="name,serial,site\nother-name,SER-1,Bern\nbare,SER-9,Zug\n")
        done = self.run_power("check", "--site", "Bern")
        self.assertRegex(done.stdout, r"other-name +127.0.0.1 +ipmi .* off .* ok\n")
        self.assertEqual(done.stdout.splitlines()[-1], "1 reachable, 0 not")
        (one,) = json.loads(self.run_power("status", "bare", "--json", status=1).stdout)["machines"]
        self.assertEqual((one["name"], one["reason"], one["address"]), ("bare", "POWER_NO_BMC", ""))
        (one,) = json.loads(self.run_power("status", "SRV1", "--json").stdout)["machines"]
        self.assertEqual((one["name"], one["serial"], one["power"]), ("srv1", "SER-1", "off"))
        self.assertIn("no machine nowhere", self.run_power("check", "nowhere", status=1).stderr)
        self.assertIn("not both", self.run_power("check", "srv1", "--site", "Bern", status=2).stderr)
        self.assertIn("from 1 to 256", self.run_power("check", "--at-once", "0", status=2).stderr)

    def test_nothing_known(self):
        self.begin()
        self.assertIn("netmend power import", self.run_power("check", status=1).stderr)

    def test_no_escrow(self):
        self.assertIn("start netmend serve", self.run_power("check", status=1).stderr)

    def test_driven_by_nobody(self):
        self.begin(line(), power=False)
        self.configure("[power]\ndrive = no\n")
        self.assertIn("drive = no", self.run_power("check", status=1).stderr)


class Socket(unittest.TestCase, Command):
    """Answers of an escrow that has trouble."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="netmend-power-cli-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.configure()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.listener.close)
        self.listener.bind(f"{self.dir}/run/escrow.sock")
        self.listener.listen(4)

    def answer(self, of):
        """One connection, until of() says None."""
        def run():
            connection = self.listener.accept()[0]
            with connection, contextlib.suppress(OSError):
                while data := connection.recv(1 << 18):
                    for told in of(json.loads(data)) or [None]:
                        if told is None:
                            return
                        connection.send(json.dumps(told).encode())
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 60)
        self.addCleanup(self.listener.shutdown, socket.SHUT_RDWR)  # for a test that failed before anybody came

    def record(self, number):
        return {"id": number, "name": f"srv{number}", "uuid": "", "serial": "", "macs": [], "type": "auto", "address": f"10.9.0.{number}", "port": 0,
                "group": "", "user": "", "pin": ""}

    def test_locked(self):
        self.answer(lambda q: [{"v": 1, "id": q["id"], "ok": True, "locked": True}])
        self.assertIn("netmend keys unlock", self.run_power("check", status=1).stderr)

    def test_answers_in_another_order(self):
        """Two pages of records; answers last first, news and an answer to nothing between them."""
        held, pages = [], []

        def of(q):
            if q["op"] == "status":
                return [{"v": 1, "id": q["id"], "ok": True, "locked": False}]
            if q["op"] == "bmcs":
                pages.append(q["after"])
                return [{"v": 1, "id": q["id"], "ok": True, "reason": "OK", "text": "", "bmcs": [self.record(q["after"] + 1)], "more": q["after"] < 2}]
            held.append(q)
            if len(held) < 3:
                return [{"v": 1, "news": "requests"}, {"v": 1, "id": 9999, "ok": True}]
            return [{"v": 1, "id": h["id"], "ok": True, "reason": "OK", "text": "", "known": True, "type": "ipmi", "address": "10.9.0.9",
                     "power": "on", "boot": h["machine"]["name"], "bmc": {"product": "P\x1b[31m", "firmware": "7"}, "steps": []} for h in reversed(held)]
        self.answer(of)
        done = self.run_power("status")
        self.assertEqual(pages, [0, 1, 2])
        self.assertEqual([h["order"] for h in held], ["status"] * 3)
        rows = [r.split() for r in done.stdout.splitlines()[1:4]]
        self.assertEqual([(r[0], r[-2]) for r in rows], [(f"srv{n}", f"srv{n}") for n in (1, 2, 3)])
        self.assertNotIn("\x1b", done.stdout)

    def test_an_escrow_that_dies(self):
        """What has come is shown, the rest is not taken for good."""
        asked = []

        def of(q):
            if q["op"] == "status":
                return [{"v": 1, "id": q["id"], "ok": True, "locked": False}]
            if q["op"] == "bmcs":
                return [{"v": 1, "id": q["id"], "ok": True, "reason": "OK", "text": "", "bmcs": [self.record(n) for n in (1, 2)], "more": False}]
            asked.append(q)
            return len(asked) < 2 and [{"v": 1, "id": q["id"], "ok": True, "reason": "OK", "text": "", "type": "ipmi", "address": "", "power": "off",
                                        "boot": "", "bmc": {}, "steps": []}]
        self.answer(of)
        done = self.run_power("check", "--json", "--at-once", "1", status=1)
        told = json.loads(done.stdout)
        self.assertEqual([(m["name"], m["reason"]) for m in told["machines"]], [("srv2", "ESCROW_UNREACHABLE"), ("srv1", "OK")])
        self.assertIn("without an answer", done.stderr)

    def test_a_refusal_is_not_taken_for_good(self):
        def of(q):
            if q["op"] == "bmcs":
                return [{"v": 1, "id": q["id"], "ok": False, "reason": "VAULT_LOCKED", "text": "locked meanwhile"}]
            return [{"v": 1, "id": q["id"], "ok": True, "locked": False}]
        self.answer(of)
        self.assertIn("locked meanwhile", self.run_power("check", status=1).stderr)


if __name__ == "__main__":
    unittest.main()
