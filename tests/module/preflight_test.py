# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend preflight` on a network of its own: foreign DHCP servers, taken ports, packet filters, certificates, beside `netmend serve`.
That a DHCP server is there at all is waited for by asking again: preflight listens for a second only."""
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import time
import unittest

import appliance_lab as lab

NETMEND = f"{lab.BIN}/netmend"
RANGE = f"--dhcp-range={lab.NETWORK}.150,{lab.NETWORK}.160,1h"


class Place(lab.Appliance):
    """A configuration, and preflight on it."""

    def preflight(self, *args):
        """(exit status, {what: finding}) as JSON tells it."""
        done = self.command("preflight", "--json", "--wait", "1", *args, check=False)
        answer = json.loads(done.stdout)
        found = answer["findings"]
        problems = sum(f["level"] == "problem" for f in found)
        assert answer["problems"] == problems and done.returncode == (1 if problems else 0), done
        for f in found:
            assert f["level"] != "problem" or f["fix"], f
        return done.returncode, found


def of(found, check, level=None):
    return [f for f in found if f["check"] == check and level in (None, f["level"])]


def said(found, check, level=None):
    return " / ".join(f["what"] for f in of(found, check, level))


class Case(unittest.TestCase):
    maxDiff = None

    def place(self, rest="", boot="", server=""):
        Case.count = getattr(Case, "count", 0) + 1
        return Place(f"preflight-{Case.count}", rest=rest, boot=boot, server=server)

    def site(self, *options):
        """Debian's dnsmasq as the site's DHCP server, at the other end; the path of its leases."""
        leases = f"/run/leases-{time.monotonic_ns()}"
        process = subprocess.Popen(
            ["ip", "netns", "exec", "client", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=cl0",
             "--bind-interfaces", "--no-ping", f"--dhcp-leasefile={leases}", "--log-facility=-", "--user=root", "--pid-file=", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return leases

    def until(self, place, text, check="dhcp"):
        """Runs preflight until a finding says that."""
        end = time.monotonic() + 60
        while True:
            status, found = place.preflight()
            if text in said(found, check):
                return status, found
            if time.monotonic() > end:
                self.fail(f"{text!r} is in none of {found}")


class Dhcp(Case):
    def test_silence(self):
        _, found = self.place().preflight()
        self.assertIn("no DHCP server gives addresses on eth0", said(found, "dhcp", "problem"))
        _, found = self.place(f"[dhcp]\nmode = full\nrange = {lab.NETWORK}.100,{lab.NETWORK}.120").preflight()
        self.assertEqual(of(found, "dhcp", "problem"), [])

    def test_old_settings_of_another_boot_server(self):
        leases = self.site(RANGE, "--dhcp-no-override", f"--dhcp-boot=boot\\x64\\wdsnbp.com,wds,{lab.CLIENT}",
                           "--dhcp-option-force=66,wds.example", "--dhcp-option-force=67,old\\file")
        _, found = self.until(self.place(), "offers all machines")
        told = said(found, "dhcp", "ok")
        for part in (f"next-server (siaddr) {lab.CLIENT}", "file 'boot\\x64\\wdsnbp.com'", "server name 'wds'", "option 66 'wds.example'",
                     "option 67 'old\\file'"):
            self.assertIn(part, told)
        problems = said(found, "dhcp", "problem")
        self.assertIn("to another boot server (wds.example) for 'boot\\x64\\wdsnbp.com'", problems)
        self.assertIn("Secure Boot on cannot be started", problems)
        # It was asked several times and has given nothing away.
        with open(leases) as f:
            self.assertEqual(f.read(), "")

    def test_grub_would_ask_the_site(self):
        """The known case: said before the first machine fails, and gone once the server names us, as the printed line has it."""
        self.site(RANGE)
        place = self.place(boot="uefi = shim")
        _, found = self.until(place, "offers all machines")
        problem = of(found, "dhcp", "problem")[0]
        self.assertIn("stops at a grub> prompt", problem["what"])
        self.assertIn(f"name next-server {lab.SERVER} and no file", problem["fix"])
        _, found = self.until(self.place("[dhcp]\nnext-server = yes"), "offers all machines")
        self.assertIn("next-server = yes is not true", said(found, "dhcp", "problem"))

    def test_the_site_names_us(self):
        line = re.search(r"^#   (dhcp-boot=.*)$", self.place().command("preflight", "--settings", "dnsmasq").stdout, re.M).group(1)
        self.site(RANGE, f"--{line}")
        _, found = self.until(self.place("[dhcp]\nnext-server = yes"), "offers all machines")
        self.assertEqual(of(found, "dhcp", "problem"), [])
        self.assertIn(f"next-server (siaddr) {lab.SERVER}", said(found, "dhcp", "ok"))
        _, found = self.until(self.place(), "names this appliance as next-server")
        self.assertEqual(of(found, "dhcp", "problem"), [])

    def test_another_boot_server(self):
        self.site(f"--dhcp-range={lab.NETWORK}.0,proxy,255.255.255.0", "--pxe-service=254,other", f"--dhcp-boot=other.efi,,{lab.CLIENT}")
        _, found = self.until(self.place(), "offers all machines no address")
        self.assertIn(f"another network boot server answers all machines: {lab.CLIENT}", said(found, "dhcp", "problem"))

    def test_we_were_to_be_the_only_one(self):
        self.site(RANGE)
        place = self.place(f"[dhcp]\nmode = full\nrange = {lab.NETWORK}.100,{lab.NETWORK}.120")
        _, found = self.until(place, "offers all machines")
        self.assertIn(f"{lab.CLIENT} answers DHCP on eth0", said(found, "dhcp", "problem"))


class TestBoot(Case):
    """What is said without a boot; the boots themselves are in tests/boot."""

    def test_only_when_asked_for(self):
        _, found = self.place().preflight()
        self.assertEqual(of(found, "test boot"), [])

    def test_the_sites_dhcp_alone(self):
        _, found = self.place("[dhcp]\nmode = off").preflight("--boot")
        self.assertIn("mode is off", said(found, "test boot", "note"))

    def test_the_appliance_does_not_start(self):
        _, found = self.place("[repair]\nrecipe = /nonesuch.ini").preflight("--boot")
        self.assertIn("/nonesuch.ini", said(found, "test boot", "problem"))
        self.assertFalse(os.path.exists("/sys/class/net/nmfloor"), "its bridge is in a network of its own")

    def test_interrupted(self):
        """By Ctrl-C or a signal to the process alone: no machine goes on, no folder stays."""
        place = self.place()
        for number in (signal.SIGINT, signal.SIGTERM):
            process, folder = self.trial(place, signal.SIG_DFL)
            process.send_signal(number)
            self.ended(process, folder, number)

    def test_what_is_ignored_does_not_interrupt(self):
        """Ctrl-C reaches what a shell has put into the background, too: it was started to ignore that."""
        process, folder = self.trial(self.place(), signal.SIG_IGN)
        process.send_signal(signal.SIGINT)
        time.sleep(1)
        self.assertTrue(self.machines())
        process.terminate()
        self.ended(process, folder, signal.SIGTERM)

    def trial(self, place, at_interrupt):
        """One whose virtual machines run: the process, its folder. How it takes SIGINT does not depend on who runs the tests."""
        process = subprocess.Popen([NETMEND, "preflight", "--boot", "--wait", "1", "--config", place.config], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, preexec_fn=lambda: signal.signal(signal.SIGINT, at_interrupt))
        self.wait(self.machines, "a virtual machine")
        folder = re.search(r"file:(/tmp/netmend-boot-[^/]+)/", self.machines()).group(1)
        self.assertTrue(os.path.isdir(folder))
        return process, folder

    def ended(self, process, folder, number):
        self.assertEqual(process.wait(60), -number)
        self.wait(lambda: not self.machines(), "no virtual machine")
        self.assertFalse(os.path.exists(folder))

    def wait(self, condition, what):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.1)

    @staticmethod
    def machines():
        """Command lines of the test's virtual machines in this lab's processes."""
        return subprocess.run(["pgrep", "-af", "^[^ ]*qemu.*product=test boot"], stdout=subprocess.PIPE, text=True).stdout


class Host(Case):
    def test_ports(self):
        place = self.place()
        _, found = place.preflight()
        self.assertEqual(len(of(found, "ports", "ok")), 5, found)
        taken = []
        for kind, port, device in ((socket.SOCK_DGRAM, 69, None), (socket.SOCK_STREAM, 80, None), (socket.SOCK_DGRAM, 67, b"lo")):
            sock = socket.socket(socket.AF_INET, kind)
            self.addCleanup(sock.close)
            # As dnsmasq and others have theirs.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if device:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
            sock.bind(("0.0.0.0", port))
            if kind == socket.SOCK_STREAM:
                sock.listen(1)
            taken.append(sock)
        _, found = place.preflight()
        problems = said(found, "ports", "problem")
        for port in ("UDP port 69", "TCP port 80"):
            self.assertRegex(problems, rf"{port}, for [^/]* is taken by [^ ]*python3[^ ]* \(process {os.getpid()}\)")
        # Another interface's is in nobody's way.
        self.assertIn("UDP port 67 is free", said(found, "ports", "ok"))

    def test_interface(self):
        place = self.place()
        lab.run("ip", "addr", "add", "10.78.0.1/24", "dev", "eth0")
        self.addCleanup(lab.run, "ip", "addr", "del", "10.78.0.1/24", "dev", "eth0", check=False)
        _, found = place.preflight()
        self.assertIn(f"2 addresses; machines are told {lab.SERVER}", said(found, "interface", "note"))
        _, found = place.preflight("--interface", "eth7")
        self.assertIn("there is no interface eth7", said(found, "interface", "problem"))

    def test_interface_down(self):
        lab.run("ip", "link", "add", "dull0", "type", "veth", "peer", "name", "dull1")
        self.addCleanup(lab.run, "ip", "link", "del", "dull0")
        lab.run("ip", "addr", "add", "10.79.0.1/24", "dev", "dull0")
        _, found = self.place().preflight("--interface", "dull0")
        self.assertIn("dull0 is down", said(found, "interface", "problem"))
        self.assertIn("ip link set dull0 up", of(found, "interface", "problem")[0]["fix"])
        lab.run("ip", "link", "set", "dull0", "up")
        _, found = self.place().preflight("--interface", "dull0")
        self.assertIn("has no link", said(found, "interface", "problem"))

    def make_certificate(self, place, days, address, key="key"):
        os.makedirs(f"{place.state}/tls", exist_ok=True)
        lab.run("openssl", "req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{place.state}/tls/{key}.pem", "-days", str(days), "-subj", "/CN=x", "-addext", f"subjectAltName=IP:{address}", "-out",
                f"{place.state}/tls/cert.pem")

    def test_certificate(self):
        place = self.place()
        self.assertIn("none yet", said(place.preflight()[1], "certificate", "ok"))
        self.make_certificate(place, 400, lab.SERVER)
        self.assertIn("valid until", said(place.preflight()[1], "certificate", "ok"))
        self.make_certificate(place, 5, "10.1.1.1")
        _, found = place.preflight()
        self.assertIn("runs out", said(found, "certificate", "problem"))
        self.assertIn(f"does not name {lab.SERVER}", said(found, "certificate", "note"))
        # The printed line makes one that is right, for the same key.
        line = next(line for line in of(found, "certificate", "note")[0]["fix"].splitlines() if line.startswith("openssl"))
        lab.run("sh", "-c", line.split(", then")[0])
        _, found = place.preflight()
        self.assertEqual([f["level"] for f in of(found, "certificate")], ["ok"], found)
        self.make_certificate(place, 400, lab.SERVER, key="other")
        self.assertIn("do not belong together", said(place.preflight()[1], "certificate", "problem"))

    def test_serve_without_escrow(self):
        place = self.place()
        _, found = place.preflight()
        self.assertIn("not running", said(found, "escrow", "note"))
        os.makedirs(place.runtime)
        with open(f"{place.runtime}/serve.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _, found = place.preflight()
        self.assertIn("serve runs, and escrow does not answer", said(found, "escrow", "problem"))


class Firewall(Case):
    def setUp(self):
        self.addCleanup(lab.run, "nft", "flush", "ruleset")

    def judged(self, place):
        _, found = place.preflight()
        return found

    def test_none(self):
        found = self.judged(self.place())
        self.assertEqual({f["level"] for f in of(found, "firewall")}, {"ok"}, found)

    def test_what_is_dropped_comes_through_after_the_fix(self):
        lab.run("nft", "-f", "-", input="table inet site { chain input { type filter hook input priority 0; policy drop;\n"
                                        "tcp dport { 22, 443 } accept\n }\n}\n")
        place = self.place()
        found = self.judged(place)
        problems = of(found, "firewall", "problem")
        self.assertEqual(len(problems), 5, problems)  # 80, 67, 69, 4011, transfers
        for problem in problems:
            self.assertIn("dropped by the policy of chain input of table inet site", problem["what"])
            lab.run("sh", "-c", problem["fix"].splitlines()[0])
        found = self.judged(place)
        self.assertEqual({f["level"] for f in of(found, "firewall")}, {"ok"}, found)
        # The kernel thinks so, too.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.bind(("0.0.0.0", 4011))
            ours.settimeout(60)
            with lab.InClient():
                theirs = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            theirs.sendto(b"x", (lab.SERVER, 4011))
            theirs.close()
            self.assertEqual(ours.recv(9), b"x")

    def test_rules_of_iptables(self):
        for rule in ("-P INPUT DROP", "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-A INPUT -p udp --dport 67 -j ACCEPT",
                     "-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT", "-A INPUT -j LOG", "-A INPUT -p udp --dport 69 -j REJECT"):
            lab.run("iptables-nft", *rule.split())
        self.addCleanup(lab.run, "iptables-nft", "-P", "INPUT", "ACCEPT")
        found = self.judged(self.place())
        problems = said(found, "firewall", "problem")
        self.assertIn("UDP port 69 is dropped by a rule in chain INPUT of table ip filter", problems)
        self.assertIn("UDP port 4011 is dropped by the policy", problems)
        self.assertIn("UDP port 67 comes through", said(found, "firewall", "ok"))
        self.assertIn("TFTP transfer that is under way (UDP, established) comes through", said(found, "firewall", "ok"))
        # Which ports a module lets in nft does not tell.
        self.assertIn("whether TCP port 80 comes through cannot be told", said(found, "firewall", "note"))


class BesideServe(Case):
    def test_all_is_well(self):
        self.site(RANGE, f"--dhcp-boot=,,{lab.SERVER}")
        place = self.place("[dhcp]\nnext-server = yes")
        place.start()
        self.addCleanup(place.stop)
        end = time.monotonic() + 60
        while True:
            status, found = place.preflight()
            if status == 0 and "offers all machines" in said(found, "dhcp"):
                break
            self.assertLess(time.monotonic(), end, found)
        self.assertIn("answers; 0 keys in the vault", said(found, "escrow", "ok"))
        self.assertEqual({f["level"] for f in of(found, "ports")}, {"ok"})
        self.assertIn("netmend", said(found, "ports"))
        self.assertIn("valid until", said(found, "certificate", "ok"))
        # The same for people.
        text = place.command("preflight", "--wait", "1", check=False).stdout
        self.assertIn("ok       interface    eth0 has", text)


    def test_our_own_server_is_not_a_foreign_one(self):
        place = self.place(f"[dhcp]\nmode = full\nrange = {lab.NETWORK}.100,{lab.NETWORK}.120")
        place.start()
        self.addCleanup(place.stop)
        _, found = place.preflight()
        self.assertIn("no other DHCP server answers on eth0", said(found, "dhcp", "ok"))
        self.assertEqual({f["level"] for f in of(found, "ports")}, {"ok"})


class CommandLine(Case):
    def test_refused(self):
        place = self.place()
        for args in (("--wait", "0"), ("--wait", "x"), ("--machines", "-1"), ("--settings", "cray"), ("--settings", ""), ("extra",)):
            done = place.command("preflight", *args, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), args)
            self.assertTrue(done.stderr.startswith("netmend: "), done.stderr)

    def test_people_are_told_the_fix_below(self):
        done = self.place().command("preflight", "--wait", "1", "--machines", "100", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"PROBLEM  dhcp         no DHCP server [^\n]*\n {22}> is eth0 ")
        self.assertRegex(done.stdout, r"\n\d+ problems?: what to do is below each\.\n$")


if __name__ == "__main__":
    lab.enter()
    unittest.main()
