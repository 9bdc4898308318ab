#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fixer inspect on BitLocker volumes of mkdisk and of cryptsetup's tests: what is in the clear, and what a key opens."""
import configparser
import os
import re
import subprocess
import unittest

from inspect_lab import SHARED, Case, inspect, mkdisk

SMALL = ("--volume-only", "--size", "40", "--files", "20")
METHODS = {"aes-cbc-128-diffuser": "AES 128 with diffuser", "aes-cbc-256-diffuser": "AES 256 with diffuser",
           "aes-cbc-128": "AES 128", "aes-cbc-256": "AES 256", "xts-aes-128": "XTS-AES 128", "xts-aes-256": "XTS-AES 256"}
USABLE = ("recovery-password", "passphrase", "startup-key")


class Generated(Case):
    def make(self, *options):
        path, info = mkdisk(self.work, "volume", *SMALL, *options)
        return path, info["bitlocker"]

    def look(self, path, *args):
        status, result = inspect(path, *args)
        self.assertEqual(status, 0, result)
        return result["volumes"][0]

    def assert_open(self, v):
        self.assertTrue(v["open"], v)
        self.assertEqual((v["ntfs"]["label"], v["installations"][0]["product"], v["needs"]),
                         ("Windows", "Windows 11 Pro", ""))

    def assert_closed(self, v):
        self.assertEqual((v["open"], v["how"], v["ntfs"], v["installations"]), (False, "", None, []))

    def test_every_protector(self):
        bek = self.path("saved.bek")
        path, info = self.make("--recovery-protectors", "2", "--passphrase", "Größe 7", "--startup-key", bek, "--tpm-pin",
                               "--certificate")
        v = self.look(path)
        self.assertEqual((v["kind"], v["id"], v["reason"]), ("bitlocker", info["volume_guid"], "OK"))
        self.assertEqual([(p["id"], p["kind"]) for p in v["protectors"]],
                         [(p["guid"], p["kind"]) for p in info["protectors"]])
        self.assertEqual([p["usable"] for p in v["protectors"]], [p["kind"] in USABLE for p in info["protectors"]])
        self.assertEqual([(c["offset"], c["good"]) for c in v["metadata"]], [(at, True) for at in info["metadata"]])
        self.assertEqual((v["header_offset"], v["header_sectors"], v["encrypted_percent"], v["condition"], v["state"]),
                         (info["header_backup"], info["header_sectors"], 100, "protected", "4/4"))
        self.assert_closed(v)
        self.assertEqual(v["repair"]["reason"], "KEY_NEEDED")
        text = self.words(path)
        for p in info["protectors"]:
            self.assertIn("{" + p["guid"] + "}", text)
        for p in info["recovery_passwords"]:
            self.assertIn("key ID " + p["guid"][:8], v["needs"])
            self.assertIn("recovery password, key ID " + p["guid"][:8], text)
        self.assertIn("{" + info["volume_guid"] + "}", text)

        second = info["recovery_passwords"][1]
        password = self.file("password", second["password"].encode())
        passphrase = self.file("passphrase", "Größe 7\n".encode())
        for option, file, words in (("--recovery-password-file", password, second["guid"]),
                                    ("--passphrase-file", passphrase, "passphrase"), ("--startup-key-file", bek, "startup key")):
            v = self.look(path, option, file)
            self.assert_open(v)
            self.assertIn(words, v["how"])
            self.assertEqual(v["repair"]["reason"], "OK")
        self.assertRegex(self.words(path, "--recovery-password-file", password), r"Windows 11 Pro 23H2")

    def test_wrong_key(self):
        path, _ = self.make()
        password = self.file("wrong", b"042647-302313-590458-071500-554323-116567-412181-516978\n")
        status, result = inspect(path, "--recovery-password-file", password)
        self.assertEqual((status, result["reason"]), (3, "BITLOCKER_WRONG_KEY"))
        self.assert_closed(result["volumes"][0])
        typing_error = self.file("typo", b"042647-302313-590458-071500-554324-116567-412181-516978\n")
        status, result = inspect(path, "--recovery-password-file", typing_error)
        self.assertEqual((status, result["reason"]), (2, "RECOVERY_PASSWORD_FORMAT"))
        self.assertIn("group 5", result["text"])

    def test_opens_without_a_key(self):
        for options, condition, words in ((("--clear-key",), "suspended", "suspended"),
                                          (("--clear-key", "--recovery-protectors", "0", "--no-tpm"), "waiting-for-activation",
                                           "waiting for activation")):
            path, _ = self.make(*options)
            v = self.look(path)
            self.assertEqual((v["condition"], v["suspended"], v["needs_key"]), (condition, True, True))
            self.assert_open(v)
            self.assertRegex(self.words(path), rf"State .*{words}.*: .*opens without a( |\s*\n\s*)key")

    def test_methods_and_sectors(self):
        for method, sector in (("aes-cbc-256-diffuser", 4096), ("xts-aes-256", 512)):
            path, _ = self.make("--method", method, "--sector-size", str(sector), "--clear-key")
            v = self.look(path)
            self.assertEqual((v["method"], v["sector"]), (method, sector))
            self.assert_open(v)
            self.assertIn(f"{METHODS[method]}, sectors of {sector} bytes", self.words(path))

    def test_damaged_metadata(self):
        for bad in (1, 2):
            path, info = self.make("--bad-copies", str(bad))
            v = self.look(path)
            self.assertEqual([c["good"] for c in v["metadata"]], [i >= bad for i in range(3)])
            self.assertEqual((v["metadata_equal"], v["reason"]), (False, "BITLOCKER_COPIES_DIFFER"))
            text = self.words(path)
            self.assertRegex(text, rf"{3 - bad} of 3 copies good")
            for i in range(bad):
                self.assertIn(f"copy {i + 1} damaged, at byte {info['metadata'][i]}", text)
            password = self.file("password", info["recovery_passwords"][0]["password"].encode())
            v = self.look(path, "--recovery-password-file", password)
            self.assert_open(v)
            self.assertEqual(v["repair"]["reason"], "BITLOCKER_COPIES_DIFFER")
        path, _ = self.make("--bad-copies", "3")
        v = self.look(path)
        self.assertEqual((v["reason"], v["repair"]["reason"]), ("BITLOCKER_METADATA_BAD", "BITLOCKER_METADATA_BAD"))
        self.assert_closed(v)
        path, _ = self.make("--copies-differ")
        v = self.look(path)
        self.assertEqual(([c["good"] for c in v["metadata"]], v["metadata_equal"]), ([True] * 3, False))
        self.assertIn("they differ", self.words(path))

    def test_conversions(self):
        half = ("--encrypted-size", "20")
        for options, condition, reason, words in (
                (("--state", "5/1", *half), "decrypting", "BITLOCKER_CONVERTING", "being decrypted, paused with "),
                (("--state", "2/4", *half), "encrypting", "BITLOCKER_CONVERTING", "being encrypted, interrupted with "),
                (("--encrypt-on-write", "30"), "encrypt-on-write", "BITLOCKER_CONVERTING", "encrypt-on-write conversion"),
                (("--grow", "10"), "protected", "OK", "encrypted, protection on")):
            path, info = self.make(*options)
            v = self.look(path)
            self.assertEqual((v["condition"], v["reason"], v["open"]), (condition, reason, False))
            self.assertGreater(40 << 20, v["encrypted_bytes"])
            self.assertEqual(v["encrypted_percent"], v["encrypted_bytes"] * 100 // (40 << 20))
            text = self.words(path)
            self.assertIn(words, text)
            if half[0] in options:  # mkdisk moves it out of what belongs to BitLocker
                self.assertEqual(v["encrypted_bytes"], info["encrypted_size"])
                self.assertIn(f"with {v['encrypted_percent']} % encrypted", text)
            self.assertIn(f"({v['encrypted_bytes']} bytes)", text)
            password = self.file("password", info["recovery_passwords"][0]["password"].encode())
            v = self.look(path, "--recovery-password-file", password)
            self.assert_open(v)
            self.assertEqual(v["repair"]["reason"], reason)
        path, _ = self.make("--state", "1/1")
        v = self.look(path)
        self.assertEqual((v["condition"], v["needs_key"], v["reason"]), ("decrypted", False, "OK"))
        self.assert_open(v)

    def test_stretching_not_known(self):
        path, _ = self.make("--stretch-flags", "40")
        v = self.look(path)
        self.assertEqual([(p["usable"], p["stretch_unknown"]) for p in v["protectors"]], [(False, False), (False, True)])
        self.assertEqual((v["repair"]["reason"], v["needs"]), ("BITLOCKER_STRETCH_FLAGS", ""))

    def test_nothing_that_could_be_given(self):
        path, _ = self.make("--recovery-protectors", "0")
        v = self.look(path)
        self.assertEqual((v["repair"]["reason"], v["needs"]), ("BITLOCKER_NO_RECOVERY", ""))
        password = self.file("password", b"042647-302313-590458-071500-554323-116567-412181-516978\n")
        status, result = inspect(path, "--recovery-password-file", password)
        self.assertEqual((status, result["reason"]), (3, "BITLOCKER_NO_RECOVERY"))


class Cryptsetup(Case):
    """21 volumes that Windows made."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        packed = os.path.join(SHARED, "bitlk-images.tar.xz")
        if not os.path.exists(packed):
            raise unittest.SkipTest(f"skipped: no {packed}")
        subprocess.run(["tar", "-xJf", packed, "-C", cls.work, "--strip-components=1"], check=True)
        cls.expected = configparser.ConfigParser()
        cls.expected.read(os.path.join(cls.work, "images.conf"))

    def test_what_is_in_the_clear(self):
        self.assertEqual(len(self.expected.sections()), 21)
        for name in self.expected.sections():
            path, conf = self.path(name + ".img"), self.expected[name]
            with self.subTest(name):
                v = inspect(path)[1]["volumes"][0]
                self.assertEqual(v["id"].lower(), conf["GUID"])
                kinds = {p["id"].lower(): p["kind"] for p in v["protectors"]}
                for key, kind in (("RP_VMK_GUID", "recovery-password"), ("PW_VMK_GUID", "passphrase")):
                    if conf.get(key):
                        self.assertEqual(kinds[conf[key]], kind)
                if conf.get("RP_VMK_GUID") and not v["open"] and v["condition"] == "protected":
                    self.assertIn(conf["RP_VMK_GUID"][:8].upper(), v["needs"])
                bits = re.search(r"aes-.*?-?(128|256)", name).group(1)
                self.assertTrue(v["method"].startswith("xts-aes-" if "xts" in name else "aes-cbc-"), v["method"])
                self.assertIn(bits, v["method"])
                self.assertEqual(v["method"].endswith("diffuser"), "elephant" in name)
                self.assertEqual(v["sector"], 4096 if name.endswith("-4k") else 512)
                self.assertEqual(sum(c["good"] for c in v["metadata"]), 1 if name.endswith("-crc") else 3)
                self.assertIn(f"{METHODS[v['method']]}, sectors", self.words(path))

    def test_special_ones(self):
        def condition(name):
            return inspect(self.path(f"bitlk-{name}.img"))[1]["volumes"][0]["condition"]

        self.assertEqual(condition("aes-xts-128-clearkey-only"), "waiting-for-activation")
        self.assertEqual(condition("aes-xts-128-eow"), "encrypt-on-write")
        self.assertEqual(condition("partially-encrypted-aes-cbc-128"), "encrypt-on-write")
        passphrase = self.file("passphrase", b"anaconda")
        v = inspect(self.path("bitlk-togo-aes-cbc-128.img"), "--passphrase-file", passphrase)[1]["volumes"][0]
        self.assertEqual((v["repair"]["reason"], v["repair"]["text"]), ("NO_WINDOWS", "it holds FAT, not NTFS"))


if __name__ == "__main__":
    unittest.main()
