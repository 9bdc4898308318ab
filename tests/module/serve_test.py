#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend serve` as a host sees it: users, files, restarts, the end; and the command line beside it."""
import json
import os
import re
import signal
import stat
import subprocess
import time
import unittest
import urllib.request

import appliance_lab as lab

WEB, ESCROW, POWER = 64871, 64872, 64874  # the numbers used where the users don't exist
CHILDREN = {"web": WEB, "watch": WEB, "netmend-escrow": ESCROW, "netmend-power": POWER, "dnsmasq": None}


def openssl(*args, stdin=None):
    return subprocess.run(["openssl", *args], input=stdin, capture_output=True, check=True, timeout=60).stdout


class Running(unittest.TestCase):
    def setUp(self):
        self.appliance = lab.Appliance("serve-" + self._testMethodName)
        self.appliance.start()
        self.addCleanup(self.appliance.stop)

    def test_children_run_under_their_users_without_a_way_back(self):
        children = self.appliance.children()
        self.assertEqual(set(children), set(CHILDREN))
        for name, pid in children.items():
            with self.subTest(child=name):
                status = lab.status_of(pid)
                uids = set(map(int, status["Uid"].split()))
                self.assertEqual(len(uids), 1)
                self.assertNotIn(0, uids)
                if CHILDREN[name]:
                    self.assertEqual(uids, {CHILDREN[name]})
                self.assertNotIn("0", status["Gid"].split() + status["Groups"].split())
                self.assertEqual(status["NoNewPrivs"], "1")
                # dnsmasq: NET_BIND_SERVICE, NET_ADMIN, NET_RAW; ours: nothing.
                wanted = 0x3400 if name == "dnsmasq" else 0
                for field in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                    self.assertEqual(int(status[field], 16), wanted, field)

    def test_children_hold_only_their_descriptors(self):
        for name, most in {"watch": 6, "netmend-escrow": None, "netmend-power": 6, "web": None}.items():
            pid = self.appliance.children()[name]
            targets = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            self.assertFalse([t for t in targets if t.endswith("serve.lock")], name)
            if most:
                self.assertLessEqual(len(targets), most, targets)

    def test_files_have_their_owners_and_modes(self):
        for path, uid, mode in (("web", WEB, 0o700), ("web/bundles", WEB, 0o700), ("escrow", ESCROW, 0o700),
                                ("tls", 0, 0o750), ("tls/key.pem", 0, 0o640), ("dnsmasq/hosts", WEB, 0o755),
                                ("dnsmasq/dnsmasq.conf", 0, 0o644), ("tftp/x64/snponly.efi", 0, 0o644)):
            info = os.stat(f"{self.appliance.state}/{path}")
            self.assertEqual((path, info.st_uid, oct(stat.S_IMODE(info.st_mode))), (path, uid, oct(mode)))
        self.assertEqual(os.stat(f"{self.appliance.state}/tls/key.pem").st_gid, WEB)
        for user, path, allowed in ((WEB, "tls/key.pem", True), (WEB, "escrow/vault.db", False),
                                    (ESCROW, "tls/key.pem", False), (ESCROW, "web/netmend.db", False)):
            done = lab.run("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "head", "-c1",
                           f"{self.appliance.state}/{path}", check=False)
            self.assertEqual(done.returncode == 0, allowed, (user, path))

    def test_killed_children_come_back(self):
        for name in CHILDREN:
            with self.subTest(child=name):
                before = self.appliance.children()[name]
                os.kill(before, signal.SIGKILL)
                self.appliance.wait_for(lambda: self.appliance.children().get(name) not in (None, before), name)
                self.assertRegex(self.appliance.log(), rf"ended pid={before} signal=9 .*starting it again in 500 ms")
        self.appliance.wait_for(lambda: self.appliance.snapshot()["appliance"]["dhcp"]["ok"]
                                and self.appliance.snapshot()["appliance"]["escrow"]["ok"], "everybody well again")

    def test_a_child_that_keeps_dying_is_started_ever_later(self):
        before = None
        for _ in range(3):
            self.appliance.wait_for(lambda: self.appliance.children().get("watch", before) != before, "watch")
            before = self.appliance.children()["watch"]
            os.kill(before, signal.SIGKILL)
        self.appliance.wait_for(lambda: len(re.findall("watch ended", self.appliance.log())) == 3, "three ends")
        self.assertEqual(re.findall(r"watch ended .* again in (\d+) ms", self.appliance.log()), ["500", "1000", "2000"])

    def test_sigterm_ends_everything(self):
        children = self.appliance.children()
        self.assertLess(self.appliance.stop(), 5)
        self.assertEqual(self.appliance.process.returncode, 0)
        for name, pid in children.items():
            self.assertFalse(os.path.exists(f"/proc/{pid}"), name)

    def test_killed_supervisor_leaves_no_children(self):
        children = self.appliance.children()
        self.appliance.process.kill()
        self.appliance.process.wait()
        end = time.monotonic() + 60
        while any(os.path.exists(f"/proc/{pid}") and "Z" not in lab.status_of(pid)["State"] for pid in children.values()):
            self.assertLess(time.monotonic(), end, "children outlived serve")
            time.sleep(0.05)

    def test_a_new_kernel_is_served_at_once(self):
        """Put in place of the old one, as a package or mkinitrd does: it is another file, behind web's walls too."""
        with open("/run/kernel.new", "wb") as f:
            f.write(b"another kernel")
        os.rename("/run/kernel.new", "/run/kernel")
        with urllib.request.urlopen(f"http://{lab.SERVER}/boot/vmlinuz", timeout=30) as answer:
            self.assertEqual(answer.read(), b"another kernel")

    def test_sighup_changes_nothing_and_says_so(self):
        before = self.appliance.children()
        self.appliance.process.send_signal(signal.SIGHUP)
        self.appliance.wait_for(lambda: "SIGHUP: nothing is reloaded" in self.appliance.log(), "the word about SIGHUP")
        self.assertEqual(self.appliance.children(), before)

    def test_second_instance_is_refused(self):
        done = self.appliance.command("serve", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("running already", done.stderr)
        self.assertTrue(self.appliance.snapshot()["appliance"]["dhcp"]["ok"])

    def test_certificate_is_good_and_kept(self):
        path = f"{self.appliance.state}/tls/cert.pem"
        with open(path) as f:
            first = f.read()
        text = openssl("x509", "-in", path, "-noout", "-text").decode()
        self.assertIn("ASN1 OID: prime256v1", text)
        self.assertIn(f"IP Address:{lab.SERVER}", text)
        openssl("x509", "-in", path, "-noout", "-checkend", str(9 * 365 * 86400))
        openssl("verify", "-CAfile", path, path)
        self.appliance.stop()
        self.appliance.start()
        with open(path) as f:
            self.assertEqual(f.read(), first)

    def test_half_a_certificate_is_not_replaced(self):
        self.appliance.stop()
        os.unlink(f"{self.appliance.state}/tls/key.pem")
        done = self.appliance.command("serve", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"tls/key.pem is missing: restore it .* or remove .*cert.pem too")

    def test_start_says_where_the_page_is(self):
        log = self.appliance.log()
        for words in (f"https://{lab.SERVER}/", "eth0", "proxy", "listed", "netmend keys import", "netmend machines add"):
            self.assertIn(words, log)

    def test_operator_commands_work_beside_it(self):
        command = self.appliance.command
        command("machines", "import", "-", stdin="MAC,Name\n525400AB0001,PC-1\n52-54-00-ab-00-02,PC-2\n")
        rows = json.loads(command("machines", "list", "--json").stdout)
        self.assertEqual([(r["mac"], r["name"], r["in_scope"]) for r in rows],
                         [("52:54:00:ab:00:01", "PC-1", True), ("52:54:00:ab:00:02", "PC-2", True)])
        self.appliance.wait_for(lambda: len(self.appliance.snapshot()["machines"]) == 2, "both on the page")
        command("machines", "hold", "PC-1", "finance")
        shown = json.loads(command("machines", "show", "52:54:00:AB:00:01", "--json").stdout)
        self.assertEqual((shown["state"], shown["held"]), ("held", True))
        self.assertRegex(shown["text"], r"^finance \(root")
        self.assertEqual(command("machines", "release", "PC-1").returncode, 0)
        self.assertEqual(command("machines", "remove", "PC-2").returncode, 0)
        self.assertEqual(os.stat(f"{self.appliance.state}/web/netmend.db").st_uid, WEB)
        self.assertIn("chain whole", command("audit", "verify").stdout)
        self.assertIn("0 recovery keys", command("keys", "status").stdout)


class CommandLine(unittest.TestCase):
    def fails(self, *args, status, says):
        done = lab.run(f"{lab.BIN}/netmend", *args, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertRegex(done.stderr + done.stdout, says)

    def test_bad_words(self):
        os.makedirs("/run/cli")
        self.fails(status=2, says="netmend serve")
        self.fails("frobnicate", status=2, says="no such command: frobnicate")
        self.fails("serve", "--conf", "x", status=2, says="serve does not know --conf; did you mean --config")
        self.fails("serve", "--config", status=2, says="needs a value")
        self.fails("machines", "add", status=2, says="which machine")
        self.fails("keys", "import", "/nowhere", "--state", "/run/cli/state", status=1, says="/nowhere: No such file")
        self.fails("machines", "add", "zz", "--state", "/run/cli/state", status=1, says="zz is neither the MAC address")
        self.fails("machines", "hold", "nobody", "--state", "/run/cli/state", status=1, says="no machine nobody")

    def test_serve_says_what_it_lacks(self):
        self.fails("serve", status=1, says=r"which network .*--interface IF.*has: eth0")
        self.fails("serve", "--interface", "eth9", status=1, says=r"no interface eth9 \(this host has: eth0\)")
        self.fails("serve", "--interface", "lo;", status=1, says="not the name of a network interface")
        self.fails("serve", "--config", "/nowhere.conf", status=1, says="/nowhere.conf: No such file")
        lab.run("ip", "link", "add", "bare0", "type", "veth", "peer", "name", "bare1")
        self.fails("serve", "--interface", "bare0", status=1, says="bare0 has no IPv4 address: give it one")
        with open("/run/bad.conf", "w") as f:
            f.write("[server]\ninterface = eth0\nspeed = fast\n")
        self.fails("serve", "--config", "/run/bad.conf", status=1, says=r'/run/bad.conf:3: \[server\] has no key "speed"')
        self.fails("check", "--config", "/run/bad.conf", status=1, says=r"PROBLEM  /run/bad.conf:3: ")

    def test_check_names_the_recipe(self):
        for rest, named in (("", "crowdstrike-291"), ("[repair]\nrecipe = report-only\n", "report-only")):
            out = lab.Appliance(named, rest=rest).command("check", check=False).stdout
            self.assertIn(f"ok       recipe {named}, version 1\n", out)

    def test_check_says_who_gets_a_key(self):
        out = lab.Appliance("policy").command("check", check=False).stdout
        self.assertIn("ok       release: keys go automatically to machines on the list, at any time, no total, at most 600 a "
                      "minute, at most 6 an hour for one machine (campaign default)\n", out)
        self.assertRegex(out, r"ok       vault key: a file beside the vault, so a copy of \S+/escrow has both")
        self.assertIn("ok       seccomp: ", out)
        out = lab.Appliance("policy-2", boot="scope = all\n",
                            rest="[release]\napproval = two-person\nsubnets = 10.0.0.0/8\nuntil = 2030-01-01T00:00:00Z\n"
                                 "total = 400\n[escrow]\nvault-key = ask\n").command("check", check=False).stdout
        self.assertIn("release: keys go when two people have approved it to every machine that boots from the network in "
                      "10.0.0.0/8 until 2030-01-01T00:00:00Z, at most 400 in all, ", out)
        self.assertIn("vault key: a passphrase, typed after each start", out)

    def test_check_asks_every_source(self):
        with open("/run/answers", "w") as f:
            f.write("#!/bin/sh\nexit 0\n")
        os.chmod("/run/answers", 0o755)
        with open(os.open("/run/pw", os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write("secret of the domain\n")
        ad = "[source ad]\ntype = ldap\nurl = ldaps://127.0.0.1:1\nuser = u\npassword-file = /run/pw\n"
        appliance = lab.Appliance("sources", rest=f"{ad}[source own]\ntype = exec\nprogram = /run/answers\n"
                                                  "[source idle]\ntype = exec\nprogram = /run/answers\n"
                                                  "[escrow]\nsources = vault ad own\n")
        done = appliance.command("check", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"PROBLEM  source ad \(ldap\): a key source does not answer: .*Check the source named")
        self.assertRegex(done.stdout, r"ok       source own \(exec\): ")
        self.assertIn("note     source idle is not asked: [escrow] sources does not name it\n", done.stdout)
        self.assertNotIn("secret of the domain", done.stdout + done.stderr)

        os.chmod("/run/pw", 0o644)
        says = r"\[source ad\] password-file /run/pw is open to others \(mode 0644\): chmod 600 /run/pw"
        self.assertRegex(appliance.command("check", check=False).stdout, "PROBLEM  " + says)
        self.fails("serve", "--config", appliance.config, status=1, says=says)
        os.unlink("/run/pw")
        self.fails("serve", "--config", appliance.config, status=1, says=r"\[source ad\] password-file /run/pw: No such file")

    def test_a_vault_key_that_is_not_there_stops_the_start(self):
        for key, says in (("file:/run/none", r"\[escrow\] vault-key /run/none: No such file"),
                          ("credential:vault", r"no credential vault: it comes with the service \(LoadCredential=vault:PATH")):
            appliance = lab.Appliance("key-" + key[:4], rest=f"[escrow]\nvault-key = {key}\n")
            self.fails("serve", "--config", appliance.config, status=1, says=says)
            self.assertRegex(appliance.command("check", check=False).stdout, "PROBLEM  .*" + says)

    def test_check_finds_everything_at_once(self):
        appliance = lab.Appliance("findings", boot="program = /run/kernel\n", rest="[repair]\nrecipe = /run/none.ini")
        os.unlink("/run/initrd")
        blocker = subprocess.Popen(["/usr/bin/python3", "-c",
                                    "import socket,time; s=socket.create_server(('',443)); print(flush=True); time.sleep(60)"],
                                   stdout=subprocess.PIPE)
        blocker.stdout.readline()
        try:
            done = appliance.command("check", check=False)
        finally:
            blocker.kill()
            blocker.wait()
            blocker.stdout.close()
            with open("/run/initrd", "w") as f:
                f.write("initrd")
        self.assertEqual(done.returncode, 1)
        for finding in (r"\[boot\] initrd /run/initrd: No such file", r"TCP port 443 is in use", r"/run/none.ini"):
            self.assertRegex(done.stdout, "PROBLEM .*" + finding)
        self.assertFalse(os.path.exists(appliance.state), "check made something")

    def test_anybody_but_root_is_told(self):
        done = lab.run("setpriv", "--reuid=12345", "--clear-groups", f"{lab.BIN}/netmend", "serve", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("must be started as root", done.stderr)


if __name__ == "__main__":
    lab.enter()
    unittest.main()
