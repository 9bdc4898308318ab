#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets an answer by DHCP: Debian's dnsmasq under `netmend serve`, asked by a synthetic client on a real network."""
import contextlib
import itertools
import socket
import sqlite3
import subprocess
import time
import unittest
import uuid

import appliance_lab as lab

LISTED, OTHER, WINDOWS = "52:54:00:10:00:01", "52:54:00:10:00:02", "52:54:00:10:00:03"
ARP = 0x0806
SCRIPT = f"http://{lab.SERVER}/boot.ipxe"


class Configuration(unittest.TestCase):
    def test_dnsmasq_accepts_every_combination(self):
        modes = ("mode = proxy", f"mode = full\nrange = {lab.NETWORK}.100,{lab.NETWORK}.120", "mode = off")
        gateways = ("", f"gateway = {lab.NETWORK}.254")
        for number, (mode, scope, gateway) in enumerate(itertools.product(modes, ("listed", "all"), gateways)):
            with self.subTest(mode=mode, scope=scope, gateway=gateway):
                appliance = lab.Appliance(f"check{number}", boot=f"scope = {scope}", rest=f"[dhcp]\n{mode}\n{gateway}")
                done = appliance.command("check", check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                said = "dnsmasq is not used" if "off" in mode else "accepts the configuration"
                self.assertIn(said, done.stdout)

    def test_a_template_dnsmasq_refuses_is_a_finding(self):
        subprocess.run(["cp", "-r", "/run/netboot", "/run/spoilt"], check=True)
        with open("/run/spoilt/dnsmasq.conf.in", "a") as f:
            f.write("no-such-option=1\n")
        appliance = lab.Appliance("spoilt-check")
        with open(appliance.config) as f:
            text = f.read().replace("/run/netboot", "/run/spoilt")
        with open(appliance.config, "w") as f:
            f.write(text)
        done = appliance.command("check", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"PROBLEM .*dnsmasq refuses .*: .*line \d+")
        with open("/run/spoilt/dnsmasq.conf.in", "a") as f:
            f.write("address=@NOWHERE@\n")
        self.assertIn("unknown place or condition", appliance.command("check", check=False).stdout)


class Answers(unittest.TestCase):
    """One appliance for all tests of a mode."""
    name, settings = None, {}

    @classmethod
    def setUpClass(cls):
        if cls.name is None:
            raise unittest.SkipTest("the base of the modes")
        cls.appliance = lab.Appliance(cls.name, **cls.settings)
        cls.appliance.start()
        cls.client = lab.Client()
        cls.appliance.command("machines", "add", LISTED, "PC-1")
        cls.until(lambda: cls.client.uefi(LISTED, wait=0.2), "an answer for the listed machine")

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.appliance.stop()

    @classmethod
    def until(cls, condition, what, seconds=40):
        """Seconds until it is so."""
        begun = time.monotonic()
        while not condition():
            if time.monotonic() - begun > seconds:
                raise AssertionError(f"not in {seconds} s: {what}; {cls.appliance.log()[-1500:]}")
        return time.monotonic() - begun


class Proxy(Answers):
    name, settings = "proxy", {}

    def test_listed_uefi_machine_gets_the_program(self):
        for arch in (7, 9):
            for second in (False, True):
                answer = self.client.ask(LISTED, lab.pxe(arch), arch, proxy=second)
                self.assertEqual(answer["file"], "x64/snponly.efi")
                self.assertEqual(answer["siaddr"], lab.SERVER)
                self.assertEqual(answer["yiaddr"], "0.0.0.0")

    def test_program_comes_by_tftp_unchanged(self):
        got = subprocess.run(["ip", "netns", "exec", "client", "curl", "-s", "--max-time", "20",
                              f"tftp://{lab.SERVER}/x64/snponly.efi"], capture_output=True, check=True).stdout
        with open("/usr/lib/ipxe/snponly.efi", "rb") as f:
            self.assertEqual(got, f.read())

    def test_ipxe_gets_the_script(self):
        self.assertEqual(self.client.uefi(LISTED, user_class="iPXE")["file"], SCRIPT)
        self.assertEqual(self.client.ask(LISTED, lab.pxe(0), 0, "iPXE")["file"], SCRIPT)

    def test_bios_machine_gets_its_own_program(self):
        self.assertEqual(self.client.ask(LISTED, lab.pxe(0), 0)["file"], "undionly.kpxe")

    def test_others_hear_nothing(self):
        self.assertIsNone(self.client.uefi(OTHER))
        self.assertIsNone(self.client.uefi(OTHER, proxy=True))
        self.assertIsNone(self.client.ask(LISTED, lab.pxe(11), 11))  # no program for that architecture

    def test_plain_dhcp_is_never_answered(self):
        for mac in (LISTED, OTHER):
            self.assertIsNone(self.client.ask(mac, "MSFT 5.0"))
            self.assertIsNone(self.client.ask(mac, "dhcpcd-9.4.1:Linux"))

    def test_removed_machine_hears_nothing_soon(self):
        mac = "52:54:00:10:00:0a"
        for _ in range(3):
            self.appliance.command("machines", "add", mac)
            self.until(lambda: self.client.uefi(mac, wait=0.2), "an answer after add")
            self.appliance.command("machines", "remove", mac)
            self.until(lambda: not self.client.uefi(mac, wait=0.2), "silence after remove")
            self.assertIsNone(self.client.uefi(mac, proxy=True))
        self.assertTrue(self.client.uefi(LISTED))
        self.assertNotIn("dnsmasq ended", self.appliance.log())

    def test_held_machine_hears_nothing(self):
        mac = "52:54:00:10:00:0b"
        self.appliance.command("machines", "add", mac, "PC-held")
        self.until(lambda: self.client.uefi(mac, wait=0.2), "an answer after add")
        self.appliance.command("machines", "hold", "PC-held", "ask first")
        self.until(lambda: not self.client.uefi(mac, wait=0.2), "silence after hold")
        self.appliance.command("machines", "release", "PC-held")
        self.until(lambda: self.client.uefi(mac, wait=0.2), "an answer after release")

    def test_network_boot_of_a_stranger_is_shown(self):
        mac = "52:54:00:10:00:0c"
        self.client.uefi(mac, wait=0.1)
        self.until(lambda: any(m["mac"] == mac and m["state"] == "ignored"
                               for m in self.appliance.snapshot()["machines"]), "the stranger on the page")

    def test_windows_is_seen_though_dnsmasq_does_not_log_it(self):
        self.appliance.command("machines", "add", WINDOWS, "PC-back")
        with sqlite3.connect(f"{self.appliance.state}/web/netmend.db", timeout=60) as store:
            store.execute("UPDATE machines SET state = 'rebooting' WHERE name = 'PC-back'")
        store.close()

        def back():
            self.client.ask(WINDOWS, "MSFT 5.0", wait=0.2)
            return any(m["mac"] == WINDOWS and m["state"] == "returned" for m in self.appliance.snapshot()["machines"])
        self.until(back, "Windows is back")


class OneAdapter(Answers):
    """A technician with one network adapter, from machine to machine."""
    ADAPTER = "52:54:00:10:00:dd"
    FIRST, SECOND, HEALTHY, STRANGER = (uuid.UUID(f"4c4c4544-0043-3510-8052-b4c04f56443{n}") for n in range(4))

    def asks(self, machine):
        return self.client.uefi(self.ADAPTER, wait=0.2, uuid=machine)

    def store(self, statement, *values):
        with contextlib.closing(sqlite3.connect(f"{self.appliance.state}/web/netmend.db", timeout=60)) as store, store:
            return store.execute(statement, values).fetchall()

    def repaired(self, machine):
        """As its result makes it: done, with an event."""
        now = int(time.time() * 1000)
        self.store("INSERT INTO events (machine, at, attempt, state, step, reason, text, numbers)"
                   " VALUES (?, ?, 1, 'rebooting', 'result', 'REPAIRED', '', '{}')", machine, now)
        self.store("UPDATE machines SET state = 'rebooting', done = 1, since = ?, changed = (SELECT max(seq) FROM events)"
                   " WHERE id = ?", now, machine)

    def walk(self, told):
        self.until(lambda: self.asks(self.FIRST), "an answer for the first machine")
        self.repaired(told["PC-A"])
        self.until(lambda: not self.asks(self.FIRST), "silence for the repaired machine")
        self.until(lambda: self.asks(self.SECOND), "an answer for the next machine with the same adapter")
        # Default deny: who is repaired, or healthy, hears nothing, whatever the adapter did before.
        for machine in (self.FIRST, self.HEALTHY, self.SECOND, self.HEALTHY):
            answered = machine == self.SECOND
            self.until(lambda: bool(self.asks(machine)) == answered, f"{machine}: answered {answered}")
        states = {name: self.store("SELECT state, reason, held FROM machines WHERE id = ?", n)[0] for name, n in told.items()}
        self.assertEqual(states["PC-A"][2], 0, states)  # the others' questions were no relapse of it
        self.assertEqual(states["PC-A"][0], "rebooting", states)

    def machines(self, csv):
        self.appliance.command("inventory", "import", "-", stdin=csv)
        return dict(self.store("SELECT name, machine FROM inventory"))


class OneAdapterListed(OneAdapter):
    name, settings = "adapter", {}

    def test_from_machine_to_machine(self):
        told = self.machines(f"name,uuid\nPC-A,{self.FIRST}\nPC-B,{self.SECOND}\nPC-C,{self.HEALTHY}\n")
        self.store("UPDATE machines SET in_scope = 1 WHERE id IN (?, ?)", told["PC-A"], told["PC-B"])
        self.walk(told)
        # The adapter is a healthy machine's now: one that nobody knows is shown, not answered.
        for _ in range(5):
            self.assertIsNone(self.asks(self.STRANGER))
        self.until(lambda: any(m["uuid"].lower() == str(self.STRANGER) and m["state"] == "ignored"
                               for m in self.appliance.snapshot()["machines"]), "the stranger on the page")


class OneAdapterAll(OneAdapter):
    name, settings = "adapter-all", {"boot": "scope = all"}

    def test_from_machine_to_machine(self):
        told = self.machines(f"name,uuid\nPC-A,{self.FIRST}\nPC-B,{self.SECOND}\nPC-C,{self.HEALTHY}\n")
        self.store("UPDATE machines SET held = 1 WHERE id = ?", told["PC-C"])
        self.walk(told)
        # The adapter is a held machine's now; the next one that nobody knows is answered all the same.
        self.until(lambda: self.asks(self.STRANGER), "an answer for a new machine")


class ProxyAll(Answers):
    name, settings = "all", {"boot": "scope = all"}

    def test_scope_all_turns_the_list_round(self):
        self.assertEqual(self.client.uefi(OTHER)["file"], "x64/snponly.efi")
        self.assertIsNone(self.client.ask(OTHER, "MSFT 5.0"))
        self.appliance.command("machines", "hold", "PC-1")
        self.until(lambda: not self.client.uefi(LISTED, wait=0.2), "silence for a held machine")
        self.assertTrue(self.client.uefi(OTHER))
        self.appliance.command("machines", "release", "PC-1")
        self.until(lambda: self.client.uefi(LISTED, wait=0.2), "an answer after release")


class Full(Answers):
    name = "full"
    settings = {"rest": f"[dhcp]\nmode = full\nrange = {lab.NETWORK}.100,{lab.NETWORK}.120\n"
                        f"gateway = {lab.NETWORK}.254"}

    def test_everybody_but_unlisted_network_boots_gets_an_address(self):
        boot = self.client.uefi(LISTED, wait=5)
        self.assertEqual(boot["file"], "x64/shimx64.efi")
        self.assertTrue(boot["yiaddr"].startswith(lab.NETWORK + ".1"))
        self.assertEqual(self.client.uefi(LISTED, user_class="iPXE", wait=5)["file"], SCRIPT)
        self.assertIsNone(self.client.uefi(OTHER, wait=4))
        plain = self.client.ask(WINDOWS, "MSFT 5.0", wait=5)
        self.assertTrue(plain["yiaddr"].startswith(lab.NETWORK + ".1"))
        self.assertEqual(plain["file"], "")
        self.assertEqual(plain["router"], bytes([10, 77, 0, 254]))
        self.assertEqual(plain["dns"], b"")


class FullFloor(unittest.TestCase):
    def test_a_free_address_is_offered_without_a_ping(self):
        """dnsmasq by itself pings it first, and answers nobody for three seconds: seen as ARP's question for the address."""
        appliance = lab.Appliance("no-ping", boot="scope = all", rest=Full.settings["rest"])
        with lab.InClient():
            asked = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ARP))
        self.addCleanup(asked.close)
        appliance.start()
        self.addCleanup(appliance.stop)
        client = lab.Client()
        self.addCleanup(client.close)
        offered = client.uefi(OTHER, wait=60)["yiaddr"]
        targets = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                targets.add(socket.inet_ntoa(asked.recv(100, socket.MSG_DONTWAIT)[24:28]))
        self.assertNotIn(offered, targets)

    def test_the_range_alone_says_how_many_get_an_address(self):
        """dnsmasq by itself stops at 1,000 leases: the machine after them would hear nothing."""
        appliance = lab.Appliance("leases", boot="scope = all", rest=Full.settings["rest"])
        appliance.start()
        appliance.stop()
        leases = f"{appliance.state}/dnsmasq/leases/leases"
        with open(leases, "w") as f:
            f.writelines(f"{int(time.time()) + 86400} 52:54:00:20:{n // 250:02x}:{n % 250:02x} 10.99.{n // 250}.{n % 250 + 1} * *\n"
                         for n in range(1000))
        appliance.start()
        self.addCleanup(appliance.stop)
        client = lab.Client()
        self.addCleanup(client.close)
        offer = client.uefi(LISTED, wait=60)
        self.assertTrue(offer, appliance.log()[-1500:])
        taken = client.uefi(LISTED, wait=60, offer=offer)
        self.assertEqual((taken["type"], taken["yiaddr"]), (5, offer["yiaddr"]), appliance.log()[-1500:])  # 5: ACK
        with open(leases) as f:
            self.assertGreaterEqual(len(f.readlines()), 1000)  # it has read them, and kept them


if __name__ == "__main__":
    lab.enter()
    unittest.main()
