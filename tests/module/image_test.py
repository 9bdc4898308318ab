#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fixer --image, --undo, --complete, verify and inspect on disks of mkdisk, judged with dislocker and ntfs-3g's tools."""
import fcntl
import hashlib
import os
import re
import shutil
import struct
import tempfile
import unittest

from image_lab import (FIXER, Bundle, Disk, changed_sectors, contents, copy, fingerprint, fixer, listing, run, sha256)

F_OFD_SETLK = 37


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("dislocker-file", "ntfsls", "ntfscat", "ntfsfix", "zstd"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"skipped: no {tool}")
        cls.folder = tempfile.mkdtemp(prefix="netmend-image-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        small = ("--size", "300", "--bad-files", "2")
        cls.bitlocker = Disk(cls.folder, "bitlocker", "--bitlocker", *small, "--recovery-protectors", "2")
        cls.plain = Disk(cls.folder, "plain", "--plain", *small, "--good-291", "--seed", "2")

    def setUp(self):
        self.work = tempfile.mkdtemp(dir=self.folder)
        self.addCleanup(shutil.rmtree, self.work)
        self.image = os.path.join(self.work, "disk.raw")
        self.bundle = os.path.join(self.work, "bundle.tar.zst")

    def repair(self, disk, *options):
        copy(disk.path, self.image)
        password = ("--recovery-password-file", disk.password) if os.path.exists(disk.password) else ()
        return fixer("--image", self.image, "--bundle", self.bundle, *password, *options)

    def assert_untouched(self, disk):
        self.assertEqual(fingerprint(self.image), disk.fingerprint, "the image was changed")
        self.assertFalse(os.path.exists(self.bundle), "a bundle was left")

    def check_volume(self, disk):
        """Only the bad files are gone, says everybody else's software."""
        before = disk.unlock(disk.path, os.path.join(self.work, "before"))
        after = disk.unlock(self.image, os.path.join(self.work, "after"))
        bad, old_names, new_names = disk.names("bad_files"), listing(before), listing(after)
        self.assertEqual(len(bad), 2)
        self.assertTrue(bad < old_names)
        self.assertEqual(new_names, old_names - bad)
        self.assertEqual(contents(after, new_names), contents(before, new_names))
        checked = run("ntfsfix", "-n", after)
        self.assertEqual(checked.returncode, 0, checked.stdout)
        self.assertIn("processed successfully", checked.stdout)

    def check_repair(self, disk, most_sectors):
        status, result = self.repair(disk)
        self.assertEqual((status, result["reason"]), (0, "REPAIRED"), result)
        self.check_volume(disk)
        bundle = Bundle(self.bundle)
        self.assertEqual(changed_sectors(disk.path, self.image, bundle.size), bundle.lbas)
        self.assertLessEqual(len(bundle.lbas), most_sectors)
        self.assertEqual(result["bundle_sha256"], sha256(self.bundle))
        self.assertEqual(os.stat(self.bundle).st_mode & 0o777, 0o600)
        wanted = {f["path"]: f for f in disk.info["bad_files"]}
        for n, file in enumerate(bundle.manifest["files"]):
            self.assertEqual(file["sha256"], wanted[file["path"]]["sha256"])
            self.assertEqual(file["modified"]["utc"], wanted[file["path"]]["modified"])
            self.assertEqual(hashlib.sha256(bundle.parts[f"files/{n}"]).hexdigest(), file["sha256"])
        self.assertEqual(len(bundle.manifest["files"]), len(wanted))
        removed = {f["path"] for v in result["volumes"] for f in v["files"] if f["removed"]}
        self.assertEqual(removed, set(wanted))
        return bundle

    def test_bitlocker(self):
        bundle = self.check_repair(self.bitlocker, 64)
        self.assertEqual(bundle.manifest["volume_id"], self.bitlocker.info["bitlocker"]["volume_guid"])
        again = fixer("--image", self.image, "--recovery-password-file", self.bitlocker.password)
        self.assertEqual((again[0], again[1]["reason"]), (0, "NO_BAD_FILE"))
        status, result = fixer("--undo", self.bundle, "--image", self.image)
        self.assertEqual((status, result["reason"]), (0, "UNDONE"))
        self.assertEqual(fingerprint(self.image), self.bitlocker.fingerprint)

    def test_plain(self):
        self.check_repair(self.plain, 64)
        again = fixer("--image", self.image)
        self.assertEqual((again[0], again[1]["reason"]), (3, "OUTSIDE_WINDOW"))  # the good one is left, and shown
        status, result = fixer("--undo", self.bundle, "--image", self.image)
        self.assertEqual((status, result["reason"]), (0, "UNDONE"))
        self.assertEqual(fingerprint(self.image), self.plain.fingerprint)

    def test_sectors_of_4096(self):
        disk = Disk(self.work, "4k", "--bitlocker", "--size", "600", "--bad-files", "2", "--sector-size", "4096")
        self.check_repair(disk, 16)

    def test_suspended_needs_no_password(self):
        disk = Disk(self.work, "suspended", "--bitlocker", "--size", "300", "--bad-files", "2", "--clear-key")
        os.unlink(disk.password)
        status, result = self.repair(disk)
        self.assertEqual((status, result["reason"]), (0, "REPAIRED"), result)
        self.check_volume(disk)

    def lock_image(self):
        f = open(self.image, "r+b")
        self.addCleanup(f.close)
        fcntl.fcntl(f, F_OFD_SETLK, struct.pack("hhqqixxxx", fcntl.F_WRLCK, 0, 0, 0, 0))

    def test_dry_run_never_opens_for_writing(self):
        copy(self.plain.path, self.image)
        self.lock_image()  # refuses whoever opens the image for writing
        status, result = fixer("--image", self.image, "--bundle", self.bundle, "--dry-run")
        self.assertEqual((status, result["reason"]), (0, "WOULD_REPAIR"), result)
        self.assert_untouched(self.plain)

    def test_image_in_use(self):
        copy(self.plain.path, self.image)
        self.lock_image()
        status, result = fixer("--image", self.image, "--bundle", self.bundle)
        self.assertEqual((status, result["reason"]), (5, "DISK_IN_USE"), result)
        self.assert_untouched(self.plain)

    def password_file(self, text, mode=0o600):
        path = os.path.join(self.work, "password")
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def test_keys(self):
        copy(self.bitlocker.path, self.image)
        wrong = self.password_file("000011-" * 7 + "000011\r\n")
        status, result = fixer("--image", self.image, "--recovery-password-file", wrong)
        self.assertEqual((status, result["reason"]), (3, "BITLOCKER_WRONG_KEY"), result)
        status, result = fixer("--image", self.image)
        self.assertEqual((status, result["reason"]), (3, "KEY_NEEDED"), result)
        for protector in self.bitlocker.info["bitlocker"]["recovery_passwords"]:
            self.assertIn(protector["guid"], result["text"])
        self.assert_untouched(self.bitlocker)

    def test_second_protector(self):
        copy(self.bitlocker.path, self.image)
        second = self.password_file(self.bitlocker.info["bitlocker"]["recovery_passwords"][1]["password"])
        status, result = fixer("--image", self.image, "--dry-run", "--recovery-password-file", second)
        self.assertEqual((status, result["reason"]), (0, "WOULD_REPAIR"), result)

    def test_password_with_a_typing_error(self):
        copy(self.bitlocker.path, self.image)
        bad = self.password_file("000011-" * 4 + "111112-" + "000011-" * 2 + "000011")
        done = run(FIXER, "--image", self.image, "--recovery-password-file", bad)
        self.assertEqual(done.returncode, 2)
        self.assertIn("RECOVERY_PASSWORD_FORMAT", done.stdout)
        self.assertRegex(done.stdout, "group 5")
        self.assertIsNone(re.search(r"\d{6}", done.stdout + done.stderr), "digits of the password were shown")

    def test_password_file_for_everybody(self):
        copy(self.bitlocker.path, self.image)
        path = self.password_file("000011-" * 7 + "000011", 0o644)
        done = run(FIXER, "--image", self.image, "--recovery-password-file", path)
        self.assertIn("can be read by others", done.stderr)

    def test_every_interruption_is_completed(self):
        self.repair(self.plain)
        repaired, bundle = fingerprint(self.image), Bundle(self.bundle)
        total = len(bundle.lbas)
        for done in range(total + 1):
            bundle.put(self.image, "sectors.old", range(done, total))
            bundle.put(self.image, "sectors.new", range(done))
            status, result = fixer("--complete", self.bundle, "--image", self.image)
            self.assertEqual((status, result["reason"]), (0, "COMPLETED_PENDING"), result)
            self.assertIn(f"{total - done} of {total} sectors", result["text"])
            self.assertTrue(bundle.holds(self.image, "sectors.new"))
        self.assertEqual(fingerprint(self.image), repaired)

    def test_conflict_is_refused(self):
        self.repair(self.plain)
        bundle = Bundle(self.bundle)
        last = len(bundle.lbas) - 1
        bundle.put(self.image, "sectors.old", range(last))
        with open(self.image, "r+b") as f:
            f.seek(bundle.lbas[last] * bundle.size)
            f.write(b"somebody else")
        foreign = fingerprint(self.image)
        for verb in ("--complete", "--undo"):
            status, result = fixer(verb, self.bundle, "--image", self.image)
            self.assertEqual((status, result["reason"]), (3, "PENDING_CONFLICT"), result)
            self.assertIn(f"sector {bundle.lbas[last]} ", result["text"])
        self.assertEqual(fingerprint(self.image), foreign)

    def test_bundle_of_another_disk(self):
        self.repair(self.plain)
        copy(self.bitlocker.path, self.image)
        status, result = fixer("--undo", self.bundle, "--image", self.image)
        self.assertEqual((status, result["reason"]), (3, "BUNDLE_BAD"), result)
        self.assertEqual(fingerprint(self.image), self.bitlocker.fingerprint)

    def test_bundle_is_never_overwritten(self):
        with open(self.bundle, "w") as f:
            f.write("precious")
        status, result = self.repair(self.plain)
        self.assertEqual((status, result["reason"]), (3, "JOURNAL_REFUSED"), result)
        self.assertEqual(fingerprint(self.image), self.plain.fingerprint)
        with open(self.bundle) as f:
            self.assertEqual(f.read(), "precious")

    def test_default_bundle_lies_beside_the_image(self):
        copy(self.plain.path, self.image)
        status, result = fixer("--image", self.image)
        self.assertEqual(status, 0, result)
        self.assertRegex(result["bundle"], re.escape(self.image) + r"\.netmend-\d{8}T\d{6}Z\.tar\.zst$")
        self.assertEqual(sha256(result["bundle"]), result["bundle_sha256"])

    def test_name_that_is_no_utf8(self):
        self.image = os.path.join(self.work, os.fsdecode(b"caf\xe9.raw"))
        copy(self.plain.path, self.image)
        status, result = fixer("--image", self.image)
        self.assertEqual(status, 0, result)
        (bundle,) = (name for name in os.listdir(self.work) if name.endswith(".tar.zst"))
        shown = os.path.join(self.work, bundle.replace("\udce9", "?"))
        self.assertEqual((result["bundle"], result["volumes"][0]["bundle"]), (shown, shown))

    def test_verify(self):
        self.repair(self.plain)
        done = run(FIXER, "verify", self.bundle)
        self.assertEqual(done.returncode, 0, done.stdout)
        bad = self.plain.info["bad_files"][0]
        for text in ("sound", sha256(self.bundle), self.plain.info["disk_guid"], bad["path"], "removed", f"modified {bad['modified']}",
                     bad["path"].rsplit("\\", 1)[1] + " (win32)", "clusters ", ": O:S-1-5-"):
            self.assertIn(text, done.stdout)
        status, manifest = fixer("verify", self.bundle)
        self.assertEqual((status, manifest), (0, Bundle(self.bundle).manifest))
        with open(self.bundle, "r+b") as f:
            f.seek(200)
            byte = f.read(1)[0]
            f.seek(200)
            f.write(bytes([byte ^ 4]))
        done = run(FIXER, "verify", self.bundle)
        self.assertEqual(done.returncode, 3)
        self.assertIn("BUNDLE_BAD", done.stdout)

    def test_inspect(self):
        status, result = fixer("inspect", self.bitlocker.path)
        info = self.bitlocker.info
        self.assertEqual(status, 0)
        self.assertEqual(result["disk"]["id"], info["disk_guid"])
        self.assertEqual([(p["number"], p["start"], p["size"], p["label"]) for p in result["partitions"]],
                         [(p["number"], p["start"], p["size"], p["name"]) for p in info["partitions"]])
        c = next(v for v in result["volumes"] if v["partition"] == info["c_partition"])
        self.assertEqual((c["kind"], c["reason"], c["id"]), ("bitlocker", "OK", info["bitlocker"]["volume_guid"]))
        self.assertEqual(c["method"], info["bitlocker"]["method"])
        self.assertEqual([(p["id"], p["kind"]) for p in c["protectors"]],
                         [(p["guid"], p["kind"]) for p in info["bitlocker"]["protectors"]])
        self.assertEqual(fingerprint(self.bitlocker.path), self.bitlocker.fingerprint)

    def test_disks_without_windows(self):
        for option, reason in (("--no-windows", "NO_WINDOWS"), ("--no-ntfs", "NO_NTFS")):
            disk = Disk(self.work, option.strip("-"), option, "--size", "300")
            status, result = self.repair(disk)
            self.assertEqual((status, result["reason"]), (3, reason), result)
            self.assert_untouched(disk)

    def test_recipe_that_matches_nothing(self):
        recipe = os.path.join(self.work, "recipe.ini")
        with open(recipe, "w") as f:
            f.write("[recipe]\nname = other\n[match]\npath = \\Windows\\System32\\drivers\nglob = nothing*.sys\n"
                    "[action]\ndo = remove\nunclean-journal = rename\n")
        status, result = self.repair(self.plain, "--recipe", recipe)
        self.assertEqual((status, result["reason"]), (0, "NO_BAD_FILE"), result)
        self.assert_untouched(self.plain)
        with open(recipe, "a") as f:
            f.write("surprise = 1\n")
        status, result = self.repair(self.plain, "--recipe", recipe)
        self.assertEqual((status, result["reason"]), (2, "RECIPE_BAD"), result)

    def test_arguments(self):
        for args in ((), ("--image",), ("--image", "a", "--disk", "b"), ("--undo", "a"), ("verify",), ("nonsense", "a"),
                     ("--undo", "a", "--image", "b", "--dry-run"), ("--image", "a", "--partition", "x"), ("--wrong",)):
            self.assertEqual(run(FIXER, *args).returncode, 2, args)
        self.assertEqual(run(FIXER, "--help").returncode, 0)
        self.assertRegex(run(FIXER, "--version").stdout, r"^fixer \d+\.\d+\.\d+\n$")
        status, result = fixer("--image", os.path.join(self.work, "missing"))
        self.assertEqual((status, result["reason"]), (5, "CANNOT_OPEN"))


if __name__ == "__main__":
    unittest.main()
