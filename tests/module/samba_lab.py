# SPDX-License-Identifier: GPL-3.0-or-later
"""A Samba domain controller of the domain lab.test on the loopback, with computers, accounts of three kinds of rights and
recovery records that the computers wrote themselves.

Its ports are fixed and it must be root: enter() starts the test program again in network and mount namespaces of its own,
where dc1.lab.test and dc2.lab.test are names of 127.0.0.1.
"""
import base64
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

from directory_lab import Pki, record, run
from made_once import made_once

MARK = "NETMEND_SAMBA_LAB"
REALM, DOMAIN, BASE = "LAB.TEST", "LAB", "DC=lab,DC=test"
FLOOR = f"OU=Workstations,{BASE}"
ADMIN_PASSWORD, USER_PASSWORD, MACHINE_PASSWORD = "Passw0rd!23", "Svc-Passw0rd!1", "Mach-Passw0rd!1"
FULL, HALF, BLIND = "svc-netmend", "svc-half", "svc-blind"  # reads passwords; sees records without; sees none
CLASS, ATTRIBUTE = "ea715d30-8f53-40d0-bd1e-6109186d782c", "43061ac1-c8ad-4ccc-b785-2bfac20fc60a"
SMB_CONF = """[global]
netbios name = DC1
realm = {realm}
workgroup = {domain}
server role = active directory domain controller
interfaces = 127.0.0.1/8 {address}/24
bind interfaces only = yes
server services = ldap, cldap, kdc
private dir = {folder}/private
state directory = {folder}/state
cache directory = {folder}/cache
lock directory = {folder}
pid directory = {folder}/run
ncalrpc dir = {folder}/run/ncalrpc
ntp signd socket directory = {folder}/run/ntp_signd
winbindd socket directory = {folder}/run/winbindd
binddns dir = {folder}/bind-dns
log file = {folder}/log
ldap server require strong auth = {strong}
tls enabled = yes
tls keyfile = {pki}/dc1.key
tls certfile = {pki}/dc1.pem
tls cafile = {pki}/ca.pem
"""
KRB5_CONF = """[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
rdns = false
dns_canonicalize_hostname = false
[realms]
{realm} = {{
kdc = 127.0.0.1:88
}}
[domain_realm]
.lab.test = {realm}
"""


def enter():
    """Returns inside; prints "skipped" and ends without root or Samba."""
    if os.environ.get(MARK) != "1":
        if os.geteuid() != 0 or not shutil.which("samba", path="/usr/sbin") or not shutil.which("samba-tool"):
            print("skipped: needs root and samba (make deps)")
            sys.exit(0)
        sys.exit(subprocess.call(["unshare", "--fork", "--pid", "--mount-proc", "--mount", "--net", "--kill-child=SIGKILL",
                                  sys.executable, *sys.argv], env=dict(os.environ, **{MARK: "1"})))
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    run("ip", "link", "set", "lo", "up")
    name_controllers("127.0.0.1")


def name_controllers(address):
    """In a mount namespace of its own: dc1.lab.test and dc2.lab.test are there."""
    with open("/run/hosts", "w") as f:
        f.write(f"127.0.0.1 localhost\n{address} dc1.lab.test dc1\n{address} dc2.lab.test dc2\n")
    run("mount", "--bind", "/run/hosts", "/etc/hosts")


def unicode_password(text):
    return "unicodePwd:: " + base64.b64encode(f'"{text}"'.encode("utf-16-le")).decode()


def user(name):
    return (f"dn: CN={name},CN=Users,{BASE}\nchangetype: add\nobjectClass: user\nsAMAccountName: {name}\n"
            f"userAccountControl: 512\n{unicode_password(USER_PASSWORD)}\n\n")


def computer(name, below=FLOOR):
    return (f"dn: CN={name},{below}\nchangetype: add\nobjectClass: computer\nsAMAccountName: {name}$\n"
            f"userAccountControl: 4096\n{unicode_password(MACHINE_PASSWORD)}\n\n")


def sid_text(raw):
    count = raw[1]
    return f"S-{raw[0]}-{int.from_bytes(raw[2:8], 'big')}" + "".join(
        f"-{n}" for n in struct.unpack_from(f"<{count}I", raw, 8))


class Samba:
    """before: what its command line begins with, such as `ip netns exec`; address: where it is asked."""

    def __init__(self, folder, address="127.0.0.1", before=()):
        self.address, self.before = address, list(before)
        self.folder = os.path.join(folder, "samba")
        self.pki = Pki(os.path.join(folder, "pki"))
        self.config = self.folder + "/etc/smb.conf"
        self.process = None
        run("cp", "-a", made_once("test-cache/samba", [shutil.which("samba-tool"), __file__], self.provision), self.folder)
        for name in ("etc", "run", "state", "cache"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        self.configure()
        self.krb5 = os.path.join(folder, "krb5.conf")
        with open(self.krb5, "w") as f:
            f.write(KRB5_CONF.format(realm=REALM))
        os.environ["LDAPTLS_CACERT"] = self.pki.path("ca.pem")
        self.start()
        self.seed()

    def provision(self, path):
        """A new domain, nothing but its names in it. Made beside this one and copied: where that is in memory, Samba waits for no disk."""
        made = self.folder + "-made"
        run("samba-tool", "domain", "provision", f"--targetdir={made}", f"--realm={REALM}", f"--domain={DOMAIN}",
            "--server-role=dc", "--dns-backend=SAMBA_INTERNAL", "--host-name=dc1", "--host-ip=127.0.0.1",
            f"--adminpass={ADMIN_PASSWORD}", "--option=interfaces=lo", "--option=bind interfaces only=yes", limit=600)
        run("cp", "-a", made, path)
        shutil.rmtree(made)

    def configure(self, strong="yes"):
        with open(self.config, "w") as f:
            f.write(SMB_CONF.format(realm=REALM, domain=DOMAIN, folder=self.folder, pki=self.pki.folder, strong=strong,
                                    address=self.address))

    def start(self):
        with open(self.folder + "/stdout", "a") as log:
            self.process = subprocess.Popen([*self.before, "/usr/sbin/samba", "-s", self.config, "--foreground", "--no-process-group",
                                             "--model=single"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 60
        for port in (389, 636, 3268, 3269, 88):
            while True:
                try:
                    socket.create_connection((self.address, port), timeout=1).close()
                    break
                except OSError:
                    if self.process.poll() is not None or time.monotonic() > end:
                        with open(self.folder + "/stdout") as f:
                            raise RuntimeError("samba does not start: " + f.read()) from None
                    time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def change(self, ldif, name="Administrator", password=ADMIN_PASSWORD):
        run("ldapmodify", "-x", "-H", "ldaps://dc1.lab.test", "-D", f"{DOMAIN}\\{name}", "-w", password, stdin=ldif)

    def search(self, expression, *attributes):
        return run("ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", "ldaps://dc1.lab.test", "-D",
                   f"{DOMAIN}\\Administrator", "-w", ADMIN_PASSWORD, "-b", BASE, expression, *attributes).stdout

    def writes(self, name, guid, password, below=FLOOR, **more):
        """A record below a computer's own entry, by the computer's own account, as Windows does."""
        self.change(record(f"CN={name},{below}", guid, password, **more), f"{name}$", MACHINE_PASSWORD)

    def seed(self):
        self.change(f"dn: {FLOOR}\nchangetype: add\nobjectClass: organizationalUnit\n\n"
                    + user(FULL) + user(HALF) + user(BLIND) + computer("PC01") + computer("PC02")
                    + f"dn: CN=DC1,OU=Domain Controllers,{BASE}\nchangetype: modify\nadd: servicePrincipalName\n"
                      "servicePrincipalName: ldap/dc1.lab.test\nservicePrincipalName: ldap/DC1\n\n")
        self.delegate(FULL, f"(OA;CIIO;RPLCLO;;{CLASS};%s)(OA;CIIO;CR;{ATTRIBUTE};{CLASS};%s)")
        self.delegate(HALF, f"(OA;CIIO;RPLCLO;;{CLASS};%s)")

    def delegate(self, name, sddl, where=FLOOR):
        """The rights that appliance/fetch/README.md tells an administrator to give."""
        sid = sid_text(base64.b64decode(re.search(r"^objectSid:: (\S+)$", self.search(f"(sAMAccountName={name})", "objectSid"),
                                                  re.M)[1]))
        run("samba-tool", "dsacl", "set", "-s", self.config, "-H", self.folder + "/private/sam.ldb", f"--objectdn={where}",
            "--sddl=" + sddl.replace("%s", sid))

    def keytab(self, name):
        path = os.path.join(self.folder, name + ".keytab")
        run("samba-tool", "domain", "exportkeytab", path, f"--principal={name}", "-s", self.config)
        return path

    def options(self, **changed):
        """Of a source that works, or with changes; None takes a key away."""
        options = {"url": "ldaps://dc1.lab.test", "user": f"{DOMAIN}\\{FULL}", "password": USER_PASSWORD, "ca": self.pki.text()}
        options.update(changed)
        return {key: value for key, value in options.items() if value is not None}


class Forwarder:
    """Another controller, as far as a client can tell: passes a port on, and can be switched off."""

    def __init__(self, port, to=636):
        self.port, self.to, self.connections, self.seen = port, to, [], 0
        self.listener = None
        self.on()

    def on(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def off(self):
        if self.listener.fileno() < 0:
            return
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()
        self.connections = []

    def accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            self.seen += 1
            far = socket.create_connection(("127.0.0.1", self.to))
            self.connections += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=(a, b), daemon=True).start()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
