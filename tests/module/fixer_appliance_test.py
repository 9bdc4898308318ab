#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixer's boot-time session with the real `netmend web` and the real `netmend-escrow`: no stand-in between them."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

from escrow_lab import settings
from session_machine import HOLD, REBOOT, Disks, Machine, changed_sectors
from web_server import BUILD, Web, add, until

MAC = "52:54:00:12:34:56"
ESCROW, NETMEND = os.path.join(BUILD, "netmend-escrow"), os.path.join(BUILD, "netmend")
WEB_USER = 64871


class Relay:
    """Stands between the fixer and the appliance; once hold() is true, nothing the appliance says comes through."""

    def __init__(self, port, hold):
        self.target, self.hold, self.sockets = port, hold, []
        self.listener = self.keep(socket.create_server(("127.0.0.1", 0)))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def keep(self, sock):
        self.sockets.append(sock)
        return sock

    def accept(self):
        try:
            while True:
                fixer = self.keep(self.listener.accept()[0])
                server = self.keep(socket.create_connection(("127.0.0.1", self.target)))
                for args in ((fixer, server, lambda: False), (server, fixer, self.hold)):
                    threading.Thread(target=self.pump, args=args, daemon=True).start()
        except OSError:
            pass

    @staticmethod
    def pump(source, sink, hold):
        try:
            while (data := source.recv(1 << 16)) and not hold():
                sink.sendall(data)
        except OSError:
            pass

    def close(self):
        for sock in self.sockets:
            sock.close()


class Chain(Machine):
    release = {}  # policy

    def setUp(self):
        super().setUp()
        self.program = os.path.join(BUILD, "tests/module/test_session")
        self.folder = tempfile.mkdtemp(prefix="netmend-state-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.mkdir(os.path.join(self.folder, "web"))
        self.web = Web(escrow=False, folder=os.path.join(self.folder, "web"))
        self.addCleanup(self.web.close)
        self.state = self.web.path("escrow")
        reader, writer = os.pipe()
        os.write(writer, json.dumps(settings(**self.release)).encode())
        os.close(writer)
        self.escrow = subprocess.Popen(
            [ESCROW, "serve", "--state", self.state, "--socket", self.web.path("escrow.sock"), "--web-uid", str(WEB_USER),
             "--settings-fd", str(reader)], pass_fds=[reader], stderr=subprocess.DEVNULL)
        os.close(reader)
        self.addCleanup(self.escrow.wait)
        self.addCleanup(self.escrow.terminate)
        until(lambda: os.path.exists(self.web.path("escrow.sock")))
        self.web.start()
        add(self.web, MAC)

    def import_keys(self, passwords):
        rows = "".join(f"{p['guid']},{p['password']}\n" for p in passwords)
        subprocess.run([ESCROW, "import", "--state", self.state], input=rows, text=True, check=True, capture_output=True)

    def cmdline(self):
        """As the machine would: the kernel command line is the one of the boot script."""
        return re.search(r"^kernel \S+ (.*)$", self.web.script(MAC), re.M).group(1) + "\n"

    def boot(self):
        return self.run_session(self.cmdline())

    def result(self):
        return self.web.machine(MAC)["result"]

    def windows(self):
        (windows,) = [w for v in self.result()["volumes"] for w in v["installations"]]
        return windows

    def bundles(self):
        return [b["state"] for b in self.web.machine(MAC)["bundles"]]


class Runs(Chain):
    def test_plain(self):
        path, truth = Disks.get("plain.raw", "--plain")
        self.put_disk(path)
        self.assertEqual(self.boot(), REBOOT, self.screen)
        self.assertEqual(self.result()["reason"], "REPAIRED")
        self.assertEqual(len(changed_sectors(self.source, self.image)), self.result()["sectors"])
        self.assertNotIn(truth["bad_files"][0]["path"].split("\\")[-1], self.c_drive_lists(truth))
        machine = self.web.machine(MAC)
        self.assertEqual((machine["machine"]["state"], machine["machine"]["reason"]), ("rebooting", "REPAIRED"))
        self.assertEqual(self.bundles(), ["confirmed"])
        self.assertEqual(self.web.answered(), [])
        self.assertEqual([(e["state"], e["step"]) for e in machine["timeline"]], [
            ("seen", "operator"), ("booting", "boot"), ("running", "session"), ("running", "inventory"),
            ("planning", "plan"), ("planning", "volume"),  # the recovery partition
            ("planning", "plan"), ("saving", "save"), ("saving", "bundle"), ("repairing", "commit"),
            ("repairing", "verify"), ("repaired", "volume"), ("repaired", "bootnext"), ("rebooting", "result")])

    def test_bitlocker(self):
        path, truth = Disks.get("crashed.raw", "--bitlocker", "--dump", "pagefile")
        self.put_disk(path)
        self.import_keys(truth["bitlocker"]["recovery_passwords"])
        self.assertEqual(self.boot(), REBOOT, self.screen)
        self.assertEqual(self.result()["reason"], "REPAIRED")
        crash = self.windows()["crash"]
        self.assertEqual((crash["source"], crash["code"], crash["module"]), ("pagefile.sys", 0x50, "csagent.sys"))
        self.assertNotIn(truth["bitlocker"]["recovery_passwords"][0]["password"], self.screen)

    def test_only_the_good_version(self):
        path, _ = Disks.get("good.raw", "--plain", "--bad-files", "0", "--good-291")
        self.put_disk(path)
        self.assertEqual(self.boot(), REBOOT, self.screen)
        row = self.web.row(MAC)
        self.assertEqual((row["state"], row["reason"], row["severity"]), ("rebooting", "OUTSIDE_WINDOW", "warn"))
        self.assertEqual(self.web.answered(), [])
        self.assertUntouched()

    def test_refused_but_told(self):
        path, truth = Disks.get("minidump.raw", "--plain", "--dump", "mini")
        self.put_disk(path)
        self.put_on_c_drive(truth, "/hiberfil.sys", b"HIBR" + bytes(1 << 16))
        self.assertEqual(self.boot(), HOLD, self.screen)
        self.assertEqual(self.web.row(MAC)["reason"], "NTFS_HIBERNATED")
        windows = self.windows()
        self.assertEqual((windows["product"], windows["crash"]["source"], windows["crash"]["module"]),
                         ("Windows 11 Pro", "minidump", "csagent.sys"))
        self.assertEqual(windows["folders"][0]["directory"], "\\Windows\\System32\\drivers\\CrowdStrike")

    def test_needs_attention(self):
        path, _ = Disks.get("data.raw", "--no-windows")
        self.put_disk(path)
        self.assertEqual(self.boot(), HOLD, self.screen)
        self.assertEqual(self.web.row(MAC)["state"], "attention")
        self.assertEqual(self.web.row(MAC)["reason"], "NO_WINDOWS")


class People(Chain):
    def ask_escrow(self, **question):
        """As root on the appliance."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.connect(self.web.path("escrow.sock"))
            sock.send(json.dumps({"v": 1, "id": 1} | question).encode())
            while "id" not in (answer := json.loads(sock.recv(1 << 17))):
                pass  # news
            return answer

    def approved(self, cmdline):
        """It waits for a person, who compares the codes; then it is repaired."""
        path, truth = Disks.get("bitlocker.raw", "--bitlocker")
        self.put_disk(path)
        self.import_keys(truth["bitlocker"]["recovery_passwords"])
        shown = os.path.join(self.folder, "screen")
        with open(shown, "w") as screen:
            fixer = self.start_session(cmdline, screen)
        try:
            code = until(lambda: self.web.row(MAC)["pairing"], 60)
            until(lambda: f"shows {code} for" in pathlib.Path(shown).read_text())
            row = self.web.row(MAC)
            self.assertEqual(row["reason"], "WAITING_APPROVAL")
            self.assertUntouched()
            (request,) = self.ask_escrow(op="requests")["requests"]
            self.assertEqual((request["code"], request["machine"]["mac"]), (code, MAC))
            answer = self.ask_escrow(op="decide", **{"from": ""}, approver="", passphrase="", decision="approve",
                                     requests=[request["request"]], why="")
            self.assertTrue(answer["ok"], answer)
            self.assertEqual(fixer.wait(60), REBOOT)
        finally:
            fixer.kill()
            fixer.wait()
        self.assertEqual(self.result()["reason"], "REPAIRED")
        return row


class Approved(People):
    release = {"approval": "pairing"}

    def test_released_by_a_person_who_compared_the_codes(self):
        self.assertEqual(self.approved(self.cmdline())["text"], "")


class FirstContact(People):
    """The policy is auto; no boot script has made a token."""

    def way(self, way):
        return re.sub(r"netmend\.token=\w+", "netmend.way=" + way, self.cmdline())

    def test_who_came_by_media_waits_for_a_person(self):
        cmdline = self.way("media")
        self.assertEqual(self.approved(cmdline)["text"], "came by media: pairing needed")
        # Still in the drive at the next boot: it is told to go, and nothing else happens.
        self.assertEqual(self.run_session(cmdline), REBOOT)
        self.assertIn("take the medium out", self.screen)
        self.assertEqual(self.web.sql("SELECT count(*) FROM sessions"), [(1,)])


class Interrupted(Chain):
    """Cut after the save: the appliance has the bundle, the fixer never hears of it."""

    def setUp(self):
        super().setUp()
        path, self.truth = Disks.get("plain.raw", "--plain")
        self.put_disk(path)
        relay = Relay(self.web.https_port, lambda: os.listdir(self.web.path("bundles")))
        self.addCleanup(relay.close)
        fixer = self.start_session(self.cmdline().replace(f":{self.web.https_port} ", f":{relay.port} "))
        try:
            until(lambda: self.bundles() == ["pending"], 60)
        finally:
            fixer.kill()
            fixer.wait()
        self.assertUntouched()

    def discard(self):
        config = os.path.join(self.folder, "netmend.conf")
        with open(config, "w") as f:
            f.write(f"[server]\nstate = {self.folder}\nruntime = {self.folder}/run\nweb-user = {WEB_USER}\n")
        for name in os.listdir(self.web.dir):
            if name.startswith("netmend.db"):
                os.chown(self.web.path(name), WEB_USER, WEB_USER)
        return subprocess.run([NETMEND, "machines", "discard", MAC, "--config", config], capture_output=True, text=True)

    def spoil(self):
        """Writes to a sector of the saved repair, where NTFS does not look: the end of a file record."""
        bundle = self.web.path(os.path.join("bundles", os.listdir(self.web.path("bundles"))[0]))
        manifest = json.loads(subprocess.run(["tar", "--zstd", "-xOf", bundle, "manifest.json"], check=True,
                                             capture_output=True).stdout)
        sectors = {run["lba"] + i for run in manifest["runs"] for i in range(run["count"])}
        with open(self.image, "r+b") as disk:
            for sector in sorted(sectors):
                disk.seek(sector * 512)
                if disk.read(4) == b"FILE" and sector + 1 in sectors:
                    disk.seek(sector * 512 + 1000)
                    disk.write(b"else")
                    return
        self.fail("the bundle has no file record of two sectors")

    def test_completed_by_the_next_session(self):
        self.assertEqual(self.boot(), REBOOT, self.screen)
        self.assertEqual(self.result()["reason"], "COMPLETED_PENDING")
        self.assertEqual(self.bundles(), ["confirmed"])
        self.assertEqual(len(changed_sectors(self.source, self.image)), self.result()["sectors"])
        self.assertNotIn(self.truth["bad_files"][0]["path"].split("\\")[-1], self.c_drive_lists(self.truth))

    def test_conflict_until_it_is_discarded(self):
        self.spoil()
        for _ in range(2):
            self.assertEqual(self.boot(), HOLD, self.screen)
            row = self.web.row(MAC)
            self.assertEqual((row["state"], row["reason"]), ("attention", "PENDING_CONFLICT"))
            self.assertIn("netmend machines discard", row["advice"])
            self.assertEqual(self.bundles(), ["pending"])
        self.assertEqual(len(changed_sectors(self.source, self.image)), 1)
        done = self.discard()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.bundles(), ["void"])
        self.assertEqual(len(os.listdir(self.web.path("bundles"))), 1)
        machine = self.web.machine(MAC)
        self.assertEqual(machine["machine"]["state"], "seen")
        self.assertRegex(machine["timeline"][-1]["text"], r"^interrupted repair discarded \(root.*\), bundle [0-9a-f]{64}$")
        again = self.discard()
        self.assertEqual((again.returncode, "no interrupted repair" in again.stderr), (1, True))
        self.assertEqual(self.boot(), REBOOT, self.screen)
        self.assertEqual(self.result()["reason"], "REPAIRED")
        self.assertEqual(self.bundles(), ["void", "confirmed"])


if __name__ == "__main__":
    try:
        unittest.main()
    finally:
        Disks.remove()
