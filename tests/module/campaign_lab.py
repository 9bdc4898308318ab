# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet for tests of campaigns: machines that boot, are repaired and come back, or fail, as one line of the test says."""
import contextlib
import sqlite3

from web_server import DHCP, WINDOWS, operator, released, result, until


LISTS = {"sites": [], "floors": [], "owners": [], "rings": []}


def wave(**changes):
    return {"name": "", **LISTS, "machines": 0, "percent": 0} | changes | {
        "opens": {"by_hand": False, "returned_percent": 100, "minutes": 0} | changes.get("opens", {})}


def whole(plan):
    """With every field that a call has to have."""
    return {"name": "", "recipe": "crowdstrike-291", "from": 0, "until": 0, "approval": "config", "dry_run": False, "start_order": True} | plan | {
        "scope": {"all": False, **LISTS, "subnets": [], "machines": []} | plan.get("scope", {}),
        "waves": [wave(**w) for w in plan.get("waves", [])], "stop": {"failed_percent": 10, "at_least": 2} | plan.get("stop", {})}


class Fleet:
    """Machines by number: MAC 52:54:00:00:00:NN, address 127.0.1.NN."""

    def __init__(self, web):
        self.web = web
        web.escrow.answer = released()

    @staticmethod
    def mac(number):
        return f"52:54:00:00:00:{number:02x}"

    @staticmethod
    def ip(number):
        return f"127.0.1.{number}"

    def add(self, number, **line):
        """In the inventory, with a line of it: site, floor, owner, ring, rank."""
        operator(self.web, self.mac(number), name=f"PC{number:02}", uuid=f"00000000-0000-4000-8000-0000000000{number:02X}",
                 serial=f"S{number:02}")
        line = {"name": "", "serial": "", "uuid": "", "macs": "", "site": "", "floor": "", "owner": "", "ring": "", "bmc": "",
                "rank": 0, "imported": 1} | line
        with contextlib.closing(sqlite3.connect(self.web.path("netmend.db"), timeout=60)) as db, db:
            db.execute(f"INSERT INTO inventory (machine, {', '.join(line)}) SELECT id, {', '.join('?' * len(line))}"
                       " FROM machines WHERE mac = ?", (*line.values(), self.mac(number)))

    def row(self, number):
        return self.web.row(self.mac(number))

    def reason(self, number):
        return self.row(number)["reason"]

    def script(self, number):
        return self.web.script(self.mac(number), self.ip(number))

    def asks(self, number):
        """What iPXE is told: "fixer", or the reason why it waits or goes."""
        script = self.script(number)
        if "netmend.token=" in script:
            return "fixer"
        return script.split("(", 1)[1].split(")", 1)[0]

    def session(self, number):
        return self.web.open(self.mac(number), self.ip(number))[1]["session"]

    def key(self, number, session, wait=2):
        return self.web.release(session, wait=wait, source=self.ip(number))[1]

    def result(self, number, session, reason):
        status, answer = self.web.api("POST", f"/v1/sessions/{session}/result", result(reason), source=self.ip(number))
        assert status == 200, answer
        return answer["next"]

    def windows(self, number):
        self.web.tell(DHCP, event=WINDOWS, mac=self.mac(number))
        until(lambda: self.row(number)["state"] == "returned")

    def repaired(self, number):
        """All the way from its network boot to Windows."""
        session = self.session(number)
        until(lambda: self.key(number, session)["status"] == "released")
        assert self.result(number, session, "REPAIRED") == "reboot"
        self.windows(number)

    def fails(self, number, reason="NTFS_DAMAGED"):
        assert self.result(number, self.session(number), reason) == "hold"

    # ---- the campaign ----

    def create(self, plan, start=True):
        """plan: what is not as usual."""
        status, answer = self.web.api("POST", "/api/v1/campaigns", {"v": 1, "plan": whole(plan)})
        assert status == 200, answer
        self.id = answer["id"]
        if start:
            self.act("start")
        return self.id

    def call(self, verb, **more):
        return self.web.api("POST", f"/api/v1/campaigns/{self.id}/act", {"v": 1, "verb": verb, "wave": 0, "text": ""} | more)

    def act(self, verb, **more):
        status, answer = self.call(verb, **more)
        assert status == 200, answer
        return answer["campaign"]

    def campaign(self):
        return self.web.api("GET", f"/api/v1/campaigns/{self.id}")[1]["campaign"]

    def waves(self):
        """{name: (machines, waiting, working, returned, failed)}"""
        return {w["name"]: tuple(w[k] for k in ("machines", "waiting", "working", "returned", "failed")) for w in self.campaign()["waves"]}

    def opened(self):
        return [w["name"] for w in self.campaign()["waves"] if w["open"]]

    def wait_state(self, state):
        until(lambda: self.campaign()["state"] == state)
