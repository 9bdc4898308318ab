#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of every view of the page, to be looked at by a person: `PICTURES=DIR tests/bench/pictures.py`. With no machine, with 3, with 500
that are being repaired (tests/bench/swarm plays them) and with 10,000 whose states are written into the store; on a desk, on a phone and
on a wall; light and dark. What a person need not look for is told: what is wider than its screen, what a thumb misses, what is cut off.

FLEETS="0 3" makes those only; VIEWS=REGEX takes those only whose name fits; SCREENS and THEMES, too, are words of those below;
HEIGHT=1 takes the first screen only.
"""
import contextlib
import json
import os
import re
import signal
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../module"))

import appliance_lab as lab  # noqa: E402
import swarm_lab  # noqa: E402
from camera import FOLDER, Camera  # noqa: E402

FLEETS = [int(n) for n in os.environ.get("FLEETS", "0 3 500 10000").split()]
WALL = {"wall": (1920, 1080)}
PASSPHRASE = "correct horse battery staple"
MIX = "restart=3,again=1,relapse=2,refused=3,never=1,silent=1,no_key=2,wrong_key=1"
SITES = (("Bern", 4), ("Basel", 3), ("Lugano", 2))
LISTS = {"sites": [], "floors": [], "owners": [], "rings": []}
# (share, state, reason, text) of 10,000 machines.
STATES = ((62, "returned", "RETURNED", "Windows answers on port 445"), (8, "seen", "OK", ""), (6, "waiting", "WAITING_KEY", ""),
          (5, "planning", "OK", ""), (6, "repairing", "OK", "24 sectors"), (6, "rebooting", "REPAIRED", ""),
          (3, "waiting", "KEY_NOT_FOUND", "no source has the key of protector 063EA4E1-220C-4293-BA01-4754620A96E7"),
          (1, "attention", "KEY_MISMATCH", "2 passwords tried"), (1, "attention", "NOT_RETURNED", "for 18 minutes"),
          (1, "attention", "NTFS_HIBERNATED", ""), (1, "held", "HELD", "ask finance first"), (.1, "attention", "NO_HEARTBEAT", ""),
          (.1, "repairing", "OK", "24 sectors, not moving"))
STUCK = "24 sectors, not moving"
RUNNING = "waiting", "planning", "repairing", "rebooting"  # heard of until the pictures are taken
# A file dropped on the open view.
DROP = """((text) => {
    const all = new DataTransfer();
    all.items.add(new File([text], "keys.csv"));
    document.querySelector("#view input[type=file]").closest("section").dispatchEvent(
        new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: all}));
})(%s)"""


class Fleet:
    """One appliance with an inventory of so many machines."""

    def __init__(self, machines):
        self.machines = machines
        self.appliance = lab.Appliance(f"fleet{machines}", boot="scope = all\n", rest="wallboard = yes\n[release]\nper-minute = 0\n"
                                       "subnet-minute = 0\nsuspects = 0\n[escrow]\nsyslog = no\n")
        self.camera = Camera(machines)
        self.swarm = None

    def sign_in(self):
        """Everything from here on is the administrator's."""
        self.camera.page.sign_in(f"https://{lab.SERVER}/", self.appliance.admin("admin"))

    def start(self):
        self.appliance.start()
        self.appliance.admin("admin")

    def ask(self, path, body=None, kind="application/json", method=None):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"https://{lab.SERVER}{path}", data, {
            "Authorization": f"Bearer {self.appliance.bearer}", "X-Netmend": "1", "Content-Type": kind}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120, context=ssl._create_unverified_context()) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read()[:500]) from error

    def inventory(self):
        """PC-0001 is the swarm's machine 0."""
        floors = [(site, str(floor)) for site, floors in SITES for floor in range(floors)]
        lines = ["name,serial,mac,site,floor,owner,ring"]
        for i in range(self.machines):
            site, floor = floors[i * len(floors) // self.machines]
            lines.append(f"PC-{i + 1:04d},{'SWARM%07d' % i if self.machines < 1000 else '5CG%07d' % i},52:54:{i >> 24:02x}:{i >> 16 & 255:02x}:"
                         f"{i >> 8 & 255:02x}:{i & 255:02x},{site},{floor},{('Finance', 'Sales', 'Care', 'Lab')[i % 4]},{'canary' if i % 25 == 0 else 'broad'}")
        return ("\n".join(lines) + "\n").encode()

    def bring_in(self):
        told = self.ask("/api/v1/inventory", self.inventory(), "text/csv")
        assert told["added"] == self.machines, told

    def play(self, *options):
        """The machines are switched on."""
        csv, token = self.appliance.folder + "/keys.csv", self.appliance.folder + "/token"
        options = ["--keys", f"{swarm_lab.KEYS}-pictures-{self.machines}", "--stretchings", "20", "--machines", str(self.machines), *options]
        subprocess.run([swarm_lab.SWARM, *options, "--only-keys", "--csv", csv], check=True)
        with open(token, "w") as f:
            f.write(self.appliance.bearer + "\n")
        self.appliance.command("keys", "import", csv)
        with lab.InClient():
            self.swarm = subprocess.Popen([swarm_lab.SWARM, *options, "--server", lab.SERVER, "--network", swarm_lab.NETWORK, "--ledger",
                                           self.appliance.folder + "/ledger", "--token-file", token], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def campaign(self, name, scope, waves, approval="config", **stop):
        wave = {**LISTS, "machines": 0, "percent": 0}
        plan = {"name": name, "recipe": "crowdstrike-291", "scope": {"all": False, **LISTS, "subnets": [], "machines": []} | scope, "from": 0, "until": 0,
                "approval": approval, "dry_run": False, "start_order": True, "stop": {"failed_percent": 10, "at_least": 20} | stop,
                "waves": [wave | {"opens": {"by_hand": False, "returned_percent": 60, "minutes": 0}} | w for w in waves]}
        number = self.ask("/api/v1/campaigns", {"v": 1, "plan": plan})["id"]
        self.act(number, "start")
        return number

    def act(self, campaign, verb):
        return self.ask(f"/api/v1/campaigns/{campaign}/act", {"v": 1, "verb": verb, "wave": 0, "text": ""})["campaign"]

    def rows(self):
        return self.appliance.snapshot()["machines"]

    def until(self, condition, what, seconds=240):
        end = time.monotonic() + seconds
        while not (value := condition(self.rows())):
            if time.monotonic() > end:
                print(f"  {self.machines}: no {what} in {seconds} s", flush=True)
                return None
            time.sleep(1)
        return value

    def stop(self):
        if self.swarm:
            self.swarm.send_signal(signal.SIGTERM)
            self.swarm.wait()
        self.camera.page.close()
        self.appliance.stop()
        self.camera.tell()


def everywhere(fleet):
    """The views that every fleet has."""
    view, press = fleet.camera.view, fleet.camera.press
    view("overview", "#/", "machines recovered|No machines yet", "DHCP")
    view("campaigns", "#/campaigns", "Campaigns")
    view("inventory", "#/inventory", "In no inventory")
    view("record", "#/record", "Who did what", r"\d\d:\d\d:\d\d")
    view("appliance", "#/appliance", "Learnt times")
    view("people", "#/people", "API tokens", "admin")
    view("recovery-keys", "#/keys", "Recovery keys", "in the vault")
    view("plan", "#/campaigns/new", "Waves", before=lambda: time.sleep(1))
    view("wall", "?wall=1", "recovered|No machines yet", screens=WALL, whole=False, before=lambda: time.sleep(2))
    view("wall-phone", "?wall=1", "recovered|No machines yet", before=lambda: time.sleep(1))
    if fleet.machines:
        view("map", "#/?view=map", "as a list", before=lambda: time.sleep(0.5))
        view("filters", "#/?site=Bern&floor=0", "of .* shown", before=lambda: press("More filters"))


# ---- no machine ----

def none():
    fleet = Fleet(0)
    fleet.appliance.start()
    camera, view = fleet.camera, fleet.camera.view
    page = camera.page
    view("nobody", "", "No account exists yet")
    link = re.search(r"https://\S+(/setup#\S+)", fleet.appliance.log())[1]
    view("setup", link[1:], "Make the first account")
    view("wall-empty", "#wallboard", "No machines yet", screens=WALL, whole=False)
    fleet.appliance.admin("admin")
    view("sign-in", "", "Sign in")

    def wrong():
        camera.set("#view input[name=name]", "operator")
        camera.set("#view input[type=password]", "not the password")
        camera.press("Sign in", "#view")
        page.wait_text("wrong")
    view("sign-in-wrong", "", "Sign in", before=wrong)
    fleet.sign_in()
    everywhere(fleet)
    view("keys", "#/", "DHCP", before=lambda: page.press("?"))
    view("account", "#/account", "My account")
    client = lab.Client()
    for mac, kind, arch in (("52:54:00:60:00:02", "udhcp 1.36", None), ("52:54:00:60:00:03", "MSFT 5.0", None)):
        client.ask(mac, kind, arch, wait=0.1)
    client.close()
    view("heard", "#/", "52:54:00:60:00:03")
    view("people-change", "#/people", r"admin.*\s+active", before=lambda: camera.press("Change"))
    view("people-new", "#/people", "admin", before=lambda: camera.press("New account"))

    def token():
        camera.press("New token")
        page.run("document.querySelector('#view details[open] input').value = 'backup'")
        camera.press("Make the token")
        page.wait_text("shown this once")
    view("token", "#/people", "API tokens", before=token, once=True)
    lines = fleet.inventory().decode() + "".join(f"PC-{i:04d},S{i},52:54:00:50:00:{i:02x},Bern,{i},Finance,broad\n" for i in range(1, 6))

    def look():
        camera.set("#view textarea", lines + "PC-0006,S6,52:54:zz,Bern,1,Finance,broad\nPC-0007,S7\n")
        camera.press("Look what it would do")
        page.wait_text("Nothing is changed yet")

    def done():
        look()
        camera.press("Import the")
        page.wait_text("Imported")
    view("import-look", "#/inventory", "Import", before=look)
    view("import-done", "#/inventory", "Import", before=done, once=True)

    def keys():
        rows = [("PC-0001", "11111111-2222-3333-4444-555555555555", "-".join(["110110"] * 8)), ("PC-0002", "11111111-2222-3333-4444-666666666666", "NULL"),
                ("PC-0003", "11111111-2222-3333-4444-777777777777", "-".join(["110110"] * 7 + ["110111"]))]
        page.run(DROP % json.dumps("Hostname,KeyID,RecoveryKey\n" + "".join(f"{host},{guid},{key}\n" for host, guid, key in rows)))
        page.wait_text("Nothing is stored yet")
    view("recovery-keys-look", "#/keys", "in the vault", before=keys)
    os.rename(f"{lab.BIN}/netmend-escrow", f"{lab.BIN}/gone")
    os.kill(fleet.appliance.children()["netmend-escrow"], signal.SIGKILL)
    view("escrow-gone", "#/", "Escrow does not answer")
    os.rename(f"{lab.BIN}/gone", f"{lab.BIN}/netmend-escrow")
    script = page.call("Page.addScriptToEvaluateOnNewDocument", source="(() => { const now = Date.now; Date.now = () => now() + 600000; })()")["identifier"]
    view("clock", "#/", "clock is")
    page.call("Page.removeScriptToEvaluateOnNewDocument", identifier=script)

    def lost():
        os.kill(fleet.appliance.children()["web"], signal.SIGSTOP)
        page.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
        page.wait_text("No connection", seconds=90)
    view("lost", "#/", "DHCP", before=lost, once=True)
    page.call("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    with contextlib.suppress(KeyError):
        os.kill(fleet.appliance.children()["web"], signal.SIGCONT)
    fleet.stop()


# ---- three machines, a key released by a person ----

def three():
    fleet = Fleet(3)
    camera, view = fleet.camera, fleet.camera.view
    page = camera.page
    fleet.start()
    fleet.bring_in()
    fleet.appliance.command("release", "approver", "add", "approver", stdin=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    pilot = fleet.campaign("Pilot", {"all": True}, [{"name": "canary", "rings": ["canary"]}, {"name": "everyone else"}], "pairing")
    fleet.sign_in()
    fleet.play("--rate", "2", "--pace", "400", "--patience", "900", "--limit", "1000", "--settle", "600")
    waiting = fleet.until(lambda rows: [r for r in rows if r["reason"] == "WAITING_APPROVAL"], "request", 60)
    view("approval", "#/", "Waiting for approval", r"[A-Z0-9]{6}")
    view("approval-machine", f"#/machine/{waiting[0]['id']}", "Code on the machine's screen")

    def choose():
        page.wait_text("nobody yet", "#approvals")
        page.run("document.querySelector('#approvals tbody input').click()")
        camera.set("#approver", "approver")
        camera.set("#passphrase", "wrong")
        camera.press("Release", "#approvals")
        page.wait_text("wrong")
    view("approval-wrong", "#/", "Waiting for approval", r"[A-Z0-9]{6}", before=choose)
    for _ in range(3):
        if not fleet.until(lambda rows: [r for r in rows if r["reason"] == "WAITING_APPROVAL"], "request", 40):
            break
        page.open("about:blank")
        page.open(f"https://{lab.SERVER}/#/")
        page.wait_text("Waiting for approval", "#approvals")
        page.run("document.querySelector('#approve-all').click()")
        camera.set("#approver", "approver")
        camera.set("#passphrase", PASSPHRASE)
        camera.press("Release", "#approvals")
        page.wait_text("Released", "#approvals")
        if camera.wanted("approval-released"):
            camera.take("approval-released")
        if all(r["reason"] != "WAITING_APPROVAL" and r["state"] not in ("seen", "held") for r in fleet.rows()):
            break
    fleet.until(lambda rows: all(r["state"] == "returned" for r in rows), "return of all", 120)
    everywhere(fleet)
    view("campaign-back", f"#/campaign/{pilot}", "Waves")
    fleet.act(pilot, "finish")
    view("campaign-finished", f"#/campaign/{pilot}", "finished")
    view("report", f"api/v1/campaigns/{pilot}/report", "Pilot")
    fleet.stop()


# ---- 500, while they are repaired ----

def hundreds():
    fleet = Fleet(500)
    camera, view = fleet.camera, fleet.camera.view
    page = camera.page
    fleet.start()
    fleet.bring_in()
    fleet.appliance.command("release", "approver", "add", "approver", stdin=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    july = fleet.campaign("Head office", {"sites": ["Bern"]}, [{"name": "canary", "rings": ["canary"]}, {"name": "floors 0 and 1", "floors": ["0", "1"]},
                                                              {"name": "everyone else"}])
    basel = fleet.campaign("Basel", {"sites": ["Basel"]}, [{"name": "all"}], failed_percent=2, at_least=3)
    fleet.campaign("Lugano", {"sites": ["Lugano"]}, [{"name": "canary", "machines": 12}, {"name": "everyone else"}], "pairing")
    fleet.sign_in()
    fleet.play("--rate", "20", "--active", "150", "--pace", "1500", "--patience", "1500", "--mix", MIX, "--limit", "1500", "--settle", "1500")

    def far(rows):
        return sum(r["state"] == "returned" for r in rows) > 130
    fleet.until(far, "130 machines back", 400)
    everywhere(fleet)
    view("campaign-running", f"#/campaign/{july}", "Waves")
    view("campaign-stopped", f"#/campaign/{basel}", "Waves")
    view("campaign-abort", f"#/campaign/{july}", "Waves", before=lambda: camera.press("Abort"))
    view("report-running", f"api/v1/campaigns/{july}/report", "Head office")
    view("acting", "#/?site=Bern", "PC-0", before=lambda: page.run("document.querySelector('#choose-all').click()"))
    view("nothing-found", "#/?find=nowhere", "No machine matches")
    view("by-reason", "#/?reason=NTFS_HIBERNATED", "Retry all")
    for name, fits in (("needs-key", lambda r: r["reason"] == "KEY_NOT_FOUND"), ("wrong-key", lambda r: r["reason"] == "KEY_MISMATCH"),
                       ("failed", lambda r: r["state"] == "attention" and r["reason"] == "NTFS_HIBERNATED"), ("silent", lambda r: r["reason"] == "NO_HEARTBEAT"),
                       ("relapsed", lambda r: r["reason"] == "RELAPSED"), ("returned", lambda r: r["state"] == "returned"),
                       ("restarting", lambda r: r["state"] == "rebooting"), ("working", lambda r: r["state"] in ("planning", "repairing", "saving")),
                       ("fresh", lambda r: r["state"] == "seen"), ("held", lambda r: r["state"] == "held" and r["reason"] != "RELAPSED")):
        found = next((r for r in fleet.rows() if fits(r)), None)
        if found:
            view(f"machine-{name}", f"#/machine/{found['id']}", found["name"], "Timeline")
        else:
            print(f"  500: no machine is {name}")
    lost = next((r for r in fleet.rows() if r["reason"] == "KEY_NOT_FOUND"), None)
    if lost:
        def digits():
            page.click("#group-1")
            page.press(*"123255720886")
        view("entry", f"#/machine/{lost['id']}", "Enter the recovery password", before=digits)
    fleet.stop()


# ---- 10,000 ----

def thousands():
    import random
    fleet = Fleet(10000)
    fleet.start()
    fleet.bring_in()
    dice, now = random.Random(2), int(time.time() * 1000)
    with contextlib.closing(sqlite3.connect(fleet.appliance.state + "/web/netmend.db", timeout=60)) as db, db:
        ids = [i for i, in db.execute("SELECT id FROM machines ORDER BY id")]
        pick = dice.choices([s[1:] for s in STATES], [s[0] for s in STATES], k=len(ids))
        back = 0
        for (state, reason, text), number in zip(pick, ids):
            since = now - int(dice.triangular(60000, 4 * 3600000, 3600000)) if state == "returned" else now - dice.randrange(900000)
            if state in RUNNING[1:]:
                since = now - (dice.randrange(800000, 900000) if text == STUCK else int(dice.triangular(2000, 200000, 5000)))  # the others not yet
            if state == "attention":
                since = now - dice.randrange(2 * 3600000)
            seq = db.execute("INSERT INTO events (machine, at, attempt, state, step, reason, text, numbers) VALUES (?, ?, 1, ?, 'test', ?, ?, '{}')",
                             (number, since, state, reason, text)).lastrowid
            db.execute("UPDATE machines SET state = ?, reason = ?, text = ?, ip = ?, product = 'EliteBook 840 14 inch G10 Notebook PC', in_scope = 1,"
                       " attempt = ?, since = ?, first_seen = ?, last_seen = ?, changed = ? WHERE id = ?",
                       (state, reason, text, f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" if state != "seen" else "", int(state != "seen"), since,
                        now - 5 * 3600000, since if state == "attention" else now - dice.randrange(60000) + (3600000 if state in RUNNING else 0), seq, number))
            if state == "returned":
                back += 1
                db.execute("INSERT INTO tally (at, started, repaired, recovered, failed) VALUES (?, 1, 1, 1, 0)"
                           " ON CONFLICT (at) DO UPDATE SET recovered = recovered + 1, repaired = repaired + 1, started = started + 1", (since // 60000 * 60000,))
            if state == "attention":
                db.execute("INSERT INTO tally (at, started, repaired, recovered, failed) VALUES (?, 1, 0, 0, 1)"
                           " ON CONFLICT (at) DO UPDATE SET failed = failed + 1", (since // 60000 * 60000,))
        for step, median in (("boot", 48000), ("session", 3100), ("repair", 11800), ("reboot", 4200), ("return", 71000)):
            db.execute("INSERT OR REPLACE INTO learnt (step, samples, median, at, most) VALUES (?, ?, ?, ?, ?)", (step, back, median, now, 2 * median))
    fleet.appliance.stop()
    fleet.appliance.start()
    fleet.sign_in()
    everywhere(fleet)
    fleet.stop()


def main():
    if not FOLDER:
        sys.exit("PICTURES=DIR says where they go")
    os.makedirs(FOLDER, exist_ok=True)
    swarm_lab.enter()
    for machines, make in ((0, none), (3, three), (500, hundreds), (10000, thousands)):
        if machines in FLEETS:
            print(f"{machines} machines", flush=True)
            make()


if __name__ == "__main__":
    main()
