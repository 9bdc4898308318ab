#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mkdisk's volumes in all states of conversion. Build folder in B.

No tool reads them right. Here their metadata is rewritten to that of a volume encrypted to its end; dislocker decrypts
that; and each part is taken from there or as it is on the disk, by the rules of the state.
"""
import hashlib
import os
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

from generator_tools import MIB, decrypted, expected_key, volume, volume_key

NORMAL = bytes.fromhex("3bd66749292ed84a8399f6a339e3d001")
ENCRYPT_ON_WRITE = bytes.fromhex("3b4da89280dd0e4d9e4eb1e3284eaed8")


def crc_is_good(block, at):
    """Of a structure that has its CRC-32 at this offset."""
    return zlib.crc32(block[:at] + bytes(4) + block[at + 4:]) == struct.unpack_from("<I", block, at)[0]


class Volume:
    def __init__(self, disk):
        self.disk, self.bitlocker = disk, disk.info["bitlocker"]
        with open(disk.path, "rb") as f:
            self.raw = f.read()
        self.sector = disk.info["sector_size"]
        self.header = self.bitlocker["header_sectors"] * self.sector
        self.backup = self.bitlocker["header_backup"]
        self.state = int(self.bitlocker["state"][0])
        self.limit = self.bitlocker["encrypted_size"]
        self.type_at = 424 if self.raw[3:11] == b"MSWIN4.1" else 160
        self.is_eow = self.raw[self.type_at:self.type_at + 16] == ENCRYPT_ON_WRITE
        self.structures = [(m, 65536) for m in self.bitlocker["metadata"]] + [(self.backup, self.header)]
        self.bits = []  # (start, end, chunk size, bitmap)
        if self.bitlocker["conversion_size"]:
            self.structures.append((self.limit, self.bitlocker["conversion_size"]))
        if self.is_eow:
            self.read_eow()

    def read_eow(self):
        information = struct.unpack_from("<2Q", self.raw, self.type_at + 40)
        size = struct.unpack_from("<H", self.raw, information[0] + 10)[0]
        info, other = (self.raw[at:at + size] for at in information)
        assert info == other and info[:8] == b"FVE-EOW\0" and crc_is_good(info, 36)
        chunk, log, _, count = struct.unpack_from("<4I", info, 20)
        assert struct.unpack_from("<2Q", info, 40) == information and count == (size - 56) / 8
        for at in information:
            self.structures.append((at, -(-size // self.sector) * self.sector))
        for index, at in enumerate(struct.unpack_from(f"<{count}Q", info, 56)):
            self.read_bitmap(index, at, chunk, log)

    def read_bitmap(self, index, at, chunk, log):
        size, number, start, length, log_at = struct.unpack_from("<IIQQQ", self.raw, at + 12)
        bitmap = self.raw[at:at + size]
        places = struct.unpack_from("<2I", bitmap, 44)
        assert bitmap[:10] == b"FVE-EOWBM\0" and number == index and crc_is_good(bitmap[:places[0]], 56)
        best = (-1, None)
        for place in places:
            record = bitmap[place:place + struct.unpack_from("<I", bitmap, place + 12)[0]]
            if record[:10] == b"FVE-EOWBR\0" and crc_is_good(record, 32):
                assert struct.unpack_from("<I", record, 16)[0] == -(-length // chunk)
                best = max(best, (struct.unpack_from("<Q", record, 20)[0], record[36:]))
        self.bits.append((start, start + length, chunk, best[1]))
        self.structures += [(at, size), (log_at, log)]

    def encrypted(self, at):
        """Whether what is at this sector is ciphertext; None in a structure."""
        if self.state == 1:
            return False
        if not self.is_eow:
            return at < self.limit
        found = [bits[(at - start) // chunk // 8] >> (at - start) // chunk % 8 & 1
                 for start, end, chunk, bits in self.bits if start <= at < end]
        assert len(found) == 1, f"sector at {at} is in {len(found)} regions"
        return bool(found[0])

    def everything_decrypted(self):
        """As if the volume were encrypted to its end."""
        image = bytearray(self.raw)
        image[self.type_at:self.type_at + 16] = NORMAL
        for at in self.bitlocker["metadata"]:
            size = struct.unpack_from("<H", image, at + 8)[0] * 16
            struct.pack_into("<HHQI", image, at + 12, 4, 4, len(image), 0)
            struct.pack_into("<I", image, at + size + 4, zlib.crc32(image[at:at + size]))
        path = self.disk.path + ".encrypted"
        with open(path, "wb") as f:
            f.write(image)
        with open(decrypted(path, "-p" + self.disk.passwords()[0]), "rb") as f:
            return f.read()

    def plain(self):
        cipher_parts, result = self.everything_decrypted(), bytearray(self.raw)
        own = [(start // self.sector, -(-(start + size) // self.sector)) for start, size in self.structures]
        skip = {n for first, end in own for n in range(first, end)}
        for number in range(len(self.raw) // self.sector):
            at = number * self.sector
            if number in skip:
                result[at:at + self.sector] = bytes(self.sector)
            elif at < self.header:
                moved = self.backup + at
                source, place = (cipher_parts, at) if self.encrypted(moved) else (self.raw, moved)
                result[at:at + self.sector] = source[place:place + self.sector]
            elif self.encrypted(at):
                result[at:at + self.sector] = cipher_parts[at:at + self.sector]
        return bytes(result)


class StatesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="generator-")
        self.addCleanup(shutil.rmtree, self.folder)

    def check(self, *options):
        made = Volume(volume(self.folder, *options))
        self.assertEqual(hashlib.sha256(made.plain()).hexdigest(), made.disk.info["ntfs_sha256"])
        return made

    def test_part_encrypted(self):
        made = self.check("--state", "3/1")
        self.assertEqual(made.limit, 16 * MIB)
        made = self.check("--state", "5/1", "--encrypted-size", "9", "--sector-size", "4096")
        self.assertEqual(made.limit, 9 * MIB)
        # dislocker ends where encryption does
        plain = decrypted(made.disk.path, "-p" + made.disk.passwords()[0])
        self.assertEqual(os.path.getsize(plain), 9 * MIB)

    def test_converting(self):
        made = self.check("--state", "2/4", "--encrypted-size", "11", "--conversion-size", "256")
        self.assertEqual((made.limit, made.bitlocker["conversion_size"]), (11 * MIB, 256 * 1024))
        self.check("--state", "2/1", "--sector-size", "4096", "--method", "aes-cbc-128-diffuser")

    def test_decrypted(self):
        made = self.check("--state", "1/1")
        block = made.raw[made.bitlocker["metadata"][0]:][:65536]
        size = struct.unpack_from("<H", block, 8)[0] * 16
        hashed = hashlib.sha256(block[:size]).digest()
        self.assertEqual(block[size + 8:size + 52], struct.pack("<6H", 44, 0, 1, 1, 0x2005, 0) + hashed)
        self.check("--state", "1/1", "--encrypt-on-write", "0")

    def test_other_size_than_the_metadata_says(self):
        grown = self.check("--grow", "8")
        self.assertEqual(grown.limit, 24 * MIB)
        shrunk = self.check("--shrink", "5")
        self.assertEqual(shrunk.limit, 37 * MIB)
        self.assertEqual(len(shrunk.raw), 32 * MIB)

    def test_encrypt_on_write(self):
        for options in (("0",), ("100",), ("40", "--chunk-size", "4", "--places", "low"),
                        ("70", "--sector-size", "4096", "--method", "aes-cbc-256"),
                        ("30", "--to-go", "--size", "24"),
                        ("50", "--header-sectors", "1", "--places", "reversed", "--chunk-size", "1024")):
            with self.subTest(options=options):
                made = self.check("--encrypt-on-write", *options)
                self.assertTrue(made.is_eow)
                encrypted = sum(bin(int.from_bytes(bits, "little")).count("1") for *_, bits in made.bits)
                chunks = sum(-(-(end - start) // chunk) for start, end, chunk, _ in made.bits)
                self.assertAlmostEqual(encrypted / chunks, int(options[0]) / 100, delta=0.1)
                self.assertEqual([start for start, *_ in made.bits],
                                 [r["start"] for r in made.bitlocker["encrypt_on_write"]["regions"]])
        self.assertEqual(volume_key(made.disk.path, made.disk.passwords()[0]), expected_key(made.bitlocker))

    def test_refused_options(self):
        for options in (("--state", "4"), ("--encrypt-on-write", "101"), ("--grow", "32"), ("--chunk-size", "0"),
                        ("--state", "2/4", "--encrypt-on-write", "50")):
            with self.assertRaises(subprocess.CalledProcessError):
                volume(self.folder, *options)


if __name__ == "__main__":
    unittest.main()
