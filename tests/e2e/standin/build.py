#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the Windows stand-in: one UEFI program of Debian's kernel and an initrd.

usage: build.py OUTPUT.efi
"""
import gzip
import os
import re
import shutil
import stat
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = ["/usr/bin/dislocker-fuse", "/usr/bin/ntfs-3g", "/usr/bin/ntfsrecover"]
BUSYBOX = "/usr/bin/busybox"
APPLETS = """sh mount umount mkdir sleep sync cat grep sed cut tr tail head wc od ls stat basename dirname ip
udhcpc nc sha256sum insmod printf test env""".split()
MODULES = """virtio_pci virtio_blk virtio_net virtio_scsi nvme ahci sd_mod vfat nls_cp437 nls_ascii nls_utf8 efivarfs
fuse e1000e e1000 8139cp""".split()
STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"


def newest_kernel():
    names = [n for n in os.listdir("/boot") if re.fullmatch(r"vmlinuz-.*-amd64", n)]
    if not names:
        sys.exit("no kernel in /boot: install linux-image-amd64")
    return max(names, key=lambda n: [int(x) if x.isdigit() else x for x in re.split(r"[.-]", n)])[8:]


def libraries(program):
    """What the dynamic linker would load for program, by its own word."""
    text = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return sorted(set(re.findall(r"(/\S+) \(0x", text)))


def module_files(version):
    """Files of MODULES and what they depend on, in loading order."""
    order = []
    for name in MODULES:
        text = subprocess.run(["/sbin/modprobe", "-S", version, "--show-depends", name], check=True,
                              capture_output=True, text=True).stdout
        for path in re.findall(r"^insmod (\S+)", text, re.M):
            if path not in order:
                order.append(path)
    return order


class Cpio:
    """newc archive, the kernel's initramfs format (Documentation/driver-api/early-userspace)."""

    def __init__(self):
        self.data = bytearray()
        self.inode = 0
        self.made = set()

    def add(self, name, mode, content=b""):
        self.inode += 1
        fields = [self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        self.data += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        self.data += b"\0" * (-len(self.data) % 4) + content
        self.data += b"\0" * (-len(self.data) % 4)

    def folder(self, name):
        if name and name not in self.made:
            self.folder(os.path.dirname(name))
            self.made.add(name)
            self.add(name, stat.S_IFDIR | 0o755)

    def file(self, name, source, mode=0o755):
        self.folder(os.path.dirname(name))
        with open(source, "rb") as f:
            self.add(name, stat.S_IFREG | mode, f.read())

    def link(self, name, target):
        self.folder(os.path.dirname(name))
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def finish(self):
        self.add("TRAILER!!!", 0)
        return bytes(self.data)


def initrd(version):
    cpio = Cpio()
    for name in ["proc", "sys", "dev", "run", "etc", "bin", "sbin"]:
        cpio.folder(name)
    cpio.link("etc/mtab", "/proc/mounts")
    cpio.file("init", os.path.join(HERE, "init"))
    cpio.file("sbin/dhcp-script", os.path.join(HERE, "dhcp-script"))
    cpio.file("bin/busybox", BUSYBOX)
    for applet in APPLETS:
        cpio.link("bin/" + applet, "busybox")
    added = set()
    for program in PROGRAMS:
        cpio.file("bin/" + os.path.basename(program), program)
        for path in libraries(program):
            if path not in added:
                added.add(path)
                cpio.file(path.lstrip("/"), os.path.realpath(path))
    order = module_files(version)
    for path in order:
        cpio.file("modules/" + os.path.basename(path), path, 0o644)
    cpio.add("modules/order", stat.S_IFREG | 0o644,
             "".join(os.path.basename(p) + "\n" for p in order).encode())
    return gzip.compress(cpio.finish(), 6, mtime=0)


def section_args(pieces):
    """objcopy arguments that place each piece behind the stub, page aligned."""
    text = subprocess.run(["objdump", "-h", STUB], check=True, capture_output=True, text=True).stdout
    end = max(int(size, 16) + int(vma, 16)
              for size, vma in re.findall(r"^\s*\d+ \S+\s+([0-9a-f]{8})\s+([0-9a-f]{16})", text, re.M))
    args, at = [], end
    for name, path in pieces:
        at = (at + 0xffff) & ~0xffff
        args += ["--add-section", f"{name}={path}", "--change-section-vma", f"{name}={at:#x}"]
        at += os.path.getsize(path)
    return args


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    output = sys.argv[1]
    version = newest_kernel()
    work = output + ".parts"
    os.makedirs(work, exist_ok=True)
    with open(f"{work}/initrd", "wb") as f:
        f.write(initrd(version))
    with open(f"{work}/cmdline", "w") as f:
        f.write("console=tty0 console=ttyS0,115200 quiet loglevel=3 panic=5 vt.global_cursor_default=0")
    pieces = [(".cmdline", f"{work}/cmdline"), (".linux", f"/boot/vmlinuz-{version}"), (".initrd", f"{work}/initrd")]
    subprocess.run(["objcopy", *section_args(pieces), STUB, output + ".new"], check=True)
    os.replace(output + ".new", output)
    shutil.rmtree(work)
    print(f"{output}: {os.path.getsize(output)} bytes, kernel {version}")


if __name__ == "__main__":
    main()
