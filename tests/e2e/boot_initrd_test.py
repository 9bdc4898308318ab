#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The initrd alone, in QEMU: drivers, disks, link and restarts, with a stand-in for the fixer that says what it finds.

The kernel is started directly; the network is QEMU's own, so nothing of the appliance is needed.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import testing  # noqa: E402
from lab.cache import made_once  # noqa: E402
from lab.kernel import unpacked  # noqa: E402
from lab.qmp import Qmp  # noqa: E402

BUILD = os.environ.get("B", "build")
MODULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../initrd/modules.list")
KERNEL = sorted(glob.glob("/lib/modules/*-amd64"))[-1]
MAC = "52:54:00:12:34:56"
PARAMETERS = ("netmend.url=https://10.0.2.2:443 netmend.pin=sha256:" + "0" * 64 + " netmend.token=" + "1" * 32 +
              f" netmend.ip=10.0.2.15/24,10.0.2.2,{MAC}")
BOOT = 400  # seconds, with other tests beside it

# Tells what init made of the machine, then ends as the kernel command line says (standin.end=CODE, or a signal).
STAND_IN = r"""
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tell_file(const char *path)
{
	char line[512];
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		printf("standin: %s: %s", path, line);
	if (f)
		fclose(f);
}

int main(int argc, char **argv)
{
	char cmdline[4096] = "", *end;
	DIR *d = opendir("/sys/block");
	for (struct dirent *e; d && (e = readdir(d));)
		printf("standin: block %s\n", e->d_name);
	tell_file("/proc/net/route");
	tell_file("/proc/mounts");
	tell_file("/proc/self/limits");
	FILE *f = fopen("/proc/cmdline", "r");
	if (f && fgets(cmdline, sizeof(cmdline), f))
		fclose(f);
	fprintf(stderr, "<6>standin: to the log\n");
	printf("standin: argument %s, parent %d\n", argc == 2 ? argv[1] : "?", getppid());
	fflush(stdout);
	end = strstr(cmdline, "standin.end=");
	if (end && strncmp(end + 12, "wait", 4) == 0)
		pause();
	if (end && strncmp(end + 12, "crash", 5) == 0)
		raise(SIGSEGV);
	return end ? atoi(end + 12) : 0;
}
"""


class BootInitrd(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = folder.name
        self.initrd = made_once(f"standin-{os.path.basename(KERNEL)}.img",
                                [__file__, MODULES, f"{BUILD}/init", f"{BUILD}/mkinitrd"], self.make_initrd)
        self.disk = f"{self.work}/disk"
        with open(self.disk, "wb") as f:
            f.truncate(64 << 20)
        self.process = self.qmp = None

    def make_initrd(self, path):
        with open(f"{self.work}/standin.c", "w") as f:
            f.write(STAND_IN)
        subprocess.run(["gcc", "-O1", "-static", "-s", "-o", f"{self.work}/standin", f"{self.work}/standin.c"], check=True)
        subprocess.run(["strip", "-o", f"{self.work}/init", f"{BUILD}/init"], check=True)
        subprocess.run([f"{BUILD}/mkinitrd", "--kernel-modules", KERNEL, "--modules", MODULES, "--init",
                        f"{self.work}/init", "--fixer", f"{self.work}/standin", "--output", path, "--level", "3"], check=True)

    def start(self, *devices, nic="virtio-net-pci", end="0", parameters=PARAMETERS, paused=False, packed=False):
        vmlinuz = "/boot/vmlinuz-" + os.path.basename(KERNEL)
        args = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max", "-m", "512", "-nodefaults", "-vga", "std",
                "-display", "none", "-no-reboot", "-kernel", vmlinuz if packed else unpacked(vmlinuz),
                "-initrd", self.initrd, "-append", f"quiet console=tty0 console=ttyS0 standin.end={end} {parameters}",
                "-serial", f"file:{self.work}/serial", "-qmp", f"unix:{self.work}/qmp,server=on,wait=off",
                "-smbios", "type=1,manufacturer=Lab,product=Office PC,serial=LAB00077",
                "-netdev", "user,id=n0,restrict=on", *devices]
        if nic:
            args += ["-device", f"{nic},id=nic,netdev=n0,mac={MAC},romfile="]
        if paused:
            args.append("-S")
        self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL)
        self.addCleanup(self.stop)
        self.qmp = Qmp(f"{self.work}/qmp", self.process)

    def stop(self):
        self.qmp.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def disk_on(self, device):
        return ["-drive", f"if=none,id=d0,format=raw,file={self.disk}", "-device", f"{device},drive=d0"]

    def serial(self):
        with open(f"{self.work}/serial", "rb") as f:
            return f.read().decode("utf-8", "replace")

    def wait_serial(self, pattern, timeout=BOOT):
        deadline = time.monotonic() + timeout
        while not (match := re.search(pattern, self.serial())):
            ended = self.process.poll() is not None
            if time.monotonic() > deadline or (ended and not re.search(pattern, self.serial())):
                self.fail(f"no {pattern!r} on serial; it ends: {self.serial()[-1500:]}")
            time.sleep(0.1)
        return match

    def wait_restart(self, timeout=BOOT):
        """-no-reboot: QEMU ends when the machine restarts."""
        self.wait_serial("netmend: rebooting at \\d+ ms", timeout)
        self.process.wait(60)

    def boots_with(self, disk, nic, name, packed=False):
        self.start(*disk, nic=nic, packed=packed)
        self.wait_restart()
        self.assertRegex(self.serial(), f"standin: block {name}\\b")
        self.assertIn("standin: argument --boot, parent 1", self.serial())
        times = [int(self.wait_serial(f"netmend: {what} at (\\d+) ms").group(1))
                 for what in ("init started", "fixer started", "rebooting")]
        self.assertEqual(times, sorted(times))
        self.assertLess(times[2] - times[0], 30000)
        print(f"{nic}: init to fixer {times[1] - times[0]} ms", file=sys.stderr)

    def test_virtio(self):
        self.boots_with(self.disk_on("virtio-blk-pci"), "virtio-net-pci", "vda", packed=True)
        said = self.serial()
        # Linux prints addresses as the numbers they are in memory: 10.0.2.2 is 0202000A.
        self.assertRegex(said, r"route: eth0\s+00000000\s+0202000A")
        self.assertRegex(said, r"route: eth0\s+0002000A\s+00000000")
        for mount in ("devtmpfs /dev ", "proc /proc ", "sysfs /sys ", "tmpfs /run "):
            self.assertIn(f"standin: /proc/mounts: {mount}", said)
        self.assertRegex(said, r"Max core file size\s+0\s+0")
        self.assertIn("\nstandin: to the log", said)

    def test_e1000e_and_sata(self):
        self.boots_with(self.disk_on("ide-hd"), "e1000e", "sda")

    def test_nvme(self):
        self.boots_with(self.disk_on("nvme,serial=one"), "e1000", "nvme0n1")

    def test_usb_disk_and_realtek(self):
        self.boots_with(["-device", "qemu-xhci", *self.disk_on("usb-storage")], "rtl8139", "sda")

    def test_scsi(self):
        self.boots_with(["-device", "pvscsi", *self.disk_on("scsi-hd")], "vmxnet3", "sda")

    def test_cable_plugged_in_later(self):
        self.start(*self.disk_on("virtio-blk-pci"), nic="e1000e", paused=True)
        self.qmp.call("set_link", name="nic", up=False)
        self.qmp.call("cont")
        self.wait_serial(rf"netmend: NO NETWORK LINK: .*{MAC}.* \[NO_LINK\]")
        self.assertNotIn("fixer started", self.serial())
        self.qmp.call("set_link", name="nic", up=True)
        self.wait_restart()
        self.assertIn("netmend: fixer started", self.serial())

    def test_no_port_names_what_is_there(self):
        # Another machine's MAC, and a card no driver of ours knows.
        self.start(*self.disk_on("virtio-blk-pci"), "-device", "ne2k_pci,netdev=n0,romfile=", "-netdev", "user,id=n1",
                   "-device", "virtio-net-pci,netdev=n1,mac=52:54:00:aa:bb:cc,romfile=", "-device", "qemu-xhci",
                   "-chardev", "ringbuf,id=c0", "-device", "usb-serial,chardev=c0", nic=None)
        said = self.wait_serial(r"netmend: NO DRIVER FOR THE NETWORK CARD: .* \[NO_NIC\]").group(0)
        self.assertIn(MAC, said)
        self.assertIn("eth0 52:54:00:aa:bb:cc", said)
        self.assertIn("PCI 10ec:8029", said)
        self.assertIn("USB 0403:6001", said)

    def test_no_disk_goes_on(self):
        self.start()
        self.wait_restart()
        self.assertNotRegex(self.serial(), "standin: block (vd|sd|nvme)")

    def test_a_name_nobody_knows(self):
        """It says what it asked and what would help, and asks on."""
        self.start(*self.disk_on("virtio-blk-pci"), parameters="netmend.way=media netmend.url=https://mend.floor.invalid:443 "
                                                               "netmend.pin=sha256:" + "0" * 64)
        self.wait_serial("netmend: no address of mend.floor.invalid: ")
        self.wait_serial(r"netmend: NO APPLIANCE FOUND: [\s\S]*netmend: LOOKING FOR THE APPLIANCE: mend.floor.invalid[\s\S]*"
                         "netmend: NO APPLIANCE FOUND: ")
        self.assertNotIn("fixer started", self.serial())

    def test_damaged_parameters(self):
        self.start(*self.disk_on("virtio-blk-pci"), parameters=PARAMETERS.replace("sha256", "md5"))
        self.wait_serial(r"netmend: machine Office PC +LAB00077\s[\s\S]*netmend: BOOT PARAMETERS MISSING OR DAMAGED: .*netmend\.pin.*\[BAD_BOOT_PARAMETERS\]")
        self.wait_serial("netmend: restarting in 60 seconds")
        self.assertNotIn("fixer started", self.serial())

    def test_hold_until_ctrl_alt_del(self):
        self.start(*self.disk_on("virtio-blk-pci"), end="10")
        self.wait_serial("netmend: held")
        time.sleep(2)
        self.assertNotIn("rebooting", self.serial())
        self.press_ctrl_alt_del()
        self.wait_restart()

    def test_ctrl_alt_del_while_the_fixer_runs(self):
        self.start(*self.disk_on("virtio-blk-pci"), end="wait")
        self.wait_serial("standin: argument")
        self.press_ctrl_alt_del()
        self.wait_restart()

    def test_crashed_fixer(self):
        self.start(*self.disk_on("virtio-blk-pci"), end="crash")
        self.wait_serial(r"netmend: THE FIXER STOPPED UNEXPECTEDLY: It was ended by signal 11\. \[FIXER_CRASHED\]")
        shown = time.monotonic()
        self.wait_restart()
        self.assertGreater(time.monotonic() - shown, 20)

    def test_unknown_end_of_fixer(self):
        self.start(*self.disk_on("virtio-blk-pci"), end="3")
        self.wait_serial(r"It ended with code 3\. \[FIXER_CRASHED\]")

    def test_again_restarts(self):
        self.start(*self.disk_on("virtio-blk-pci"), end="11")
        self.wait_restart()
        self.assertNotIn("FIXER_CRASHED", self.serial())

    def press_ctrl_alt_del(self):
        keys = [{"type": "qcode", "data": key} for key in ("ctrl", "alt", "delete")]
        self.qmp.call("send-key", keys=keys)


if __name__ == "__main__":
    testing.main()
