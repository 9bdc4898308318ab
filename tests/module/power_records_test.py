#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend power import`, list, login, logins, remove, forget-certificate: controllers in escrow's vault, by the command line, and what a
stolen copy of the files tells. Run as root, as an administrator would."""
import json
import os
import subprocess
import unittest

from keys_lab import Case

PASSWORD, GROUP_PASSWORD = "Zebra-7-stripes", "Group,quoted\"secret"
UUID = "4C4C4544-0042-3510-8054-B4C04F4E4E32"
PIN = ":".join(["AB"] * 32)


class Records(Case):
    def power(self, *words, stdin="", status=0):
        done = subprocess.run([self.path("netmend"), "power", *words, "--config", self.path("netmend.conf")], input=stdin, capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.shown += [done.stdout, done.stderr]
        return done

    def list(self):
        return json.loads(self.power("list", "--json").stdout)["controllers"]

    def nothing_told(self, *secrets, files=True):
        places = [text.encode() for text in self.shown]
        for folder, _, names in os.walk(os.path.join(self.state, "escrow")) if files else ():
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    places.append(f.read())
        for secret in secrets:
            for form in (secret.encode(), secret.encode("utf-16-le")):
                for place in places:
                    self.assertNotIn(form, place)

    def test_import(self):
        path = self.file("bmcs.csv", "\n".join((
            "Server;iDRAC IP;Service Tag;Boot MAC;mac;user;password;rack unit",
            f"srv1.example.org;10.9.0.1;ABC123;;52-54-00-00-00-01 525400000002;root;{PASSWORD}",
            "srv2;10.9.0.2;ABC124;;;;;4", ";;;;;;;", "")))
        done = self.power("import", path)
        self.assertIn("2 added, 0 changed, 0 as they were, 0 rejected", done.stdout)
        self.assertIn("1 lines have no login of their own", done.stdout)
        self.assertIn("delete it", done.stdout)
        self.assertIn("column 4 (Boot MAC) is not used", done.stderr)
        self.assertIn("column 8 (rack unit) is not used", done.stderr)
        one, two = self.list()
        self.assertEqual((one["name"], one["serial"], one["macs"], one["address"], one["type"], one["user"], one["login"]),
                         ("srv1.example.org", "ABC123", ["52:54:00:00:00:01", "52:54:00:00:00:02"], "10.9.0.1", "auto", "root", "own"))
        self.assertEqual(two["login"], "none")
        self.assertIn("2 as they were", self.power("import", path).stdout)
        self.nothing_told(PASSWORD)
        self.assertEqual([(r["added"], r["present"]) for r in self.audit() if r["event"] == "bmc-import"], [(2, 0), (0, 2)])

    def test_bad_lines(self):
        text = "\n".join((
            "machine,uuid,mac,address,port,type,user,password,certificate",
            f"good,{UUID},52:54:00:00:00:01,10.9.0.1,623,IPMI,u,{PASSWORD},{PIN}",
            "a,,,,,,,,", ",,,10.9.0.2,,,,,", "b,no-uuid,,10.9.0.3,,,,,", "c,,52:54,10.9.0.4,,,,,", "d,,,http://10.9.0.5/,,,,,",
            "e,,,10.9.0.6,70000,,,,", "f,,,10.9.0.7,,telnet,,,", f"g,,,10.9.0.8,,,,{PASSWORD},", "h,,,10.9.0.9,,,u,,",
            "i,,,10.9.0.10,,,,,12", "j,,,10.9.0.1,623,,,,", f"k,{UUID},,10.9.0.11,,,,,"))
        done = self.power("import", "-", stdin=text, status=3)
        self.assertIn("1 added, 1 changed, 0 as they were, 11 rejected", done.stdout)
        for number, says in ((3, "no address"), (4, "whose controller"), (5, "UUID"), (6, "12 hexadecimal"), (7, "host name or an IP"),
                             (8, "1 to 65535"), (9, "auto, ipmi, redfish or amt"), (10, "go together"), (11, "go together"),
                             (12, "64 hexadecimal"), (13, "controller of good already")):
            self.assertRegex(done.stderr, f"standard input:{number}: .*{says}")
        (one,) = self.list()
        self.assertEqual((one["name"], one["address"], one["certificate"], one["login"]), ("k", "10.9.0.11", "", "none"))
        self.nothing_told(PASSWORD)

    def test_without_a_header(self):
        done = self.power("import", "-", stdin=f"srv1,10.9.0.1,u,{PASSWORD}\n", status=1)
        self.assertIn("first line has to name the columns", done.stderr)
        self.assertEqual(self.list(), [])
        self.nothing_told(PASSWORD)

    def test_dry_run(self):
        done = self.power("import", "-", "--dry-run", stdin="machine,address\nsrv1,10.9.0.1\n")
        self.assertIn("1 added", done.stdout)
        self.assertIn("dry run: nothing was kept", done.stdout)
        self.assertEqual(self.list(), [])

    def test_logins(self):
        self.power("import", "-", stdin="machine,address,group\nsrv1,10.9.0.1,Rack 1\nsrv2,10.9.0.2,\n")
        self.assertIn("can't be used yet", self.power("list").stdout)
        self.power("login", "--group", "rack 1", "--user", "operator", stdin=GROUP_PASSWORD + "\n")
        self.assertEqual([c["login"] for c in self.list()], ["group", "none"])
        self.power("login", "--user", "standard", stdin=PASSWORD + "\n")
        self.assertEqual([c["login"] for c in self.list()], ["group", "default"])
        self.assertEqual(json.loads(self.power("logins", "--json").stdout)["logins"],
                         [{"group": "rack 1", "user": "operator"}, {"group": "", "user": "standard"}])
        self.power("login", "--group", "RACK 1", "--remove")
        self.assertEqual([c["login"] for c in self.list()], ["default", "default"])
        self.assertIn("no login of", self.power("login", "--group", "rack 1", "--remove", status=1).stderr)
        self.power("login", "--group", "rack 1", status=2)
        self.nothing_told(PASSWORD, GROUP_PASSWORD)
        self.assertEqual([(r["group"], r["removed"]) for r in self.audit() if r["event"] == "bmc-login"][:3],
                         [("rack 1", False), ("", False), ("RACK 1", True)])

    def test_one_of_them(self):
        self.power("import", "-", stdin=f"machine,uuid,address,certificate\nsrv1,{UUID},10.9.0.1,{PIN}\nsrv2,,10.9.0.2,\n")
        self.assertIn("next one it shows is kept", self.power("forget-certificate", UUID.lower()).stdout)
        self.assertEqual([c["certificate"] for c in self.list()], ["", ""])
        self.assertIn("srv2 (10.9.0.2): removed", self.power("remove", "SRV2").stdout)
        self.assertEqual([c["name"] for c in self.list()], ["srv1"])
        self.assertIn("no management controller of srv2", self.power("remove", "srv2", status=1).stderr)
        self.assertEqual([r["event"] for r in self.audit() if r["event"].startswith("bmc-")],
                         ["bmc-import", "bmc-forget-certificate", "bmc-remove"])

    def test_what_a_stolen_copy_tells(self):
        self.power("import", "-", stdin=f"machine,serial,address,user,password\nsrv-okapi,SER777,okapi-bmc.example.org,okapi-user,{PASSWORD}\n")
        self.shown.clear()
        for name in os.listdir(os.path.join(self.state, "escrow")):
            if name.startswith("audit"):
                os.unlink(os.path.join(self.state, "escrow", name))  # which names the file and counts, and machines of orders
        self.nothing_told("okapi", "SER777", PASSWORD)


if __name__ == "__main__":
    unittest.main()
