# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/bench/swarm against a real `netmend serve` on the network of appliance_lab.py: the machines are in the client's network, each
with an address of its own, behind a router as another site would be."""
import json
import os
import sqlite3
import subprocess
import time

import appliance_lab as lab

SWARM = os.path.join(lab.BUILD, "tests/bench/swarm/swarm")
KEYS = os.path.join(lab.BUILD, "tests/bench/swarm/keys")
NETWORK = "10.78.0.0"
TICKS = os.sysconf("SC_CLK_TCK")


def enter():
    """As lab.enter(); every address of 10.78.0.0/16 is the client's."""
    lab.enter()
    lab.run("ip", "-n", "client", "route", "add", "local", f"{NETWORK}/16", "dev", "lo")
    lab.run("ip", "route", "add", f"{NETWORK}/16", "via", lab.CLIENT)


class Usage:
    """Processor seconds and resident memory of the appliance's processes, over all their lives."""

    def __init__(self):
        self.ended, self.now, self.most = {}, {}, {}

    @staticmethod
    def read(pid):
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        resident = int(lab.status_of(pid).get("VmRSS", "0 kB").split()[0]) * 1024
        return (int(fields[11]) + int(fields[12])) / TICKS, resident

    def look(self, children):
        for name, pid in children.items():
            try:
                seconds, resident = self.read(pid)
            except (OSError, IndexError):
                continue
            old_pid, old = self.now.get(name, (pid, 0))
            if old_pid != pid:
                self.ended[name] = self.ended.get(name, 0) + old
            self.now[name] = pid, seconds
            self.most[name] = max(self.most.get(name, 0), resident)

    def seconds(self):
        return {name: self.ended.get(name, 0) + seconds for name, (_, seconds) in self.now.items()}


class Run:
    """One appliance and the machines played against it."""

    def __init__(self, name, machines, options=(), boot="", keys=KEYS):
        self.options = ["--keys", keys, "--machines", str(machines), *options]
        # Its machines run many times faster than real ones, but one that vanishes has its place for three minutes by the clock.
        self.appliance = lab.Appliance(name, boot=f"scope = all\nat-once = 2000\n{boot}", rest="[release]\nper-minute = 0\nsubnet-minute = 0\n"
                                       "suspects = 0\n[escrow]\nsyslog = no\n")
        self.folder, self.usage = self.appliance.folder, Usage()
        self.ledger, self.figures_path = self.folder + "/ledger", self.folder + "/figures"
        self.lines, self.swarm = [], None

    def prepare(self):
        """The vault gets the keys; the appliance runs."""
        csv = self.folder + "/keys.csv"
        subprocess.run([SWARM, *self.options, "--only-keys", "--csv", csv], check=True)
        self.appliance.start()
        self.token = self.folder + "/token"
        with open(self.token, "w") as f:
            f.write(self.appliance.bearer + "\n")
        subprocess.run([f"{lab.BIN}/netmend", "keys", "import", csv, "--config", self.appliance.config], check=True,
                       capture_output=True, timeout=600)

    def play(self, events=()):
        """events: [(machines that have ended, function)], each called once. The swarm's exit status."""
        command = [SWARM, *self.options, "--server", lab.SERVER, "--network", NETWORK, "--ledger", self.ledger, "--figures",
                   self.figures_path, "--token-file", self.token]
        events = sorted(events, key=lambda e: e[0])
        with lab.InClient():
            self.swarm = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with self.swarm.stdout:
            for line in self.swarm.stdout:
                self.take(line, events)
        self.usage.look(self.appliance.children())
        return self.swarm.wait()

    def take(self, line, events):
        self.lines.append(line)
        words = line.split()
        if words[:1] != ["progress"]:
            return
        numbers = dict(zip(words[2::2], map(int, words[3::2])))
        self.usage.look(self.appliance.children())
        self.progress(numbers)
        while events and numbers["over"] >= events[0][0]:
            events.pop(0)[1]()

    def progress(self, numbers):
        """Once a second."""

    def output(self):
        return "".join(line for line in self.lines if not line.startswith("progress"))

    def figures(self):
        with open(self.figures_path) as f:
            return json.load(f)

    def kill(self, name):
        """kill -9 of one of serve's children, which serve starts again."""
        self.usage.look(self.appliance.children())
        os.kill(self.appliance.children()[name], 9)

    def kill_serve(self):
        """kill -9 of serve itself; its children go with it, and it is started again."""
        self.usage.look(self.appliance.children())
        self.appliance.process.kill()
        self.appliance.process.wait()
        time.sleep(0.5)
        self.appliance.start()

    # ---- the second judge: the store's own file ----

    def compare_store(self):
        """[what is wrong], by SQL on the appliance's database and the ledger, past all of our own code."""
        wrong = []
        with sqlite3.connect(f"file:{self.appliance.state}/web/netmend.db?mode=ro", uri=True) as db, open(self.ledger) as ledger:
            for line in ledger:
                machine = json.loads(line)
                wrong += [f"{machine['mac']} ({machine['story']}): {w}" for w in self.compare_machine(db, machine)]
            wrong += self.compare_tally(db)
        return wrong

    @staticmethod
    def compare_tally(db):
        """What is counted as it happens is what the timelines have, whoever was killed in between."""
        told = db.execute(
            "SELECT sum(started), sum(repaired), sum(recovered),"
            " (SELECT count(*) FROM events WHERE step = 'boot' AND state = 'booting'),"
            " (SELECT count(*) FROM events WHERE step = 'result' AND reason IN ('REPAIRED', 'RENAMED', 'COMPLETED_PENDING')),"
            " (SELECT count(*) FROM events WHERE step = 'windows' AND state = 'returned') FROM tally").fetchone()
        return [] if told[:3] == told[3:] and told[0] else [f"counted {told[:3]}, on the timelines {told[3:]}"]

    @staticmethod
    def compare_machine(db, machine):
        ids = [r[0] for r in db.execute("SELECT machine FROM macs WHERE mac = ?", (machine["mac"],))]
        if len(ids) != 1:
            return [f"{len(ids)} machines of this MAC"] if machine["boots_sent"] else []
        found, sent, taken = [], set(), set()
        for n, attempt, state, step, reason, text in db.execute(
                "SELECT e.n, s.attempt, e.state, e.step, e.reason, e.text FROM events e JOIN sessions s ON s.id = e.session"
                " WHERE e.machine = ?", (ids[0],)):
            found.append((attempt, n, state, step, reason, text))
        for boot in machine["boots"]:
            for e in boot["events"]:
                event = boot["attempt"], e["n"], e["state"], e["step"], e["reason"], e["text"]
                sent.add(event)
                if e["taken"]:
                    taken.add(event)
        wrong = []
        if len(set(found)) != len(found):
            wrong.append("events twice")
        if not set(found) <= sent:
            wrong.append(f"events never sent: {set(found) - sent}")
        if not taken <= set(found):
            wrong.append(f"events lost: {taken - set(found)}")
        results = dict(db.execute("SELECT s.attempt, count(*) FROM results r JOIN sessions s ON s.id = r.session WHERE r.machine = ?"
                                  " GROUP BY s.attempt", (ids[0],)))
        for boot in machine["boots"]:
            count = results.pop(boot["attempt"], 0)
            if not boot["result_taken"] <= count <= boot["result_sent"]:
                wrong.append(f"attempt {boot['attempt']}: {count} results")
        if results:
            wrong.append(f"results of attempts nobody made: {results}")
        return wrong
