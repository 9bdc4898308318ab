#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fixer inspect on disks of mkdisk and others, judged with mkdisk's JSON, sgdisk, ntfsinfo, ntfslabel and hivexget."""
import hashlib
import os
import random
import re
import subprocess
import unittest

from inspect_lab import FIXER, SHARED, Case, copy, inspect, mkdisk, patch, run

VERSION_KEY = r"Microsoft\Windows NT\CurrentVersion"
CONFIG = "/Windows/System32/config/"


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def fields(text, pattern):
    """{name: value} of lines 'name: value' whose name matches."""
    return dict(re.findall(rf"^\s*({pattern})\s*:\s*(.*?)\s*$", text, re.M))


def volume(result, number):
    return next(v for v in result["volumes"] if v["partition"] == number)


class Plain(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.disk, cls.info = mkdisk(cls.work, "plain", "--plain", "--name", "FLOOR-4711", "--size", "400")
        c = cls.info["partitions"][cls.info["c_partition"] - 1]
        cls.ntfs = os.path.join(cls.work, "ntfs.raw")
        subprocess.run(["dd", f"if={cls.disk}", f"of={cls.ntfs}", "bs=1M", "conv=sparse", f"skip={c['start']}",
                        f"count={c['size']}", "iflag=skip_bytes,count_bytes", "status=none"], check=True)

    def hive(self, name):
        target = self.path(name)
        with open(target, "wb") as f:
            subprocess.run(["ntfscat", self.ntfs, CONFIG + name], check=True, stdout=f)
        return target

    def facts(self, image):
        status, result = inspect(image)
        self.assertEqual(status, 0)
        return result["volumes"][0]

    def test_partitions(self):
        status, result = inspect(self.disk)
        self.assertEqual((status, result["reason"]), (0, "OK"))
        disk = result["disk"]
        self.assertEqual((disk["table"], disk["id"], disk["size"], disk["sector"], disk["from_backup"], disk["refusal"]),
                         ("gpt", self.info["disk_guid"], os.path.getsize(self.disk), 512, False, "OK"))
        self.assertEqual([p["number"] for p in result["partitions"]], [1, 2, 3, 4])
        for p in result["partitions"]:
            told = run("sgdisk", "-i", str(p["number"]), self.disk).stdout
            said = fields(told, "Partition [a-zA-Z ]+|First sector")
            self.assertEqual(said["Partition GUID code"].split()[0], p["type"])
            self.assertEqual(said["Partition unique GUID"], p["id"])
            self.assertEqual(said["Partition name"].strip("'"), p["label"])
            self.assertEqual(int(said["First sector"].split()[0]) * 512, p["start"])
            self.assertEqual(int(said["Partition size"].split()[0]) * 512, p["size"])
        self.assertEqual([(p["type_name"], p["content"]) for p in result["partitions"]],
                         [("EFI system", "FAT"), ("Microsoft reserved", ""), ("Windows data", "NTFS"),
                          ("Windows recovery", "NTFS")])

    def test_file_system(self):
        c = volume(inspect(self.disk)[1], 3)
        told = run("ntfsinfo", "-m", self.ntfs).stdout
        said = fields(told, "Volume [a-zA-Z ]+|Cluster Size|Free Clusters")
        ntfs, cluster = c["ntfs"], int(said["Cluster Size"])
        self.assertEqual((ntfs["label"], ntfs["version"], ntfs["cluster"]),
                         (said["Volume Name"], said["Volume Version"], cluster))
        self.assertEqual(ntfs["size"], int(said["Volume Size in Clusters"]) * cluster)
        self.assertEqual(ntfs["free"], int(said["Free Clusters"].split()[0]) * cluster)
        serial = fields(run("ntfslabel", "-v", self.ntfs).stdout + run("ntfslabel", "-v", self.ntfs).stderr,
                        "Serial number")["Serial number"]
        self.assertEqual(ntfs["serial"], serial.upper())
        self.assertIn(f"{serial[8:12]}-{serial[12:]}".upper(), self.words(self.disk))
        self.assertEqual((ntfs["dirty"], ntfs["hibernated"], ntfs["mirror_equal"]), (False, False, True))
        self.assertEqual((c["kind"], c["open"], c["how"], c["repair"]["reason"]), ("ntfs", True, "", "OK"))

    def test_label_in_any_script(self):
        image = copy(self.ntfs, self.path("label.raw"))
        label = "Größe – 資料 🌍"
        subprocess.run(["ntfslabel", image, label], check=True, capture_output=True, env=dict(os.environ, LC_ALL="C.UTF-8"))
        self.assertEqual(self.facts(image)["ntfs"]["label"], label)
        self.assertIn(label, self.words(image))

    def test_windows(self):
        software, system = self.hive("SOFTWARE"), self.hive("SYSTEM")
        [windows] = volume(inspect(self.disk)[1], 3)["installations"]

        def value(hive, key, name):
            return run("hivexget", hive, key, name).stdout.rstrip("\n")

        self.assertEqual(value(software, VERSION_KEY, "ProductName"), "Windows 10 Pro")  # Windows 11 says so, too
        self.assertEqual((windows["directory"], windows["product"]), ("\\Windows", "Windows 11 Pro"))
        for field, name in (("edition", "EditionID"), ("release", "DisplayVersion"), ("installation", "InstallationType"),
                            ("build", "CurrentBuild"), ("revision", "UBR")):
            self.assertEqual(str(windows[field]), value(software, VERSION_KEY, name), name)
        self.assertEqual(windows["computer"],
                         value(system, r"ControlSet001\Control\ComputerName\ComputerName", "ComputerName"))
        self.assertEqual(windows["computer"], "FLOOR-4711")
        self.assertEqual((windows["registry_dirty"], windows["problem"]), (True, ""))
        text = self.words(self.disk)
        self.assertRegex(text, r"Windows +\\Windows: Windows 11 Pro 23H2 \(22631\.3880\), edition Professional")
        self.assertRegex(text, r"computer name FLOOR-4711")

    def change_hive(self, image, name, edit):
        """Puts a changed hive into the image: the same file, other content."""
        with open(self.hive(name), "rb") as f:
            data = bytearray(f.read())
        edit(data)
        changed = self.file("changed", bytes(data))
        subprocess.run(["ntfscp", "-q", "-f", image, changed, CONFIG + name], check=True, capture_output=True)

    def test_registry_that_is_not_there_or_damaged(self):
        def no_hive(data):
            data[:4] = b"fger"

        def cut(data):
            del data[5000:]

        def empty(data):
            data.clear()

        for edit in (no_hive, cut, empty):
            image = copy(self.ntfs, self.path("damaged.raw"))
            self.change_hive(image, "SOFTWARE", edit)
            [windows] = self.facts(image)["installations"]
            self.assertEqual((windows["product"], windows["build"], windows["problem"]),
                             ("", 0, "the SOFTWARE hive is damaged"), edit)
            self.assertEqual(windows["computer"], "FLOOR-4711")
            self.assertRegex(self.words(image), "version unknown")

    def test_registry_closed_by_windows(self):
        image = copy(self.ntfs, self.path("closed.raw"))

        def close(data):
            data[4:8] = data[8:12]
            checksum = 0
            for at in range(0, 508, 4):
                checksum ^= int.from_bytes(data[at:at + 4], "little")
            data[508:512] = checksum.to_bytes(4, "little")

        for name in ("SOFTWARE", "SYSTEM"):
            self.change_hive(image, name, close)
        [windows] = self.facts(image)["installations"]
        self.assertEqual((windows["product"], windows["registry_dirty"]), ("Windows 11 Pro", False))

    def test_any_damage_to_a_hive_is_survived(self):
        """Bytes changed in the part that holds keys and values: the rest is told all the same."""
        with open(self.hive("SOFTWARE"), "rb") as f:
            keys = f.read().find(b"hbin", 8192)
        rng = random.Random(291)

        def damage(data):
            for _ in range(rng.choice((1, 4, 40))):
                data[rng.randrange(keys, len(data))] = rng.choice((0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)))

        for _ in range(20):
            image = self.ntfs_copy()
            self.change_hive(image, "SOFTWARE", damage)
            c = self.facts(image)
            self.assertEqual(c["ntfs"]["label"], "Windows")
            self.assertEqual(c["installations"][0]["directory"], "\\Windows")

    def ntfs_copy(self):
        return copy(self.ntfs, self.path("copy.raw"))

    def test_states_of_the_file_system(self):
        image = self.ntfs_copy()
        asleep = self.file("hiberfil", b"hibr" + bytes(8188))
        subprocess.run(["ntfscp", "-q", "-f", image, asleep, "/hiberfil.sys"], check=True, capture_output=True)
        c = self.facts(image)
        self.assertEqual((c["ntfs"]["hibernated"], c["repair"]["reason"]), (True, "NTFS_HIBERNATED"))
        self.assertRegex(self.words(image), "sleeping Windows")
        image = self.ntfs_copy()
        subprocess.run(["ntfsfix", image], check=True, capture_output=True)  # sets the dirty flag
        c = self.facts(image)
        self.assertEqual((c["ntfs"]["dirty"], c["repair"]["reason"]), (True, "OK"))
        self.assertRegex(self.words(image), "chkdsk")
        self.assertRegex(self.words(image), "possible, by renaming in place")

    def test_damaged_file_system(self):
        image = self.ntfs_copy()
        with open(image, "rb") as f:
            boot = f.read(512)
        mft = int.from_bytes(boot[48:56], "little") * 4096
        patch(image, mft + 1024 + 100, b"\xff" * 8)  # $MFTMirr's own record
        status, result = inspect(image)
        c = result["volumes"][0]
        self.assertEqual((status, c["open"], c["ntfs"]["mirror_equal"], c["repair"]["reason"]),
                         (0, True, False, "NTFS_MIRROR_DIFFERS"))
        self.assertEqual(len(c["installations"]), 1)
        self.assertIn("$MFTMirr", c["repair"]["text"])
        patch(image, mft + 1024 + 510, b"\xff" * 2)  # not written to its end: no mirror is made of that
        status, result = inspect(image)
        c = result["volumes"][0]
        self.assertEqual((status, c["open"], c["ntfs"], c["repair"]["reason"]), (0, False, None, "NTFS_DAMAGED"))

    def test_backup_table(self):
        image = copy(self.disk, self.path("backup.raw"))
        patch(image, 512, bytes(512))
        status, result = inspect(image)
        self.assertEqual((status, result["disk"]["from_backup"], len(result["partitions"])), (0, True, 4))
        self.assertIn("backup", self.words(image))

    def test_truncated_disk(self):
        image = copy(self.disk, self.path("short.raw"))
        os.truncate(image, 300_000_000)
        status, result = inspect(image)
        self.assertEqual((status, result["reason"]), (3, "PARTITION_TABLE_BAD"))
        self.assertIn("cut off", result["text"])
        os.truncate(image, 0)
        self.assertEqual(inspect(image)[0], 5)

    def test_nothing_is_written(self):
        before = sha256(self.ntfs), os.stat(self.ntfs).st_mtime_ns
        os.chmod(self.ntfs, 0o400)
        self.facts(self.ntfs)
        self.assertEqual((sha256(self.ntfs), os.stat(self.ntfs).st_mtime_ns), before)
        os.chmod(self.ntfs, 0o600)


class Other(Case):
    def test_what_is_no_disk(self):
        text = self.file("text", b"hello\n")
        for path, words in ((text, "no disk"), (self.file("empty", b""), "no disk"), (self.work, "neither a disk"),
                            ("/dev/null", "neither a disk"), (self.path("missing"), "No such file")):
            status, result = inspect(path)
            self.assertEqual((status, result["reason"]), (5, "CANNOT_OPEN"), path)
            self.assertIn(words, result["text"])
            self.assertNotIn("disk", result)
        prose = self.file("prose", b"The disk is not here.\n" * 1000)
        status, result = inspect(prose)
        self.assertEqual((status, result["disk"]["table"], result["volumes"]), (0, "none", []))
        self.assertIn("No NTFS or BitLocker volume", self.words(prose))

    def test_arguments(self):
        image = self.file("zeros", bytes(1 << 20))
        self.assertEqual(run(FIXER, "inspect").returncode, 2)
        self.assertEqual(run(FIXER, "inspect", image, "--dry-run").returncode, 2)
        self.assertEqual(inspect(image, "--partition", "0")[0], 0)
        status, result = inspect(image, "--partition", "3")
        self.assertEqual((status, result["reason"]), (2, "USAGE"))
        for option in ("--recovery-password-file", "--passphrase-file", "--startup-key-file"):
            status, result = inspect(image, option, self.file("key", b""))
            self.assertEqual(status, 2, option)

    def sgdisk(self, name, *options):
        image = self.path(name)
        with open(image, "wb") as f:
            f.truncate(64 << 20)
        subprocess.run(["sgdisk", *options, image], check=True, capture_output=True)
        return image

    def test_dynamic_disk(self):
        for code in ("4200", "4201", "4202"):
            image = self.sgdisk("dynamic.raw", "-n1:2048:+8M", f"-t1:{code}")
            status, result = inspect(image)
            self.assertEqual((status, result["disk"]["refusal"]), (0, "DYNAMIC_DISK"))
            self.assertIn("not to be written to: partition 1 is Windows", self.words(image))

    def test_mbr_and_unknown_types(self):
        image = self.sgdisk("mbr.raw", "-n1:2048:+8M", "-t1:0700", "-n2:0:+8M", "-t2:a007", "-c2:X")
        _, result = inspect(image)
        [one, two] = result["partitions"]
        self.assertEqual((one["type_name"], two["type_name"]), ("Windows data", ""))
        self.assertIn("{" + two["type"] + "}", self.words(image))
        subprocess.run(["sgdisk", "-m1", image], check=True, capture_output=True)
        _, result = inspect(image)
        self.assertEqual((result["disk"]["table"], result["partitions"][0]["mbr_type"],
                          result["partitions"][0]["type_name"]), ("mbr", 7, "Windows data"))
        self.assertRegex(result["disk"]["id"], r"^mbr:[0-9A-F]{8}$")

    def test_more_volumes_than_are_looked_at(self):
        image = self.sgdisk("many.raw", *("-n0:0:+1M" for _ in range(40)))
        _, result = inspect(image, "--partition", "40")
        for p in result["partitions"]:
            patch(image, p["start"] + 3, b"NTFS    ")
        status, result = inspect(image)
        self.assertEqual((status, len(result["volumes"]), result["volumes_left_out"]), (0, 32, 8))
        self.assertEqual({v["repair"]["reason"] for v in result["volumes"]}, {"NTFS_DAMAGED"})
        self.assertIn("8 more volumes", self.words(image))

    def test_other_file_systems(self):
        image = self.path("fat.raw")
        with open(image, "wb") as f:
            f.truncate(64 << 20)
        subprocess.run(["mkfs.vfat", "-F", "32", image], check=True, capture_output=True)
        self.assertEqual([p["content"] for p in inspect(image)[1]["partitions"]], ["FAT"])
        self.assertIn("one volume, FAT", self.words(image))

    def test_journals_of_crashed_windows(self):
        for name, journal, words in (("cs-clean", "clean", "clean"), ("cs-n4-20", "unclean-2.0", r"not clean \(version 2")):
            packed = os.path.join(SHARED, "ntfs-dirty", name + ".img.xz")
            if not os.path.exists(packed):
                self.skipTest(f"skipped: no {packed}")
            image = self.path(name)
            with open(image, "wb") as f:
                subprocess.run(["xz", "-dc", packed], check=True, stdout=f)
            _, result = inspect(image)
            self.assertEqual(result["volumes"][0]["ntfs"]["journal"], journal)
            self.assertRegex(self.words(image), r"Journal +" + words)
            os.unlink(image)


if __name__ == "__main__":
    unittest.main()
