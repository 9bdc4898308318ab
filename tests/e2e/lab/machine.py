# SPDX-License-Identifier: GPL-3.0-or-later
"""One physical machine, played by QEMU: firmware, disk, network card, serial line, screen, power button."""
import os
import re
import shutil
import subprocess
import time

from .controllers import devices
from .qmp import Qmp

OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
# With Secure Boot on and Microsoft's keys, as a PC is delivered.
SECURE_CODE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
SECURE_VARS = "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"


class Machine:
    """number gives MAC, UUID and serial number; every file of the machine is workdir/NAME.*"""

    def __init__(self, network, workdir, name, number, disk=None, memory=768, nic="virtio-net-pci", disk_if="virtio", model="q35"):
        self.network, self.workdir, self.name = network, workdir, name
        self.mac = f"52:54:00:77:00:{number:02x}"
        self.uuid = f"77770000-0000-4000-8000-0000000000{number:02x}"
        self.serial_number = f"LAB{number:05d}"
        self.disk, self.memory, self.nic, self.disk_if, self.model = disk, memory, nic, disk_if, model
        self.firmware = "uefi"  # or "secure", or "bios"
        self.rom = False  # True: firmware has QEMU's driver of the card, which is iPXE; BIOS has no other way to the network
        self.tpm = False  # True: it has a TPM 2.0 (swtpm)
        self.ipv6 = True  # False: its firmware does not try to boot over IPv6
        self.pxe = True  # False: firmware that starts over HTTP only
        self.medium = None  # ("cd" or "usb", path of the image): started before anything else
        self.more_disks = []  # options of QEMU, for disks that come before it
        self.tap = network.add_tap()
        self.serial_path = f"{workdir}/{name}.serial"
        self.process = self.qmp = None
        self.serial_base = 0
        open(self.serial_path, "w").close()

    # --- power ---------------------------------------------------------------------------------------

    def power_on(self, first="disk", direct=None, blkdebug=None, werror="report"):
        """first: which of disk and net the firmware tries first. direct: (kernel, initrd, command line) skips the
        firmware. blkdebug: text of a QEMU blkdebug configuration put before the disk."""
        self.serial_base = os.path.getsize(self.serial_path)
        socket = f"{self.workdir}/{self.name}.qmp"
        args = ["qemu-system-x86_64", "-name", self.name, "-M", self.model, "-accel", "tcg", "-cpu", "max", "-smp", "1",
                "-m", str(self.memory), "-display", "none", "-vga", "std", "-nodefaults", "-uuid", self.uuid,
                "-smbios", f"type=1,manufacturer=Lab,product=Office PC,serial={self.serial_number},uuid={self.uuid}",
                "-device", "virtio-rng-pci", "-chardev", f"file,id=ser,path={self.serial_path},append=on",
                "-serial", "chardev:ser", "-qmp", f"unix:{socket},server=on,wait=off",
                "-netdev", f"tap,id=n0,ifname={self.tap},script=no,downscript=no"]
        order = {"net": 1, "disk": 2} if first == "net" else {"net": 2, "disk": 1}
        if direct:
            kernel, initrd, cmdline = direct
            args += ["-kernel", kernel, *(["-initrd", initrd] if initrd else []), "-append", cmdline,
                     "-device", f"{self.nic},id=nic,netdev=n0,mac={self.mac}"]
        else:
            args += self._firmware_args() + self._tpm_args() + self._medium_args()
            # Without a ROM file the firmware's own PXE client runs, as on a real machine.
            rom = "" if self.rom else ",romfile="
            args += ["-device", f"{self.nic},id=nic,netdev=n0,mac={self.mac}{rom},bootindex={order['net']}"]
        if self.disk:
            args += self.more_disks + self._disk_args(None if direct else order["disk"], blkdebug, werror)
        log = open(f"{self.workdir}/{self.name}.qemu.log", "a")
        self.powered_on = time.time()
        self.process = subprocess.Popen(args, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.qmp = Qmp(socket, self.process)

    def _firmware_args(self):
        if self.firmware == "bios":
            return []
        secure = self.firmware == "secure"
        variables = f"{self.workdir}/{self.name}.vars"
        if not os.path.exists(variables):
            shutil.copy(SECURE_VARS if secure else OVMF_VARS, variables)
        args = ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={SECURE_CODE if secure else OVMF_CODE}",
                "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
        for version, tried in (("IPv4", self.pxe), ("IPv6", self.pxe and self.ipv6)):
            if not tried:
                args += ["-fw_cfg", f"name=opt/org.tianocore/{version}PXESupport,string=n"]
        if secure:
            args += ["-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"]
        return args

    def _tpm_args(self):
        """Started anew with each power on, as the chip is; what it keeps is in a folder. It ends with QEMU."""
        if not self.tpm:
            return []
        kept, socket = f"{self.workdir}/{self.name}.tpm", f"{self.workdir}/{self.name}.swtpm"
        os.makedirs(kept, exist_ok=True)
        subprocess.run(["swtpm", "socket", "--tpm2", "--daemon", "--terminate", "--tpmstate", f"dir={kept}",
                        "--ctrl", f"type=unixio,path={socket}", "--log", f"file={kept}/log"], check=True)
        return ["-chardev", f"socket,id=tpm,path={socket}", "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0"]

    def _medium_args(self):
        if not self.medium:
            return []
        kind, path = self.medium
        args = ["-blockdev", f"driver=file,filename={path},node-name=medium,read-only=on"]
        if kind == "cd":
            return args + ["-device", "ide-cd,id=medium0,drive=medium,bootindex=0"]
        return args + ["-device", "qemu-xhci,id=xhci", "-device", "usb-storage,id=medium0,bus=xhci.0,drive=medium,removable=on,bootindex=0"]

    def _disk_args(self, bootindex, blkdebug, werror):
        file = f"driver=file,filename={self.disk},node-name=file0"
        args = ["-blockdev", file]
        below = "file0"
        if blkdebug is not None:
            config = f"{self.workdir}/{self.name}.blkdebug"
            with open(config, "w") as f:
                f.write(blkdebug)
            args += ["-blockdev", f"driver=blkdebug,node-name=debug0,config={config},image=file0"]
            below = "debug0"
        args += ["-blockdev", f"driver=raw,node-name=disk0,file={below}"]
        *others, disk = devices(self.disk_if, "disk0", werror)
        for device in others:
            args += ["-device", device]
        return args + ["-device", f"{disk},bootindex={bootindex}" if bootindex else disk]

    def set_first(self, first):
        """What a person sets in firmware setup; holds from the next reset on."""
        net, disk = (1, 2) if first == "net" else (2, 1)
        medium = [("medium0", 3)] if self.medium else []
        # No two may have the same index, not even for a moment.
        for device, index in (("nic", 10), ("hd", disk), ("nic", net), *medium):
            self.qmp.call("qom-set", path=f"/machine/peripheral/{device}", property="bootindex", value=index)

    def reset(self):
        self.qmp.call("system_reset")

    def power_cut(self):
        """The plug is pulled: nothing is flushed."""
        if self.process and self.process.poll() is None:
            self.screenshot()
            self.process.kill()
            self.process.wait()
        self.process = None

    stop = power_cut

    # --- cable, screen, serial -------------------------------------------------------------------------

    def take_medium_out(self):
        """Of a CD drive."""
        self.qmp.call("eject", id="medium0", force=True)

    def cable(self, plugged):
        self.qmp.call("set_link", name="nic", up=plugged)

    def screenshot(self, suffix=""):
        path = f"{self.workdir}/{self.name}{suffix}.png"
        try:
            self.qmp.call("screendump", filename=path, format="png", timeout=30)
        except Exception:  # a machine that is gone has no screen; the test has its own verdict
            return None
        return path

    def serial(self, whole=False):
        """What the serial line has said since the last power on."""
        with open(self.serial_path, "rb") as f:
            if not whole:
                f.seek(self.serial_base)
            return f.read().decode("utf-8", "replace")

    def wait_serial(self, pattern, timeout, after=0):
        """The first match of pattern behind character `after`; raises TimeoutError with the last lines."""
        deadline = time.monotonic() + timeout
        while True:
            text = self.serial()
            match = re.compile(pattern).search(text, after)
            if match:
                return match
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"{self.name}: QEMU ended; serial: {text[-600:]!r}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name}: no {pattern!r} in {timeout} s; serial ends: {text[-600:]!r}")
            time.sleep(0.1)

    def wait_exit(self, timeout):
        self.process.wait(timeout)
