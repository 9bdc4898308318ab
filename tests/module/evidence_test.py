#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a disk tells of its last crash: dumps in every place Windows leaves them, none, damaged and absurd ones."""
import json
import struct
import subprocess
import unittest

from inspect_lab import FIXER, Case, copy, inspect, mkdisk, run

SENSOR = "\\Windows\\System32\\drivers\\CrowdStrike"
CODE, TIME = 0x38, 0xfa8  # in a dump's header
MEMORY, MINI, PAGEFILE = "2024-07-19T04:15:00Z", "2024-07-19T05:02:11Z", "2024-07-19T06:02:27Z"
HOUR = 3600 * 10**7  # FILETIME


class Evidence(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        volume = ("--plain", "--volume-only", "--size", "100", "--good-291")
        cls.image, cls.about = mkdisk(cls.work, "all", *volume, "--dump", "memory", "--dump", "mini", "--dump", "pagefile")
        cls.none, _ = mkdisk(cls.work, "none", *volume)

    def disk(self, name="copy.raw"):
        return copy(self.image, self.path(name))

    def content(self, image, path):
        return subprocess.run(["ntfscat", "-f", image, path], check=True, capture_output=True).stdout

    def put(self, image, path, data):
        source = self.file("content", data)
        subprocess.run(["ntfscp", "-f", image, source, path], check=True, capture_output=True)

    def installation(self, image, *options):
        status, result = inspect(image, *options)
        self.assertEqual((status, result["reason"]), (0, "OK"))
        (windows,) = result["volumes"][0]["installations"]
        return windows

    def crash(self, image):
        return self.installation(image)["crash"]

    def expect(self, image, source, time, module="csagent.sys"):
        crash = self.crash(image)
        self.assertEqual((crash["source"], crash["time"], crash["module"]), (source, time, module))
        self.assertEqual((crash["code"], crash["name"]), (0x50, "PAGE_FAULT_IN_NONPAGED_AREA"))
        return crash

    def break_dump(self, image, path, at=0, data=b"GONE"):
        """In place: ntfscp needs the whole file."""
        content = bytearray(self.content(image, path))
        content[at:at + len(data)] = data
        self.put(image, path, bytes(content))

    def test_the_newest_dump_is_told(self):
        image = self.disk()
        crash = self.expect(image, "pagefile.sys", PAGEFILE)
        self.assertEqual((crash["path"], crash["kind"], crash["build"]), ("\\pagefile.sys", "kernel", 22631))
        self.assertEqual(crash["parameters"], ["ffff840500000074", "0" * 16, "fffff80445a314ed", "0" * 15 + "2"])
        self.break_dump(image, "/pagefile.sys")
        crash = self.expect(image, "minidump", MINI)
        self.assertEqual((crash["path"], crash["kind"]), ("\\Windows\\Minidump\\071924-8843-01.dmp", "small"))
        self.break_dump(image, "/Windows/Minidump/071924-8843-01.dmp")
        crash = self.expect(image, "MEMORY.DMP", MEMORY)
        self.assertEqual((crash["path"], crash["kind"]), ("\\Windows\\MEMORY.DMP", "kernel"))
        self.assertIn("071924-8843-01.dmp is no crash dump", self.installation(image)["evidence_problem"])
        self.break_dump(image, "/Windows/MEMORY.DMP")
        crash = self.crash(image)
        self.assertEqual((crash["path"], crash["code"], crash["module"]),
                         ("\\Windows\\Minidump\\061424-9125-01.dmp", 0xef, ""))

    def test_no_dump(self):
        windows = self.installation(self.none)
        self.assertIsNone(windows["crash"])
        self.assertEqual(windows["evidence_problem"], "")
        self.assertRegex(self.words(self.none), r"Last crash +not known: no crash dump")

    def test_only_damaged_dumps(self):
        image = self.disk()
        for path in ("/pagefile.sys", "/Windows/MEMORY.DMP", "/Windows/Minidump/071924-8843-01.dmp",
                     "/Windows/Minidump/061424-9125-01.dmp"):
            self.break_dump(image, path)
        windows = self.installation(image)
        self.assertIsNone(windows["crash"])
        self.assertEqual(windows["evidence_problem"], "\\Windows\\MEMORY.DMP is no crash dump that can be read")
        self.assertIn(windows["evidence_problem"], self.words(image))

    def test_short_dumps(self):
        image = self.disk()
        memory = self.content(image, "/Windows/MEMORY.DMP")
        self.break_dump(image, "/pagefile.sys")
        self.break_dump(image, "/Windows/Minidump/071924-8843-01.dmp")
        for size, code, module in ((0x1fff, 0xef, ""), (0x2000, 0x50, ""), (0x2100, 0x50, ""), (len(memory) - 1, 0x50, None)):
            self.put(image, "/Windows/MEMORY.DMP", memory[:size])
            crash = self.crash(image)
            self.assertEqual(crash["code"], code, size)
            if module is not None:
                self.assertEqual(crash["module"], module, size)

    def test_times_no_clock_shows(self):
        image = self.disk()
        self.break_dump(image, "/pagefile.sys", TIME, struct.pack("<Q", 2**63))
        self.expect(image, "minidump", MINI)  # an unknown time is never the newest

    def test_two_dumps_of_the_same_crash(self):
        """The one that names the module wins, even when the other is a little newer."""
        image = self.disk()
        self.break_dump(image, "/pagefile.sys")
        at = struct.unpack_from("<Q", self.content(image, "/Windows/Minidump/071924-8843-01.dmp"), TIME)[0]
        self.break_dump(image, "/Windows/MEMORY.DMP", TIME, struct.pack("<Q", at + HOUR // 120))
        self.break_dump(image, "/Windows/MEMORY.DMP", 0x20, bytes(8))  # no list of modules
        self.expect(image, "minidump", MINI)

    def test_paging_file_of_another_windows(self):
        image = self.disk()
        self.break_dump(image, "/pagefile.sys", 0x0c, struct.pack("<I", 19045))
        self.expect(image, "minidump", MINI)

    def test_paging_file_renamed(self):
        """Windows stopped again before it made MEMORY.DMP of it."""
        image = self.disk()
        dump = self.content(image, "/pagefile.sys")
        self.break_dump(image, "/pagefile.sys")
        self.put(image, "/DUMP4f3a.tmp", dump)
        self.put(image, "/DUMP0000.tmp", b"nothing")
        self.assertEqual(self.expect(image, "pagefile.sys", PAGEFILE)["path"], "\\DUMP4f3a.tmp")

    def test_page_map_of_absurd_size(self):
        image = self.disk()
        self.break_dump(image, "/Windows/MEMORY.DMP", TIME, struct.pack("<Q", struct.unpack_from(
            "<Q", self.content(image, "/pagefile.sys"), TIME)[0] + HOUR))
        self.break_dump(image, "/Windows/MEMORY.DMP", 0x2030, struct.pack("<Q", 2**40))  # pages in its map
        windows = self.installation(image)
        self.assertEqual((windows["crash"]["source"], windows["crash"]["module"]), ("MEMORY.DMP", ""))

    def test_damaged_registry(self):
        """The usual places are looked at all the same."""
        for hive in ("SYSTEM", "SOFTWARE"):
            image = self.disk()
            self.put(image, f"/Windows/System32/config/{hive}", b"nothing")
            windows = self.installation(image)
            self.assertEqual(windows["problem"], f"the {hive} hive is damaged")
            self.assertEqual((windows["crash"]["module"], windows["folders"][0]["files"]), ("csagent.sys", 205))

    def change_system(self, image, *lines):
        hive = self.file("SYSTEM", self.content(image, "/Windows/System32/config/SYSTEM"))
        commands = "cd \\ControlSet001\\Control\\CrashControl\nsetval 2\n" + "\n".join(lines) + "\ncommit\n"
        subprocess.run(["hivexsh", "-w", hive], input=commands, text=True, check=True, capture_output=True)
        with open(hive, "rb") as f:
            self.put(image, "/Windows/System32/config/SYSTEM", f.read())

    def test_dumps_where_the_registry_says(self):
        image = self.disk()
        memory = self.content(image, "/Windows/MEMORY.DMP")
        self.break_dump(image, "/pagefile.sys")
        self.break_dump(image, "/Windows/MEMORY.DMP")
        self.put(image, "/Windows/Logs/crash.bin", memory)
        for path in ("C:\\Windows\\Logs\\crash.bin", "%SystemRoot%\\Logs\\crash.bin", "c:\\windows\\LOGS\\Crash.BIN"):
            self.change_system(image, "DumpFile", f"expandstring:{path}", "MinidumpDir", "expandstring:%SystemRoot%\\none")
            crash = self.expect(image, "MEMORY.DMP", MEMORY)
            self.assertEqual(crash["path"], "\\Windows\\Logs\\crash.bin")
        for path in ("D:\\Windows\\Logs\\crash.bin", "C:\\..\\..\\x", "\\\\server\\share\\x", "%TEMP%\\x", ":", "C:", "C:\\"):
            self.change_system(image, "DumpFile", f"expandstring:{path}", "MinidumpDir", "expandstring:D:\\dumps")
            self.assertIsNone(self.crash(image), path)

    def test_other_files(self):
        """Counted and dated by ntfs-3g's own tools, the matched ones apart."""
        (folder,) = self.installation(self.image)["folders"]
        names = subprocess.run(["ntfsls", "-f", "-p", SENSOR.replace("\\", "/"), self.image], check=True,
                               capture_output=True, text=True).stdout.split()
        others = [n for n in names if not n.startswith(("C-00000291", "."))]
        self.assertEqual((folder["directory"], folder["files"]), (SENSOR, len(others)))
        self.assertEqual((folder["newest"] < "2024-07-19", folder["oldest"]), (True, "2023-05-16T00:00:00Z"))
        recipe = self.file("recipe.ini", b"[recipe]\nname = two\n[match]\npath = \\Windows\\System32\nglob = halmacpi*.dll\n"
                           b"[match]\npath = \\Windows\\Minidump\nglob = xxxx.dmp\n[match]\npath = \\Windows\\nowhere\nglob = xxxx.dmp\n"
                           b"[match]\npath = \\windows\\system32\nglob = yyyy.sys\n"
                           b"[match]\npath = \\Win\\System32\\config\nglob = zzzz.sys\n"
                           b"[action]\ndo = remove\nunclean-journal = rename\n")
        folders = self.installation(self.image, "--recipe", recipe)["folders"]
        self.assertEqual([f["directory"] for f in folders], ["\\Windows\\System32", "\\Windows\\Minidump"])
        self.assertEqual(folders[1]["files"], 2)

    def test_repairs_tell_it_too(self):
        image = self.disk()
        done = run(FIXER, "--image", image, "--json")
        (volume,) = json.loads(done.stdout)["volumes"]
        self.assertEqual((done.returncode, volume["reason"]), (0, "REPAIRED"))
        (windows,) = volume["installations"]
        self.assertEqual((windows["crash"]["module"], windows["product"]), ("csagent.sys", "Windows 11 Pro"))
        self.assertEqual(windows["folders"][0]["files"], 205)
        done = run(FIXER, "--image", image)
        self.assertRegex(done.stdout, r"Last crash +0x50 PAGE_FAULT_IN_NONPAGED_AREA, csagent\.sys")

    def test_refused_repairs_tell_it_too(self):
        image = self.disk()
        self.put(image, "/Windows/win.ini", b"x")
        self.put(image, "/hiberfil.sys", b"HIBR" + bytes(65536))
        done = run(FIXER, "--image", image, "--json")
        (volume,) = json.loads(done.stdout)["volumes"]
        self.assertEqual((done.returncode, volume["reason"]), (3, "NTFS_HIBERNATED"))
        self.assertEqual(volume["installations"][0]["crash"]["module"], "csagent.sys")

    def test_mirror_behind(self):
        """As after a crash: mended in memory to look, and left as it is."""
        image = self.disk()
        with open(image, "r+b") as f:
            boot = f.read(512)
            sector, cluster, mirror = *struct.unpack_from("<HB", boot, 11), struct.unpack_from("<Q", boot, 0x38)[0]
            f.seek(mirror * sector * cluster + 3 * 1024 + 0x30)
            byte = f.read(1)[0]
            f.seek(-1, 1)
            f.write(bytes([byte ^ 1]))
        _, result = inspect(image)
        (volume,) = result["volumes"]
        self.assertEqual((volume["ntfs"]["mirror_equal"], volume["repair"]["reason"]), (False, "NTFS_MIRROR_DIFFERS"))
        self.assertEqual(volume["installations"][0]["crash"]["module"], "csagent.sys")

    def test_locked_volumes_tell_nothing(self):
        image, _ = mkdisk(self.work, "locked", "--volume-only", "--size", "100", "--dump", "mini")
        done = run(FIXER, "--image", image, "--json")
        (volume,) = json.loads(done.stdout)["volumes"]
        self.assertEqual((volume["reason"], volume["installations"]), ("KEY_NEEDED", []))


if __name__ == "__main__":
    unittest.main()
