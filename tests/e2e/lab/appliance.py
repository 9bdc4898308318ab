# SPDX-License-Identifier: GPL-3.0-or-later
"""The appliance in its own network namespace, and what an operator and the page ask of it."""
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time

from . import net
from .isolate import build_path, repo_path
from .kernel import unpacked


class Appliance:
    def __init__(self, network, workdir):
        self.network, self.workdir = network, workdir
        self.state = f"{workdir}/state"
        self.config = f"{workdir}/netmend.conf"
        self.log_path = f"{workdir}/netmend.log"
        self.process = self.bearer = None
        os.makedirs(self.state, exist_ok=True)
        self.write_config()

    def write_config(self, scope="listed", extra="", templates=None):
        with open(self.config, "w") as f:
            f.write(f"""[server]
interface = eth0
state = {self.state}
runtime = /run/netmend

[boot]
kernel = {build_path('boot', 'vmlinuz')}
initrd = {build_path('boot', 'initrd.img')}
scope = {scope}

[web]
templates = {templates or repo_path('netboot')}
{extra}""")

    # --- process -------------------------------------------------------------------------------------------

    def start(self, timeout=90):
        log = open(self.log_path, "a")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", "app", build_path("netmend"), "serve", "--config", self.config],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + timeout
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"netmend serve ended with {self.process.returncode}: {self.log_tail()}")
            try:
                snapshot = self.snapshot()
                if snapshot["appliance"]["escrow"]["ok"] and snapshot["appliance"]["dhcp"]["ok"]:
                    return
            except (OSError, http.client.HTTPException, ValueError):
                snapshot = None
            if time.monotonic() > deadline:
                raise TimeoutError(f"the appliance is not ready: {snapshot and snapshot['appliance']}; {self.log_tail()}")
            time.sleep(0.1)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self):
        """As a power cut of the appliance: every process at once."""
        for pid in net.run("ip", "netns", "pids", "app").split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.process = None

    def pids(self, pattern):
        """Processes of the appliance whose command line matches."""
        found = []
        for pid in net.run("ip", "netns", "pids", "app").split():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    line = f.read().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if re.search(pattern, line):
                found.append(int(pid))
        return found

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def log_tail(self):
        return self.log()[-1500:] if os.path.exists(self.log_path) else ""

    # --- operator ------------------------------------------------------------------------------------------

    def command(self, *args, check=True, typed=""):
        """typed: what it reads on its standard input, such as a passphrase."""
        result = subprocess.run(["ip", "netns", "exec", "app", build_path("netmend"), *args, "--config", self.config],
                                capture_output=True, text=True, input=typed)
        if check and result.returncode != 0:
            raise RuntimeError(f"netmend {' '.join(args)}: {result.returncode}: {result.stderr}{result.stdout}")
        return result

    def import_keys(self, rows):
        """rows: (protector GUID, recovery password, host name). The CSV is removed again at once."""
        path = f"/run/keys-{time.monotonic_ns()}.csv"
        with open(path, "w") as f:
            f.write('"Hostname","KeyID","RecoveryKey"\n')
            for guid, password, host in rows:
                f.write(f'"{host}","{guid}","{password}"\n')
        try:
            return self.command("keys", "import", path)
        finally:
            os.unlink(path)

    def add(self, machine):
        self.command("machines", "add", machine.mac, machine.name)

    # --- what the page sees ----------------------------------------------------------------------------------

    def sign_in(self, name, password):
        """Makes a viewer's account; returns the cookie of his login, "name=value"."""
        self.command("user", "add", name, "--role", "viewer", "--password-file", "-", typed=password + "\n")
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(net.APPLIANCE, timeout=30, context=context)
        try:
            connection.request("POST", "/api/v1/login", json.dumps({"v": 1, "name": name, "password": password}))
            answer = connection.getresponse()
            body, cookie = answer.read(), answer.getheader("Set-Cookie")
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(f"login: {answer.status} {body[:200]!r}")
        return cookie.split(";")[0]

    def get(self, path, timeout=30):
        context = ssl._create_unverified_context()  # the page's certificate is the appliance's own
        connection = http.client.HTTPSConnection(net.APPLIANCE, timeout=timeout, context=context)
        if not self.bearer:
            self.bearer = self.command("user", "token", "add", "tests", "--role", "admin").stdout.strip()
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.bearer}"})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(f"GET {path}: {answer.status} {body[:200]!r}")
        return body

    def snapshot(self):
        return json.loads(self.get("/api/v1/snapshot"))

    def row(self, machine):
        """The machine's row on the page, or None."""
        return next((r for r in self.snapshot()["machines"] if r["mac"].lower() == machine.mac), None)

    def detail(self, machine):
        return json.loads(self.get(f"/api/v1/machines/{self.row(machine)['id']}"))

    def wait_row(self, machine, timeout, state=None, reason=None):
        """Until the page shows that state and reason for the machine; returns the row."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                row = self.row(machine)
            except (OSError, http.client.HTTPException):
                row = None
            if row and state in (None, row["state"]) and reason in (None, row["reason"]):
                return row
            if time.monotonic() > deadline:
                seen = row and {k: row[k] for k in ("state", "reason", "text", "attempt")}
                raise TimeoutError(f"{machine.name}: not {state}/{reason} in {timeout} s but {seen}; "
                                   f"serial ends: {machine.serial()[-500:]!r}")
            time.sleep(0.2)

    def direct_boot(self, machine, address, packed=False):
        """What iPXE would start on that machine, asked for with its MAC and from its address: (kernel, initrd, command
        line). For tests that are not about firmware. packed: the kernel as it is on the wire (kernel.py)."""
        query = (f"/boot/ipxe?mac={machine.mac.replace(':', '-')}&uuid={machine.uuid}&serial={machine.serial_number}"
                 f"&asset=&manufacturer=Lab&product=Office%20PC&platform=efi&buildarch=x86_64&ip={address}")
        with self.network.as_address(address):
            connection = http.client.HTTPConnection(net.APPLIANCE, timeout=60, source_address=(address, 0))
            connection.request("GET", query)
            script = connection.getresponse().read().decode()
            connection.close()
        match = re.search(r"^kernel (?:--\S+ \S+ )*(\S+) (.*?)(?: \|\| .*)?$", script, re.M)
        if not match:
            raise RuntimeError(f"no kernel in the script for {machine.name}: {script!r}")
        vmlinuz = build_path("boot", "vmlinuz")
        return vmlinuz if packed else unpacked(vmlinuz), build_path("boot", "initrd.img"), match.group(2)


def tcp_answers(address, port, timeout=1):
    try:
        with socket.create_connection((address, port), timeout):
            return True
    except OSError:
        return False
