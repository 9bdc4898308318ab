# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line beside `netmend web` on one store: it tells what the page's API tells, finds machines by whatever they go by, changes
drafts, shows the record of deeds, and prints nothing that a terminal obeys."""
import csv
import io
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import bundle_maker
from web_server import BUILD, Web, hello, operator, result

USER = 64201
PLAN = {"name": "july", "scope": {"all": True}}
MAC = "52:54:00:00:0c:01"


def read(path):
    with open(path, "rb") as f:
        return f.read()


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("skipped: needs root, to become the user of the store")
        cls.dir = tempfile.mkdtemp(prefix="netmend-cli-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, True)
        os.chmod(cls.dir, 0o755)
        cls.config = os.path.join(cls.dir, "netmend.conf")
        with open(cls.config, "w") as f:
            f.write(f"[server]\nstate = {cls.dir}/state\nruntime = {cls.dir}/run\n"
                    f"web-user = {USER}\nescrow-user = 64202\nfetch-user = 64203\n")
        cls.run_("machines", "list")  # makes the store, of its user
        for name in ("bundles", "hosts", "page"):
            shutil.rmtree(f"{cls.dir}/state/web/{name}", True)
        cls.web = Web(folder=f"{cls.dir}/state/web").start()
        cls.addClassCleanup(cls.web.close)

    @classmethod
    def run_(cls, *words, stdin="", status=0):
        done = subprocess.run([os.path.join(BUILD, "netmend"), *words, "--config", cls.config], input=stdin, capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == status, (words, done)
        return done

    def json(self, *words):
        return json.loads(self.run_(*words, "--json").stdout)

    def api(self, path):
        status, answer = self.web.api("GET", "/api/v1/" + path)
        self.assertEqual(status, 200, answer)
        return answer

    def test_machines(self):
        self.run_("inventory", "import", "-", stdin="name,serial,uuid,site\nPC-Genf,gva-1,,Genf\n"
                  ",ZRH-7,4C4C4544-0036-3510-8052-B4C04F564433,Zug\n")
        self.run_("machines", "add", MAC, "PC01")
        token = self.web.token(MAC)
        session = self.web.api("POST", "/v1/sessions", hello(token, MAC))[1]["session"]
        saved = self.web.api("PUT", f"/v1/sessions/{session}/journal", b"bundle")[1]
        self.assertEqual(self.web.api("POST", f"/v1/sessions/{session}/result", result("REPAIRED", saved["sha256"]))[0], 200)
        told = {m["id"]: m for m in self.json("machines", "list")}
        self.assertEqual(told, {m["id"]: m for m in self.api("machines")["machines"]})
        number = next(m["id"] for m in told.values() if m["mac"] == MAC)
        one, asked = self.json("machines", "show", MAC), self.api(f"machines/{number}")
        self.assertEqual({name: one[name] for name in asked if name not in ("v", "machine")},
                         {name: asked[name] for name in asked if name not in ("v", "machine")})
        self.assertEqual(one | asked["machine"], one)
        text = self.run_("machines", "show", "pc01").stdout
        for word in ("PC01", "disk 0, partition 3: bitlocker xts-aes-128", "C-00000291", saved["sha256"] + ", confirmed", "repaired"):
            self.assertIn(word, text)
        for which in ("GVA-1", "gva-1", "pc-genf", "ZRH-7", "4c4c4544-0036-3510-8052-b4c04f564433"):
            self.assertIn("inventory has it, site", self.run_("machines", "show", which).stdout)
        self.assertNotIn("in progress", self.run_("machines", "show", "zrh-7").stdout + self.run_("machines", "list").stdout)
        self.assertIn("ZRH-7  (number", self.run_("machines", "show", "zrh-7").stdout)

    def test_network_before_the_disk(self):
        mac = "52:54:00:00:0c:03"
        self.run_("machines", "add", mac, "PC03")
        for order, listed in (("network-first", ["PC03"]), ("disk-first", [])):
            body = hello(self.web.token(mac), mac)
            body["machine"]["boot_order"] = order
            body["machine"]["uuid"] = "4C4C4544-0036-3510-8052-B4C04F564499"
            self.assertEqual(self.web.api("POST", "/v1/sessions", body)[0], 200)
            self.assertEqual([m["name"] for m in self.json("machines", "list", "--network-first")], listed)
            self.assertEqual("tries the network before the disk" in self.run_("machines", "show", "PC03").stdout, bool(listed))
        body = hello(self.web.token(mac), mac)
        body["machine"].update(boot_order="network-first", uuid="4C4C4544-0036-3510-8052-B4C04F564499")
        self.assertEqual(self.web.api("POST", "/v1/sessions", body)[0], 200)
        # Its Windows is back, no session will come: the person who has been there says so.
        self.run_("machines", "set-back", "PC03", "--why", "done by hand")
        self.assertEqual(self.json("machines", "list", "--network-first"), [])
        self.assertIn("its boot order was set back: done by hand", self.run_("machines", "show", "PC03").stdout)

    def test_safe_mode_until_a_result_says_otherwise(self):
        mac = "52:54:00:00:0c:04"
        self.run_("machines", "add", mac, "PC04")
        for mode, listed in (("minimal", ["PC04"]), ("unknown", ["PC04"]), ("none", [])):
            operator(self.web, mac, done=0, guard_from=1 << 52)
            body = hello(self.web.token(mac), mac)
            body["machine"]["uuid"] = "4C4C4544-0036-3510-8052-B4C04F564498"
            session = self.web.api("POST", "/v1/sessions", body)[1]["session"]
            self.assertEqual(self.web.api("POST", f"/v1/sessions/{session}/result", result("NO_BAD_FILE", safe_mode=mode))[0], 200)
            self.assertEqual([m["name"] for m in self.json("machines", "list", "--safe-mode")], listed, mode)
            self.assertEqual("bcdedit /deletevalue {default} safeboot" in self.run_("machines", "show", "PC04").stdout, bool(listed))
        operator(self.web, mac, safe_mode=3)  # network
        self.assertEqual([m["name"] for m in self.json("machines", "list", "--safe-mode")], ["PC04"])
        self.run_("machines", "normal-start", "PC04", "--why", "done by hand")
        self.assertEqual(self.json("machines", "list", "--safe-mode"), [])
        self.assertIn("its safe mode was ended: done by hand", self.run_("machines", "show", "PC04").stdout)

    def test_saved_repairs(self):
        """What the page tells of sectors, and the bundle itself, as the page hands it out."""
        mac = "52:54:00:00:0c:02"
        self.run_("machines", "add", mac, "PC02")
        session = self.web.open(mac)[1]["session"]
        number = self.web.row(mac)["id"]
        kept = [bundle_maker.bundle([(8 * n, 1, "rest") for n in range(600)]), bundle_maker.bundle()]
        shas = [self.web.api("PUT", f"/v1/sessions/{session}/journal", data)[1]["sha256"] for data in kept]
        for sha in shas:
            os.chown(f"{self.dir}/state/web/bundles/{sha}.tar.zst", USER, USER)  # here web runs as root
            self.assertEqual(self.json("machines", "sectors", "PC02", "--sha256", sha[:8]), self.api(f"machines/{number}/bundles/{sha}/sectors"))
        text = self.run_("machines", "sectors", "PC02").stdout
        for pattern in (r"^7 sectors \(3584 bytes\) in 5 places: not confirmed yet", "BitLocker volume 063EA4E1", r"removed  \\Windows\\System32",
                        r"\n +812345 +2 +2048 +directory"):
            self.assertRegex(text, pattern)
        self.assertIn("the first 512 places", self.run_("machines", "sectors", "PC02", "--sha256", shas[0]).stdout)
        text = self.run_("machines", "show", "PC02").stdout
        self.assertRegex(text, rf"{shas[0]}, void\n +600 sectors \(307200 bytes\) in 600 places\n.*{shas[1]}, pending\n +7 sectors")
        path = os.path.join(self.dir, "PC02.tar.zst")
        told = self.run_("machines", "bundle", "PC02", path).stdout
        self.assertIn(f"their SHA-256 is the recorded one, {shas[1]}", told)
        self.assertIn("7 sectors of 512 bytes in 5 runs", subprocess.run(
            [os.path.join(BUILD, "fixer.bin"), "verify", path], check=True, capture_output=True, text=True).stdout)
        self.assertIn("--force", self.run_("machines", "bundle", "PC02", path, status=1).stderr)
        self.assertEqual(read(path), kept[1])
        self.run_("machines", "bundle", "PC02", path, "--force", "--sha256", shas[0][:6])
        self.assertEqual(read(path), kept[0])
        taken = [a for a in self.json("audit", "actions")["actions"] if a["verb"] == "download"]
        self.assertEqual([(a["object"], a["text"][-64:]) for a in taken], [("PC02", shas[0]), ("PC02", shas[1])])
        # What cannot be had, and what is not what was saved.
        for words, said in ((("PC02", "--sha256", "xyz"), "begins so"), (("ZRH-8",), "ZRH-8"), (("PC02", "--sha256", ""), "several")):
            for verb, more in (("sectors", ()), ("bundle", (path + ".new",))):
                self.assertIn(said, self.run_("machines", verb, words[0], *more, *words[1:], status=1).stderr)
        self.run_("machines", "bundle", "ZRH-8", path, "--force", status=1)
        self.assertEqual(read(path), kept[0])
        stored = f"{self.dir}/state/web/bundles/{shas[1]}.tar.zst"
        with open(stored, "r+b") as f:
            f.seek(-1, 2)
            f.write(b"\0" if kept[1][-1] else b"\1")
        self.assertIn("damaged", self.run_("machines", "bundle", "PC02", path + ".bad", status=1).stderr)
        os.unlink(stored)
        self.assertIn("not on this appliance", self.run_("machines", "bundle", "PC02", path + ".gone", status=1).stderr)
        self.assertIn("not on this appliance", self.run_("machines", "show", "PC02").stdout)
        self.assertEqual([name for name in os.listdir(self.dir) if name.startswith("PC02")], ["PC02.tar.zst"])

    def test_drafts(self):
        self.run_("campaign", "create", "-", stdin=json.dumps(PLAN))
        done = self.run_("campaign", "change", "july", "-", stdin=json.dumps(PLAN | {"name": "august", "waves": [{"name": "two", "machines": 2}]}))
        self.assertIn("campaign august (number", done.stdout)
        campaign = next(c for c in self.api("campaigns")["campaigns"] if c["name"] == "august")
        self.assertEqual([w["name"] for w in campaign["waves"]], ["two", "rest"])
        self.assertIn("has not been started", self.run_("campaign", "report", "august", status=1).stderr)
        self.assertIn("failed_percent", self.run_(
            "campaign", "change", "august", "-", stdin=json.dumps(PLAN | {"stop": {"failed_percent": 101}}), status=1).stderr)
        driven = json.dumps(PLAN | {"name": "august", "power": {"drive": True, "per_feed": 3}})
        self.assertIn("at_once: not from 1 to 256", self.run_(
            "campaign", "preview", "-", stdin=json.dumps(PLAN | {"power": {"at_once": 0}}), status=1).stderr)
        self.run_("campaign", "change", "august", "-", stdin=driven)
        self.run_("campaign", "start", "august", "the night shift is informed")
        self.assertRegex(self.run_("campaign", "show", "august").stdout, "switched on by their management controllers: 20 at once, 2 of a rack, "
                         r"3 of a power feed\n  0 started, 0 wait for their turn, 0 are being driven, .*, \d+ without management controller\n")
        self.assertIn("only a draft can be changed", self.run_("campaign", "change", "august", "-", stdin=json.dumps(PLAN), status=1).stderr)
        self.assertIn("only a draft can be deleted", self.run_("campaign", "delete", "august", status=1).stderr)
        self.assertIn("it has no such wave", self.run_("campaign", "retry", "august", "--wave", "9", status=1).stderr)
        self.run_("campaign", "abort", "august")
        mine = [(a["verb"], a["object"], a["text"]) for a in self.json("audit", "actions")["actions"] if a["kind"] == "campaign" and a["via"] == "command line"]
        self.assertEqual(mine, [("campaign-abort", "august", ""), ("campaign-start", "august", "the night shift is informed"),
                                ("campaign-change", "august", ""), ("campaign-change", "august", ""), ("campaign-create", "july", "")])

    def test_record(self):
        for i in range(3):
            self.run_("user", "token", "add", f"t{i}", "--role", "viewer")
        self.assertEqual(self.json("audit", "actions", "--last", "50"), self.api("actions?limit=50"))
        self.assertEqual(len(self.json("audit", "actions", "--last", "2")["actions"]), 2)
        rows = list(csv.DictReader(io.StringIO(self.run_("audit", "actions", "--csv", "--last", "3").stdout, newline="")))
        self.assertEqual([(r["verb"], r["object"], r["via"]) for r in rows], [("token-add", f"t{i}", "command line") for i in (2, 1, 0)])
        table = self.run_("audit", "actions", "--last", "1").stdout
        self.assertRegex(table, r"when .*who .*what .*\n.* root.* token-add .*t2 .*viewer, 90 days .*command line")
        for last in ("0", "x", "-1"):
            self.run_("audit", "actions", "--last", last, status=2)
        self.run_("audit", "actions", "--csv", "--json", status=2)

    def test_tokens_of_who_is_sent_away_are_told(self):
        password = "a long enough password"
        self.run_("user", "add", "eve", "--role", "admin", "--password-file", "-", stdin=password + "\n")
        status, headers, _ = self.web.call("POST", "/api/v1/login", json.dumps({"v": 1, "name": "eve", "password": password}).encode(),
                                           secure=True, headers={"Cookie": ""})
        self.assertEqual(status, 200)
        self.assertEqual(self.web.api("POST", "/api/v1/tokens", {"v": 1, "name": "left", "role": "admin", "days": 0},
                                      headers={"Cookie": headers["Set-Cookie"].split(";")[0], "X-Netmend": "1"})[0], 200)
        for verb in ("disable", "remove"):
            self.assertIn("the API token left, made by eve, stays good: netmend user token remove left", self.run_("user", verb, "eve").stdout)
        self.run_("user", "token", "remove", "left")

    def test_nothing_a_terminal_obeys(self):
        """Whatever a machine, a file or a person writes."""
        nasty = "PC\x1b]0;owned\x07\u202etxt.exe\u2066\x9b2J"
        self.run_("inventory", "import", "-", stdin=f"name,serial,site,owner\n{nasty},NASTY1,{nasty},{nasty}\n")
        self.run_("machines", "hold", "NASTY1", nasty)
        mac = "52:54:00:00:0c:66"
        self.run_("machines", "add", mac, nasty)
        body = hello(self.web.token(mac), mac)
        body["machine"] |= {"uuid": "", "serial": nasty, "product": nasty, "manufacturer": nasty}
        self.assertEqual(self.web.api("POST", "/v1/sessions", body)[0], 200)
        for words in (("machines", "list"), ("machines", "show", "NASTY1"), ("machines", "show", mac), ("audit", "actions"),
                      ("inventory", "export"), ("machines", "list", "--json"), ("machines", "show", mac, "--json"), ("completion", "names", "MACHINE")):
            text = self.run_(*words).stdout
            if words[0] != "completion":
                self.assertIn("owned", text, words)
            self.assertEqual([c for c in text if c in "\x1b\x07\x9b\u202e\u2066"], [], words)
        for answer in (self.web.get("/api/v1/snapshot", secure=True)[2], self.web.get("/api/v1/machines.csv", secure=True)[2]):
            self.assertNotIn("\u202e".encode(), answer)
            self.assertNotIn(b"\\u202e", answer.lower())


if __name__ == "__main__":
    unittest.main()
