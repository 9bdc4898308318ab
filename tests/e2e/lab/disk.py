# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows disks: made once by tests/generators/mkdisk, copied for each machine."""
import hashlib
import json
import os
import struct
import subprocess
import uuid

from .cache import made_once
from .isolate import build_path, repo_path


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
            _make_bootable(path, path.removesuffix(".new") + ".json")
    return made_once(f"disk-{key}.raw", [program] + ([standin_program()] if bootable else []), make)


def _make_bootable(path, info_path):
    """The stand-in in the places of Windows' loader, and its firmware boot entry."""
    with open(info_path) as f:
        info = json.load(f)
    esp = f"{path}@@{info['partitions'][0]['start']}"
    entry = path + ".bootentry"
    with open(entry, "wb") as f:
        f.write(_boot_entry(info))
    subprocess.run(["mmd", "-i", esp, "::/EFI/Boot"], check=True)
    for source, target in ((standin_program(), "/EFI/Boot/bootx64.efi"),
                           (standin_program(), "/EFI/Microsoft/Boot/bootmgfw.efi"),
                           (entry, "/EFI/Microsoft/Boot/standin/bootentry")):
        subprocess.run(["mcopy", "-o", "-i", esp, source, "::" + target], check=True)
    os.unlink(entry)


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
    """A machine's own copy. info is what mkdisk says of it."""

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
