#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fixer --image on VHD, VHDX, qcow2, VMDK and VDI, made and judged by qemu-img."""
import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

from image_lab import FIXER, Bundle, Disk, copy, fingerprint, fixer, run, sha256

SHARED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/data")

# (what the fixer calls it, file name, qemu-img's format, its options)
FORMATS = (
    ("qcow2", "disk.qcow2", "qcow2", ()),
    ("vhdx", "disk.vhdx", "vhdx", ()),
    ("vhd", "disk.vhd", "vpc", ("-o", "force_size=on")),
    ("vhd", "fixed.vhd", "vpc", ("-o", "force_size=on,subformat=fixed")),
    ("vmdk", "disk.vmdk", "vmdk", ()),
    ("vmdk", "flat.vmdk", "vmdk", ("-o", "subformat=monolithicFlat")),
    ("vmdk", "split.vmdk", "vmdk", ("-o", "subformat=twoGbMaxExtentSparse")),
    ("vdi", "disk.vdi", "vdi", ()),
)


def qemu_img(*args):
    done = run("qemu-img", *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def patch(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at if at >= 0 else os.path.getsize(path) + at)
        f.write(data)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def make_vhdx_log(path):
    """As Hyper-V leaves it when it is cut off while it writes ([MS-VHDX] 2.2.2, 2.3): both headers name the log's
    GUID, and the log begins with a valid entry of that GUID, which changes nothing."""
    guid = b"\x11" * 16
    for at in (64 << 10, 128 << 10):
        with open(path, "rb") as f:
            f.seek(at)
            header = bytearray(f.read(4096))
        header[48:64], header[4:8] = guid, bytes(4)
        struct.pack_into("<I", header, 4, crc32c(header))
        patch(path, at, bytes(header))
    _, log = struct.unpack_from("<IQ", header, 68)
    entry = bytearray(4096)
    struct.pack_into("<4sIIIQII16sQQ", entry, 0, b"loge", 0, 4096, 0, 1, 0, 0, guid, 0, 0)
    struct.pack_into("<I", entry, 4, crc32c(entry))
    patch(path, log, bytes(entry))


def daemons(path):
    """Of qemu-storage-daemon, those that serve this file and are not over."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as f:
                words = f.read()
        except OSError:
            continue
        if words.startswith("qemu-storage-daemon") and path in words:
            found.append(int(pid))
    return found


class ImageFormats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("qemu-img", "qemu-storage-daemon"):
            if not shutil.which(tool):
                raise unittest.SkipTest(f"skipped: no {tool}")
        if not os.path.exists("/dev/fuse"):
            raise unittest.SkipTest("skipped: no /dev/fuse")
        cls.folder = tempfile.mkdtemp(prefix="netmend-formats-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.plain = Disk(cls.folder, "plain", "--plain", "--size", "300")
        cls.bitlocker = Disk(cls.folder, "bitlocker", "--bitlocker", "--size", "300")

    def setUp(self):
        self.work = tempfile.mkdtemp(dir=self.folder)
        self.addCleanup(shutil.rmtree, self.work)

    def tearDown(self):
        with open("/proc/self/mountinfo") as f:
            self.assertNotIn(self.work, f.read(), "a mount was left")
        self.assertEqual(daemons(self.work), [], "a daemon was left")

    def convert(self, name, kind, options=(), disk=None):
        path = os.path.join(self.work, name)
        qemu_img("convert", "-O", kind, *options, (disk or self.plain).path, path)
        return path

    def hashes(self):
        """Of everything in the folder: a VMDK may be several files."""
        return {name: sha256(os.path.join(self.work, name)) for name in os.listdir(self.work)}

    def guest(self, path, kind, disk=None):
        """Fingerprint of the disk inside, read by qemu-img; without the zeros VHD rounds its size up with."""
        raw = os.path.join(self.folder, "guest.raw")
        source = f"driver={kind},file.filename={path}" + (",force_size_calc=current_size" if kind == "vpc" else "")
        qemu_img("convert", "--image-opts", "-O", "raw", source, raw)
        self.assertEqual(os.path.getsize(raw), (disk or self.plain).info["size"])
        return fingerprint(raw)

    def refused(self, path, *texts, status=3, reason="IMAGE_FORMAT"):
        before = self.hashes()
        for command in (("--image", path), ("inspect", path)):
            got, result = fixer(*command)
            self.assertEqual((got, result["reason"]), (status, reason), result)
            for text in texts:
                self.assertIn(text, result["text"])
        self.assertEqual(self.hashes(), before)

    # --- the whole way ---------------------------------------------------------------------------------

    def test_every_format(self):
        for name, file, kind, options in FORMATS:
            with self.subTest(file):
                path = self.convert(file, kind, options)
                self.whole_way(path, name, kind)
                shutil.rmtree(self.work)
                os.mkdir(self.work)

    def whole_way(self, path, name, kind):
        before, info = self.hashes(), self.plain.info
        status, result = fixer("inspect", path)
        self.assertEqual((status, result["disk"]["format"], result["disk"]["size"], result["disk"]["id"]),
                         (0, name, info["size"], info["disk_guid"]), result)
        status, result = fixer("--image", path, "--dry-run")
        self.assertEqual((status, result["reason"]), (0, "WOULD_REPAIR"), result)
        self.assertEqual(self.hashes(), before, "a dry run changed the image")
        status, result = fixer("--image", path)
        self.assertEqual((status, result["reason"]), (0, "REPAIRED"), result)
        bundle = result["bundle"]
        manifest = Bundle(bundle).manifest
        self.assertEqual((manifest["disk"]["id"], manifest["disk"]["size"]), (info["disk_guid"], info["size"]))
        self.judge(path, kind, bundle)
        status, result = fixer("--image", path)
        self.assertEqual((status, result["reason"]), (0, "NO_BAD_FILE"), result)
        status, result = fixer("--undo", bundle, "--image", path)
        self.assertEqual((status, result["reason"]), (0, "UNDONE"), result)
        self.assertEqual(self.guest(path, kind), self.plain.fingerprint, "undo gives back the disk")
        status, result = fixer("--complete", bundle, "--image", path)
        self.assertEqual((status, result["reason"]), (0, "COMPLETED_PENDING"), result)

    def judge(self, path, kind, bundle):
        """The disk inside is the old one with the sectors of the bundle, and nothing else."""
        expected = copy(self.plain.path, os.path.join(self.folder, "expected.raw"))
        saved = Bundle(bundle)
        saved.put(expected, "sectors.new", range(len(saved.lbas)))
        self.assertEqual(self.guest(path, kind), fingerprint(expected))
        if kind not in ("vpc", "vmdk"):
            qemu_img("check", path)

    def test_bitlocker_in_vhdx(self):
        path = self.convert("disk.vhdx", "vhdx", disk=self.bitlocker)
        status, result = fixer("--image", path)
        self.assertEqual((status, result["reason"]), (3, "KEY_NEEDED"), result)
        status, result = fixer("--image", path, "--recovery-password-file", self.bitlocker.password)
        self.assertEqual((status, result["reason"]), (0, "REPAIRED"), result)
        status, undone = fixer("--undo", result["bundle"], "--image", path)
        self.assertEqual((status, undone["reason"]), (0, "UNDONE"), undone)
        self.assertEqual(self.guest(path, "vhdx", self.bitlocker), self.bitlocker.fingerprint)

    def test_crashed_windows_in_qcow2(self):
        """Its journal is replayed in a view of the disk inside; what is written is only the name."""
        packed = os.path.join(SHARED, "ntfs-dirty", "cs-n4-20.img.xz")
        if not os.path.exists(packed):
            self.skipTest(f"skipped: no {packed}")
        raw, path = os.path.join(self.work, "disk.raw"), os.path.join(self.work, "disk.qcow2")
        with open(raw, "wb") as f:
            subprocess.run(["xz", "-dc", packed], check=True, stdout=f)
        qemu_img("convert", "-O", "qcow2", raw, path)
        (_, of_raw), (status, result) = fixer("--image", raw), fixer("--image", path)
        self.assertEqual((status, result["reason"]), (0, "RENAMED"), result)
        self.assertEqual(result["text"], of_raw["text"])
        back = os.path.join(self.work, "back.raw")
        qemu_img("convert", "-O", "raw", path, back)
        self.assertEqual(fingerprint(back), fingerprint(raw))

    def test_bundle_fits_the_disk_in_any_format(self):
        """Repaired as qcow2, undone after it was converted to VHDX."""
        path = self.convert("disk.qcow2", "qcow2")
        _, result = fixer("--image", path)
        other = os.path.join(self.work, "disk.vhdx")
        qemu_img("convert", "-O", "vhdx", path, other)
        status, undone = fixer("--undo", result["bundle"], "--image", other)
        self.assertEqual((status, undone["reason"]), (0, "UNDONE"), undone)
        self.assertEqual(self.guest(other, "vhdx"), self.plain.fingerprint)

    def test_footer_of_a_fixed_vhd_stays(self):
        path = self.convert("fixed.vhd", "vpc", ("-o", "force_size=on,subformat=fixed"))
        with open(path, "rb") as f:
            f.seek(-512, os.SEEK_END)
            footer = f.read()
        self.assertEqual(footer[:8], b"conectix")
        self.assertEqual(fixer("--image", path)[0], 0)
        with open(path, "rb") as f:
            f.seek(-512, os.SEEK_END)
            self.assertEqual(f.read(), footer)

    def test_content_decides_not_the_name(self):
        path = self.convert("disk.raw", "qcow2")
        self.assertEqual(fixer("inspect", path)[1]["disk"]["format"], "qcow2")
        path = copy(self.plain.path, os.path.join(self.work, "disk.vhdx"))
        self.assertEqual(fixer("inspect", path)[1]["disk"]["format"], "raw")
        self.assertEqual(fixer("--image", path)[0], 0)

    def test_names_nobody_likes(self):
        path = self.convert("a b, c\"='\u00e4.img", "qcow2")
        self.assertEqual(fixer("--image", path)[1]["reason"], "REPAIRED")
        os.rename(path, os.path.join(os.fsencode(self.work), b"\xff.img"))
        done = subprocess.run([FIXER, "--image", os.path.join(os.fsencode(self.work), b"\xff.img"), "--json"],
                              capture_output=True, timeout=60)
        self.assertEqual((done.returncode, json.loads(done.stdout)["reason"]), (5, "CANNOT_OPEN"))

    def test_snapshots_inside_stay(self):
        path = self.convert("disk.qcow2", "qcow2")
        qemu_img("snapshot", "-c", "before", path)
        status, result = fixer("--image", path)
        self.assertEqual((status, result["reason"], result["disk"]["snapshots"]), (0, "REPAIRED", 1), result)
        qemu_img("check", path)
        qemu_img("snapshot", "-a", "before", path)
        self.assertEqual(self.guest(path, "qcow2"), self.plain.fingerprint)

    # --- refused, unchanged ----------------------------------------------------------------------------

    def test_layers(self):
        base = self.convert("base.qcow2", "qcow2")
        for kind, name, text in (("qcow2", "top.qcow2", "backing file"), ("vmdk", "top.vmdk", "needs its parent")):
            top, below = os.path.join(self.work, name), base
            if kind == "vmdk":
                below = self.convert("base.vmdk", "vmdk")
            qemu_img("create", "-f", kind, "-b", below, "-F", kind, top)
            self.refused(top, text)

    def vhd_with(self, at, value, geometry=None):
        path = self.convert("disk.vhd", "vpc", ("-o", "force_size=on"))
        for footer in (0, os.path.getsize(path) - 512):
            patch(path, footer + at, value)
            if geometry:
                patch(path, footer + 56, geometry)
            patch(path, footer + 64, bytes(4))
            with open(path, "rb") as f:
                f.seek(footer)
                checksum = ~sum(f.read(512)) & 0xffffffff
            patch(path, footer + 64, struct.pack(">I", checksum))
        return path

    def test_vhd_kinds(self):
        self.refused(self.vhd_with(60, struct.pack(">I", 4)), "differencing")
        self.refused(self.vhd_with(84, b"\1"), "saved state")
        self.refused(self.vhd_with(60, struct.pack(">I", 9)), "unknown type")

    def test_vhd_whose_size_qemu_computes_otherwise(self):
        path = self.vhd_with(28, b"vpc ")
        self.assertEqual(fixer("inspect", path)[0], 0)  # the geometry says no more than "very large"
        os.unlink(path)
        self.refused(self.vhd_with(28, b"vpc ", struct.pack(">HBB", 600, 16, 63)), "force_size_calc")

    def test_qcow2_not_closed_or_damaged(self):
        for bit, text in ((1, "not closed"), (2, "corrupt"), (4, "another file")):
            path = self.convert("disk.qcow2", "qcow2")
            patch(path, 72, struct.pack(">Q", bit))
            self.refused(path, text)
        patch(path, 72, struct.pack(">Q", 1 << 60))
        self.refused(path, "feature")

    def test_encrypted_qcow2(self):
        path = os.path.join(self.work, "disk.qcow2")
        create = ("qemu-img", "create", "-f", "qcow2", "--object", "secret,id=s,data=x", "-o",
                  "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10", path, "64M")
        # It times itself first, and gives up where it got too little of the processor.
        for _ in range(50):
            done = run(*create)
            if "accurate CPU usage" not in done.stderr:
                break
        self.assertEqual(done.returncode, 0, done.stderr)
        self.refused(path, "encrypted")

    def test_compressed_vmdk(self):
        self.refused(self.convert("disk.vmdk", "vmdk", ("-o", "subformat=streamOptimized")), "streamOptimized")

    def test_vmdk_that_names_other_files(self):
        secret = os.path.join(self.folder, "secret")
        copy(self.plain.path, secret)
        path = os.path.join(self.work, "disk.vmdk")
        lines = self.plain.info["size"] // 512
        for extent in (f'RW {lines} FLAT "{secret}" 0', f'  RW\t{lines} FLAT "../secret" 0',
                       f'RW {lines} FLAT "nbd://x" 0', f'RDONLY {lines} FLAT "x" 0', f'RW {lines} VMFSRDM "x" 0'):
            with open(path, "w") as f:
                f.write(f"# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\n{extent}\n")
            self.refused(path, "a VMDK")
        self.assertEqual(fingerprint(secret), self.plain.fingerprint)

    def test_vhdx_with_a_log_to_replay(self):
        """A log GUID in both headers says that Hyper-V was cut off while it wrote; there is one valid entry."""
        path = self.convert("disk.vhdx", "vhdx")
        make_vhdx_log(path)
        self.refused(path, "log")

    def test_in_use_by_qemu(self):
        for name, file, kind, options in FORMATS:
            if name == "vhd" and file.startswith("fixed"):
                continue
            path = self.convert(file, kind, options)
            holder = subprocess.Popen(["qemu-io", "-f", kind, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            try:
                holder.stdin.write(b"read 0 512\n")
                holder.stdin.flush()
                holder.stdout.readline()
                self.refused(path, status=5, reason="DISK_IN_USE")
            finally:
                holder.kill()
                holder.wait()
                holder.stdin.close()
                holder.stdout.close()

    # --- when things die or are missing -------------------------------------------------------------------

    def stopped_in_the_middle(self, path):
        """A fixer that stands still as soon as its daemon runs; both."""
        process = subprocess.Popen([FIXER, "--image", path, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (found := daemons(path)) and time.monotonic() < deadline:
            pass
        process.send_signal(signal.SIGSTOP)
        return process, found[0]

    def ended(self, path):
        deadline = time.monotonic() + 60
        while daemons(path) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(daemons(path), [])

    def test_fixer_killed(self):
        path = self.convert("disk.qcow2", "qcow2")
        process, _ = self.stopped_in_the_middle(path)
        process.kill()
        process.communicate()
        self.ended(path)
        self.assertEqual(fixer("--image", path)[1]["reason"], "REPAIRED")

    def test_daemon_killed(self):
        path = self.convert("disk.qcow2", "qcow2")
        before = self.hashes()
        process, daemon = self.stopped_in_the_middle(path)
        os.kill(daemon, signal.SIGKILL)
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate(timeout=60)
        self.assertIn(process.returncode, (3, 5), out)
        self.assertEqual(self.hashes(), before)

    def test_what_is_missing_is_named(self):
        path = self.convert("disk.qcow2", "qcow2")
        done = run(FIXER, "--image", path, "--json", env={"PATH": "/nowhere"})
        result = json.loads(done.stdout)
        self.assertEqual((done.returncode, result["reason"]), (3, "IMAGE_FORMAT"))
        self.assertIn("qemu-system-common", result["text"])
        no_fuse = f"mount -t tmpfs none /dev && mknod /dev/null c 1 3 && exec {FIXER} --image {path} --json"
        done = run("unshare", "-m", "sh", "-c", no_fuse)
        result = json.loads(done.stdout)
        self.assertEqual((done.returncode, result["reason"]), (3, "IMAGE_FORMAT"))
        self.assertIn("modprobe fuse", result["text"])

    def test_write_protected(self):
        """Found out before a bundle is saved."""
        path = self.convert("disk.qcow2", "qcow2")
        before = self.hashes()
        for options, expected in (((), (5, "CANNOT_OPEN")), (("--dry-run",), (0, "WOULD_REPAIR"))):
            protected = (f"mount --bind {path} {path} && mount -o remount,bind,ro {path} && "
                         f"exec {FIXER} --image {path} --json {' '.join(options)}")
            done = run("unshare", "-m", "sh", "-c", protected)
            result = json.loads(done.stdout)
            self.assertEqual((done.returncode, result["reason"]), expected, result)
        self.assertEqual(self.hashes(), before)

    def test_without_privilege(self):
        path = self.convert("disk.qcow2", "qcow2")
        for folder in (self.folder, self.work):
            os.chmod(folder, 0o755)
        for name in (self.work, path):
            os.chown(name, 65534, 65534)
        program = copy(FIXER, os.path.join(self.folder, "fixer"))
        done = run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "--image", path, "--json")
        result = json.loads(done.stdout)
        if result["reason"] == "IMAGE_FORMAT" and "namespace" in result["text"]:
            self.skipTest("skipped: no user namespaces here")
        self.assertEqual((done.returncode, result["reason"]), (0, "REPAIRED"), result)
        self.assertEqual(os.stat(result["bundle"]).st_uid, 65534)


if __name__ == "__main__":
    unittest.main()
