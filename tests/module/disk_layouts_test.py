#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks of every layout: repaired where that is safe; members of something bigger refused, whatever is seen on them.

Tables are made with sgdisk or byte by byte, RAID signatures judged with util-linux' blkid.
"""
import os
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

from image_lab import FIXER, Disk, blocks, changed_sectors, copy, fingerprint, fixer, run

MIB = 1 << 20
TIB = 1 << 40
MBR_C = 7


def write_at(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at if at >= 0 else os.path.getsize(path) + at)
        f.write(data)


def sgdisk(path, *options):
    subprocess.run(["sgdisk", *options, path], check=True, capture_output=True)


def words_sum(data):
    return sum(struct.unpack(f"<{len(data) // 2}H", data)) & 0xffff


def jmicron():
    data = bytearray(128)
    data[:2], data[0x30] = b"JM", 1
    data[4:6] = struct.pack("<H", -words_sum(data) & 0xffff)
    return bytes(data)


def silicon_image():
    data = bytearray(512)
    data[0x60:0x64] = struct.pack("<I", 0x2f000000)
    data[0x13e:0x140] = struct.pack("<H", -words_sum(data[:0x13e]) & 0xffff)
    return bytes(data)


def via():
    data = bytearray(51)
    data[:3] = b"\x55\xaa\x01"
    data[50] = sum(data) & 0xff
    return bytes(data)


def md1(at):
    data = bytearray(256)
    struct.pack_into("<II", data, 0, 0xa92b4efc, 1)
    struct.pack_into("<Q", data, 144, at // 512)
    return bytes(data)


def lvm():
    """The label of a physical volume in the second sector; its checksum is a CRC-32 begun in LVM's own way."""
    data = bytearray(b"LABELONE" + struct.pack("<QII", 1, 0, 32) + b"LVM2 001" + b"x" * 32 + bytes(448))
    data[16:20] = struct.pack("<I", zlib.crc32(data[20:], 0xf597a6cf ^ 0xffffffff) ^ 0xffffffff)
    return bytes(data)


def signatures(size):
    """(what blkid calls it, what the fixer says, where, bytes)"""
    md_end = size // 4096 * 4096 - 8192
    return (
        ("isw_raid_member", "Intel RST", size - 1024, b"Intel Raid ISM Cfg Sig. 1.3.00\0\0"),
        ("ddf_raid_member", "SNIA DDF", size - 512, b"\xde\x11\xde\x11" + bytes(508)),
        ("nvidia_raid_member", "NVIDIA RAID", size - 1024, b"NVIDIA  " + bytes(100)),
        ("lsi_mega_raid_member", "LSI MegaIDE", size - 512, b"$XIDE$"),
        ("adaptec_raid_member", "Adaptec HostRAID", size - 512, b"\x37\xfc\x4d\x1e" + bytes(252) + b"DPTM"),
        ("promise_fasttrack_raid_member", "Promise or AMD RAID", size - 63 * 512, b"Promise Technology, Inc."),
        ("jmicron_raid_member", "JMicron RAID", size - 512, jmicron()),
        ("silicon_medley_raid_member", "Silicon Image RAID", size - 512, silicon_image()),
        ("via_raid_member", "VIA RAID", size - 512, via()),
        ("hpt37x_raid_member", "HighPoint RAID", 9 * 512 + 32, b"\xf0\x16\x78\x5a"),
        ("hpt45x_raid_member", "HighPoint RAID", size - 11 * 512, b"\xf3\x16\x78\x5a"),
        ("linux_raid_member", "Linux RAID", 4096, md1(4096)),
        ("linux_raid_member", "Linux RAID", md_end, md1(md_end)),
        ("LVM2_member", "LVM", 512, lvm()),
    )


def make_mbr(path, disk, kind=MBR_C):
    """The GPT is gone; C: is the second entry of an MBR, as on a machine with BIOS."""
    sector, size = disk.info["sector_size"], disk.info["size"]
    c = next(p for p in disk.info["partitions"] if p["number"] == disk.info["c_partition"])
    write_at(path, 0, bytes(34 * sector))
    write_at(path, size - 33 * sector, bytes(33 * sector))
    entries = b"".join(struct.pack("<B3sB3sII", active, b"\xfe\xff\xff", entry_kind, b"\xfe\xff\xff", start, count)
                       for active, entry_kind, start, count in
                       ((0x80, 0x0b, 2048, 1024), (0, kind, c["start"] // sector, c["size"] // sector)))
    write_at(path, 440, struct.pack("<IH", 0x12345678, 0) + entries + bytes(32) + b"\x55\xaa")


class Layouts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("sgdisk", "blkid"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"skipped: no {tool}")
        cls.folder = tempfile.mkdtemp(prefix="netmend-layouts-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.plain = Disk(cls.folder, "plain", "--plain", "--size", "300")
        cls.plain_4k = Disk(cls.folder, "plain4k", "--plain", "--size", "600", "--sector-size", "4096")
        cls.bitlocker = Disk(cls.folder, "bitlocker", "--bitlocker", "--size", "300")

    def setUp(self):
        self.work = tempfile.mkdtemp(dir=self.folder)
        self.addCleanup(shutil.rmtree, self.work)
        self.image = os.path.join(self.work, "disk.raw")

    def refused(self, reason, text, *options):
        before = fingerprint(self.image)
        status, result = fixer("--image", self.image, *options)
        self.assertEqual((status, result["reason"]), (3, reason), result)
        self.assertIn(text, result["text"])
        self.assertEqual(fingerprint(self.image), before)
        self.assertEqual(os.listdir(self.work), ["disk.raw"], "a bundle was left")
        return result

    def repaired_and_undone(self, expected_sector=512):
        before = copy(self.image, os.path.join(self.folder, "before.raw"))
        status, result = fixer("--image", self.image)
        self.assertEqual((status, result["reason"], result["disk"]["sector"]), (0, "REPAIRED", expected_sector), result)
        changed = changed_sectors(before, self.image, expected_sector)
        self.assertEqual(len(changed), sum(v["sectors"] for v in result["volumes"]))
        status, undone = fixer("--undo", result["bundle"], "--image", self.image)
        os.unlink(result["bundle"])
        self.assertEqual((status, undone["reason"]), (0, "UNDONE"), undone)
        self.assertEqual(fingerprint(self.image), fingerprint(before))
        return result

    def test_raid_members(self):
        for blkid, kind, at, data in signatures(self.plain.info["size"]):
            with self.subTest(blkid):
                copy(self.plain.path, self.image)
                write_at(self.image, at, data)
                self.refused("RAID_MEMBER", kind)

    def test_bundle_of_a_disk_that_became_a_member(self):
        copy(self.plain.path, self.image)
        _, result = fixer("--image", self.image)
        write_at(self.image, -1024, b"Intel Raid ISM Cfg Sig. 1.3.00\0\0")
        before = fingerprint(self.image)
        for verb in ("--undo", "--complete"):
            status, answer = fixer(verb, result["bundle"], "--image", self.image)
            self.assertEqual((status, answer["reason"]), (3, "RAID_MEMBER"), answer)
        self.assertEqual(fingerprint(self.image), before)

    def test_mirrored_bitlocker(self):
        copy(self.bitlocker.path, self.image)
        write_at(self.image, -1024, b"Intel Raid ISM Cfg Sig. 1.3.00\0\0")
        self.refused("RAID_MEMBER", "Intel RST", "--recovery-password-file", self.bitlocker.password)
        status, result = fixer("inspect", self.image)
        self.assertEqual((status, result["disk"]["refusal"]), (0, "RAID_MEMBER"))
        self.assertIn("Intel RST", run(FIXER, "inspect", self.image).stdout)

    def test_signatures_are_those_blkid_knows(self):
        for blkid, kind, at, data in signatures(64 * MIB):
            with self.subTest(blkid):
                with open(self.image, "wb") as f:
                    f.truncate(64 * MIB)
                write_at(self.image, at, data)
                self.assertEqual(run("blkid", "-p", "-o", "value", "-s", "TYPE", self.image).stdout.strip(), blkid)
                status, result = fixer("inspect", self.image)
                self.assertIn(kind, result["text"] or result["disk"]["refusal_text"])

    def test_intel_on_4096_byte_sectors(self):
        copy(self.plain_4k.path, self.image)
        write_at(self.image, -2 * 4096, b"Intel Raid ISM Cfg Sig. 1.3.00\0\0")
        self.refused("RAID_MEMBER", "Intel RST")

    def test_striped_member_cut_in_pieces(self):
        """The first disk of a RAID 0 shows the table of the whole set, which is larger than the disk."""
        copy(self.plain.path, self.image)
        with open(self.image, "r+b") as f:
            f.truncate(self.plain.info["size"] // 2)
        self.refused("PARTITION_TABLE_BAD", "cut off")
        write_at(self.image, -1024, b"Intel Raid ISM Cfg Sig. 1.0.00\0\0")
        self.refused("RAID_MEMBER", "Intel RST")

    def test_dynamic_disks_and_storage_spaces(self):
        number = self.plain.info["c_partition"]
        for code, name in (("4200", "LDM data"), ("4201", "LDM metadata"), ("4202", "Storage Spaces")):
            with self.subTest(name):
                copy(self.plain.path, self.image)
                sgdisk(self.image, f"-t{number}:{code}")
                result = self.refused("DYNAMIC_DISK", name)
                self.assertIn("ntfs", [v["kind"] for v in result["volumes"]], "a volume is seen, and left")
        copy(self.plain.path, self.image)
        sgdisk(self.image, "-t1:4200")  # one partition of the disk is enough
        self.refused("DYNAMIC_DISK", "partition 1")

    def test_space_by_its_own_signature(self):
        copy(self.plain.path, self.image)
        write_at(self.image, self.plain.info["partitions"][1]["start"], b"SPACEDB ")
        self.refused("DYNAMIC_DISK", "Storage Spaces")

    def test_dynamic_mbr(self):
        copy(self.plain.path, self.image)
        make_mbr(self.image, self.plain, 0x42)
        self.refused("DYNAMIC_DISK", "Windows LDM data")

    def test_mbr_only(self):
        copy(self.plain.path, self.image)
        make_mbr(self.image, self.plain)
        result = self.repaired_and_undone()
        self.assertEqual((result["disk"]["table"], result["disk"]["id"]), ("mbr", "mbr:12345678"))

    def test_mbr_only_on_4096_byte_sectors(self):
        """Nothing in an MBR tells the sector size of an image: its places are only right for a device that knows."""
        copy(self.plain_4k.path, self.image)
        make_mbr(self.image, self.plain_4k)
        self.assertEqual(fixer("--image", self.image)[0], 3)

    def test_backup_gpt_only(self):
        for disk, sector in ((self.plain, 512), (self.plain_4k, 4096)):
            copy(disk.path, self.image)
            write_at(self.image, 2 * sector, b"\xff" * sector)  # the entries no longer fit their CRC
            self.assertTrue(self.repaired_and_undone(sector)["disk"]["from_backup"])

    def test_windows_beyond_two_tib(self):
        """C: starts above 2 TiB on a sparse disk of 3 TiB: 32 bits of sectors do not reach it."""
        c = next(p for p in self.plain.info["partitions"] if p["number"] == self.plain.info["c_partition"])
        with open(self.image, "wb") as f:
            f.truncate(3 * TIB)
        start = 5 * TIB // 2
        sgdisk(self.image, f"-n1:{start // 512}:{(start + c['size']) // 512 - 1}", "-t1:0700")
        with open(self.image, "r+b") as f:
            for at, block in blocks(self.plain.path):
                if c["start"] <= at < c["start"] + c["size"]:
                    f.seek(start + at - c["start"])
                    f.write(block)
        result = self.repaired_and_undone()
        self.assertEqual(result["disk"]["size"], 3 * TIB)

    def test_volume_without_a_table(self):
        c = next(p for p in self.plain.info["partitions"] if p["number"] == self.plain.info["c_partition"])
        with open(self.plain.path, "rb") as f, open(self.image, "wb") as out:
            f.seek(c["start"])
            out.write(f.read(c["size"]))
        self.assertEqual(self.repaired_and_undone()["disk"]["table"], "none")


if __name__ == "__main__":
    unittest.main()
