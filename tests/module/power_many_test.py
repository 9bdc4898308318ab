#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""500 controllers get their order at the same moment, a tenth of them silent, broken or lying: nobody waits for another, and each one
ends with its own reason. IPMI by pyghmi (ipmi_bmcs.py), Redfish by our stand-in, silence by sockets of this test."""
import collections
import json
import os
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import unittest

import ipmi_bmc
import amt_standin
from amt_standin import Amt
from power_client import Power
from redfish_standin import Redfish

HERE = os.path.dirname(os.path.abspath(__file__))
FIRST_PORT, PROCESSES = 20000, 6
# How many of which kind, with what is wrong with them, and what that has to lead to.
IPMI = [(210, ["on"], "OK"), (12, [], "OK"), (6, ["on", "forgetful"], "OK"), (4, ["on", "busy=3"], "OK"), (6, ["on", "lying"], "POWER_BOOT_FLAG"),
        (4, ["on", "denied"], "POWER_RIGHTS"), (4, ["on", "uuid=4c4c454400423510805400c04f4e4e32"], "POWER_WRONG_MACHINE")]
REDFISH = [(183, {"on": True}, "OK"), (4, {"on": True, "later": 2}, "OK"), (5, {"on": True, "lies": True}, "POWER_BOOT_FLAG"),
           (5, {"on": True, "denied": True}, "POWER_RIGHTS"), (3, {"mangle": (200, {}, b"[1")}, "POWER_ANSWER_BAD"),
           (5, {"on": True, "password": "another"}, "POWER_LOGIN")]
AMT = [(24, {}, "OK"), (3, {"busy": 3}, "OK"), (3, {"opt_in": "4294967295"}, "POWER_RIGHTS"), (3, {"status": 403}, "POWER_RIGHTS")]
RESETS = 6
SILENT = 10
PXE = "Intel(r) AMT: Force PXE Boot"
UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"  # of a machine that none of the liars' is


class Silent:
    """Takes every connection and says nothing, until it is released."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port, self.connections, self.lock, self.over = self.listener.getsockname()[1], [], threading.Lock(), False
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with self.lock:
                if self.over:
                    connection.close()
                else:
                    self.connections.append(connection)

    def release(self):
        with self.lock:
            self.over = True
            for connection in self.connections:
                connection.close()

    def close(self):
        self.release()
        self.listener.close()


class Resets:
    """Takes every connection and breaks it off in the middle of its handshake."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                connection = self.listener.accept()[0]
                connection.recv(16)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            except OSError:
                if self.listener.fileno() < 0:
                    return


def context():
    with tempfile.TemporaryDirectory() as folder:
        cert, key = os.path.join(folder, "cert"), os.path.join(folder, "key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=BMC", "-out", cert, "-keyout", key], check=True, capture_output=True)
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(cert, key)
        return made


class Many(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.wanted = {}  # order: reason
        self.orders = []  # what is sent: (what it is known by, fields, reason)

    def ipmi(self):
        lists = [[] for _ in range(PROCESSES)]
        kinds = [(faults, reason) for count, faults, reason in IPMI for _ in range(count)]
        for i, (faults, reason) in enumerate(kinds):
            port = FIRST_PORT + i
            lists[i % PROCESSES].append(" ".join([str(port), *faults]))
            machine = {"uuid": UUID} if reason == "POWER_WRONG_MACHINE" else {}
            self.orders.append((("ipmi", port, "on" in faults), {"type": "ipmi", "port": port, "password": ipmi_bmc.PASSWORD, "machine": machine}, reason))
        for lines in lists:
            process = subprocess.Popen(["/usr/bin/python3", f"{HERE}/ipmi_bmcs.py", self.folder.name], stdin=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            process.stdin.write("\n".join(lines) + "\n")
            process.stdin.close()

    def ipmi_ready(self):
        return all(os.path.exists(f"{self.folder.name}/{known[1]}") and self.told(known[1], "ready") for known, _, _ in self.orders if known[0] == "ipmi")

    def told(self, port, what):
        with open(f"{self.folder.name}/{port}") as f:
            lines = f.read().split("\n")[:-1]
        return [entry[what] for entry in map(json.loads, lines) if what in entry]

    def redfish(self):
        made = context()
        for count, settings, reason in REDFISH:
            for _ in range(count):
                bmc = Redfish(made)
                self.addCleanup(bmc.server.server_close)
                password = settings.get("password", bmc.password)
                for name, value in settings.items():
                    if name != "password":
                        setattr(bmc, name, value)
                self.orders.append((("redfish", bmc), {"type": "redfish", "port": bmc.port, "password": password}, reason))

    def amt(self):
        made = context()
        for count, settings, reason in AMT:
            for _ in range(count):
                amt = Amt(made)
                self.addCleanup(amt.server.server_close)
                for name, value in settings.items():
                    setattr(amt, name, value)
                amt.power = amt_standin.ON
                self.orders.append((("amt", amt), {"type": "amt", "port": amt.port, "user": amt.user, "password": amt.password}, reason))

    def resets(self):
        for _ in range(RESETS):
            bmc = Resets()
            self.addCleanup(bmc.listener.close)
            self.orders.append((("resets", bmc), {"type": "redfish", "port": bmc.port, "password": ""}, "POWER_UNREACHABLE"))

    def silent(self):
        silent = [Silent() for _ in range(SILENT)]
        for s in silent:
            self.addCleanup(s.close)
            self.orders.append((("silent", s), {"type": "redfish", "port": s.port, "password": ""}, "POWER_UNREACHABLE"))
        return silent

    def starts(self, known):
        """What its machine has started from, oldest first; and how often it was switched off."""
        if known[0] == "ipmi":
            acts = self.told(known[1], "act")
            devices = [d for d in self.told(known[1], "device")]
            return ["network" if d == 1 else d for d in devices], acts.count("off")
        if known[0] == "amt":
            return ["network" if s == PXE else s for s in known[1].started], None
        log = known[1].log
        return (["network" if e[1] == "Pxe" else e[1] for e in log if e[0] == "start"],
                sum(e[0] == "POST" and e[2].get("ResetType") == "ForceOff" for e in log))

    def test_at_once(self):
        self.ipmi()
        self.redfish()
        self.amt()
        self.resets()
        silent = self.silent()
        self.assertEqual(len(self.orders), 500)
        for _ in range(1200):
            if self.ipmi_ready():
                break
            threading.Event().wait(0.05)
        self.assertTrue(self.ipmi_ready(), "pyghmi's controllers listen")
        power = Power()
        self.addCleanup(power.close)
        power.sock.settimeout(300)
        numbers = {}
        # The bad ones among the first: who waits for one of 256 places waits behind them.
        for known, fields, reason in sorted(self.orders, key=lambda o: o[2] == "OK"):
            numbers[power.send("boot", seconds=600, **fields)] = (known, reason)
        got, quiet_before = {}, None
        self.most = 0
        while len(got) < len(numbers):
            answer = power.receive()
            got[answer["id"]] = answer
            self.most = max(self.most, len(os.listdir(f"/proc/{power.process.pid}/task")))
            if quiet_before is None and len(got) == len(numbers) - SILENT:
                # Everybody else has an answer, while those say nothing.
                quiet_before = [numbers[n][0][0] for n in numbers if n not in got]
                for s in silent:
                    s.release()
        self.assertEqual(quiet_before, ["silent"] * SILENT)
        wrong = [(known[0], reason, got[n]["reason"], got[n]["text"]) for n, (known, reason) in numbers.items() if got[n]["reason"] != reason]
        self.assertEqual(wrong, [])
        for n, (known, reason) in numbers.items():
            if reason == "OK":
                starts, offs = self.starts(known)
                was_on = known[2] if known[0] == "ipmi" else True
                self.assertEqual(starts, ["network"], known)
                if known[0] == "ipmi":
                    self.assertEqual(offs, int(was_on), known)
        # Nobody is left without power who had it, whatever went wrong.
        for n, (known, reason) in numbers.items():
            if known[0] == "redfish" and known[1].log:
                self.assertTrue(known[1].on, (reason, known[1].log))
        self.figures(power, got.values())

    def figures(self, power, answers):
        """For who reads along; nothing is judged by them."""
        for kind in ("ipmi", "redfish", "amt"):
            took = sorted(sum(s["ms"] for s in a["steps"]) for a in answers if a["reason"] == "OK" and a["type"] == kind)
            print(f"{kind}: {len(took)} machines, an order took {took[len(took) // 2]} ms (median), {took[len(took) * 95 // 100]} ms (95 %), "
                  f"{took[-1]} ms at most")
        with open(f"/proc/{power.process.pid}/status") as f:
            peak = next(line.split()[1] for line in f if line.startswith("VmHWM"))
        print(f"reasons: {dict(collections.Counter(a['reason'] for a in answers))}; {self.most} threads at most, {peak} kB of memory at its peak")


if __name__ == "__main__":
    unittest.main()
