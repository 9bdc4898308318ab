#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed iPXE that an administrator brings: taken from an archive or as files, shown, given to machines, taken back. Debian's signed shim
and GRUB stand in for the shim and the program of iPXE, which Debian does not have; both are signed UEFI programs for x86-64."""
import hashlib
import io
import json
import os
import shutil
import tarfile
import unittest
import urllib.error
import urllib.request

import appliance_lab as lab

SHIM, PROGRAM, UNSIGNED = "/usr/lib/shim/shimx64.efi.signed", "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed", "/usr/lib/ipxe/snponly.efi"
MAC = "52:54:00:30:00:01"


def content(path):
    with open(path, "rb") as f:
        return f.read()


def archive(path, **files):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


class Import(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.appliance = lab.Appliance("import", rest="[dhcp]\nmode = proxy\n")
        cls.kept = os.path.join(cls.appliance.state, "signed-ipxe")
        cls.release = archive("/run/ipxeboot.tar.gz", **{
            "ipxeboot/x86_64/snponly.efi": content(UNSIGNED), "ipxeboot/README": b"x", "ipxeboot/x86_64-sb/snponly.efi": content(PROGRAM),
            "ipxeboot/arm64-sb/snponly.efi": b"MZ" + bytes(200), "ipxeboot/x86_64-sb/snponly-shim.efi": content(SHIM)})

    def netboot(self, *args, check=True):
        return self.appliance.command("netboot", *args, check=check)

    def test_1_what_is_refused(self):
        """Each says what is wrong with it, and nothing is kept."""
        files = {"/run/snponly.efi": content(UNSIGNED), "/run/other.efi": content(PROGRAM), "/run/text": b"no archive\n"}
        for path, data in files.items():
            with open(path, "wb") as f:
                f.write(data)
        half = archive("/run/half.tar.gz", **{"x86_64-sb/snponly-shim.efi": content(SHIM)})
        cut = "/run/cut.tar.gz"
        with open(cut, "wb") as f:
            f.write(content(self.release)[:400000])
        for paths, said in (((("/run/snponly.efi",)), "not signed"), (("/run/other.efi",), "the name says which it is"),
                            (("/run/text",), "neither a UEFI program nor an archive"), ((half,), "no signed snponly.efi"),
                            ((cut,), "read to its end"), (("/run/nowhere",), "No such file")):
            with self.subTest(paths):
                done = self.netboot("import", *paths, check=False)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(said, done.stderr)
        self.assertFalse(os.path.exists(self.kept))
        self.assertIn("no signed iPXE was imported", self.netboot("show").stdout)
        self.assertEqual(json.loads(self.netboot("show", "--json").stdout), [])

    def test_2_given_to_machines_and_taken_back(self):
        told = self.netboot("import", self.release).stdout
        for path in (SHIM, PROGRAM):
            self.assertIn(hashlib.sha256(content(path)).hexdigest(), told)
        self.assertRegex(told, r"snponly-shim\.efi +\d+ .*Microsoft.*UEFI CA")
        self.assertRegex(told, r"snponly\.efi +\d+ .*Debian")
        self.assertIn("restart it", told)
        shown = json.loads(self.netboot("show", "--json").stdout)
        self.assertEqual([(f["name"], f["size"]) for f in shown],
                         [("snponly-shim.efi", os.path.getsize(SHIM)), ("snponly.efi", os.path.getsize(PROGRAM))])

        self.appliance.start()
        client = lab.Client()
        self.appliance.command("machines", "add", MAC, "PC-1")
        self.appliance.wait_for(lambda: client.uefi(MAC, wait=0.2), "an answer")
        self.assertEqual(client.uefi(MAC)["file"], "x64/snponly-shim.efi")
        self.assertEqual(content(os.path.join(self.appliance.state, "tftp/x64/snponly-shim.efi")), content(SHIM))
        self.assertEqual(content(os.path.join(self.appliance.state, "tftp/x64/snponly.efi")), content(PROGRAM))
        # Firmware that boots over HTTP, and iPXE that hands the kernel to Debian's shim, find theirs as well.
        for name, path in (("snponly-shim.efi", SHIM), ("snponly.efi", PROGRAM), ("shimx64.efi", SHIM)):
            self.assertEqual(self.fetch(name), content(path), name)

        self.appliance.stop()
        self.assertIn("removed", self.netboot("remove").stdout)
        self.assertIn("no signed iPXE", self.netboot("remove").stdout)
        self.appliance.start()
        self.appliance.wait_for(lambda: client.uefi(MAC, wait=0.2), "an answer")
        self.assertEqual(client.uefi(MAC)["file"], "x64/snponly.efi")
        self.assertEqual(self.fetch("snponly.efi"), content(UNSIGNED))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.fetch("snponly-shim.efi")
        self.assertEqual(refused.exception.code, 404)
        refused.exception.close()
        self.appliance.stop()

    def test_3_as_files(self):
        """From the files themselves; a second import takes the place of the first."""
        shutil.copy(SHIM, "/run/snponly-shim.efi")
        shutil.copy(PROGRAM, "/run/snponly.efi")
        self.assertIn("imported", self.netboot("import", "/run/snponly-shim.efi", "/run/snponly.efi").stdout)
        self.assertIn("imported", self.netboot("import", self.release).stdout)
        self.assertEqual(sorted(os.listdir(self.kept)), ["snponly-shim.efi", "snponly.efi"])
        self.netboot("remove")

    @staticmethod
    def fetch(name):
        with urllib.request.urlopen(f"http://{lab.SERVER}/boot/x64/{name}", timeout=60) as answer:
            return answer.read()


if __name__ == "__main__":
    lab.enter()
    unittest.main()
