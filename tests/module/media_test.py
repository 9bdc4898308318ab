#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend media`: what BIOS and UEFI find in the image, by readers that are not ours; the same bytes twice; no secret in it; a
damaged or impossible order leaves nothing behind."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.path.abspath(os.environ.get("B", "build"))
REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIM = "/usr/lib/shim/shimx64.efi.signed"
GRUB = "/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"
ADDRESS = "10.77.0.1"


def run(*args, check=True):
    done = subprocess.run(args, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(args)}: {done.returncode}: {done.stderr}{done.stdout}")
    return done


def content(path):
    with open(path, "rb") as f:
        return f.read()


class Media(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="netmend-media-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.kernel, cls.initrd = (os.path.join(BUILD, "boot", name) for name in ("vmlinuz", "initrd.img"))
        cls.tls = os.path.join(cls.dir, "state/tls")
        os.makedirs(cls.tls)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=netmend",
            "-keyout", cls.tls + "/key.pem", "-out", cls.tls + "/cert.pem")
        os.makedirs(os.path.join(cls.dir, "state/escrow"))
        cls.secret = os.urandom(32)
        with open(os.path.join(cls.dir, "state/escrow/vault.key"), "wb") as f:
            f.write(cls.secret)
        cls.config = os.path.join(cls.dir, "netmend.conf")
        with open(cls.config, "w") as f:
            f.write(f"[server]\nstate = {cls.dir}/state\n[boot]\nkernel = {cls.kernel}\ninitrd = {cls.initrd}\n"
                    f"[web]\ntemplates = {REPO}/netboot\n")
        der = run("sh", "-c", f"openssl x509 -in {cls.tls}/cert.pem -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum")
        cls.pin = der.stdout.split()[0]
        cls.image = os.path.join(cls.dir, "netmend.iso")
        cls.said = cls.make("iso", cls.image, "--appliance", ADDRESS).stdout

    @classmethod
    def make(cls, kind, path, *options, check=True):
        return run(os.path.join(BUILD, "netmend"), "media", kind, path, *options, "--config", cls.config, check=check)

    def extracted(self, path, name):
        out = os.path.join(self.dir, name)
        run("xorriso", "-osirrox", "on", "-indev", self.image, "-extract", path, out)
        return content(out)

    def esp(self):
        """The EFI system partition as gdisk sees it, written to a file of its own."""
        row = re.search(r"^ +(\d+) +(\d+) +(\d+) .* EF00 ", run("sgdisk", "-p", self.image).stdout, re.M)
        first, last = int(row.group(2)), int(row.group(3))
        path = os.path.join(self.dir, "esp")
        with open(path, "wb") as f:
            f.write(content(self.image)[512 * first:512 * (last + 1)])
        return path, 512 * first

    def test_what_it_says_is_so(self):
        self.assertIn(hashlib.sha256(content(self.image)).hexdigest(), self.said)
        self.assertIn(f"{os.path.getsize(self.image)} bytes", self.said)
        self.assertIn(f"https://{ADDRESS}:443", self.said)
        other = os.path.join(self.dir, "json.iso")
        told = json.loads(self.make("usb", other, "--json").stdout)
        self.assertEqual((told["sha256"], told["size"], told["appliance"]),
                         (hashlib.sha256(content(other)).hexdigest(), os.path.getsize(other), ""))

    def test_bios_and_uefi_find_it_on_a_cd(self):
        report = run("xorriso", "-indev", self.image, "-report_el_torito", "plain", "-report_system_area", "plain").stdout
        images = re.findall(r"^El Torito boot img : +\d +(\S+) +(\S) +\S+ +\S+ +\S+ +\d+ +(\d+)$", report, re.M)
        self.assertEqual([(platform, bootable) for platform, bootable, _ in images], [("BIOS", "y"), ("UEFI", "y")])
        self.assertIn("grub2-mbr", report)
        self.assertEqual(int(images[1][2]) * 2048, self.esp()[1], "CD and disk start the same partition")

    def test_uefi_finds_it_on_a_disk(self):
        self.assertIn("No problems found", run("sgdisk", "-v", self.image).stdout)
        esp, _ = self.esp()
        run("fsck.fat", "-n", esp)
        for path, source in (("::/EFI/BOOT/BOOTX64.EFI", SHIM), ("::/EFI/BOOT/GRUBX64.EFI", GRUB)):
            out = os.path.join(self.dir, "program")
            run("mcopy", "-n", "-o", "-i", esp, path, out)
            self.assertEqual(content(out), content(source), path)
        listed = run("mdir", "-b", "-/", "-i", esp).stdout.split()
        self.assertIn("::/EFI/debian/grub.cfg", listed)

    def test_kernel_initrd_and_command_line(self):
        self.assertEqual(self.extracted("/boot/vmlinuz", "k"), content(self.kernel))
        self.assertEqual(self.extracted("/boot/initrd.img", "i"), content(self.initrd))
        text = self.extracted("/boot/grub/grub.cfg", "c").decode()
        words = re.search(r"linux /boot/vmlinuz (.*);", text).group(1).split()
        self.assertEqual([w for w in words if w.startswith("netmend.")],
                         ["netmend.way=media", f"netmend.pin=sha256:{self.pin}", f"netmend.url=https://{ADDRESS}:443"])
        mark = re.search(r"/netmend/([0-9a-f]{16})$", text, re.M).group(1)
        self.assertIn(mark, self.extracted(f"/netmend/{mark}", "m").decode(), "what GRUB searches is there")

    def test_the_same_order_gives_the_same_bytes(self):
        for path in (self.kernel, self.initrd):  # elsewhere, with other times, modes and settings
            copy = os.path.join(self.dir, "copy-" + os.path.basename(path))
            shutil.copyfile(path, copy)
            os.utime(copy, (1, 1))
            os.chmod(copy, 0o755)
        config = os.path.join(self.dir, "other.conf")
        with open(self.config) as f, open(config, "w") as out:
            out.write(f.read().replace(self.kernel, f"{self.dir}/copy-vmlinuz").replace(self.initrd, f"{self.dir}/copy-initrd.img"))
        again = os.path.join(self.dir, "again.iso")
        env = dict(os.environ, TZ="Asia/Tokyo", LC_ALL="C", SOURCE_DATE_EPOCH="5")
        subprocess.run([os.path.join(BUILD, "netmend"), "media", "usb", again, "--appliance", ADDRESS, "--config", config], check=True,
                       env=env, capture_output=True, umask=0o077)
        self.assertEqual(content(again), content(self.image))

    def test_by_name(self):
        """One that this host does not know: said, not refused."""
        image = os.path.join(self.dir, "name.iso")
        done = self.make("iso", image, "--appliance", "mend.floor.invalid")
        self.assertIn("https://mend.floor.invalid:443", done.stdout)
        self.assertIn("finds no address of mend.floor.invalid", done.stderr)
        self.assertIn(b" netmend.url=https://mend.floor.invalid:443;", content(image))
        os.unlink(image)

    def test_no_secret_is_in_it(self):
        image = content(self.image)
        key = content(self.tls + "/key.pem")
        private = run("openssl", "pkey", "-in", self.tls + "/key.pem", "-text", "-noout").stdout
        raw = bytes.fromhex(re.search(r"priv:\n([\s0-9a-f:]+)\npub:", private).group(1).replace(":", "").replace(" ", "").replace("\n", ""))
        der = subprocess.run(["openssl", "pkey", "-in", self.tls + "/key.pem", "-outform", "DER"], check=True, capture_output=True).stdout
        self.assertIn(self.pin.encode(), image, "the search itself works")
        for name, needle in (("key as PEM", key), ("a line of it", key.split(b"\n")[1]), ("raw", raw[-32:]), ("DER", der),
                             ("hex", raw[-32:].hex().encode()), ("vault key", self.secret), ("vault key, hex", self.secret.hex().encode()),
                             ("token", b"netmend.token="), ("this directory", self.dir.encode())):
            self.assertNotIn(needle, image, name)

    def test_impossible_orders_leave_nothing(self):
        before = sorted(os.listdir(self.dir))
        out = os.path.join(self.dir, "never.iso")
        for options, word in ((("--appliance", "nonsense address"), "IPv4"), (("--appliance", "10.0.0.300"), "IPv4"), (("--appliance", "a..b"), "DNS name"),
                              (("--appliance", "-a.example"), "DNS name"), (("--appliance", "x" * 64 + ".example"), "DNS name"),
                              (("--appliance", "a;reboot"), "DNS name"), (("--appliance", "long." * 20 + "example"), "at most")):
            done = self.make("iso", out, *options, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(word, done.stderr)
        device = os.path.join(self.dir, "fifo")
        os.mkfifo(device)
        self.addCleanup(os.unlink, device)
        done = self.make("usb", device, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not a file", done.stderr)
        done = self.make("iso", os.path.join(self.dir, "no/such/place.iso"), check=False)
        self.assertEqual(done.returncode, 1)
        config = os.path.join(self.dir, "broken.conf")
        with open(self.config) as f, open(config, "w") as broken:
            broken.write(f.read().replace("[boot]\n", f"[boot]\nshim = {self.config}\n"))
        done = run(os.path.join(BUILD, "netmend"), "media", "iso", out, "--config", config, check=False)
        os.unlink(config)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not a UEFI program", done.stderr)
        self.assertEqual([n for n in sorted(os.listdir(self.dir)) if n != "fifo"], before, "nothing half made stays")


if __name__ == "__main__":
    unittest.main(verbosity=2)
