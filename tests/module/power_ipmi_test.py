#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One order to one IPMI controller: pyghmi's BMC (ipmi_bmc.py) in all its moods, Debian's ipmi_sim, and ipmitool's word on what was set."""
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import ipmi_bmc

HERE = os.path.dirname(os.path.abspath(__file__))
POWER = os.path.join(os.environ["B"], "netmend-power")
PORT, SIMULATOR, WIRE = 6230, 6231, 6232
# As ipmitool 1.8.19 sends it, and that the order is to be kept longer than a minute.
ONCE = [[0, "01"], [3, "08"], [4, "0101"], [5, "a004000000"], [0, "02"], [0, "00"]]
UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


class Wire:
    """UDP between netmend and the BMC. judge(number, packet, to_bmc) says what is passed on: a list of packets."""

    def __init__(self, judge):
        self.judge, self.counts = judge, [0, 0]
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", WIRE))
        self.back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.back.connect(("127.0.0.1", PORT))
        self.client, self.closed = None, False
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    def carry(self):
        while not self.closed:
            for s in select.select([self.front, self.back], [], [], 0.1)[0]:
                to_bmc = s is self.front
                packet, sender = s.recvfrom(4096)
                self.client = sender if to_bmc else self.client
                self.counts[to_bmc] += 1
                for p in self.judge(self.counts[to_bmc], packet, to_bmc):
                    if to_bmc:
                        self.back.send(p)
                    else:
                        self.front.sendto(p, self.client)

    def close(self):
        self.closed = True
        self.thread.join()
        self.front.close()
        self.back.close()


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.log = f"{self.folder.name}/log"
        self.password = self.file("password", ipmi_bmc.PASSWORD)

    def file(self, name, text):
        path = f"{self.folder.name}/{name}"
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(text + "\n")
        return path

    def bmc(self, *faults):
        open(self.log, "w").close()
        process = subprocess.Popen(["/usr/bin/python3", f"{HERE}/ipmi_bmc.py", str(PORT), self.log, *faults], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.until(lambda: self.told(), "the BMC")

    def until(self, condition, what):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.05)

    def told(self):
        with open(self.log) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def boot_orders(self):
        return [[t["parameter"], t["data"]] for t in self.told() if "parameter" in t]

    def acts(self):
        return [t for t in self.told() if "act" in t]

    def order(self, order, *args, port=PORT, password=None, user=ipmi_bmc.USER, seconds=40):
        done = subprocess.run(
            [POWER, "order", "--type", "ipmi", "--address", f"127.0.0.1:{port}", "--user", user, "--password-file", password or self.password,
             "--order", order, "--seconds", str(seconds), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertNotIn(ipmi_bmc.PASSWORD, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def steps(self, result):
        return [s["step"] for s in result["steps"]]


class Boot(Case):
    def test_a_machine_that_is_off(self):
        self.bmc()
        result = self.order("boot")
        self.assertEqual((result["reason"], result["power"], result["boot"]), ("OK", "on", "network once, UEFI"))
        self.assertEqual(self.boot_orders(), ONCE)
        self.assertEqual(self.acts(), [{"act": "on", "device": 1, "efi": True}])
        # It was for one start.
        self.assertEqual(self.order("status")["boot"], "as set up")

    def test_a_machine_in_a_loop(self):
        """Off, boot order, look, on: never while it is in its self-test."""
        self.bmc("on")
        result = self.order("boot")
        self.assertEqual((result["reason"], result["power"]), ("OK", "on"))
        self.assertEqual(self.acts(), [{"act": "off"}, {"act": "on", "device": 1, "efi": True}])
        names = self.steps(result)
        self.assertEqual(names[names.index("off"):], ["off", "boot", "readback", "on"])

    def test_legacy(self):
        self.bmc()
        self.assertEqual(self.order("boot", "--firmware", "legacy")["reason"], "OK")
        self.assertIn([5, "8004000000"], self.boot_orders())
        self.assertEqual(self.acts(), [{"act": "on", "device": 1, "efi": False}])

    def test_the_other_way(self):
        """The second try: by cycle, and without the EFI bit, which some boards take for another device."""
        self.bmc("on")
        result = self.order("boot", "--other")
        self.assertEqual(result["reason"], "OK")
        self.assertIn([5, "8004000000"], self.boot_orders())
        self.assertEqual(self.acts(), [{"act": "cycle", "device": 1, "efi": False}])

    def test_what_ipmitool_reads(self):
        self.bmc("stuck")
        self.order("boot", seconds=30)
        told = subprocess.run(["ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(PORT), "-U", ipmi_bmc.USER, "-E", "chassis",
                               "bootparam", "get", "5"], env=dict(os.environ, IPMI_PASSWORD=ipmi_bmc.PASSWORD), capture_output=True, text=True).stdout
        for line in ("Boot Flag Valid", "Options apply to only next boot", "BIOS EFI boot", "Boot Device Selector : Force PXE"):
            self.assertIn(line, told)

    def test_a_minute_is_not_enough(self):
        """The order is forgotten after 60 s unless the BMC is told to keep it, and it is told."""
        self.bmc("forgetful")
        self.assertEqual(self.order("boot")["reason"], "OK")
        self.assertEqual(self.acts(), [{"act": "on", "device": 1, "efi": True}])

    def test_says_yes_and_keeps_nothing(self):
        self.bmc("lying")
        result = self.order("boot")
        self.assertEqual(result["reason"], "POWER_BOOT_FLAG")
        self.assertEqual(self.acts(), [], "it would start from its disk")

    def test_does_not_tell(self):
        self.bmc("blind")
        result = self.order("boot")
        self.assertEqual(result["reason"], "OK")
        self.assertEqual(result["boot"], "")
        self.assertEqual(self.acts(), [{"act": "on", "device": 1, "efi": True}])


class Power(Case):
    def test_cycle_of_a_machine_that_is_off(self):
        """IPMI has D5h for that."""
        self.bmc()
        self.assertEqual(self.order("cycle")["power"], "on")
        self.assertEqual([a["act"] for a in self.acts()], ["on"])

    def test_nothing_happens(self):
        self.bmc("stuck")
        self.assertEqual(self.order("on", seconds=20)["reason"], "POWER_STUCK")

    def test_refused(self):
        self.bmc("denied")
        result = self.order("on")
        self.assertEqual(result["reason"], "POWER_RIGHTS")
        self.assertIn(ipmi_bmc.USER, result["text"])

    def test_busy_for_a_while(self):
        self.bmc("busy=5")
        self.assertEqual(self.order("on")["reason"], "OK")

    def test_busy_for_good(self):
        self.bmc("busy=100000")
        self.assertEqual(self.order("on", seconds=10)["reason"], "POWER_BUSY")

    def test_off_is_refused(self):
        """Then it is started by cycle."""
        self.bmc("on", "cycle_only")
        result = self.order("boot")
        self.assertEqual(result["reason"], "OK")
        self.assertEqual(self.acts(), [{"act": "cycle", "device": 1, "efi": True}])


class Login(Case):
    def test_wrong_password(self):
        self.bmc("on")
        self.assertEqual(self.order("off", password=self.file("wrong", "wrong"))["reason"], "POWER_LOGIN")
        self.assertEqual(self.acts(), [])

    def test_longer_than_ipmi_has_room_for(self):
        self.bmc()
        result = self.order("on", password=self.file("long", "x" * 21))
        self.assertEqual(result["reason"], "POWER_LOGIN")
        self.assertIn("20 characters", result["text"])
        self.assertIn("16 characters", self.order("on", user="u" * 17)["text"])

    def test_nobody_there(self):
        result = self.order("status", port=6999, seconds=20)
        self.assertEqual(result["reason"], "POWER_UNREACHABLE")
        self.assertIn("127.0.0.1", result["text"])

    def test_another_machine(self):
        self.bmc("on", "uuid=" + UUID.replace("-", ""))
        result = self.order("boot", "--uuid", "00112233-4455-4677-8899-aabbccddeeff")
        self.assertEqual(result["reason"], "POWER_WRONG_MACHINE")
        self.assertEqual((self.acts(), self.boot_orders()), ([], []))
        self.assertEqual(self.order("boot", "--uuid", UUID)["reason"], "OK")


class BadWire(Case):
    def wire(self, judge):
        wire = Wire(judge)
        self.addCleanup(wire.close)

    def test_every_seventh_packet_is_lost(self):
        self.bmc("on")
        self.wire(lambda n, packet, to_bmc: [] if n % 7 == 0 else [packet])
        result = self.order("boot", port=WIRE, seconds=300)
        self.assertEqual(result["reason"], "OK", result)
        self.assertEqual(self.acts(), [{"act": "off"}, {"act": "on", "device": 1, "efi": True}])

    def test_an_order_without_an_answer_is_not_sent_again(self):
        """A cycle that is carried out twice starts the machine from its disk."""
        self.bmc("on")
        cycled = threading.Event()
        # Nothing comes home any more once the BMC has done it; then a new session may look.
        self.wire(lambda n, packet, to_bmc: [packet] if to_bmc or not self.lost(cycled) else [])
        self.order("cycle", port=WIRE, seconds=60)
        self.assertEqual([a["act"] for a in self.acts()], ["cycle"])

    def lost(self, cycled):
        """The first answer after the act."""
        if cycled.is_set() or not self.acts():
            return False
        cycled.set()
        return True

    def test_garbage(self):
        self.bmc("on")
        noise = [bytes([6, 0, 255, 7]) + bytes((n * 37 + i) & 255 for i in range(60)) for n in range(8)] + [b"", b"\x06", bytes(1400)]
        self.wire(lambda n, packet, to_bmc: [packet] if to_bmc else [noise[n % len(noise)], packet[:n % 40], packet])
        result = self.order("status", port=WIRE, seconds=60)
        self.assertIn(result["reason"], ("OK", "POWER_UNREACHABLE", "POWER_ANSWER_BAD", "POWER_LOGIN", "POWER_REFUSED"))

    def test_an_answer_of_other_length(self):
        self.bmc("long")
        result = self.order("status")
        self.assertIn(result["reason"], ("OK", "POWER_ANSWER_BAD"))


class Simulator(Case):
    """Debian's ipmi_sim, which hands power and boot device to a program."""

    PROGRAM = """#!/bin/sh
cd "$(dirname "$0")" || exit 1
op=$2; shift 2
[ "$op" = set ] && echo "$*" >>acts
case "$op $1" in
"get power") echo "power:$(cat power)" ;;
"get boot") echo "boot:$(cat boot)" ;;
"set power") echo "$2" >power ;;
"set boot") echo "$2" >boot ;;
"set reset") ;;
esac
"""
    LAN = """name "sim"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "{folder}/chassis 0x20"
  serial 15 127.0.0.1 {serial} codec VM
  startnow false
  user 1 false "" "x" user 1 md5
  user 2 true "{user}" "{password}" admin 10 md5
"""
    EMU = """mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 100 0x0a
mc_enable 0x20
"""

    def test_boot(self):
        folder = self.folder.name
        os.mkdir(f"{folder}/state")
        for name, text in (("chassis", self.PROGRAM), ("power", "1\n"), ("boot", "none\n"), ("emu", self.EMU),
                           ("lan", self.LAN.format(port=SIMULATOR, serial=SIMULATOR + 100, folder=folder, user=ipmi_bmc.USER,
                                                   password=ipmi_bmc.PASSWORD))):
            with open(f"{folder}/{name}", "w") as f:
                f.write(text)
        os.chmod(f"{folder}/chassis", 0o755)
        process = subprocess.Popen(["ipmi_sim", "-c", f"{folder}/lan", "-f", f"{folder}/emu", "-s", f"{folder}/state", "-n"], cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.until(lambda: self.order("status", port=SIMULATOR, seconds=10)["reason"] == "OK", "ipmi_sim")
        result = self.order("boot", port=SIMULATOR)
        self.assertEqual(result["reason"], "OK", result)
        with open(f"{folder}/acts") as f:
            acts = [line.split() for line in f]
        # What takes its program a second is asked again by it and may stand there twice.
        self.assertEqual([a for i, a in enumerate(acts) if acts[i - 1:i] != [a]], [["power", "0"], ["boot", "pxe"], ["power", "1"]])
        told = subprocess.run(["ipmitool", "-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(SIMULATOR), "-U", ipmi_bmc.USER, "-E", "chassis",
                               "status"], env=dict(os.environ, IPMI_PASSWORD=ipmi_bmc.PASSWORD), capture_output=True, text=True).stdout
        self.assertRegex(told, "System Power +: on")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
