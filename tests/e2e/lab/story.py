# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: three machines crash-loop, IT sets them to boot from the network, the appliance recovers what it can.

The demo shows it, main_job_test.py asserts on it.
"""
import os
import sys
import time

from . import net
from .floor import Floor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "module"))
from browser import Browser  # noqa: E402

BOOT = 480  # firmware, boot loader and fixer of three machines side by side under emulation


class Story:
    def __init__(self, name, tell=lambda text: None):
        self.tell = tell
        self.started = time.monotonic()
        self.floor = Floor(name)
        self.capture = self.floor.network.start_capture()
        self.appliance = self.floor.appliance
        self.cookie = None

    def make_machines(self):
        self.tell("Making three Windows disks: BitLocker, plain NTFS, BitLocker whose key was never escrowed")
        self.bitlocker = self.floor.machine("PC-ANNA", "--bitlocker", "--seed", "1", "--dump", "pagefile", "--safe-boot", "minimal", bootable=True)
        self.plain = self.floor.machine("PC-BORIS", "--plain", "--seed", "2", "--dump", "mini", "--safe-boot", "none", bootable=True)
        self.no_key = self.floor.machine("PC-CHLOE", "--bitlocker", "--seed", "3", bootable=True)
        self.machines = [self.bitlocker, self.plain, self.no_key]

    def start_appliance(self):
        self.appliance.start()
        self.floor.escrow(self.bitlocker)
        self.tell("The appliance runs; one recovery key is in escrow")

    def crash_loop(self):
        """Every machine shows its stop screen."""
        for machine in self.machines:
            machine.power_on(first="disk")
        for machine in self.machines:
            machine.wait_serial("STANDIN: stop screen csagent.sys", BOOT)
            machine.screenshot("-stop")
            self.tell(f"{machine.name} shows its stop screen: csagent.sys")

    def network_boot(self):
        """IT puts the machines in scope and sets their firmware to try the network first; the first is left to crash
        once more before, to see that it loops."""
        for machine in (self.plain, self.no_key):
            self._into_scope(machine)
        first = self.bitlocker
        end = first.wait_serial("STANDIN: stop screen csagent.sys", BOOT).end()
        first.wait_serial("STANDIN: stop screen csagent.sys", BOOT, after=end)
        self.tell(f"{first.name} restarted by itself and crashed again: it loops")
        self._into_scope(first)

    def _into_scope(self, machine):
        """Before its next restart, which it makes by itself."""
        self.appliance.add(machine)
        machine.set_first("net")
        self.tell(f"IT put {machine.name} in scope and set it to boot from the network")

    def wait_returned(self, machine):
        row = self.appliance.wait_row(machine, BOOT, state="returned")
        self.tell(f"{machine.name}: Windows is back ({row['title']})")
        return row

    def wait_waiting(self):
        row = self.appliance.wait_row(self.no_key, BOOT, state="waiting", reason="KEY_NOT_FOUND")
        self.no_key.screenshot("-waiting")
        self.tell(f"{self.no_key.name} waits: {row['title']}. {row['text']}")
        return row

    def look_at_page(self, name):
        """Screenshots of the status page as it is now, and of the waiting machine's page; the text of the first."""
        browser = Browser(1280, 900)
        try:
            self.cookie = self.cookie or self.appliance.sign_in("wall", "looks and touches nothing")
            browser.sign_in(f"https://{net.APPLIANCE}/", self.cookie)
            browser.open(f"https://{net.APPLIANCE}/")
            browser.wait_text(self.no_key.name, seconds=90)
            time.sleep(1)
            browser.screenshot(f"{self.floor.workdir}/{name}.png")
            return browser.text()
        finally:
            browser.close()

    def timeline(self, machine):
        """[(seconds since the attempt's first event, state, reason, text)] of the last attempt."""
        events = self.appliance.detail(machine)["timeline"]
        last = max(e["attempt"] for e in events)
        events = [e for e in events if e["attempt"] == last]
        return [((e["at"] - events[0]["at"]) / 1000, e["state"], e["reason"], e["text"]) for e in events]

    def last_crash(self, machine):
        """What its disk told of it; None when nothing was told."""
        result = self.appliance.detail(machine)["result"] or {"volumes": []}
        crashes = [w["crash"] for v in result["volumes"] for w in v["installations"]]
        return next((c for c in crashes if c), None)

    def close(self):
        self.floor.close()
