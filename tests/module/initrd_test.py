#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mkinitrd on the installed kernel: same bytes twice, the right content, judged by zstd, kmod and a reader of ours."""
import glob
import os
import shutil
import subprocess
import tempfile
import time
import unittest

BUILD = os.environ.get("B", "build")
HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(HERE, "../../initrd/modules.list")
README = os.path.join(HERE, "../../initrd/README.md")
KERNELS = sorted(glob.glob("/lib/modules/*-amd64"))


def read_cpio(data):
    """{path: (mode, uid, gid, mtime, inode, content)} of a newc archive, in its order (cpio(5))."""
    files, at = {}, 0
    while True:
        assert data[at:at + 6] == b"070701", data[at:at + 6]
        inode, mode, uid, gid, _links, mtime, size, _, _, rmajor, rminor, name_size, _ = (
            int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13))
        name = data[at + 110:at + 110 + name_size - 1].decode()
        start = (at + 110 + name_size + 3) & ~3
        if name == "TRAILER!!!":
            return files
        assert name not in files and rmajor == rminor == 0, name
        files[name] = (mode, uid, gid, mtime, inode, data[start:start + size])
        at = (start + size + 3) & ~3


def needs_of(module, directory):
    """By modprobe, which reads the same kernel's own index: what it would load, in that order, without the module.
    Soft dependencies of others' making stay out: an empty configuration."""
    text = subprocess.run(["modprobe", "-D", "-C", "/dev/null", "-S", os.path.basename(directory), module], check=True,
                          capture_output=True, text=True).stdout
    paths = [line.split()[1] for line in text.splitlines() if line.startswith("insmod ")]
    return paths[:-1]


def read_driver_table():
    """{"in": {module: KB}, "out": ..., "with firmware": ...} of README.md, and the families that have no reason."""
    states, silent = {}, []
    with open(README) as f:
        rows = f.read().split("| device family |")[1].split("\n\n")[0].splitlines()[2:]
    for row in rows:
        family, modules, state, why = (cell.strip() for cell in row.strip("|").split("|"))
        if not state and not modules:
            continue  # a heading
        if not why:
            silent.append(family)
        for module in modules.split(", "):
            name, size = module.split()
            assert not any(name in others for others in states.values()), f"{name} is there twice"
            states.setdefault(state, {})[name] = int(size)
    return states, silent


@unittest.skipUnless(KERNELS and shutil.which("modprobe") and shutil.which("zstd"), "no Debian kernel, kmod or zstd")
class Initrd(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = folder.name
        self.kernel = KERNELS[-1]
        self.version = os.path.basename(self.kernel)
        self.init = self.write("init.src", b"init program")
        self.fixer = self.write("fixer.src", b"fixer program")

    def write(self, name, data):
        path = os.path.join(self.work, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def mkinitrd(self, *options, modules=LIST, output="initrd"):
        path = os.path.join(self.work, output)
        run = subprocess.run([os.path.join(BUILD, "mkinitrd"), "--kernel-modules", self.kernel, "--modules", modules,
                              "--init", self.init, "--fixer", self.fixer, "--output", path, "--level", "1", *options],
                             capture_output=True, text=True)
        return run, path

    def content(self, path):
        return read_cpio(subprocess.run(["zstd", "-dc", path], check=True, capture_output=True).stdout)

    def build(self, *options, **settings):
        run, path = self.mkinitrd(*options, **settings)
        self.assertEqual(run.returncode, 0, run.stderr)
        return self.content(path)

    def test_same_input_same_bytes(self):
        first = self.mkinitrd(output="a")[1]
        time.sleep(1.1)  # a time stamp would show
        for path in (self.init, self.fixer):
            os.utime(path)
            os.chmod(path, 0o600)
        second = self.mkinitrd(output="b")[1]
        with open(first, "rb") as a, open(second, "rb") as b:
            self.assertEqual(a.read(), b.read())
        self.write("fixer.src", b"fixer changed")
        with open(first, "rb") as a, open(self.mkinitrd(output="c")[1], "rb") as c:
            self.assertNotEqual(a.read(), c.read())

    def test_content(self):
        extra = self.write("extra", b"more")
        files = self.build("--file", f"{extra}=/etc/extra.conf")
        self.assertEqual(list(files), sorted(files))
        self.assertEqual(files["init"][5], b"init program")
        self.assertEqual(files["bin/fixer"][5], b"fixer program")
        self.assertEqual(files["etc/extra.conf"][5], b"more")
        self.assertEqual([files[p][0] for p in ("init", "bin", "etc/extra.conf")], [0o100755, 0o40755, 0o100644])
        for path, (_mode, uid, gid, mtime, _inode, _data) in files.items():
            self.assertEqual((uid, gid, mtime), (0, 0, 0), path)
            parent = os.path.dirname(path)
            self.assertTrue(not parent or list(files).index(parent) < list(files).index(path), path)
        self.assertEqual([f[4] for f in files.values()], list(range(1, len(files) + 1)))
        for path in (p for p in files if p.endswith(".ko")):
            with open("/" + path, "rb") as f:  # as signed by Debian, to the byte
                self.assertEqual(files[path][5], f.read(), path)

    def test_table_against_kmod(self):
        files = self.build()
        table, name = {}, None
        for line in files["lib/netmend/modules"][5].decode().splitlines():
            word, rest = line.split(" ", 1)
            if word == "module":
                name, path = rest.split()
                self.assertIn(path, files)
                table[name] = {"path": path, "needs": [], "aliases": []}
            elif word == "needs":
                table[name]["needs"] = rest.split()
            else:
                self.assertEqual(word, "alias")
                table[name]["aliases"].append(rest)
        self.assertEqual({m["path"] for m in table.values()}, {p for p in files if p.endswith(".ko")})
        for name in ("ahci", "nvme", "virtio_net", "r8169", "e1000e", "sd_mod", "hv_netvsc", "cdc_ncm", "mpt3sas"):
            with self.subTest(name):
                wanted = {os.path.realpath(p) for p in needs_of(name, self.kernel)}
                got = ["/" + table[n]["path"] for n in table[name]["needs"]]
                # By modprobe's view nothing may be missing; order is judged by each module's own needs.
                self.assertLessEqual(wanted, {os.path.realpath(p) for p in got})
                for i, need in enumerate(table[name]["needs"]):
                    self.assertLessEqual(set(table[need]["needs"]), set(table[name]["needs"][:i]) | {need})
                info = subprocess.run(["modinfo", "-F", "alias", "/" + table[name]["path"]], check=True,
                                      capture_output=True, text=True).stdout.split()
                self.assertEqual(table[name]["aliases"], [a for a in info if ":" in a])

    @unittest.skipUnless(os.path.exists("/bin/ntfsrecover") and os.geteuid() == 0, "no ntfsrecover, or not root")
    def test_program_starts_there(self):
        """In a root of nothing but the initrd's files: what the loader needs is all there."""
        files = self.build("--program", "/bin/ntfsrecover", modules=self.write("list", b""))
        root = os.path.join(self.work, "root")
        for path, (mode, *_rest, data) in files.items():
            full = os.path.join(root, path)
            if mode >> 12 == 4:
                os.makedirs(full)
            else:
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "wb") as f:
                    f.write(data)
                os.chmod(full, mode & 0o777)
        run = subprocess.run(["/bin/ntfsrecover", "-V"], capture_output=True, text=True, preexec_fn=lambda: os.chroot(root))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("ntfsrecover v", run.stdout)
        self.assertEqual(len([p for p in files if "ld-linux" in p]), 1)

    def test_no_program(self):
        for path, why in ((self.write("text", b"no program at all" * 10), "not a program"), ("/no/such", "cannot read"),
                          ("ntfsrecover", "the whole path")):
            run, output = self.mkinitrd("--program", path)
            self.assertEqual(run.returncode, 1)
            self.assertIn(why, run.stderr)
            self.assertFalse(os.path.exists(output))

    def test_unknown_module_is_named(self):
        run, path = self.mkinitrd(modules=self.write("list", b"# one\nahci\nno-such-driver\n"))
        self.assertEqual(run.returncode, 1)
        self.assertIn("line 3: this kernel has no module no_such_driver", run.stderr)
        self.assertFalse(os.path.exists(path))

    def test_alias_is_named(self):
        run, _ = self.mkinitrd(modules=self.write("list", b"fs-efivarfs\n"))
        self.assertEqual(run.returncode, 1)
        self.assertIn("line 1: fs_efivarfs is an alias: write efivarfs", run.stderr)

    def test_built_in_is_fine(self):
        with open(f"{self.kernel}/modules.builtin") as f:
            name = os.path.basename(f.readline().strip()).removesuffix(".ko")
        files = self.build(modules=self.write("list", name.encode() + b"\n"))
        self.assertFalse([p for p in files if p.endswith(".ko")])

    def test_missing_firmware_is_named(self):
        run, _ = self.mkinitrd(modules=self.write("list", b"## a\nahci\nfirmware no/such.fw\n"))
        self.assertEqual(run.returncode, 1)
        self.assertIn("line 3", run.stderr)
        self.assertIn("/lib/firmware/no/such.fw", run.stderr)

    def test_optional_firmware(self):
        folder = os.path.join(self.work, "fw")
        os.makedirs(f"{folder}/one")
        for name in ("one/a.fw", "b.fw"):
            with open(f"{folder}/{name}", "w") as f:
                f.write(name)
        modules = self.write("list", b"## a\nsky2 with one/a.fw b.fw\nskge with b2.fw one/a2.fw\noptional c.fw one/a3.fw\n")
        for name in ("b2.fw", "c.fw"):
            with open(f"{folder}/{name}", "w") as f:
                f.write(name)
        run, path = self.mkinitrd("--firmware", folder, modules=modules)
        self.assertEqual(run.returncode, 0, run.stderr)
        files = self.content(path)
        self.assertEqual({p for p in files if "/firmware/" in p and "." in p},
                         {"lib/firmware/one/a.fw", "lib/firmware/b.fw", "lib/firmware/c.fw"})
        self.assertEqual([os.path.basename(p) for p in files if p.endswith(".ko")], ["sky2.ko"])
        self.assertEqual(run.stderr.splitlines()[1:], ["  without driver skge: one/a2.fw", "  one/a3.fw"])

    def test_readme_tells_the_truth(self):
        """The table of drivers against list, kernel and image."""
        listed, conditional = set(), set()
        with open(LIST) as f:
            for line in f:
                words = line.split()
                if words and not words[0].startswith("#") and words[0] not in ("firmware", "optional"):
                    (conditional if "with" in words else listed).add(words[0].replace("-", "_"))
        states, silent = read_driver_table()
        self.assertEqual(silent, [])
        image = {os.path.basename(p)[:-3].replace("-", "_"): len(f[5]) for p, f in self.build().items() if p.endswith(".ko")}
        told = set(states["in"])
        self.assertEqual(listed - told, set())
        self.assertEqual(told - listed - set(image), set(), "told as needed, but nothing needs them")
        self.assertEqual({n for n, size in image.items() if size > 200_000} - told - set(states["with firmware"]), set(),
                         "over 200 KB without a reason")
        self.assertEqual(set(image) & set(states["out"]), set())
        self.assertEqual(conditional - set(states["with firmware"]), set())
        for name, size in {n: s for table in states.values() for n, s in table.items()}.items():
            path = subprocess.run(["modinfo", "-k", self.version, "-F", "filename", name], check=True, capture_output=True,
                                  text=True).stdout.strip()
            self.assertAlmostEqual(os.path.getsize(path) / 1000, size, delta=5 + size * 0.15, msg=name)

    def test_kernel_tells_of_hidden_disks(self):
        """The attribute fixer/machine/controllers.h reads is in the driver the image brings."""
        path = subprocess.run(["modinfo", "-k", self.version, "-F", "filename", "ahci"], check=True, capture_output=True,
                              text=True).stdout.strip()
        with open(path, "rb") as f:
            self.assertIn(b"\0remapped_nvme\0", f.read())

    def test_firmware_drivers_ask_for(self):
        """What the list says of firmware is what the drivers ask for."""
        for name in ("bnx2", "qed", "r8169", "r8152", "tg3", "isci"):
            asked = subprocess.run(["modinfo", "-k", self.version, "-F", "firmware", name], check=True, capture_output=True,
                                   text=True).stdout.split()
            with open(LIST) as f:
                words = set(f.read().split())
            self.assertTrue(asked)
            self.assertEqual([a for a in asked if a not in words], [], name)

    def test_groups_are_counted(self):
        run, _ = self.mkinitrd("--verbose", modules=self.write("list", b"## Disks\nnvme\n## Network\ne1000\n"))
        counted = dict(reversed(line.split(None, 1)) for line in run.stdout.splitlines())
        size = os.path.getsize(glob.glob(f"{self.kernel}/kernel/**/e1000.ko", recursive=True)[0])
        self.assertEqual(int(counted["Network"]), size)
        self.assertIn("Disks", counted)

    def test_wrong_arguments(self):
        for options in (["--level", "0"], ["--level", "x"], ["--file", "no-destination"], ["stray"]):
            self.assertEqual(self.mkinitrd(*options)[0].returncode, 2, options)
        run, _ = self.mkinitrd("--file", f"{self.init}=/../outside")
        self.assertEqual(run.returncode, 1)
        run, _ = self.mkinitrd("--kernel-modules", self.work)
        self.assertEqual(run.returncode, 1)
        self.assertIn("no kernel's modules", run.stderr)


if __name__ == "__main__":
    unittest.main()
