#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is heard on the wire: clients of every kind and DHCP servers on a real network, before `netmend serve` with Debian's dnsmasq; the
same at the command line. And what serve says of the host's clock."""
import ctypes
import json
import socket
import struct
import subprocess
import unittest

import appliance_lab as lab

LISTED, STRANGER, ARM, WINDOWS, PHONE = (f"52:54:00:20:00:0{n}" for n in range(1, 6))
STA_UNSYNC = 0x40


def server_answer():
    """A DHCPOFFER of the host at the client's end, to everybody."""
    header = struct.pack("!4BIHH4s4s4s4s16s192x", 2, 1, 6, 0, 1, 0, 0x8000, bytes(4), socket.inet_aton(f"{lab.NETWORK}.50"), bytes(4), bytes(4),
                         bytes.fromhex(PHONE.replace(":", "")))
    return header + lab.COOKIE + b"\x35\1\2" + b"\x36\4" + socket.inet_aton(lab.CLIENT) + b"\xff"


def request_naming(server):
    """A DHCPREQUEST that takes the offer of this server."""
    _, packet = lab.make_packet(lab.REQUEST, PHONE, "android-dhcp-13")
    return packet[:-1] + b"\x36\4" + socket.inet_aton(server) + b"\xff"


def clock_word():
    """The kernel's own word for its clock."""
    data = ctypes.create_string_buffer(512)
    if ctypes.CDLL(None).adjtimex(data) < 0:
        return "unknown"
    status = struct.unpack_from("=I4xqqqqi", data)[5]
    return "unsynchronised" if status & STA_UNSYNC else "synchronised"


class Wire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.appliance = lab.Appliance("wire")
        cls.appliance.start()
        cls.client = lab.Client()

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.appliance.stop()

    def wire(self):
        return json.loads(self.appliance.get("/api/v1/wire"))

    def line(self, mac, kind="pxe"):
        return next((h for h in self.wire()["heard"] if (h["mac"], h["kind"]) == (mac, kind)), None)

    def until(self, ask, check, what):
        """ask() until check() is true."""
        def once():
            ask()
            return check()
        self.appliance.wait_for(once, what)

    def test_clients(self):
        # Nobody is known yet: what is heard is what there is to say.
        self.until(lambda: self.client.ask(PHONE, "android-dhcp-13", wait=0.2), lambda: self.line(PHONE, "other"), "the phone")
        said = self.appliance.command("progress").stdout
        self.assertRegex(said, r"No machines yet: netmend machines add")
        self.assertRegex(said, PHONE + r" +other +no +it asks for an address")
        self.appliance.command("machines", "add", LISTED, "PC-1")

        def everybody_asks():
            for mac, arch, user_class in ((LISTED, 7, None), (LISTED, 7, "iPXE"), (STRANGER, 7, None), (ARM, 11, None)):
                self.client.ask(mac, lab.pxe(arch), arch, user_class, wait=0.02)
            self.client.ask(WINDOWS, "MSFT 5.0", wait=0.02)

        def all_judged():
            lines = {(h["mac"], h["kind"]): h for h in self.wire()["heard"]}
            return {(LISTED, "pxe"), (LISTED, "ipxe"), (STRANGER, "pxe"), (ARM, "pxe"), (WINDOWS, "windows")} <= set(lines) and all(
                lines[LISTED, kind]["answered"] for kind in ("pxe", "ipxe")) and lines[STRANGER, "pxe"]["why"] == "not in scope" and (
                "uefi-arm64" in lines[ARM, "pxe"]["why"])
        self.until(everybody_asks, all_judged, "all of them")
        line = self.line(LISTED)
        self.assertEqual({**line, "at": 0}, {"at": 0, "mac": LISTED, "name": "PC-1", "machine": line["machine"], "kind": "pxe",
                                             "arch": "uefi-x64", "vendor": lab.pxe(7), "answered": True, "why": ""})
        self.assertLess(abs(line["at"] - self.wire()["now"]), 60000)
        # A decision shows at once: why is not a matter of when it was heard.
        self.appliance.command("machines", "hold", "PC-1", "ask first")
        self.until(lambda: self.client.uefi(LISTED, wait=0.2),
                   lambda: self.line(LISTED)["why"] == "held by an operator", "the held one")
        lines = self.wire()["heard"]
        self.assertEqual(len({(h["mac"], h["kind"]) for h in lines}), len(lines))
        self.assertEqual([h["at"] for h in lines], sorted((h["at"] for h in lines), reverse=True))
        told = json.loads(self.appliance.command("wire", "--json").stdout)
        self.assertEqual({(h["mac"], h["kind"]) for h in told["heard"]}, {(h["mac"], h["kind"]) for h in lines})
        self.assertRegex(self.appliance.command("wire").stdout, STRANGER + r" .*pxe +uefi-x64 +no +not in scope")

    def test_servers(self):
        with lab.InClient():
            foreign = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            foreign.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            foreign.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"cl0\0")
            foreign.bind((lab.CLIENT, 67))
        self.addCleanup(foreign.close)
        card = json.loads(subprocess.run(["ip", "-n", "client", "-j", "link", "show", "cl0"], check=True, capture_output=True).stdout)
        servers = {}

        def ask():
            foreign.sendto(server_answer(), ("255.255.255.255", 68))
            for server in (lab.SERVER, f"{lab.NETWORK}.9"):
                self.client.socket.sendto(request_naming(server), ("255.255.255.255", 67))

        def all_there():
            servers.update({s["ip"]: s for s in self.wire()["servers"]})
            return len(servers) == 3
        self.until(ask, all_there, "three servers")
        self.assertEqual({ip: (s["mac"], s["ours"]) for ip, s in servers.items()},
                         {lab.CLIENT: (card[0]["address"], False), lab.SERVER: ("", True), f"{lab.NETWORK}.9": ("", False)})
        self.assertRegex(self.appliance.command("wire").stdout, rf"{lab.CLIENT} +{card[0]['address']} +another one")

    def test_clock(self):
        self.assertEqual(self.appliance.snapshot()["appliance"]["clock"], clock_word())


if __name__ == "__main__":
    lab.enter()
    unittest.main()
