#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the question of web to a controller and back: netmend-escrow with its vault, netmend-power, an IPMI controller (pyghmi) and a
Redfish stand-in. What is recorded, learnt, refused; and that web is told no password and no user."""
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import ipmi_bmc
from escrow_lab import ESCROW, WEB_USER, EscrowCase, settings
from power_client import Power
from redfish_standin import Redfish

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = 6230
UUID, OTHER_UUID = "4C4C4544-0042-3510-8054-B4C04F4E4E32", "11111111-2222-3333-4444-555555555555"


def until(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not in 60 s: {what}")
        time.sleep(0.02)


class Case(EscrowCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="netmend-escrow-")
        cls.addClassCleanup(shutil.rmtree, cls.work)

    def setUp(self):
        super().setUp()
        self.bmc_log = self.dir + "/bmc"

    def bmc(self, *faults):
        process = subprocess.Popen(["/usr/bin/python3", f"{HERE}/ipmi_bmc.py", str(PORT), self.bmc_log, *faults], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        until(lambda: os.path.exists(self.bmc_log) and self.told("ready"), "the controller")

    def told(self, what):
        with open(self.bmc_log) as f:
            lines = f.read().split("\n")[:-1]
        return [entry[what] for entry in map(json.loads, lines) if what in entry]

    def drive(self):
        self.power = Power()
        self.addCleanup(self.power.close)
        return self.power.path

    def begin(self, *lines, power=True):
        """A running escrow that knows these controllers; as web is connected."""
        self.verb("bmc-import", "0:list", text="\n".join(("machine,uuid,serial,address,port,type,user,password", *lines, "")))
        self.root = self.start(settings() | ({"power": self.drive()} if power else {}))
        self.web = self.as_web()
        return self.web

    def as_web(self):
        os.chmod(self.work, 0o755)
        os.chmod(self.dir, 0o755)
        os.chmod(self.path, 0o777)
        os.seteuid(WEB_USER)
        try:
            return self.connect()
        finally:
            os.seteuid(0)

    def verb(self, verb, *words, text="", status=0):
        result = subprocess.run([ESCROW, verb, "--state", self.state, *words], input=text, capture_output=True, text=True)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.answers.append((result.stdout + result.stderr).encode())
        return result.stdout + result.stderr

    @staticmethod
    def question(order, name="srv1", image="", other=False, **machine):
        return {"op": "power", "order": order, "machine": {"id": 1, "name": name, "uuid": "", "serial": "", "macs": [], **machine},
                "firmware": "auto", "other": other, "image": image, "by": "anna", "why": "campaign july"}

    def order(self, order, client=None, **machine):
        client = client or self.web
        client.socket.settimeout(120)
        return client.ask(self.question(order, **machine))

    def no_password(self, *passwords):
        self.log.flush()
        places = list(self.answers) + [self.power.log().encode()]
        for folder, _, names in os.walk(self.dir):
            for name in names:
                if name != "socket" and not name.startswith("bmc"):
                    with open(os.path.join(folder, name), "rb") as f:
                        places.append(f.read())
        for password in passwords:
            for place in places:
                self.assertNotIn(password.encode(), place)


def line(name="srv1", uuid="", serial="", address="127.0.0.1", port=PORT, kind="ipmi", user=ipmi_bmc.USER, password=ipmi_bmc.PASSWORD):
    return f'{name},{uuid},{serial},{address},{port},{kind},{user},"{password}"'


class Orders(Case):
    def test_boot_of_a_machine_that_runs(self):
        self.bmc("on")
        self.begin(line())
        answer = self.order("boot")
        self.assertEqual((answer["reason"], answer["known"], answer["type"], answer["address"], answer["power"]),
                         ("OK", True, "ipmi", "127.0.0.1", "on"))
        self.assertEqual([a for a in self.told("act")], ["off", "on"])
        self.assertEqual(self.told("device")[-1], 1)
        self.assertTrue(answer["ok"])
        self.assertIn("off", [s["step"] for s in answer["steps"]])
        (before,), (after,) = self.audit("power"), self.audit("power-done")
        self.assertEqual((before["order"], before["machine"], before["by"], before["text"], before["address"]),
                         ("boot", "srv1", "anna", "campaign july", "127.0.0.1"))
        self.assertEqual((after["reason"], after["order"]), ("OK", "boot"))
        self.assertLess(before["n"], after["n"])
        self.assertNotIn("user", answer)
        self.no_password(ipmi_bmc.PASSWORD)

    def test_a_look_is_not_recorded(self):
        self.bmc("on")
        self.begin(line())
        self.assertEqual(self.order("status")["power"], "on")
        self.assertEqual(self.order("check")["reason"], "OK")
        self.assertEqual((self.audit("power"), self.told("act")), ([], []))

    def test_wrong_password(self):
        self.bmc()
        self.begin(line(password="not that one"))
        answer = self.order("on")
        self.assertEqual((answer["reason"], answer["ok"], answer["known"]), ("POWER_LOGIN", False, True))
        self.assertEqual(self.audit("power-done")[0]["reason"], "POWER_LOGIN")
        self.no_password("not that one")

    def test_whose_controller(self):
        self.bmc("on")
        self.begin(line(uuid=UUID, serial="S1"))
        self.assertEqual(self.order("status", name="other")["reason"], "POWER_NO_BMC")
        self.assertFalse(self.order("status", name="other")["known"])
        self.assertEqual(self.order("status", name="other", serial="s1")["reason"], "OK")
        # Its name and serial number, but the mainboard of another.
        answer = self.order("off", serial="S1", uuid=OTHER_UUID)
        self.assertEqual(answer["reason"], "POWER_WRONG_MACHINE")
        self.assertEqual((self.told("act"), self.audit("power")), ([], []))

    def test_which_have_one(self):
        self.begin(line(uuid=UUID), line(name="srv2", address="127.0.0.2"), power=False)
        machines = [{"id": n, "name": name, "uuid": "", "serial": "", "macs": []} for n, name in ((5, "srv1"), (6, "none"), (7, "SRV2"))]
        answer = self.web.op("bmc_known", machines=machines)
        self.assertEqual(answer["known"], [{"id": 5, "type": "ipmi", "address": "127.0.0.1"}, {"id": 7, "type": "ipmi", "address": "127.0.0.2"}])
        status = self.web.op("status")["bmcs"]
        self.assertEqual((status["count"], status["driven"]), (2, False))
        self.verb("bmc-remove", "srv2")
        again = self.web.op("status")["bmcs"]
        self.assertEqual(again["count"], 1)
        self.assertNotEqual(again["revision"], status["revision"])
        self.assertEqual(self.web.op("bmcs")["reason"], "PROTOCOL_ERROR")  # root's
        (one,) = self.root.op("bmcs")["bmcs"]
        self.assertEqual((one["name"], one["uuid"], one["user"], one["pin"]), ("srv1", UUID, ipmi_bmc.USER, ""))
        self.assertNotIn("password", one)
        # This appliance drives none.
        self.assertEqual(self.order("on")["reason"], "POWER_UNSUPPORTED")

    def test_a_list_that_is_long(self):
        self.begin(*(line(name=f"srv{n}", address=f"10.{n // 256}.{n % 256}.1") for n in range(2000)), power=False)
        seen, after = [], 0
        while True:
            answer = self.root.op("bmcs", after=after)
            seen += [b["name"] for b in answer["bmcs"]]
            if not answer["more"]:
                break
            after = answer["bmcs"][-1]["id"]
        self.assertEqual(sorted(seen), sorted(f"srv{n}" for n in range(2000)))

    def test_console(self):
        self.bmc("on")
        self.begin(line())
        answer = self.order("console")
        # pyghmi has no serial over LAN: what matters is that a screen, or why there is none, comes back in its form.
        self.assertEqual((answer["columns"], len(answer["rows"]), self.audit("power")), (80, 24, []))

    def test_too_often(self):
        self.bmc("on")
        self.begin(line())
        reasons = [self.order("on")["reason"] for _ in range(31)]
        self.assertEqual(reasons, ["OK"] * 30 + ["POWER_REFUSED"])
        self.assertEqual(self.order("status")["reason"], "OK")
        self.assertEqual(self.order("on", self.root)["reason"], "OK")  # root has no limit
        self.assertEqual(self.audit("power")[-1]["by"], "root")


class Process(Case):
    def test_it_goes_away_in_the_middle(self):
        """A controller that takes the connection and says nothing: netmend-power is killed while it waits."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.begin(line(kind="redfish", port=silent.getsockname()[1]))
        number = self.web.send(self.question("boot"))
        silent.settimeout(60)
        connection, _ = silent.accept()
        self.addCleanup(connection.close)
        self.power.process.kill()
        self.web.socket.settimeout(60)
        answer = self.web.answer(number)
        self.assertEqual(answer["reason"], "POWER_BUSY")
        self.assertIn("not known", answer["text"])
        self.assertEqual(self.audit("power-done")[0]["reason"], "POWER_BUSY")
        self.power.process.wait()
        self.assertEqual(self.order("on")["reason"], "POWER_BUSY")
        self.power.process = subprocess.Popen(["true"])  # it is gone already
        self.power.process.wait()

    def test_escrow_is_stopped_in_the_middle(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.begin(line(kind="redfish", port=silent.getsockname()[1]))
        self.web.send(self.question("off"))
        silent.settimeout(60)
        connection, _ = silent.accept()
        self.addCleanup(connection.close)
        self.stop()
        self.assertEqual([r["reason"] for r in self.audit("power-done")], ["POWER_BUSY"])

    def test_a_slow_one_holds_up_nobody(self):
        silent = socket.create_server(("0.0.0.0", 0), backlog=64)
        self.addCleanup(silent.close)
        self.bmc("on")
        self.begin(*(line(name=f"slow{n}", address=f"127.0.1.{n}", kind="redfish", port=silent.getsockname()[1]) for n in range(1, 9)), line())
        numbers = [self.web.send(self.question("off", name=f"slow{n}")) for n in range(1, 9)]
        self.assertEqual(self.order("status")["reason"], "OK")
        self.assertFalse(set(numbers) & set(self.web.answers))


def certificate():
    """A context of a certificate of its own."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = os.path.join(folder, "cert"), os.path.join(folder, "key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=BMC", "-out", cert, "-keyout", key], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return context


class Certificate(Case):
    def test_learnt_and_changed(self):
        bmc = Redfish(certificate())
        self.addCleanup(bmc.close)
        self.begin(line(kind="redfish", port=bmc.port, user=bmc.user, password=bmc.password))
        self.assertEqual(self.order("status")["reason"], "OK")
        pin = self.root.op("bmcs")["bmcs"][0]["pin"]
        self.assertEqual(len(pin), 64)
        self.assertEqual(self.order("status")["reason"], "OK")
        bmc.server.socket._context = certificate()  # somebody else answers, or it was made anew
        sessions = len(bmc.log)
        self.assertEqual(self.order("off")["reason"], "POWER_CERTIFICATE")
        self.assertEqual(len(bmc.log), sessions)  # nothing was asked of it
        self.assertIn("forgotten", self.verb("bmc-forget", "srv1"))
        self.assertEqual(self.order("status")["reason"], "OK")
        self.assertNotIn(self.root.op("bmcs")["bmcs"][0]["pin"], ("", pin))
        self.no_password(bmc.password)

    def test_of_who_refuses_us_is_not_learnt(self):
        bmc = Redfish(certificate())
        self.addCleanup(bmc.close)
        self.begin(line(kind="redfish", port=bmc.port, user=bmc.user, password="another"))
        self.assertEqual(self.order("status")["reason"], "POWER_LOGIN")
        self.assertEqual(self.root.op("bmcs")["bmcs"][0]["pin"], "")


if __name__ == "__main__":
    unittest.main()
