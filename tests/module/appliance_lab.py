# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend serve` on a network of its own: a server end (eth0, 10.77.0.1) and a client end with a synthetic DHCP client.

enter() starts the test program again in new network, mount and process namespaces; whatever ends it, the kernel clears all
of it away. Everything is under a private /run, which every user may pass through.
"""
import ctypes
import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import urllib.request

MARK = "NETMEND_MODULE_LAB"
REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("B", os.path.join(REPO, "build")))
BIN = "/run/bin"
SERVER, CLIENT, NETWORK = "10.77.0.1", "10.77.0.2", "10.77.0"
CLONE_NEWNET = 0x40000000


def run(*args, check=True, **settings):
    done = subprocess.run(args, capture_output=True, text=True, timeout=60, **settings)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(args)}: {done.returncode}: {done.stderr}{done.stdout}")
    return done


def enter():
    """Returns inside; prints "skipped" and ends without root."""
    if os.environ.get(MARK) != "1":
        if os.geteuid() != 0:
            print("skipped: needs root for network namespaces")
            sys.exit(0)
        command = ["unshare", "--fork", "--pid", "--mount-proc", "--mount", "--net", "--kill-child=SIGKILL",
                   sys.executable, *sys.argv]
        sys.exit(subprocess.call(command, env=dict(os.environ, **{MARK: "1"})))
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    os.makedirs("/run/netns")
    os.makedirs(BIN)
    for name in ("netmend", "netmend-escrow", "netmend-fetch", "netmend-power", "netmend-hooks"):
        shutil.copy(os.path.join(BUILD, name), BIN)
    shutil.copytree(os.path.join(REPO, "netboot"), "/run/netboot")
    for place, _, files in os.walk("/run/netboot"):
        os.chmod(place, 0o755)
        for file in files:
            os.chmod(os.path.join(place, file), 0o644)
    for name in ("kernel", "initrd"):
        with open(f"/run/{name}", "wb") as f:
            f.write(name.encode() * 1000)
    run("ip", "netns", "add", "client")
    run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "cl0", "netns", "client")
    run("ip", "addr", "add", f"{SERVER}/24", "dev", "eth0")
    run("ip", "-n", "client", "addr", "add", f"{CLIENT}/24", "dev", "cl0")
    for where in ([], ["-n", "client"]):
        run("ip", *where, "link", "set", "lo", "up")
    # Without IPv6: an address that becomes valid seconds later ends every request Chromium has open ("network changed").
    run("ip", "link", "set", "eth0", "addrgenmode", "none", "up")
    run("ip", "-n", "client", "link", "set", "cl0", "addrgenmode", "none", "up")
    run("ip", "-n", "client", "route", "add", "default", "dev", "cl0")


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not in {seconds} s")
        time.sleep(0.05)


class InClient:
    """With-block in the client's network: sockets made there stay there."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(self, path):
        with open(path, "rb") as f:
            if self.libc.setns(f.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def __enter__(self):
        self.home = open("/proc/thread-self/ns/net", "rb")
        self.enter("/run/netns/client")

    def __exit__(self, *_):
        if self.libc.setns(self.home.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        self.home.close()


# --- the synthetic DHCP client ---------------------------------------------------------------------------------

COOKIE = b"\x63\x82\x53\x63"
DISCOVER, REQUEST = 1, 3


def pxe(arch):
    return f"PXEClient:Arch:{arch:05d}:UNDI:003016"


def make_packet(kind, mac, vendor, arch=None, user_class=None, ciaddr="0.0.0.0", uuid=None, offer=None):
    """(xid, BOOTREQUEST): RFC 951 header, RFC 2131 cookie, options. uuid: of SMBIOS, else one made of the MAC. offer: the one that a
    REQUEST takes."""
    xid = random.getrandbits(32)
    hardware = bytes.fromhex(mac.replace(":", ""))
    flags = 0x8000 if ciaddr == "0.0.0.0" else 0
    header = struct.pack("!4BIHH4s12x16s192x", 1, 1, 6, 0, xid, 0, flags, socket.inet_aton(ciaddr), hardware)
    options = {53: bytes([kind]), 55: bytes([1, 3, 6, 43, 54, 60, 66, 67, 97]), 60: vendor.encode(),
               97: b"\0" + (uuid.bytes_le if uuid else hashlike(mac))}
    if arch is not None:
        options[93] = struct.pack("!H", arch)
        options[94] = b"\1\3\x10"
    if user_class:
        options[77] = user_class.encode()
    if offer:
        options[50], options[54] = socket.inet_aton(offer["yiaddr"]), offer["server"]
    return xid, header + COOKIE + b"".join(bytes([c, len(v)]) + v for c, v in options.items()) + b"\xff"


def hashlike(mac):
    return bytes.fromhex(mac.replace(":", "")) + bytes(10)


def parse_reply(data):
    options, at = {}, 240
    while at + 1 < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        options[data[at]] = data[at + 2:at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return {"type": options.get(53, b"\0")[0], "yiaddr": socket.inet_ntoa(data[16:20]),
            "siaddr": socket.inet_ntoa(data[20:24]), "file": data[108:236].split(b"\0")[0].decode(),
            "router": options.get(3, b""), "dns": options.get(6, b""), "server": options.get(54, b"")}


class Client:
    """One that answers to no MAC of its own: the packets say who asks."""

    def __init__(self):
        with InClient():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"cl0\0")
            self.socket.bind(("0.0.0.0", 68))

    def close(self):
        self.socket.close()

    def ask(self, mac, vendor, arch=None, user_class=None, proxy=False, wait=0.6, uuid=None, offer=None):
        """The first answer, or None. proxy: the second question of PXE, to port 4011. offer: the one that is taken."""
        if proxy:
            xid, data = make_packet(REQUEST, mac, vendor, arch, user_class, CLIENT, uuid)
            self.socket.sendto(data, (SERVER, 4011))
        else:
            xid, data = make_packet(REQUEST if offer else DISCOVER, mac, vendor, arch, user_class, uuid=uuid, offer=offer)
            self.socket.sendto(data, ("255.255.255.255", 67))
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                reply = self.socket.recv(4096)
            except socket.timeout:
                return None
            if len(reply) > 240 and struct.unpack("!I", reply[4:8])[0] == xid:
                return parse_reply(reply)
        return None

    def uefi(self, mac, **settings):
        return self.ask(mac, pxe(7), 7, **settings)


# --- the appliance -----------------------------------------------------------------------------------------------

class Appliance:
    """One configuration in one folder of /run. images: the folder of kernel and initrd."""

    def __init__(self, name, server="", boot="", rest="", images="/run"):
        self.folder = f"/run/{name}"
        self.state, self.runtime = self.folder + "/state", self.folder + "/run"
        self.config, self.log_path = self.folder + "/netmend.conf", self.folder + "/log"
        self.process = self.bearer = self.cookie = None
        os.makedirs(self.folder)
        with open(self.config, "w") as f:
            f.write(f"[server]\ninterface = eth0\nstate = {self.state}\nruntime = {self.runtime}\n{server}\n"
                    f"[boot]\nkernel = {images}/kernel\ninitrd = {images}/initrd\n{boot}\n"
                    f"[web]\ntemplates = /run/netboot\n{rest}\n")

    def command(self, *args, check=True, stdin=""):
        return run(f"{BIN}/netmend", *args, "--config", self.config, check=check, input=stdin)

    def start(self, dhcp="dnsmasq answers"):
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen([f"{BIN}/netmend", "serve", "--config", self.config], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        self.wait_for(lambda: dhcp in self.snapshot()["appliance"]["dhcp"]["text"], "the appliance")

    def stop(self):
        """Seconds it took."""
        begun = time.monotonic()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        return time.monotonic() - begun

    def wait_for(self, condition, what, seconds=60):
        """Until condition() is true; errors of a server that isn't there yet count as false."""
        end = time.monotonic() + seconds
        while True:
            try:
                if condition():
                    return
            except (OSError, ValueError):
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                raise TimeoutError(f"no sign of {what} in {seconds} s: {self.log()[-2000:]}")
            time.sleep(0.05)

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def get(self, path, port=443):
        """With an admin's API token."""
        context = ssl._create_unverified_context()  # the appliance's certificate is its own
        if not self.bearer:
            self.bearer = self.command("user", "token", "add", "tests", "--role", "admin").stdout.strip()
        request = urllib.request.Request(f"https://{SERVER}:{port}{path}", headers={"Authorization": f"Bearer {self.bearer}"})
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return answer.read()

    def admin(self, name="anna", password="correct horse battery"):
        """The cookie of a login, "name=value", of an admin made at the command line."""
        if not self.cookie:
            self.command("user", "add", name, "--role", "admin", "--password-file", "-", stdin=password + "\n")
            request = urllib.request.Request(f"https://{SERVER}/api/v1/login", json.dumps(
                {"v": 1, "name": name, "password": password}).encode())
            with urllib.request.urlopen(request, timeout=30, context=ssl._create_unverified_context()) as answer:
                self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return self.cookie

    def snapshot(self):
        return json.loads(self.get("/api/v1/snapshot"))

    def children(self):
        """{name: pid} of the processes serve has started."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().decode().split("\0")
                with open(f"/proc/{pid}/stat") as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if self.process and parent == self.process.pid and words[0]:
                name = os.path.basename(words[0])
                found[words[1] if name == "netmend" else name] = int(pid)
        return found


def status_of(pid):
    """{field: text} of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as f:
        return dict(re.findall(r"^(\w+):\s*(.*)$", f.read(), re.M))
