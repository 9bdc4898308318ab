#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a TPM measures in the boots around a repair: BitLocker gives the key to the same values only.

One machine with a TPM, the Windows stand-in on its disk:
  before      the disk first, as it was when BitLocker was set up
  repaired    the network first: fixer, reset, Windows by BootNext
  silent      the network first still; the appliance is there and has nothing for this machine
  alone       the same without the appliance
"""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lab import net, testing  # noqa: E402
from lab.floor import Floor  # noqa: E402

DISK = ["--bitlocker", "--files", "300", "--size", "512"]
BOOT = 600  # seconds a wait may take, with other tests beside it
SEALED = ("0", "2", "4", "7", "11")  # those BitLocker seals to: 7 and 11, or 0, 2, 4 and 11
ALL = ("0", "1", "2", "3", "4", "5", "6", "7", "11")


class Pcrs(unittest.TestCase):
    def boot(self, machine, seen):
        """The PCRs, as the stand-in reads them in the first boot behind character `seen` of the serial line; and where that is."""
        line = machine.wait_serial(r"STANDIN: pcr (.*)\n", BOOT, after=seen)
        values = dict(re.findall(r"(\d+)=([0-9A-F]{64})\b", line.group(1)))
        self.assertEqual(tuple(values), ALL, line.group(0))
        return values, line.end()

    def again(self, machine, seen):
        """The next boot, when Windows is up in the one that was at `seen`: nobody answers it, and so its disk is next."""
        machine.wait_serial(r"STANDIN: files unchanged", BOOT, after=seen)
        end = len(machine.serial())
        machine.reset()
        asked = machine.wait_serial(r"Start PXE over IPv4", BOOT, after=end).end()
        machine.wait_serial(r"PXE-E\d+|BdsDxe: failed", BOOT, after=asked)
        machine.cable(False)  # else it would try HTTP and IPv6, too, for many minutes
        found = self.boot(machine, end)
        machine.cable(True)
        self.assertNotIn("netmend:", machine.serial()[end:])
        return found

    def boots(self, firmware):
        """{boot: PCRs}"""
        # With Secure Boot GRUB asks the site's DHCP server where its files are.
        floor = Floor(f"pcr-{firmware}", f"--dhcp-boot=,,{net.APPLIANCE}")
        self.addCleanup(floor.close)
        floor.appliance.write_config(extra="[dhcp]\nnext-server = yes\n")
        machine = floor.machine("PC-ANNA", *DISK, bootable="signed" if firmware == "secure" else True)
        machine.firmware, machine.tpm, machine.ipv6 = firmware, True, False
        machine.power_on(first="disk")
        before, _ = self.boot(machine, 0)

        floor.appliance.start()
        floor.escrow(machine)
        floor.appliance.add(machine)
        machine.set_first("net")  # it crashes, and so restarts by itself
        seen = machine.wait_serial(r"netmend: network eth0", BOOT).end()
        floor.appliance.wait_row(machine, BOOT, state="returned")
        self.assertEqual(floor.appliance.detail(machine)["result"]["reason"], "REPAIRED")
        repaired, seen = self.boot(machine, seen)
        silent, seen = self.again(machine, seen)
        floor.appliance.stop()
        alone, _ = self.again(machine, seen)
        return {"before": before, "repaired": repaired, "silent": silent, "alone": alone}

    def show(self, firmware, found):
        lines = [f"SHA-256 PCRs, first 8 bytes, firmware {firmware}", "boot       " + "".join(f"{'PCR ' + n:<18}" for n in ALL)]
        lines += [f"{name:<11}" + "".join(f"{values[n][:16]:<18}" for n in ALL) for name, values in found.items()]
        if "TABLE" in os.environ:
            with open(os.environ["TABLE"], "a") as f:
                f.write("\n".join(lines) + "\n")

    def check(self, firmware):
        found = self.boots(firmware)
        self.show(firmware, found)

        def sealed(name):
            return {n: found[name][n] for n in SEALED}
        self.assertEqual(sealed("repaired"), sealed("before"), "after the repair Windows finds what it was sealed to")
        self.assertEqual(sealed("silent"), sealed("alone"), "an appliance that does not answer is not measured")
        # The measuring itself works: a network boot that failed before the disk's is seen, and each PCR holds something.
        self.assertNotEqual(found["alone"]["4"], found["before"]["4"])
        for n in ("0", "2", "4", "7"):
            self.assertNotEqual(found["before"][n].strip("0F"), "", f"PCR {n}")

    def test_secure_boot_off(self):
        self.check("uefi")

    def test_secure_boot_on(self):
        self.check("secure")


if __name__ == "__main__":
    testing.main()
