#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys on the fixer's command line: startup keys and passphrases open, repair and are refused like recovery passwords."""
import configparser
import json
import os
import re
import subprocess
import tarfile
import unittest

from inspect_lab import FIXER, SHARED, Case, copy, inspect, mkdisk, run

ARCHIVE = os.path.join(SHARED, "bitlk-images.tar.xz")
FOLDER = "/Windows/System32/drivers/CrowdStrike"
# Nobody's password, and right in form.
WRONG = "000011-000022-000033-000044-000055-000066-000077-000088\n"


def fixer(*args):
    done = run(FIXER, *args, "--json")
    return done.returncode, json.loads(done.stdout)


@unittest.skipUnless(os.path.exists(ARCHIVE), "skipped: no " + ARCHIVE)
class Windows(Case):
    """Volumes made by Windows: three of cryptsetup's tests."""
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.volumes = {}
        with tarfile.open(ARCHIVE) as tar:
            for member in tar:
                member.name = os.path.basename(member.name)
                if re.search(r"(startup-key|startup-key-win11|unicode|clearkey-only)\.img$|\.BEK$|\.conf$", member.name):
                    tar.extract(member, cls.work)
        conf = configparser.RawConfigParser()
        conf.read(os.path.join(cls.work, "images.conf"), encoding="utf-8")
        for section in conf:
            cls.volumes[section.removeprefix("bitlk-aes-xts-128-")] = conf[section]

    def image(self, name):
        return self.path(f"bitlk-aes-xts-128-{name}.img"), self.volumes[name]

    def bek(self, name):
        path = self.path(self.volumes[name]["SK_VMK_GUID"].upper() + ".BEK")
        os.chmod(path, 0o600)
        return path

    def opened(self, path, *args):
        """How the one volume of the image was opened. Its makers wiped the file system, but for the boot sector: NTFS it is,
        and damaged."""
        status, result = inspect(path, *args)
        self.assertEqual(status, 0, result)
        self.assertEqual(result["volumes"][0]["repair"]["reason"], "NTFS_DAMAGED", result)
        return result["volumes"][0]["how"]

    def refused(self, reason, status, path, *args):
        got, result = inspect(path, *args)
        self.assertEqual((got, result["reason"]), (status, reason), result)
        return result["text"]

    def test_startup_keys(self):
        for name in ("startup-key", "startup-key-win11"):
            path, conf = self.image(name)
            guid = conf["SK_VMK_GUID"].upper()
            self.assertEqual(self.opened(path, "--startup-key-file", self.bek(name)),
                             f"opened with the startup key of protector {guid}")
            password = self.file("password", conf["RP"].encode())
            self.assertIn(conf["RP_VMK_GUID"].upper(), self.opened(path, "--recovery-password-file", password))
            # It costs nothing, so it is tried before a password; a wrong one beside it does no harm.
            wrong = self.file("wrong", WRONG.encode())
            self.assertIn(guid, self.opened(path, "--recovery-password-file", wrong, "--startup-key-file", self.bek(name)))

    def test_startup_key_of_another_volume(self):
        path, conf = self.image("startup-key")
        other = self.bek("startup-key-win11")
        text = self.refused("BITLOCKER_WRONG_KEY", 3, path, "--startup-key-file", other)
        self.assertIn(self.volumes["startup-key-win11"]["SK_VMK_GUID"].upper(), text)
        self.assertIn("startup key " + conf["SK_VMK_GUID"].upper(), text)
        # Renamed to the right name and with the right GUID in it, it is still the wrong key.
        with open(other, "rb") as f:
            wanted = bytearray(f.read())
        with open(self.bek("startup-key"), "rb") as f:
            wanted[56:72] = f.read()[56:72]
        self.refused("BITLOCKER_WRONG_KEY", 3, path, "--startup-key-file", self.file("renamed.BEK", bytes(wanted)))

    def test_passphrase(self):
        path, conf = self.image("unicode")
        how = f"opened with the passphrase of protector {conf['PW_VMK_GUID'].upper()}"
        for content in (conf["PW"], conf["PW"] + "\n", conf["PW"] + "\r\n", "\ufeff" + conf["PW"] + "\r\n"):
            self.assertEqual(self.opened(path, "--passphrase-file", self.file("pw", content.encode())), how)
        for content in ("anaconda", conf["PW"] + " ", conf["PW"].upper()):
            text = self.refused("BITLOCKER_WRONG_KEY", 3, path, "--passphrase-file", self.file("pw", content.encode()))
            self.assertIn(conf["PW_VMK_GUID"].upper(), text)
            self.assertIn(conf["RP_VMK_GUID"].upper(), text)
            self.assertNotIn("anaconda", text.lower())
        for content in (conf["PW"].encode("latin-1"), conf["PW"].encode("utf-16"), b"", b"a\nb\n", b"x" * 257):
            self.refused("PASSPHRASE_FORMAT", 2, path, "--passphrase-file", self.file("pw", content))

    def test_clear_key_needs_no_other(self):
        path, _ = self.image("clearkey-only")
        self.assertEqual(self.opened(path), "protection is suspended: opened with the clear key")
        # Nor does one that does not belong to the volume disturb.
        self.assertIn("clear key", self.opened(path, "--startup-key-file", self.bek("startup-key")))

    def test_files_that_are_something_else(self):
        path, conf = self.image("startup-key")
        passphrase, bek = self.file("pw", b"anaconda\n"), self.bek("startup-key")
        self.refused("STARTUP_KEY_FORMAT", 2, path, "--startup-key-file", passphrase)
        self.refused("PASSPHRASE_FORMAT", 2, path, "--passphrase-file", bek)
        self.refused("RECOVERY_PASSWORD_FORMAT", 2, path, "--recovery-password-file", bek)
        self.refused("CANNOT_OPEN", 5, path, "--startup-key-file", self.path("nothing.BEK"))
        with open(bek, "rb") as f:
            cut = f.read()[:-1]
        self.refused("STARTUP_KEY_FORMAT", 2, path, "--startup-key-file", self.file("cut.BEK", cut))
        typing_error = conf["RP"][:7] + ("1" if conf["RP"][7] != "1" else "2") + conf["RP"][8:]
        text = self.refused("RECOVERY_PASSWORD_FORMAT", 2, path, "--recovery-password-file",
                            self.file("typo", typing_error.encode()))
        self.assertIn("group 2", text)


class Generated(Case):
    """Disks of mkdisk, repaired."""
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bek = os.path.join(cls.work, "saved.BEK")
        cls.disk, cls.info = mkdisk(cls.work, "keys", "--size", "288", "--recovery-protectors", "0", "--startup-key", cls.bek,
                                    "--passphrase", "Gr\u00f6\u00dfe 7")
        os.chmod(cls.bek, 0o600)

    def guid(self, kind):
        return next(p["guid"] for p in self.info["bitlocker"]["protectors"] if p["kind"] == kind)

    def c_volume(self, result):
        return next(v for v in result["volumes"] if v["partition"] == self.info["c_partition"])

    def assert_repaired(self, image, *dislocker):
        """dislocker opens it by that key, and ntfsls no longer sees the file."""
        start = next(p["start"] for p in self.info["partitions"] if p["number"] == self.info["c_partition"])
        plain = image + ".plain"
        subprocess.run(["dislocker-file", "-V", image, "-O", str(start), *dislocker, "--", plain], check=True,
                       capture_output=True)
        self.addCleanup(os.remove, plain)
        listed = subprocess.run(["ntfsls", "-p", FOLDER, plain], check=True, capture_output=True, text=True).stdout
        self.assertNotIn("C-00000291", listed)
        self.assertTrue(listed)

    def test_each_kind_repairs(self):
        passphrase = self.file("pw", "Gr\u00f6\u00dfe 7\n".encode())
        for option, file, kind, words in (("--passphrase-file", passphrase, "passphrase", "passphrase"),
                                          ("--startup-key-file", self.bek, "startup-key", "startup key")):
            image = copy(self.disk, self.path(kind + ".raw"))
            status, result = fixer("--image", image, option, file)
            self.assertEqual((status, result["reason"]), (0, "REPAIRED"), result)
            self.assertEqual(self.c_volume(result)["how"], f"opened with the {words} of protector {self.guid(kind)}")
            self.assert_repaired(image, "-f", self.bek)
            os.remove(image)

    def test_nothing_encrypted_needs_no_key(self):
        disk, _ = mkdisk(self.work, "decrypted", "--volume-only", "--size", "40", "--state", "1/1")
        for keys in ((), ("--startup-key-file", self.bek)):
            status, result = fixer("--image", disk, "--dry-run", *keys)
            self.assertEqual((status, result["reason"]), (0, "WOULD_REPAIR"), result)
            self.assertEqual(result["volumes"][0]["how"], "nothing on it is encrypted: no key needed")

    def test_recovery_password_for_a_volume_without(self):
        wrong = self.file("wrong", WRONG.encode())
        status, result = fixer("--image", self.disk, "--dry-run", "--recovery-password-file", wrong)
        self.assertEqual((status, result["reason"]), (3, "BITLOCKER_NO_RECOVERY"), result)
        for kind in ("passphrase", "startup-key", "tpm"):
            self.assertIn(self.guid(kind), result["text"])
        status, result = fixer("--image", self.disk, "--dry-run")
        self.assertEqual((status, result["reason"]), (3, "KEY_NEEDED"), result)
        self.assertIn("--startup-key-file or --passphrase-file", result["text"])

    def test_stretching_not_known(self):
        disk, info = mkdisk(self.work, "fips", "--volume-only", "--size", "40", "--stretch-flags", "40", "--passphrase", "x y z",
                            "--startup-key", self.path("fips.BEK"))
        passphrase = self.file("pw", b"x y z")
        password = self.file("password", info["bitlocker"]["recovery_passwords"][0]["password"].encode())
        for option, file in (("--passphrase-file", passphrase), ("--recovery-password-file", password)):
            status, result = fixer("--image", disk, "--dry-run", option, file)
            self.assertEqual((status, result["reason"]), (3, "BITLOCKER_STRETCH_FLAGS"), result)
        status, result = fixer("--image", disk, "--dry-run", "--startup-key-file", self.path("fips.BEK"))
        self.assertEqual((status, result["reason"]), (0, "WOULD_REPAIR"), result)

    def test_warned_of_files_for_everybody(self):
        passphrase = self.file("pw", "Gr\u00f6\u00dfe 7\n".encode())
        for option, file in (("--passphrase-file", passphrase), ("--startup-key-file", self.bek)):
            for mode, warned in ((0o600, False), (0o640, True), (0o604, True)):
                os.chmod(file, mode)
                done = run(FIXER, "inspect", self.disk, option, file)
                self.assertEqual(done.returncode, 0)
                self.assertEqual(f"{file} can be read by others" in done.stderr, warned)
        os.chmod(self.bek, 0o600)

    def test_options_where_they_make_no_sense(self):
        for args in (("--undo", "bundle", "--image", self.disk, "--passphrase-file", "x"), ("verify", "x", "--startup-key-file", "y"),
                     ("--image", self.disk, "--passphrase-file", "x", "--passphrase-file", "y")):
            self.assertEqual(run(FIXER, *args).returncode, 2)

    def test_no_core_dump(self):
        """Looked at while it waits for a key from a pipe."""
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        with subprocess.Popen([FIXER, "inspect", self.disk, "--passphrase-file", pipe, "--json"], stdout=subprocess.PIPE,
                              text=True) as child:
            with open(pipe, "w", encoding="utf-8") as f:  # goes on once it has opened its end
                with open(f"/proc/{child.pid}/limits") as limits:
                    self.assertRegex(limits.read(), r"Max core file size +0 +0 ")
                f.write("Gr\u00f6\u00dfe 7\n")
            self.assertTrue(self.c_volume(json.loads(child.stdout.read()))["open"])


if __name__ == "__main__":
    unittest.main()
