# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel for machines that start without firmware: the same one, unpacked on the host.

Its own unpacking is half of such a boot under emulation. QEMU starts the unpacked one by its PVH entry (a Xen note, not the
hypervisor); it then knows no text screen. Machines with firmware, and those that ask for it, get the file from the wire.
"""
import lzma
import struct

from .cache import made_once

XZ = b"\xfd7zXZ\0"


def unpacked(vmlinuz):
    """The ELF file in a bzImage whose payload is of xz, as Debian's is; of another one the bzImage itself."""
    payload = _payload(vmlinuz)
    if not payload.startswith(XZ):
        return vmlinuz
    return made_once("vmlinux", [vmlinuz], lambda path: _write(path, payload))


def _payload(vmlinuz):
    """Linux, Documentation/x86/boot.rst: setup_sects, payload_offset, payload_length."""
    with open(vmlinuz, "rb") as f:
        image = f.read()
    start = (image[0x1f1] + 1) * 512
    offset, length = struct.unpack_from("<II", image, 0x248)
    return image[start + offset:start + offset + length]


def _write(path, payload):
    """Behind the stream stands the size of what is in it."""
    with open(path, "wb") as f:
        f.write(lzma.LZMADecompressor().decompress(payload))
