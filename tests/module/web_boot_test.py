#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend web, plain HTTP: what firmware and iPXE are told, and who is told it."""
import os
import re
import unittest

from first_contact_test import contact
from web_server import BOOT_FILE, DHCP, HEALTH, HEARD, INITRD, KERNEL, PROGRAM, UEFI, WINDOWS, Web, add, hello, operator, pin_of, until

MAC = "52:54:00:12:34:56"
NAME = "52-54-00-12-34-56"
STRANGER = "52:54:00:65:43:21"
NETBOOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../netboot")


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = Web().start()

    @classmethod
    def tearDownClass(cls):
        cls.web.close()

    def test_kernel_and_initrd_arrive_whole_and_in_parts(self):
        for path, data in (("/boot/vmlinuz", KERNEL), ("/boot/initrd.img", INITRD), ("/boot/x64/snponly.efi", PROGRAM)):
            status, headers, body = self.web.get(path)
            self.assertEqual((status, body), (200, data))
            self.assertEqual(headers["Content-Length"], str(len(data)))
            self.assertNotIn("Transfer-Encoding", headers)
            status, headers, body = self.web.call("HEAD", path)
            self.assertEqual((status, headers["Content-Length"], body), (200, str(len(data)), b""))
            size = len(data)
            for text, part in (("0-99", data[:100]), ("5000-", data[5000:]), ("-7", data[-7:]), (f"9-{size * 2}", data[9:]),
                               (f"{size - 1}-{size - 1}", data[-1:])):
                status, headers, body = self.web.get(path, headers={"Range": "bytes=" + text})
                self.assertEqual((status, body), (206, part), text)
                first = size - len(part) if text.startswith("-") else int(text.split("-")[0])
                self.assertEqual(headers["Content-Range"], f"bytes {first}-{first + len(part) - 1}/{size}")
            status, headers, _ = self.web.get(path, headers={"Range": f"bytes={size}-"})
            self.assertEqual((status, headers["Content-Range"]), (416, f"bytes */{size}"))
            for text in ("bytes=0-1,3-4", "lines=1-2", "bytes=9-3", "bytes=x", "bytes=99999999999999999999-"):
                self.assertEqual(self.web.get(path, headers={"Range": text})[0], 200, text)

    def test_what_is_not_there(self):
        self.assertEqual(self.web.get("/boot/../recipe.ini")[0], 404)
        self.assertEqual(self.web.get("/api/v1/snapshot")[0], 404)
        self.assertEqual(self.web.call("POST", "/boot.ipxe", b"x")[0], 405)
        status, _, body = self.web.get("/")
        self.assertEqual(status, 200)
        self.assertIn(f"https://127.0.0.1:{self.web.https_port}/", body.decode())

    def test_entry_script(self):
        status, headers, body = self.web.get("/boot.ipxe")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; charset=utf-8"))
        self.assertTrue(body.startswith(b"#!ipxe\n"))
        self.assertIn(f"http://127.0.0.1:{self.web.http_port}/boot/ipxe?mac=${{mac:hexhyp}}&uuid=".encode(), body)
        self.assertNotIn(b"@", body)

    def test_every_way_out_is_a_reset(self):
        """What is left through another loader, or the firmware's next entry, measures otherwise, and BitLocker asks for its key."""
        add(self.web, MAC)
        scripts = {"entry": self.web.get("/boot.ipxe")[2].decode(), "remediate": self.web.script(MAC), "local": self.web.script(STRANGER)}
        operator(self.web, MAC, held=1)
        scripts["hold"] = self.web.script(MAC)
        busy = Web(scope="all", options=("--at-once", "1")).start()
        self.addCleanup(busy.close)
        busy.token(MAC)
        scripts["turn"] = busy.script(STRANGER)
        for name in ("grub.cfg", "media.cfg"):
            with open(os.path.join(NETBOOT, name), encoding="utf-8") as f:
                scripts[name] = f.read()
        marks = {"remediate": "netmend.token", "local": "is not to be repaired", "hold": " waits (", "turn": "waits for its turn", "grub.cfg": "netmend.way=grub"}
        for name, script in scripts.items():
            self.assertIn(marks.get(name, "netmend"), script, name)
            words = {w for line in script.splitlines() if not line.lstrip().startswith(("#", "echo")) for w in re.findall(r"[\w-]+", line)}
            self.assertEqual(script.rstrip().splitlines()[-1], "reboot", name)  # the end of a script is an exit, too
            self.assertEqual(words & {"exit", "sanboot", "sanhook", "chainloader", "poweroff", "bootmgfw", "ntldr", "fwsetup"}, set(), name)
            for target in re.findall(r"(?m)^\s*chain\b.*?(\S+) \|\|", script):
                self.assertRegex(target, r"^http://127\.0\.0\.1:\d+/boot", name)


class Decisions(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)

    def test_a_listed_machine_is_handed_the_fixer(self):
        add(self.web, MAC, name="pc 7 \n${x} || reboot")
        with open(self.web.path("hosts/" + NAME)) as f:
            self.assertEqual(f.read(), MAC + "\n")
        script = self.web.script("525400123456", serial="S%20%0a1", uuid="4c4c4544-0043-3510-8052-b4c04f564433",
                                 product="A%26%26B%22$(x)", platform="efi", buildarch="x86_64", ip="127.0.0.1")
        kernel = next(line for line in script.splitlines() if line.startswith("kernel "))
        words = dict(w.split("=", 1) for w in kernel.split() if w.startswith("netmend."))
        self.assertEqual(sorted(words), ["netmend.ip", "netmend.pin", "netmend.token", "netmend.url"])
        self.assertEqual(words["netmend.url"], f"https://127.0.0.1:{self.web.https_port}")
        self.assertEqual(words["netmend.pin"], "sha256:" + pin_of(self.web.path("cert.pem")))
        self.assertEqual(words["netmend.ip"], "127.0.0.1/24,127.0.0.254," + MAC)
        self.assertRegex(words["netmend.token"], "^[0-9a-f]{32}$")
        self.assertIn("vmlinuz initrd=initrd.img console=tty0 console=ttyS0,115200 quiet panic=30 netmend.url", kernel)
        self.assertIn("echo netmend: machine pc_7____x_____reboot, attempt 1", script)
        self.assertNotIn("${x}", script)
        row = self.web.row(MAC)
        self.assertEqual((row["state"], row["attempt"], row["ip"]), ("booting", 1, "127.0.0.1"))
        self.assertEqual((row["serial"], row["product"]), ("S ?1", 'A&&B"$(x)'))
        self.assertEqual(row["uuid"], "4C4C4544-0043-3510-8052-B4C04F564433")
        self.web.get("/boot/initrd.img")
        self.assertIn("initrd", [e["step"] for e in self.web.machine(MAC)["timeline"]])
        # Another token each time, and none of them in the log.
        self.assertNotEqual(self.web.token(MAC), words["netmend.token"])
        self.assertEqual(self.web.row(MAC)["attempt"], 2)
        self.assertNotIn(words["netmend.token"], self.web.log())

    def test_a_machine_behind_a_relay_gets_its_own_network(self):
        add(self.web, MAC)
        script = self.web.script(MAC, netmask="255.255.252.0", gateway="10.1.2.3")
        self.assertIn(" netmend.ip=127.0.0.1/22,10.1.2.3," + MAC + " ", script)
        for netmask, gateway in (("255.0.255.0", "10.1.2.3"), ("0.0.0.0", "x")):
            self.assertIn("/24,127.0.0.254,", self.web.script(MAC, netmask=netmask, gateway=gateway))

    def test_strangers_are_sent_away_and_remembered(self):
        script = self.web.script(MAC)
        self.assertNotIn("netmend.token", script)
        self.assertRegex(script, r"\nsleep \d+\nreboot\n")
        self.assertNotIn("exit", script)
        row = self.web.row(MAC)
        self.assertEqual((row["state"], row["reason"]), ("ignored", "NOT_IN_SCOPE"))
        self.assertEqual(self.web.answered(), [])
        for mac in ("", "01-00-5e-00-00-01", "00-00-00-00-00-00", "52-54-00-12-34", "52:54-00:12:34:56", "zz5400123456"):
            self.assertEqual(self.web.get("/boot/ipxe?mac=" + mac)[0], 400, mac)

    def test_the_same_board_through_another_card_is_the_same_machine(self):
        identity = {"uuid": "4c4c4544-0043-3510-8052-b4c04f564433", "serial": "ABC123"}
        add(self.web, MAC)
        self.web.script(MAC, **identity)
        self.web.script("52:54:00:99:99:99", **identity)
        self.web.script("52:54:00:77:77:77", uuid="00000000-0000-0000-0000-000000000000", serial="")
        machines = self.web.api("GET", "/api/v1/snapshot")[1]["machines"]
        self.assertEqual(sorted((m["mac"], m["attempt"]) for m in machines),
                         [("52:54:00:77:77:77", 0), ("52:54:00:99:99:99", 2)])

    def test_the_serve_guard_holds_and_a_release_ends_it(self):
        add(self.web, MAC)
        for _ in range(6):
            self.web.token(MAC)
        script = self.web.script(MAC)
        self.assertIn("waits (SERVED_TOO_OFTEN)", script)
        self.assertIn("/boot.ipxe ||", script)
        self.assertEqual(self.web.row(MAC)["state"], "held")
        self.web.script(MAC)
        until(lambda: self.web.answered() == [])
        operator(self.web, MAC, held=0, guard_from=1 << 52)
        until(lambda: self.web.answered() == [NAME])
        self.web.token(MAC)

    def test_scope_all_lists_those_not_to_answer(self):
        web = Web(scope="all", dry_run="yes").start()
        self.addCleanup(web.close)
        self.assertRegex(web.script(MAC), r" netmend\.dry-run=1 \|\| goto retry")
        self.assertEqual(web.answered(), [])
        operator(web, MAC, held=1)
        until(lambda: web.answered() == [NAME])
        self.assertIn("waits (HELD)", web.script(MAC))


class Turns(unittest.TestCase):
    def test_so_many_load_at_once_and_the_others_in_their_order(self):
        web = Web(scope="all", options=("--at-once", "2")).start()
        self.addCleanup(web.close)
        macs = [f"52:54:00:44:00:{n:02x}" for n in range(5)]
        tokens = {mac: web.token(mac) for mac in macs[:2]}
        for before, mac in enumerate(macs[2:]):
            script = web.script(mac)
            self.assertIn(f"waits for its turn to load, {before} before it", script)
            self.assertRegex(script, r"\nsleep \d+\n")
            self.assertEqual(script.rstrip().splitlines()[-1], "reboot")
            self.assertNotIn("netmend.token", script)
            row = web.row(mac)
            self.assertEqual((row["state"], row["reason"], row["text"], row["attempt"]), ("booting", "BOOT_TURN", f"{before} before it", 0))
        # Asking more often, or anew after a restart, brings nobody forward, and one that loads keeps its place.
        self.assertIn(", 2 before it", web.script(macs[4]))
        tokens[macs[1]] = web.token(macs[1])
        self.assertIn(", 0 before it", web.script(macs[2]))
        metrics = web.get("/metrics", secure=True)[2].decode()
        self.assertRegex(metrics, r"(?m)^netmend_boot_loading 2$")
        self.assertRegex(metrics, r"(?m)^netmend_boot_waiting 3$")
        # The first fixer is there: its place is the next one's.
        self.assertEqual(web.api("POST", "/v1/sessions", hello(tokens[macs[0]], macs[0]))[0], 200)
        self.assertIn(", 1 before it", web.script(macs[4]))
        self.assertIn(", 0 before it", web.script(macs[3]))
        web.token(macs[2])
        self.assertEqual((web.row(macs[2])["reason"], web.row(macs[2])["attempt"]), ("OK", 1))
        steps = [e["reason"] for e in web.machine(macs[2])["timeline"] if e["step"] == "boot"]
        self.assertEqual(sorted(steps), ["BOOT_TURN", "OK"])
        # What asks for itself has all of it already.
        answer = web.api("POST", "/v1/boot", contact("52:54:00:44:00:99", "media"))[1]
        self.assertEqual((answer["next"], len(answer["token"])), ("remediate", 32))


class Supervisor(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)

    def test_the_list_is_put_right_at_start_and_dnsmasq_told(self):
        add(self.web, MAC)
        self.web.stop()
        os.unlink(self.web.path("hosts/" + NAME))
        with open(self.web.path("hosts/52-54-00-00-00-01"), "w") as f:
            f.write("52:54:00:00:00:01\n")
        self.web.start()
        self.assertEqual(self.web.answered(), [NAME])
        until(lambda: self.web.supervisor.syncs)

    def test_dhcp_events_and_health(self):
        self.web.tell(DHCP, UEFI, 1, event=HEARD, mac=MAC, text="PXEClient")
        row = until(lambda: self.web.row(MAC))
        self.assertEqual(row["reason"], "NOT_IN_SCOPE")
        add(self.web, "52:54:00:00:00:02")
        self.web.script("52:54:00:00:00:02")
        self.web.tell(DHCP, event=BOOT_FILE, ip="127.0.0.1", text="snponly.efi")
        until(lambda: any(e["text"] == "snponly.efi" for e in self.web.machine("52:54:00:00:00:02")["timeline"]))
        # Windows of a machine nobody repaired is not news.
        self.web.tell(DHCP, event=WINDOWS, mac="52:54:00:00:00:02")
        self.web.tell(HEALTH, ok=1, text="fine")
        until(lambda: self.web.api("GET", "/api/v1/snapshot")[1]["appliance"]["dhcp"] == {"ok": True, "text": "fine"})
        self.assertEqual(self.web.row("52:54:00:00:00:02")["state"], "booting")
        # What is no message of ours is dropped.
        self.web.supervisor.sock.send(b"\xff" * 64)
        self.web.supervisor.sock.send(b"\xff" * 208)
        self.assertEqual(self.web.get("/")[0], 200)

    def test_it_ends_with_its_supervisor(self):
        self.web.supervisor.sock.shutdown(2)
        self.assertEqual(self.web.process.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
