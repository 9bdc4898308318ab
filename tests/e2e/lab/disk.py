# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows disks: made once by tests/generators/mkdisk, copied for each machine."""
import hashlib
import json
import os
import struct
import subprocess
import tempfile
import uuid

from .cache import made_once
from .isolate import build_path, repo_path

SHIM = "/usr/lib/shim/shimx64.efi.signed"
GRUB = "/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"
STANDIN = "/EFI/Microsoft/Boot/standin"
BIOS_SECTOR = 40  # the first behind GPT's own


def standin_program():
    """The Windows stand-in."""
    folder = repo_path("tests", "e2e", "standin")
    return made_once("standin.efi", [os.path.join(folder, name) for name in os.listdir(folder)], lambda path: subprocess.run(
        ["/usr/bin/python3", os.path.join(folder, "build.py"), path], check=True, stdout=subprocess.DEVNULL))


def _mkdisk_master(options, bootable):
    key = hashlib.sha256(json.dumps([options, bootable]).encode()).hexdigest()[:16]
    program = build_path("tests", "generators", "mkdisk")

    def make(path):
        subprocess.run([program, "--output", path, *options], check=True, stdout=subprocess.DEVNULL)
        os.replace(path + ".json", path.removesuffix(".new") + ".json")
        if bootable:
            _make_bootable(path, path.removesuffix(".new") + ".json", bootable)
    return made_once(f"disk-{key}.raw", [program] + ([standin_program()] if bootable else []), make)


def _make_bootable(path, info_path, kind):
    """The stand-in in the places of Windows' loader, and its firmware boot entry. kind "signed": it starts with Secure Boot on, as
    Windows does; "bios": it also starts by BIOS."""
    with open(info_path) as f:
        info = json.load(f)
    esp = f"{path}@@{info['partitions'][0]['start']}"
    entry = path + ".bootentry"
    with open(entry, "wb") as f:
        f.write(_boot_entry(info))
    subprocess.run(["mmd", "-i", esp, "::/EFI/Boot"], check=True)
    loader = SHIM if kind == "signed" else standin_program()
    for source, target in ((loader, "/EFI/Boot/bootx64.efi"), (loader, "/EFI/Microsoft/Boot/bootmgfw.efi"),
                           (entry, "/EFI/Microsoft/Boot/standin/bootentry")):
        subprocess.run(["mcopy", "-o", "-i", esp, source, "::" + target], check=True)
    os.unlink(entry)
    if kind == "signed":
        _copy_behind_shim(esp)
    if kind == "bios":
        _copy_for_bios(path, esp)


def _copy_pieces(esp, work):
    """The stand-in's kernel and initrd one by one. What GRUB is told to start them."""
    pieces = [f"--dump-section=.{name}={work}/{name}" for name in ("linux", "initrd", "cmdline")]
    subprocess.run(["objcopy", *pieces, standin_program(), f"{work}/rest"], check=True)
    for name in ("linux", "initrd"):
        subprocess.run(["mcopy", "-i", esp, f"{work}/{name}", f"::{STANDIN}/{name}"], check=True)
    with open(f"{work}/cmdline") as f:
        return f"linux {STANDIN}/linux {f.read()}\ninitrd {STANDIN}/initrd\nboot\n"


def _copy_behind_shim(esp):
    """What shim starts: Debian's signed GRUB beside it, which starts the stand-in's signed kernel."""
    with tempfile.TemporaryDirectory() as work:
        commands = _copy_pieces(esp, work)
        with open(f"{work}/grub.cfg", "w") as config:
            config.write(commands)
        subprocess.run(["mmd", "-i", esp, "::/EFI/debian"], check=True)
        for source, target in ((GRUB, "/EFI/Boot/grubx64.efi"), (GRUB, "/EFI/Microsoft/Boot/grubx64.efi"),
                               (f"{work}/grub.cfg", "/EFI/debian/grub.cfg")):  # where Debian's signed GRUB looks
            subprocess.run(["mcopy", "-i", esp, source, "::" + target], check=True)


def _copy_for_bios(path, esp):
    """GRUB in the place of Windows' boot code: its first sector in the first of the disk, the rest in the sectors that are free
    between partition table and first partition (grub/i386/pc/boot.h: where each says where the next is)."""
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/grub.cfg", "w") as config:
            config.write(f"search --set=root --file {STANDIN}/linux\n" + _copy_pieces(esp, work))
        subprocess.run(["grub-mkimage", "-O", "i386-pc", "-c", f"{work}/grub.cfg", "-p", "/", "-o", f"{work}/core",
                        "biosdisk", "part_gpt", "fat", "search", "linux", "normal"], check=True)
        with open("/usr/lib/grub/i386-pc/boot.img", "rb") as f:
            boot = bytearray(f.read())
        with open(f"{work}/core", "rb") as f:
            core = bytearray(f.read())
    struct.pack_into("<Q", boot, 0x5c, BIOS_SECTOR)
    struct.pack_into("<Q", core, 0x1f4, BIOS_SECTOR + 1)
    assert BIOS_SECTOR * 512 + len(core) <= 1 << 20, "the first partition begins there"
    with open(path, "r+b") as disk:
        disk.write(boot[:440])  # behind it are the disk's signature and the protective partition
        disk.seek(BIOS_SECTOR * 512)
        disk.write(core)


def _boot_entry(info):
    """Windows Boot Manager as a firmware variable: attributes, then EFI_LOAD_OPTION (UEFI 2.x section 3.1.3)."""
    esp, sector = info["partitions"][0], info["sector_size"]
    file_path = "\\EFI\\Microsoft\\Boot\\bootmgfw.efi".encode("utf-16le") + b"\0\0"
    hard_drive = struct.pack("<BBHIQQ16sBB", 4, 1, 42, esp["number"], esp["start"] // sector, esp["size"] // sector,
                             uuid.UUID(esp["guid"]).bytes_le, 2, 2)
    nodes = hard_drive + struct.pack("<BBH", 4, 4, 4 + len(file_path)) + file_path + struct.pack("<BBH", 0x7f, 0xff, 4)
    return (struct.pack("<I", 7) + struct.pack("<IH", 1, len(nodes)) + "Windows Boot Manager".encode("utf-16le") +
            b"\0\0" + nodes)


class Disk:
    """A machine's own copy. info is what mkdisk says of it. bootable: no (False), yes (True), "signed": with Secure Boot
    too, or "bios": by BIOS too."""

    def __init__(self, workdir, name, *options, bootable=False):
        master = _mkdisk_master(list(options), bootable)
        self.path = f"{workdir}/{name}.raw"
        subprocess.run(["cp", "--sparse=always", master, self.path], check=True)
        with open(master + ".json") as f:
            self.info = json.load(f)

    def keys(self):
        """[(protector GUID, recovery password)]"""
        return [(k["guid"], k["password"]) for k in self.info.get("bitlocker", {}).get("recovery_passwords", [])]

    def sha256(self):
        digest = hashlib.sha256()
        with open(self.path, "rb") as f:
            while block := f.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()
