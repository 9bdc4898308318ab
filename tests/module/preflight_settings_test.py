# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend preflight --settings`: word for word, and in the real Kea, ISC dhcpd and dnsmasq, whose answers to firmware and iPXE are read.
Microsoft's, UniFi's and the switches' are text nobody here can run."""
import difflib
import json
import os
import socket
import subprocess
import time
import unittest

import appliance_lab as lab

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "preflight_settings")
NAMES = ("kea", "isc", "dnsmasq", "microsoft", "unifi", "cisco", "juniper", "aruba")
PROGRAM, SCRIPT = "x64/shimx64.efi", f"http://{lab.SERVER}/boot.ipxe"

# (vendor class, architecture, user class): the file each is sent to.
TABLE = {("PXEClient", 0, None): "undionly.kpxe", ("PXEClient", 7, None): PROGRAM, ("PXEClient", 9, None): PROGRAM,
         ("PXEClient", 0, "iPXE"): SCRIPT, ("PXEClient", 7, "iPXE"): SCRIPT, ("PXEClient", 11, None): "",
         ("HTTPClient", 16, None): f"http://{lab.SERVER}/boot/x64/snponly.efi", (None, None, None): ""}


def settings(name, server="", boot=""):
    place = lab.Appliance(f"settings-{time.monotonic_ns()}", server=server, boot=boot)
    return place.command("preflight", "--settings", name).stdout


class Golden(unittest.TestCase):
    def test_every_word(self):
        """KEEP=1 writes them anew; then git diff is to be read."""
        for name in NAMES:
            path = os.path.join(GOLDEN, name)
            text = settings(name, server="http-port = 8080")
            self.assertNotIn("@", text)
            if os.environ.get("KEEP"):
                with open(path, "w") as f:
                    f.write("# SPDX-License-Identifier: GPL-3.0-or-later\n" + text)
            with open(path) as f:
                wanted = f.read().split("\n", 1)[1]
            self.assertEqual(text, wanted, "\n".join(difflib.unified_diff(wanted.splitlines(), text.splitlines(), path, "now")))

    def test_all_are_named_by_help(self):
        self.assertIn("--settings " + "|".join(NAMES), lab.run(f"{lab.BIN}/netmend", "preflight", "--help").stdout)

    def test_without_the_signed_chain(self):
        text = settings("kea", boot="uefi = ipxe")
        self.assertIn("x64/snponly.efi", text)
        self.assertNotIn("shim", text)


class Server:
    """One server of the site, with our lines and a network; asked as machines do. It is at the client's end, the machines at ours."""

    def setUp(self):
        self.folder = f"/run/{type(self).__name__}"
        os.makedirs(self.folder)
        self.write(settings(self.name))
        self.check()
        with open(f"{self.folder}/log", "w") as log:
            process = subprocess.Popen(["ip", "netns", "exec", "client", *self.command()], stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL, env=dict(os.environ, **self.env))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")
        self.socket.bind(("0.0.0.0", 68))

    env = {}

    def answer(self, number, vendor, arch, user_class):
        """The offer, asked for again each second until it comes."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            xid, data = lab.make_packet(lab.DISCOVER, f"52:54:00:30:00:{number:02x}",
                                        f"{vendor}:Arch:{arch:05d}:UNDI:003016" if vendor else "MSFT 5.0", arch, user_class)
            self.socket.sendto(data, ("255.255.255.255", 67))
            self.socket.settimeout(1)
            try:
                while True:
                    reply = self.socket.recv(4096)
                    # An offer to the same machine's question before this one is as good.
                    if reply[28:34] == data[28:34]:
                        return reply
            except socket.timeout:
                pass
        with open(f"{self.folder}/log") as f:
            self.fail(f"no answer: {f.read()}")

    def test_answers(self):
        for number, (kind, file) in enumerate(TABLE.items()):
            reply = self.answer(number, *kind)
            self.assertEqual(reply[108:236].split(b"\0")[0].decode(), file, kind)
            self.assertEqual(socket.inet_ntoa(reply[20:24]), lab.SERVER if file or self.next_server_for_all else self.own, kind)
            if kind[0] == "HTTPClient":
                self.assertIn(bytes([60, 10]) + b"HTTPClient", reply[240:])

    next_server_for_all, own = True, None


class Kea(Server, unittest.TestCase):
    name = "kea"
    env = {"KEA_PIDFILE_DIR": "/run/Kea", "KEA_LOCKFILE_DIR": "none"}

    def write(self, text):
        ours = json.loads("\n".join(line for line in text.splitlines() if not line.startswith("#")))
        ours["Dhcp4"] |= {
            "interfaces-config": {"interfaces": ["cl0"], "dhcp-socket-type": "raw"},
            "lease-database": {"type": "memfile", "persist": False},
            "loggers": [{"name": "kea-dhcp4", "severity": "WARN", "output_options": [{"output": "stdout"}]}],
            "subnet4": [{"subnet": f"{lab.NETWORK}.0/24", "pools": [{"pool": f"{lab.NETWORK}.150 - {lab.NETWORK}.190"}]}]}
        with open(f"{self.folder}/printed", "w") as f:
            f.write(text)
        with open(f"{self.folder}/conf", "w") as f:
            json.dump(ours, f)

    def check(self):
        lab.run("kea-dhcp4", "-t", f"{self.folder}/printed", env=dict(os.environ, **self.env))

    def command(self):
        return ["kea-dhcp4", "-c", f"{self.folder}/conf"]


class Isc(Server, unittest.TestCase):
    name = "isc"

    def write(self, text):
        with open(f"{self.folder}/printed", "w") as f:
            f.write(text)
        with open(f"{self.folder}/conf", "w") as f:
            f.write(f"ping-check false;\n{text}\nsubnet {lab.NETWORK}.0 netmask 255.255.255.0 {{ range {lab.NETWORK}.150 {lab.NETWORK}.190; }}\n")
        with open(f"{self.folder}/leases", "w"):
            pass

    def check(self):
        lab.run("dhcpd", "-t", "-cf", f"{self.folder}/printed")
        lab.run("dhcpd", "-t", "-cf", f"{self.folder}/conf")

    def command(self):
        return ["dhcpd", "-4", "-f", "-cf", f"{self.folder}/conf", "-lf", f"{self.folder}/leases", "--no-pid", "cl0"]


class Dnsmasq(Server, unittest.TestCase):
    # It names itself where no line of ours fits.
    name, next_server_for_all, own = "dnsmasq", False, lab.CLIENT

    def write(self, text):
        with open(f"{self.folder}/conf", "w") as f:
            f.write(text)

    def check(self):
        lab.run("dnsmasq", "--test", "-C", f"{self.folder}/conf")

    def command(self):
        return ["dnsmasq", "--keep-in-foreground", f"--conf-file={self.folder}/conf", "--port=0", "--interface=cl0", "--bind-interfaces",
                "--no-ping", f"--dhcp-range={lab.NETWORK}.150,{lab.NETWORK}.190,1h", f"--dhcp-leasefile={self.folder}/leases",
                "--log-facility=-", "--user=root", "--pid-file="]


if __name__ == "__main__":
    lab.enter()
    unittest.main()
