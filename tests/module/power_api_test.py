#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines switched through the appliance: a real `netmend serve` with all its processes, an IPMI controller (pyghmi) whose machine asks
for its boot as firmware does. What is done, what is refused, what a person is told."""
import json
import os
import socket
import ssl
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

import appliance_lab as lab

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"  # pyghmi is Debian's
USER, PASSWORD = "netmend", "s3cret!!"  # of ipmi_bmc.py
MAC, OTHER = "52:54:00:00:0b:01", "52:54:00:00:0b:02"


class Power(unittest.TestCase):
    def setUp(self):
        self.appliance = lab.Appliance("power-" + self._testMethodName)
        self.appliance.start()
        self.addCleanup(self.appliance.stop)
        self.shown = []

    # --- what there is ---------------------------------------------------------------------------

    def bmc(self, port, *faults):
        log = f"{self.appliance.folder}/bmc-{port}"
        process = subprocess.Popen([PYTHON, f"{HERE}/ipmi_bmc.py", str(port), log, *faults], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        lab.wait_until(lambda: os.path.exists(log) and self.told(port, "ready"))

    def told(self, port, what):
        with open(f"{self.appliance.folder}/bmc-{port}") as f:
            lines = f.read().split("\n")[:-1]
        return [entry[what] for entry in map(json.loads, lines) if what in entry]

    def server(self, mac=MAC, name="srv1", port=6230, password=PASSWORD, kind="ipmi"):
        """Its number; known to escrow, and web knows that."""
        self.appliance.command("machines", "add", mac, name)
        self.appliance.command("power", "import", "-",
                               stdin=f"machine,mac,address,port,type,user,password\n{name},{mac},127.0.0.1,{port},{kind},{USER},{password}\n")
        (machine,) = [m["id"] for m in json.loads(self.appliance.get(f"/api/v1/machines?text={name}"))["machines"]]
        lab.wait_until(lambda: self.power_of(machine)["bmc"] == f"{kind} 127.0.0.1" and self.list()["driven"])
        return machine

    def call(self, path, body, status=200):
        request = urllib.request.Request(f"https://{lab.SERVER}{path}", json.dumps(body).encode(), method="POST",
                                         headers={"Authorization": f"Bearer {self.appliance.bearer}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120, context=ssl._create_unverified_context()) as answer:
                is_status, text = answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            is_status, text = answer.code, answer.read()
        self.assertEqual(is_status, status, text)
        self.shown.append(text.decode())
        return json.loads(text)

    def power_of(self, machine):
        text = self.appliance.get(f"/api/v1/machines/{machine}").decode()
        self.shown.append(text)
        return json.loads(text)["power"]

    def list(self):
        return json.loads(self.appliance.get("/api/v1/power"))

    def order(self, what, *machines, **more):
        return self.call("/api/v1/power", {"v": 1, "order": what, "machines": list(machines), "force": False, "dry_run": False, "why": "test"} | more)

    def until(self, machine, state, reason=None):
        def is_so():
            order = self.power_of(machine)["order"]
            return order["state"] == state and reason in (None, order["reason"])
        try:
            lab.wait_until(is_so)
        except TimeoutError:
            raise AssertionError(f"not {state}: {self.power_of(machine)}") from None
        return self.power_of(machine)["order"]

    def timeline(self, machine):
        return [e["text"] for e in json.loads(self.appliance.get(f"/api/v1/machines/{machine}"))["timeline"] if e["step"] == "power"]

    # --- what happens ----------------------------------------------------------------------------

    def test_a_machine_in_a_loop_starts_from_the_network(self):
        self.bmc(6230, "on")
        machine = self.server()
        (told,) = self.order("boot", machine, dry_run=True)["machines"]
        self.assertEqual((told["bmc"], told["reason"]), ("ipmi 127.0.0.1", "OK"))
        self.assertIsNone(self.power_of(machine)["order"])
        self.assertEqual(self.order("boot", machine)["count"], 1)
        order = self.until(machine, "booting")
        self.assertEqual(self.told(6230, "act"), ["off", "on"])
        self.assertEqual(self.told(6230, "device")[-1], 1)
        self.assertEqual((order["by"], order["why"], order["power"], order["tries"]), ("tests", "test", "on", 1))
        self.assertIn("off", [s["step"] for s in order["steps"]])
        client = lab.Client()
        self.addCleanup(client.close)
        lab.wait_until(lambda: client.uefi(MAC) is not None)
        self.until(machine, "done")
        self.assertIn("it has asked for its boot", self.timeline(machine)[-1])
        records = self.appliance.command("audit", "show", "--json").stdout
        self.assertIn('"power-done"', records)
        self.no_password()

    def no_password(self):
        for folder, _, names in os.walk(self.appliance.folder):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not name.startswith("bmc-"):
                    with open(path, "rb") as f:
                        self.assertNotIn(PASSWORD.encode(), f.read(), path)
        for text in self.shown:
            self.assertNotIn(PASSWORD, text)

    def test_wrong_password(self):
        self.bmc(6230, "on")
        machine = self.server(password="another")
        self.order("boot", machine)
        order = self.until(machine, "failed")
        self.assertEqual((order["reason"], order["tries"]), ("POWER_LOGIN", 1))
        row = json.loads(self.appliance.get(f"/api/v1/machines/{machine}"))["machine"]
        self.assertEqual((row["state"], row["reason"]), ("attention", "POWER_LOGIN"))
        self.assertEqual(self.told(6230, "act"), [])

    def test_the_other_way(self):
        """It forgets its boot order: once more, by another way, then it is a person's."""
        self.bmc(6230, "on", "lying")
        machine = self.server()
        self.order("boot", machine)
        order = self.until(machine, "failed")
        self.assertEqual((order["reason"], order["tries"]), ("POWER_BOOT_FLAG", 2))

    def test_somebody_works_on_it(self):
        self.bmc(6230, "on")
        machine = self.server()
        client = lab.Client()
        self.addCleanup(client.close)
        with lab.InClient():
            windows = socket.create_server((lab.CLIENT, 445))
            self.addCleanup(windows.close)
            urllib.request.urlopen(f"http://{lab.SERVER}/boot/ipxe?mac={MAC}&uuid=&serial=S1", timeout=60).close()
        (told,) = self.order("boot", machine)["machines"]
        self.assertEqual(told["reason"], "POWER_ALIVE")  # it loads its repair
        self.assertIn("has asked for its boot already", told["text"])
        for deed in ("hold", "release"):  # whoever looks at it stops its boot, and it starts from its disk
            self.appliance.command("machines", deed, str(machine))
        self.order("boot", machine)
        order = self.until(machine, "failed", "POWER_ALIVE")
        self.assertRegex(order["text"], "not touched: .* TCP port")
        self.assertEqual(self.told(6230, "act"), [])
        self.order("off", machine, force=True)
        self.until(machine, "done")
        self.assertEqual(self.told(6230, "act"), ["off"])

    def test_turns_and_stop(self):
        silent = socket.create_server(("127.0.0.1", 0), backlog=8)  # takes connections and says nothing
        self.addCleanup(silent.close)
        first = self.server(port=silent.getsockname()[1], kind="redfish")
        second = self.server(OTHER, "srv2", port=6231)
        self.order("boot", first, second, at_once=1)
        self.until(first, "driving")
        self.assertEqual(self.power_of(second)["order"]["reason"], "POWER_TURN")
        self.assertEqual(self.order("boot", first, second)["refused"], 2)
        self.assertEqual(self.call("/api/v1/power/stop", {"v": 1, "machines": [first, second], "why": "enough"})["stopped"], 1)
        self.assertEqual(self.power_of(second)["order"]["state"], "stopped")
        self.assertEqual(self.list()["counts"]["driving"], 1)

    def test_looks(self):
        self.bmc(6230, "on")
        machine = self.server()
        told = self.call(f"/api/v1/machines/{machine}/power-status", {})
        self.assertEqual((told["reason"], told["power"], told["type"]), ("OK", "on", "ipmi"))
        told = self.call(f"/api/v1/machines/{machine}/console", {})
        self.assertEqual((told["columns"], len(told["rows"])), (80, 24))
        self.appliance.command("machines", "add", OTHER, "without")
        (other,) = [m["id"] for m in json.loads(self.appliance.get("/api/v1/machines?text=without"))["machines"]]
        self.assertEqual(self.call(f"/api/v1/machines/{other}/power-status", {})["reason"], "POWER_NO_BMC")

    def test_a_machine_that_is_added_later(self):
        """Its controller was known before it was: the order does not have to wait for the next round."""
        self.server(OTHER, "srv2", port=6231)
        self.appliance.command("power", "import", "-", stdin=f"machine,mac,address,port\nsrv1,{MAC},127.0.0.1,6230\n")
        lab.wait_until(lambda: self.list()["bmcs"] == 1)
        self.appliance.command("machines", "add", MAC, "srv1")
        (machine,) = [m["id"] for m in json.loads(self.appliance.get("/api/v1/machines?text=srv1"))["machines"]]
        lab.wait_until(lambda: self.power_of(machine)["bmc"] == "auto 127.0.0.1", 30)

    def test_a_record_goes_and_comes(self):
        self.bmc(6230, "on")
        machine = self.server()
        self.appliance.command("power", "remove", "srv1")
        lab.wait_until(lambda: self.power_of(machine)["bmc"] == "")
        (told,) = self.order("boot", machine)["machines"]
        self.assertEqual(told["reason"], "POWER_NO_BMC")
        self.server()

    def test_escrow_dies_in_the_middle(self):
        """What was under way is asked about again, and ends."""
        self.bmc(6230, "on", "busy=4")
        machine = self.server()
        self.order("boot", machine)
        lab.wait_until(lambda: self.power_of(machine)["order"]["state"] in ("driving", "booting"))
        os.kill(self.appliance.children()["netmend-escrow"], 9)
        self.until_booting(machine)

    def until_booting(self, machine):
        for _ in range(3):
            try:
                self.until(machine, "booting")
                return
            except AssertionError as slow:
                last = slow
        raise last


if __name__ == "__main__":
    lab.enter()
    sys.exit(unittest.main())
