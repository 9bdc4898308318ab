#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend power`: what an administrator types before the incident and in it. check and status with a real netmend-escrow, its vault,
netmend-power and controllers; what escrow says when it cannot, by a stand-in of its socket. Orders on the store, where the test does
what web would do with them."""
import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

import ipmi_bmc
from completion_test import Terminal
from escrow_lab import BUILD, WEB_USER, settings
from power_escrow_test import UUID, Case, certificate, line
from redfish_standin import Redfish

USERS = f"web-user = {WEB_USER}\nescrow-user = 64872\nfetch-user = 64873\npower-user = 64874\n"
MAC = "52:54:00:00:0d:01"


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("not in 60 s")
        time.sleep(0.05)


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

    def test_netmend_power_does_not_run(self):
        self.verb("bmc-import", "0:list", text=f"machine,uuid,serial,address,port,type,user,password\n{line()}\n")
        self.start(settings() | {"power": f"{self.dir}/run/nobody.sock"})
        done = self.run_power("check", status=1)
        self.assertIn("netmend-power, which talks to controllers, does not run", done.stderr)
        self.assertIn("0 reachable, 1 not", done.stdout)

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

    def test_progress_on_a_terminal(self):
        held = []

        def of(q):
            if q["op"] == "status":
                return [{"v": 1, "id": q["id"], "ok": True, "locked": False}]
            if q["op"] == "bmcs":
                return [{"v": 1, "id": q["id"], "ok": True, "reason": "OK", "text": "", "bmcs": [self.record(n) for n in (1, 2)], "more": False}]
            held.append(q)
            if q["machine"]["name"] == "srv2":
                seen.wait(60)
            good = q["machine"]["name"] == "srv2"
            return [{"v": 1, "id": q["id"], "ok": good, "reason": "OK" if good else "POWER_LOGIN", "text": "no", "type": "ipmi", "address": "",
                     "power": "on", "boot": "", "bmc": {}, "steps": []}]
        seen = threading.Event()
        self.addCleanup(seen.set)
        self.answer(of)
        shell = Terminal(os.path.join(BUILD, "netmend"), "power", "check", "--config", self.config, size=(24, 200), COLUMNS="200")
        shell.until("1 of 2 have answered, 1 of them badly", 60)
        seen.set()
        shell.until(r"\r\x1b\[K.*srv1 .*refuses our login: no.*srv2 .*ok.*1 reachable, 1 not", 60)
        self.assertEqual(shell.end(), 1)

    def test_many(self):
        """A thousand records on pages; 64 questions are on their way before the first is answered."""
        held, total = [], 1000

        def of(q):
            if q["op"] == "status":
                return [{"v": 1, "id": q["id"], "ok": True, "locked": False}]
            if q["op"] == "bmcs":
                numbers = range(q["after"] + 1, min(q["after"] + 300, total) + 1)
                return [{"v": 1, "id": q["id"], "ok": True, "reason": "OK", "text": "", "bmcs": [self.record(n) for n in numbers],
                         "more": numbers[-1] < total}]
            held.append(q)
            if len(held) % 64 and len(held) < total:
                return [{"v": 1, "news": "requests"}]
            return [{"v": 1, "id": h["id"], "ok": True, "reason": "OK", "text": "", "type": "ipmi", "address": "", "power": "on",
                     "boot": h["machine"]["name"], "bmc": {}, "steps": []} for h in reversed(held[(len(held) - 1) // 64 * 64:])]
        self.answer(of)
        told = json.loads(self.run_power("check", "--json").stdout)
        self.assertEqual((told["reachable"], told["not"]), (total, 0))
        self.assertEqual([(m["name"], m["boot"]) for m in told["machines"]], [(f"srv{n}", f"srv{n}") for n in range(1, total + 1)])

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


class Orders(unittest.TestCase, Command):
    """srv1 and srv2 in Bern and srv3 in Zug are in scope and have controllers; srv4, in Bern, has none."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="netmend-power-cli-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.configure()
        self.netmend("inventory", "import", "-", stdin="name,mac,site,rack\n" + "".join(
            f"srv{n},52:54:00:00:0d:0{n},{'Zug' if n == 3 else 'Bern'},A\n" for n in (1, 2, 3, 4)))
        self.ids = {}
        for n in (1, 2, 3, 4):
            self.netmend("machines", "add", f"52:54:00:00:0d:0{n}")
        for m in json.loads(self.netmend("machines", "list", "--json").stdout):
            self.ids[m["name"]] = m["id"]
        for n in (1, 2, 3):
            self.sql("INSERT INTO machine_bmc VALUES (?, 'one', 'ipmi', ?)", self.ids[f"srv{n}"], f"10.9.0.{n}")

    def sql(self, text, *values):
        with contextlib.closing(sqlite3.connect(f"{self.dir}/state/web/netmend.db", timeout=60)) as db, db:
            return db.execute(text, values).fetchall()

    def now(self, name, state, reason="OK", text="", tries=1):
        """What web does with the machine's order."""
        self.sql("UPDATE power_orders SET state = ?, reason = ?, text = ?, tries = ? WHERE machine = ?", state, reason, text, tries, self.ids[name])

    def orders(self, *words):
        return json.loads(self.run_power("orders", "--json", *words).stdout)["orders"]

    def test_dry_run_changes_nothing(self):
        done = self.run_power("boot", "--site", "Bern", "--dry-run", status=1)
        rows = done.stdout.splitlines()
        self.assertRegex(rows[1], "^srv4 +- +POWER_NO_BMC +no management controller")
        self.assertRegex(rows[2], "^srv1 +ipmi 10.9.0.1 +switched off if it is on, one start from the network")
        self.assertEqual(rows[-1], "2 would be switched, 1 are refused")
        self.assertEqual(self.orders(), [])
        told = json.loads(self.run_power("off", "srv1", "srv3", "srv1", "--dry-run", "--json").stdout)
        self.assertEqual((told["order"], told["dry_run"], told["count"], told["refused"]), ("off", True, 2, 0))
        self.assertEqual([(m["name"], m["bmc"], m["reason"]) for m in told["machines"]], [("srv1", "ipmi 10.9.0.1", "OK"), ("srv3", "ipmi 10.9.0.3", "OK")])

    def test_nobody_to_ask(self):
        self.assertIn("nothing was done", self.run_power("off", "srv1", status=1).stderr)
        self.assertIn("--yes or --dry-run", self.run_power("off", "srv1", "--json", status=2).stderr)
        self.assertEqual(self.orders(), [])

    def test_orders(self):
        done = self.run_power("boot", "--site", "Bern", "--yes", "--why", "INC-1", "--per-rack", "4", "--per-feed", "3", "--at-once", "7", status=1)
        self.assertIn("boot: ordered for 2 of 3 machines", done.stdout)
        self.assertIn("netmend: srv4: no management controller", done.stderr)
        self.assertIn("does not run on this host", done.stderr)
        orders = {o["name"]: o for o in self.orders()}
        self.assertEqual(set(orders), {"srv1", "srv2"})
        self.assertEqual((orders["srv1"]["order"], orders["srv1"]["state"], orders["srv1"]["why"], orders["srv1"]["bmc"]),
                         ("boot", "waiting", "INC-1", "ipmi 10.9.0.1"))
        self.assertEqual(self.sql("SELECT DISTINCT per_rack, per_feed, at_once, force FROM power_orders"), [(4, 3, 7, 0)])
        record = json.loads(self.netmend("audit", "actions", "--json").stdout)["actions"][0]
        self.assertEqual((record["verb"], record["text"]), ("power-boot", "site=Bern; INC-1"))
        self.assertIn("under way: netmend power stop", self.run_power("on", "srv1", "--yes", status=1).stderr)
        self.now("srv1", "driving")
        stopped = self.run_power("stop", "--site", "Bern", "--why", "wrong rack").stdout
        self.assertIn("1 order is stopped\n1 in all are under way", stopped)
        self.now("srv1", "failed", "POWER_LOGIN", "10.9.0.1: password refused")
        text = self.run_power("orders").stdout
        self.assertRegex(text, "srv1 +boot +FAILED .*refuses our login: 10.9.0.1: password refused")
        self.assertRegex(text, "srv2 +boot +stopped .*wrong rack")
        self.assertEqual(self.orders("--open"), [])
        self.assertEqual(len(self.orders("--last", "1")), 1)

    def test_shown_with_its_machine(self):
        self.run_power("boot", "srv1", "--yes")
        self.now("srv1", "failed", "POWER_STUCK", "10.9.0.1: still on")
        self.sql("UPDATE power_orders SET steps = ?", json.dumps([{"step": "connect", "ms": 1250, "ok": True, "text": "10.9.0.1: ipmi"},
                                                                  {"step": "off", "ms": 60000, "ok": False, "text": "still \x1b[31mon"}]))
        text = self.netmend("machines", "show", "srv1").stdout
        self.assertIn("  power     controller ipmi 10.9.0.1\n", text)
        self.assertRegex(text, r"  order     boot by root.*, .*: failed, the power did not change: 10.9.0.1: still on\n"
                         r" +connect, 1\.2 s: 10.9.0.1: ipmi\n +off, 60\.0 s, FAILED: still \?\[31mon\n")
        self.assertIn(", rack A", text)

    def test_stop_all(self):
        self.run_power("on", "srv1", "srv3", "--yes")
        self.run_power("stop", status=2)
        self.run_power("stop", "srv1", "--all", status=2)
        self.assertEqual(len(self.orders("--open")), 2)
        self.assertIn("2 orders are stopped", self.run_power("stop", "--all").stdout)
        self.assertIn("no order is open", self.run_power("orders", "--open").stdout)

    def test_force_and_a_repair_that_runs(self):
        self.sql("UPDATE machines SET state = 'returned' WHERE id = ?", self.ids["srv1"])
        self.assertIn("--force", self.run_power("cycle", "srv1", "--yes", status=1).stderr)
        self.run_power("cycle", "srv1", "--yes", "--force")
        self.assertEqual(self.sql("SELECT force FROM power_orders"), [(1,)])
        self.sql("UPDATE machines SET state = 'repairing' WHERE id = ?", self.ids["srv2"])
        self.assertIn("repair is under way", self.run_power("off", "srv2", "--yes", "--force", status=1).stderr)

    def test_image(self):
        self.assertIn("start the appliance once", self.run_power("media", "srv1", "--yes", status=1).stderr)
        for image in ("ftp://a/b", "http://a b", "http://" + 600 * "x"):
            self.run_power("media", "srv1", "--yes", "--image", image, status=2)
        self.assertIn("no virtual media", self.run_power("media", "srv1", "--yes", "--image", "http://10.0.0.1/netmend.iso", status=1).stderr)
        self.sql("UPDATE machine_bmc SET type = 'redfish' WHERE machine = ?", self.ids["srv1"])
        self.run_power("media", "srv1", "--yes", "--image", "http://10.0.0.1/netmend.iso")
        self.assertEqual(self.sql("SELECT image FROM power_orders"), [("http://10.0.0.1/netmend.iso",)])

    def test_which(self):
        for words, says in ((("boot", "--yes"), "which machines"), (("boot", "srv1", "--site", "Bern", "--yes"), "not both"),
                            (("boot", "srv1", "--yes", "--per-rack", "x"), "--per-rack takes a number from 0")):
            self.assertIn(says, self.run_power(*words, status=2).stderr)
        self.assertIn("no machine srv9", self.run_power("boot", "srv1", "srv9", "--yes", status=1).stderr)
        self.assertIn("no machine is like that", self.run_power("boot", "--site", "Genf", "--yes", status=1).stderr)
        self.assertEqual(self.orders(), [])

    def test_watch(self):
        """One that is done, one that fails, in a pipe."""
        with subprocess.Popen([os.path.join(BUILD, "netmend"), "power", "boot", "srv1", "srv2", "--yes", "--watch", "--config", self.config],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as watch:
            self.addCleanup(watch.kill)
            lines = []

            def until(what):
                while what not in (line := watch.stdout.readline()):
                    self.assertTrue(line, lines)
                    lines.append(line)
                return line
            until("srv1  waits for its turn")
            until("srv2  waits for its turn")
            self.now("srv1", "driving")
            until("srv1  under way")
            self.now("srv1", "booting")
            until("srv1  switched on, has to ask for its boot")
            self.now("srv1", "done")
            until("srv1  done")
            self.now("srv2", "failed", "POWER_NO_BOOT", "no question came", 2)
            until("srv2  FAILED: no question came")
            rest = watch.stdout.read()
            self.assertRegex(rest, "srv2 +ipmi 10.9.0.2 +failed +2 +switched on, but it never asked for its boot: no question came +Look at its screen")
            self.assertIn("1 done, 1 failed, 0 stopped", rest)
            self.assertNotIn("\r", "".join(lines) + rest)
            self.assertEqual(watch.wait(60), 1)

    def test_watch_for_programs(self):
        with subprocess.Popen([os.path.join(BUILD, "netmend"), "power", "boot", "srv1", "srv4", "--yes", "--watch", "--json", "--config", self.config],
                              stdout=subprocess.PIPE, text=True) as watch:
            self.addCleanup(watch.kill)
            wait_until(lambda: len(self.orders()) == 1)
            self.now("srv1", "done")
            told = json.loads(watch.stdout.read())
            self.assertEqual(watch.wait(60), 1)  # srv4 was refused
        self.assertEqual([(o["name"], o["state"]) for o in told["orders"]], [("srv1", "done")])
        self.assertEqual([(m["name"], m["reason"]) for m in told["refused"]], [("srv4", "POWER_NO_BMC")])

    def test_a_person_is_asked(self):
        """Shown first; those that were shown as refused stay so."""
        for typed, count in (("n", 0), ("y", 2)):
            shell = Terminal(os.path.join(BUILD, "netmend"), "power", "boot", "--site", "Bern", "--config", self.config, COLUMNS="200",
                             size=(24, 200))
            shell.until(r"srv4 .*POWER_NO_BMC.*srv1 .*switched off if it is on.*2 would be switched, 1 are refused.*boot 2 machines\? \[y/N\] ", 60)
            shell.type(typed + "\n")
            shell.until("ordered for 2 of 3 machines" if count else "nothing was done", 60)
            with contextlib.suppress(OSError):
                while os.read(shell.fd, 4096):
                    pass
            self.assertEqual(shell.end(), 1)
            self.assertEqual(len(self.orders()), count)


if __name__ == "__main__":
    unittest.main()
