#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases of test_session.c, which starts this with its own path.

Each runs one boot-time session of the fixer on a machine made of files, against a stand-in of the appliance.
"""
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

from link_server import make_certificate
from recipe_291 import RECIPE
from session_machine import AGAIN, HOLD, REBOOT, Disks, Machine, changed_sectors, copy
from session_standin import Appliance, Scenario, pairing_code

PROGRAM = sys.argv[1]


class Session(Machine):
    def setUp(self):
        super().setUp()
        self.program, self.appliance = PROGRAM, None
        self.cert, self.key, self.pin = make_certificate(self.root)

    def serve(self, port=0, **settings):
        self.scenario = Scenario(recipe=RECIPE, **settings)
        self.appliance = Appliance(self.cert, self.key, self.scenario, port)
        self.addCleanup(self.appliance.stop)
        return self.appliance

    def boot(self, extra="", port=None, pin=None):
        """Runs the session; its exit code."""
        code = self.run_session(f"BOOT_IMAGE=x netmend.url=https://127.0.0.1:{port or self.appliance.port} "
                                f"netmend.pin=sha256:{pin or self.pin} netmend.token={'ab' * 16} "
                                f"netmend.ip=192.0.2.7/24,192.0.2.1,52:54:00:12:34:56 {extra}\n")
        if self.appliance:
            self.assertEqual(self.appliance.problems, [])
        return code

    def check(self, code, reason, want=REBOOT):
        result = self.appliance.result
        self.assertIsNotNone(result, self.screen)
        self.assertEqual((result["reason"], code), (reason, want), json.dumps(result, indent=1))
        return result


class Plain(Session):
    def setUp(self):
        super().setUp()
        path, self.truth = Disks.get("plain.raw", "--plain")
        self.put_disk(path)
        self.bad = self.truth["bad_files"][0]

    def test_repairs(self):
        untouched = []
        self.serve(on_journal=lambda: untouched.append(changed_sectors(self.source, self.image) == []))
        result = self.check(self.boot(), "REPAIRED")
        self.assertEqual(untouched, [True])
        self.assertNotIn(self.bad["path"].split("\\")[-1], self.c_drive_lists(self.truth))
        self.assertEqual(len(changed_sectors(self.source, self.image)), result["sectors"])
        volume = next(v for v in result["volumes"] if v["partition"] == self.truth["c_partition"])
        self.assertEqual((volume["plan"], volume["journal"], volume["windows"]), ("delete", "empty", 1))
        self.assertEqual(volume["files"], [{
            "path": self.bad["path"], "size": self.bad["size"], "attributes": 32,
            "modified": self.bad["modified"], "note": "", "sha256": self.bad["sha256"], "reason": "OK", "removed": True, "renamed_to": ""}])
        timing = list(result["timing"].values())
        self.assertEqual([t for t in timing if t > 0], timing)
        self.assertEqual(sorted(timing), timing)
        session = self.appliance.session
        self.assertEqual(session["machine"]["product"], "Stand\u00f6rt")
        self.assertEqual(session["disks"][0]["id"], self.truth["disk_guid"])
        states = [e["state"] for e in self.appliance.events]
        self.assertEqual(states[-1], "repaired")
        steps = [e["step"] for e in self.appliance.events if "partition 3" in e["text"]]
        self.assertEqual(steps, ["plan", "save", "commit", "verify", "volume"])
        again = self.appliance
        self.serve()
        self.check(self.boot(), "NO_BAD_FILE")
        self.assertEqual(self.appliance.calls.count("PUT journal"), 0)
        self.assertEqual(again.connections, 1)

    def test_tells_the_last_crash(self):
        path, _ = Disks.get("crashed.raw", "--plain", "--dump", "mini")
        self.put_disk(path)
        self.serve()
        result = self.check(self.boot(), "REPAIRED")
        (windows,) = [w for v in result["volumes"] for w in v["installations"]]
        self.assertEqual((windows["directory"], windows["product"], windows["build"]), ("\\Windows", "Windows 11 Pro", 22631))
        self.assertEqual((windows["crash"]["source"], windows["crash"]["time"], windows["crash"]["module"]),
                         ("minidump", "2024-07-19T05:02:11Z", "csagent.sys"))
        self.assertGreater(windows["folders"][0]["files"], 100)
        self.assertIn("Last crash: 0x50 PAGE_FAULT_IN_NONPAGED_AREA, csagent.sys (minidump of 2024-07-19T05:02:11Z)", self.screen)

    def test_tells_the_last_crash_when_it_refuses(self):
        path, _ = Disks.get("crashed.raw", "--plain", "--dump", "mini")
        self.put_disk(path)
        self.serve(next="hold")
        self.scenario.recipe = "not a recipe"
        result = self.check(self.boot(), "RECIPE_BAD", HOLD)
        (windows,) = [w for v in result["volumes"] for w in v["installations"]]
        self.assertEqual((windows["crash"]["module"], windows["folders"]), ("csagent.sys", []))

    def test_dry_run(self):
        self.serve()
        self.check(self.boot("netmend.dry-run=1"), "WOULD_REPAIR")
        self.assertNotIn("PUT journal", self.appliance.calls)
        self.assertUntouched()

    def test_waits_for_the_appliance(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        threading.Timer(2, lambda: self.serve(port)).start()
        started = time.monotonic()
        code = self.boot(port=port)
        self.check(code, "REPAIRED")
        self.assertGreater(time.monotonic() - started, 2)
        self.assertIn("the appliance does not answer", self.screen.lower())

    def test_calls_that_get_lost(self):
        self.serve(unanswered={"POST sessions": 1, "PUT journal": 2, "POST result": 1}, busy={"POST result": 1})
        self.check(self.boot(), "REPAIRED")
        numbers = [e["seq"] for e in self.appliance.events]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_events_refused(self):
        self.serve(refuse={"POST events": (400, "PROTOCOL_ERROR", "no")})
        self.check(self.boot(), "REPAIRED")
        self.assertEqual(self.appliance.events, [])

    def test_saved_something_else(self):
        self.serve(lie=True, next="hold")
        result = self.check(self.boot(), "JOURNAL_REFUSED", HOLD)
        self.assertEqual(result["bundles"], [{"sha256": hashlib.sha256(b"lie").hexdigest(), "written": "none"}])
        self.assertUntouched()

    def test_save_refused_by_the_line(self):
        self.serve(refuse={"PUT journal": (403, "CAMPAIGN_PAUSED", "nothing was written")}, next="again")
        self.check(self.boot(), "CAMPAIGN_PAUSED", AGAIN)
        self.assertUntouched()

    def test_save_refused(self):
        self.serve(refuse={"PUT journal": (507, "JOURNAL_REFUSED", "disk full")}, next="again")
        result = self.check(self.boot(), "JOURNAL_REFUSED", AGAIN)
        self.assertIn("disk full", result["text"])
        self.assertEqual(result["boot_next"], "not-needed")
        self.assertUntouched()

    def test_sessions_refused(self):
        for reason, code in (("TOKEN_INVALID", REBOOT), ("TOKEN_USED", REBOOT), ("TOKEN_EXPIRED", REBOOT),
                             ("TOKEN_OTHER_ADDRESS", REBOOT), ("HELD", REBOOT), ("SESSION_REPLACED", HOLD),
                             ("PROTOCOL_ERROR", HOLD)):
            with self.subTest(reason):
                self.serve(refuse={"POST sessions": (403, reason, "no")})
                self.assertEqual(self.boot(), code)
                self.assertIn(reason, self.screen)
                self.assertEqual(self.appliance.calls, ["POST sessions"])
        self.assertUntouched()

    def test_another_server(self):
        self.serve()
        self.assertEqual(self.boot(pin="00" * 32), REBOOT)
        self.assertEqual(self.appliance.calls, [])
        self.assertIn("not our appliance", self.screen.lower())

    def test_bad_recipe(self):
        self.serve(next="hold")
        self.scenario.recipe = "[recipe]\nname = x\nfrobnicate = 1\n"
        self.check(self.boot(), "RECIPE_BAD", HOLD)
        self.assertUntouched()

    def test_heartbeat_while_saving(self):
        self.serve(heartbeat=1, delayed={"PUT journal": 2.7})
        self.check(self.boot(), "REPAIRED")
        self.assertGreaterEqual(self.appliance.beats.count("saving"), 2)

    def make_pending(self):
        """(bundle, repaired image): a repair that was saved and never confirmed."""
        self.serve()
        self.check(self.boot(), "REPAIRED")
        repaired = os.path.join(self.root, "repaired")
        shutil.move(self.image, repaired)
        copy(self.source, self.image)
        return self.appliance.journal, repaired

    def write_sectors(self, source, sectors):
        with open(source, "rb") as a, open(self.image, "r+b") as b:
            for n in sectors:
                a.seek(n * 512)
                b.seek(n * 512)
                b.write(a.read(512))

    def test_interrupted_repair(self):
        bundle, repaired = self.make_pending()
        sectors = changed_sectors(self.source, repaired)
        self.write_sectors(repaired, sectors[::2])
        self.serve(pending=bundle)
        result = self.check(self.boot(), "COMPLETED_PENDING")
        self.assertEqual(changed_sectors(repaired, self.image), [])
        self.assertEqual(result["sectors"], len(sectors) - len(sectors[::2]))
        self.assertEqual(result["bundles"], [{"sha256": hashlib.sha256(bundle).hexdigest(), "written": "all"}])

    def test_interrupted_repair_does_not_fit(self):
        bundle, repaired = self.make_pending()
        sectors = changed_sectors(self.source, repaired)
        with open(self.image, "r+b") as f:
            f.seek(sectors[-1] * 512 + 100)
            f.write(b"something else")
        before = os.path.join(self.root, "before")
        copy(self.image, before)
        self.serve(pending=bundle, next="hold")
        self.check(self.boot(), "PENDING_CONFLICT", HOLD)
        self.assertEqual(changed_sectors(before, self.image), [])

    def test_disk_that_changes_after_the_save(self):
        _, repaired = self.make_pending()
        before = os.path.join(self.root, "before")

        def change():
            self.write_sectors(repaired, changed_sectors(self.source, repaired)[:1])
            copy(self.image, before)

        self.serve(on_journal=change, next="again")
        result = self.check(self.boot(), "DISK_CHANGED", AGAIN)
        saved = hashlib.sha256(self.appliance.journal).hexdigest()
        self.assertEqual((result["sectors"], result["bundles"]), (0, [{"sha256": saved, "written": "none"}]))
        self.assertEqual(changed_sectors(before, self.image), [])

    def test_two_disks(self):
        path, _ = Disks.get("other.raw", "--plain", "--seed", "2")
        copy(path, os.path.join(self.root, "dev", "vdb"))
        self.put("sys/block/vdb/size", f"{os.path.getsize(path) // 512}\n")
        self.serve()
        result = self.check(self.boot(), "REPAIRED")
        self.assertEqual([b["written"] for b in result["bundles"]], ["all", "all"])
        self.assertEqual(len({b["sha256"] for b in result["bundles"]}), 2)
        self.assertEqual(result["bundles"][1]["sha256"], hashlib.sha256(self.appliance.journal).hexdigest())

    def test_interrupted_repair_damaged(self):
        bundle, _ = self.make_pending()
        self.serve(pending=bundle[:-1] + bytes([bundle[-1] ^ 1]), next="hold")
        self.check(self.boot(), "BUNDLE_BAD", HOLD)
        self.assertUntouched()


class BitLocker(Session):
    def put_machine(self, name, *options):
        path, self.truth = Disks.get(name, "--bitlocker", *options)
        self.put_disk(path)
        b = self.truth["bitlocker"]
        return b["volume_guid"], bytes.fromhex(b["vmk"]), b["recovery_passwords"]

    def test_released(self):
        volume, vmk, passwords = self.put_machine("bitlocker.raw")
        self.serve(heartbeat=1, release=[("pending", "KEY_NOT_FOUND"), ("pending", "KEY_NOT_FOUND"), [(volume, vmk)]])
        result = self.check(self.boot(), "REPAIRED")
        self.assertEqual(len(changed_sectors(self.source, self.image)), result["sectors"])
        self.assertEqual(self.appliance.calls.count("GET release"), 3)
        waits = [e["reason"] for e in self.appliance.events if e["state"] == "waiting"]
        self.assertEqual(waits, ["WAITING_KEY"])
        for text in (passwords[0]["guid"], "no key in escrow for this volume"):
            self.assertIn(text.lower(), self.screen.lower())
        self.assertNotIn("release its key only", self.screen.lower())
        sent = next(v for v in self.appliance.session["volumes"] if v["kind"] == "bitlocker")
        self.assertEqual((sent["id"], sent["method"], sent["state"]), (volume, "xts-aes-128", "4/4"))
        self.assertEqual([p["id"] for p in sent["protectors"] if "blob" in p], [passwords[0]["guid"]])
        self.serve(release=[[(volume, vmk)]])
        self.check(self.boot(), "NO_BAD_FILE")

    def test_code_to_compare(self):
        """While people have to approve, and once for each request."""
        volume, vmk, _ = self.put_machine("bitlocker.raw")
        first, second = "0011223344556677", "8899aabbccddeeff"
        self.serve(release=[("pending", "WAITING_KEY"), ("pending", "WAITING_APPROVAL", first),
                            ("pending", "WAITING_SECOND_PERSON", first), ("pending", "WAITING_APPROVAL", second),
                            ("pending", "RATE_CAMPAIGN"), [(volume, vmk)]])
        self.check(self.boot(), "REPAIRED")
        shown = re.findall(r"only if the status page shows (\w{6}) for this machine", self.screen)
        self.assertEqual(shown, [pairing_code(self.appliance.session["key"], r) for r in (first, first, second)])
        last = [line for line in self.screen.splitlines() if "RATE_CAMPAIGN" in line]
        self.assertTrue(last and "status page shows" not in last[0], self.screen)

    def test_no_key_for_a_session_that_is_not_its_own(self):
        self.put_machine("bitlocker.raw")
        for reason, text in (("SESSION_REPLACED", "the machine has started again"),
                             ("TOKEN_OTHER_ADDRESS", "the session was opened from 10.0.0.1")):
            with self.subTest(reason):
                self.serve(next="hold", refuse={"GET release": (403, reason, text)})
                self.check(self.boot(), reason, HOLD)
                self.assertUntouched()

    def test_suspended(self):
        volume, _, _ = self.put_machine("suspended.raw", "--clear-key")
        self.serve()
        result = self.check(self.boot(), "REPAIRED")
        self.assertNotIn("GET release", self.appliance.calls)
        self.assertIn(volume, [v["id"] for v in result["volumes"]])

    def test_waiting_for_activation(self):
        """Encrypted by the factory, with nothing but a clear key until somebody signs in."""
        self.put_machine("activation.raw", "--clear-key", "--recovery-protectors", "0", "--no-tpm")
        self.serve()
        self.check(self.boot(), "REPAIRED")
        self.assertNotIn("GET release", self.appliance.calls)
        sent = next(v for v in self.appliance.session["volumes"] if v["kind"] == "bitlocker")
        self.assertEqual([p["kind"] for p in sent["protectors"]], ["clear-key"])

    def test_nothing_encrypted(self):
        """Decrypted, and BitLocker's metadata still there: protectors, but nothing that they protect."""
        volume, _, passwords = self.put_machine("decrypted.raw", "--state", "1/1")
        self.serve()
        result = self.check(self.boot(), "REPAIRED")
        self.assertNotIn("GET release", self.appliance.calls)
        self.assertIn(volume, [v["id"] for v in result["volumes"]])
        self.assertTrue(passwords)

    def test_not_opened(self):
        volume, vmk, _ = self.put_machine("bitlocker.raw")
        for reason, settings in (
                ("RELEASE_DENIED", {"release": [("denied", "RELEASE_DENIED")]}),
                ("BITLOCKER_WRONG_KEY", {"release": [[(volume, bytes(32))]]}),
                ("UNSEAL_FAILED", {"release": [[(volume, vmk)]], "seal_to": bytes([9] + [0] * 31)}),
                ("ESCROW_UNREACHABLE", {"refuse": {"GET release": (500, "ESCROW_UNREACHABLE", "gone")}})):
            with self.subTest(reason):
                self.serve(next="hold", **settings)
                self.check(self.boot(), reason, HOLD)
        self.assertUntouched()

    def test_no_recovery_password(self):
        """What only a person at the machine could bring is named, and never sent to escrow."""
        self.put_machine("no-recovery.raw", "--recovery-protectors", "0", "--tpm-pin", "--passphrase", "x y z",
                         "--startup-key", os.path.join(self.root, "saved.BEK"))
        self.serve(next="hold")
        result = self.check(self.boot(), "BITLOCKER_NO_RECOVERY", HOLD)
        self.assertNotIn("GET release", self.appliance.calls)
        protectors = {p["kind"]: p["guid"] for p in self.truth["bitlocker"]["protectors"]}
        self.assertEqual(sorted(protectors), ["passphrase", "startup-key", "tpm", "tpm-pin"])
        for guid in protectors.values():
            self.assertIn(guid, result["text"])
        sent = next(v for v in self.appliance.session["volumes"] if v["kind"] == "bitlocker")
        self.assertEqual({p["kind"]: p["id"] for p in sent["protectors"]}, protectors)
        self.assertEqual([p for p in sent["protectors"] if "blob" in p or "salt" in p], [])
        self.assertUntouched()

    def test_stretching_not_known(self):
        self.put_machine("fips.raw", "--stretch-flags", "40")
        self.serve(next="hold")
        self.check(self.boot(), "BITLOCKER_STRETCH_FLAGS", HOLD)
        self.assertNotIn("GET release", self.appliance.calls)
        self.assertUntouched()

    def test_copies_differ(self):
        self.put_machine("copies.raw", "--bad-copies", "1")
        self.serve(next="hold")
        self.check(self.boot(), "BITLOCKER_COPIES_DIFFER", HOLD)
        self.assertUntouched()


class Others(Session):
    def test_no_disk(self):
        self.serve(next="hold")
        self.check(self.boot(), "NO_DISK", HOLD)

    def test_disk_hidden(self):
        """Stands in for a firmware's RAID mode, which QEMU has not: what the kernel's ahci says of it."""
        for name, text in (("class", "0x010400"), ("vendor", "0x8086"), ("device", "0x282a"), ("remapped_nvme", "1")):
            self.put(f"sys/bus/pci/devices/0000:00:17.0/{name}", text + "\n")
        self.serve(next="hold")
        self.check(self.boot(), "DISK_HIDDEN", HOLD)
        self.assertIn("PCI 8086:282a", self.appliance.result["text"])

    def test_no_ntfs(self):
        path, _ = Disks.get("none.raw", "--no-ntfs")
        self.put_disk(path)
        self.serve(next="hold")
        self.check(self.boot(), "NO_NTFS", HOLD)
        self.assertUntouched()

    def test_member_of_a_raid_set(self):
        """Its Windows is plain to see, and is left alone; for a BitLocker volume no key is asked."""
        for name, kind in (("plain.raw", "--plain"), ("bitlocker.raw", "--bitlocker")):
            with self.subTest(kind):
                path, _ = Disks.get(name, kind)
                self.put_member(path)
                self.serve(next="hold")
                result = self.check(self.boot(), "RAID_MEMBER", HOLD)
                self.assertIn("Intel RST", result["text"])
                self.assertNotIn("GET release", self.appliance.calls)
                self.assertUntouched()

    def put_member(self, path):
        member = os.path.join(self.root, "member")
        copy(path, member)
        with open(member, "r+b") as f:
            f.seek(-1024, os.SEEK_END)
            f.write(b"Intel Raid ISM Cfg Sig. 1.3.00")
        self.put_disk(member)

    def test_dynamic_disk(self):
        path, truth = Disks.get("plain.raw", "--plain")
        dynamic = os.path.join(self.root, "dynamic")
        copy(path, dynamic)
        subprocess.run(["sgdisk", f"-t{truth['c_partition']}:4200", dynamic], check=True, capture_output=True)
        self.put_disk(dynamic)
        self.serve(next="hold")
        self.check(self.boot(), "DYNAMIC_DISK", HOLD)
        self.assertUntouched()

    def test_no_windows(self):
        path, _ = Disks.get("data.raw", "--no-windows")
        self.put_disk(path)
        self.serve(next="hold")
        self.check(self.boot(), "NO_WINDOWS", HOLD)
        self.assertUntouched()

    def test_safe_mode_is_told(self):
        for firmware, mode in (("uefi", "minimal"), ("uefi", "network"), ("uefi", "dsrepair"), ("uefi", "none"), ("bios", "minimal")):
            with self.subTest(firmware=firmware, mode=mode):
                path, _ = Disks.get(f"safe-boot-{mode}.raw", "--no-windows", "--safe-boot", mode)
                self.put_disk(path)
                if firmware == "uefi":
                    self.put("sys/firmware/efi/fw_platform_size", "64\n")
                else:
                    shutil.rmtree(os.path.join(self.root, "sys/firmware"))
                self.serve(next="hold")
                told = self.check(self.boot(), "NO_WINDOWS", HOLD)["safe_mode"]
                self.assertEqual(told, mode if firmware == "uefi" else "unknown")  # its BCD would be elsewhere
                self.assertEqual("bcdedit /deletevalue {default} safeboot" in self.screen, told not in ("none", "unknown"))
                self.assertUntouched()

    def test_only_the_good_version(self):
        path, _ = Disks.get("good.raw", "--plain", "--bad-files", "0", "--good-291")
        self.put_disk(path)
        self.serve()
        result = self.check(self.boot(), "OUTSIDE_WINDOW")
        self.assertEqual(result["boot_next"], "not-uefi")  # looked for, as for every machine that is sent back
        files = [f for v in result["volumes"] for f in v["files"]]
        self.assertEqual([(f["reason"], f["removed"]) for f in files], [("OUTSIDE_WINDOW", False)])
        self.assertUntouched()

    def test_only_other_content(self):
        path, _ = Disks.get("plain.raw", "--plain")
        self.put_disk(path)
        self.serve()
        self.scenario.recipe = RECIPE.replace("[action]", "size-to = 1\n[action]")
        result = self.check(self.boot(), "OTHER_CONTENT")
        files = [f for v in result["volumes"] for f in v["files"]]
        self.assertEqual({(f["reason"], f["removed"]) for f in files}, {("OTHER_CONTENT", False)})
        self.assertUntouched()

    def test_no_parameters(self):
        self.assertEqual(self.run_session("quiet\n"), HOLD)


if __name__ == "__main__":
    try:
        unittest.main(argv=["session", "-v", *sys.argv[2:]])
    finally:
        Disks.remove()
