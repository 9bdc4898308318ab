# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenLDAP's slapd with recovery records: starts in a moment, needs no root, knows nothing of confidential attributes."""
import os
import shutil
import socket
import subprocess
import time

from directory_lab import run

SUFFIX = "dc=lab,dc=test"
ADMIN, ADMIN_PASSWORD = f"cn=admin,{SUFFIX}", "admin"
USER, PASSWORD = f"cn=svc,{SUFFIX}", "svcpw"  # reads everything
HALF = f"cn=half,{SUFFIX}"  # sees records, not their passwords
BLIND = f"cn=blind,{SUFFIX}"  # sees no records

# Names, OIDs and syntaxes are Active Directory's; whenCreated is an attribute like any other here.
SCHEMA = """objectidentifier MSAttr 1.2.840.113556.1.4
attributetype ( MSAttr:1965 NAME 'msFVE-RecoveryGuid' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40{128} SINGLE-VALUE )
attributetype ( MSAttr:1998 NAME 'msFVE-VolumeGuid' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40{128} SINGLE-VALUE )
attributetype ( MSAttr:1964 NAME 'msFVE-RecoveryPassword' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.2 NAME 'whenCreated' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.253 NAME 'msFVE-RecoveryInformation' SUP top STRUCTURAL MUST ( cn $ msFVE-RecoveryPassword $ msFVE-RecoveryGuid ) MAY ( msFVE-VolumeGuid $ whenCreated ) )
objectclass ( 1.2.840.113556.1.3.30 NAME 'computer' SUP top STRUCTURAL MUST cn )
"""
CONFIG = """include /etc/ldap/schema/core.schema
include {folder}/msfve.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCACertificateFile {ca}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
sizelimit size.soft=unlimited size.hard=unlimited size.pr=500
{more}
database mdb
maxsize 268435456
suffix "{suffix}"
rootdn "{admin}"
rootpw {admin_password}
directory {folder}/db
dbnosync
index objectClass,msFVE-RecoveryGuid eq
access to attrs=userPassword by anonymous auth by * none
access to attrs=msFVE-RecoveryPassword by dn.exact="{user}" read by * none
access to filter=(objectClass=msFVE-RecoveryInformation) by dn.exact="{user}" read by dn.exact="{half}" read by * none
access to * by users read by * none
"""


def person(dn):
    name = dn.split("=")[1].split(",")[0]
    return f"dn: {dn}\nchangetype: add\nobjectClass: person\nsn: {name}\ncn: {name}\nuserPassword: {PASSWORD}\n\n"


def computer(name, below=SUFFIX):
    return f"dn: cn={name},{below}\nchangetype: add\nobjectClass: computer\ncn: {name}\n\n"


class Slapd:
    """On two ports: ldap (with StartTLS) and ldaps. plain: no TLS at all."""

    def __init__(self, folder, pki, port, certificate="dc1", more=""):
        self.folder, self.port = folder, port
        self.plain, self.tls = f"ldap://127.0.0.1:{port}", f"ldaps://127.0.0.1:{port + 1}"
        self.process = None
        os.makedirs(os.path.join(folder, "db"))
        with open(os.path.join(folder, "msfve.schema"), "w") as f:
            f.write(SCHEMA)
        with open(os.path.join(folder, "slapd.conf"), "w") as f:
            f.write(CONFIG.format(folder=folder, ca=pki.path("ca.pem"), certificate=pki.path(certificate + ".pem"),
                                  key=pki.path(certificate + ".key"), suffix=SUFFIX, admin=ADMIN,
                                  admin_password=ADMIN_PASSWORD, user=USER, half=HALF, more=more))
        self.start()
        self.change("dn: dc=lab,dc=test\nchangetype: add\nobjectClass: dcObject\nobjectClass: organization\no: lab\ndc: lab\n\n"
                    + person(USER) + person(HALF) + person(BLIND))

    def start(self):
        with open(os.path.join(self.folder, "log"), "a") as log:
            self.process = subprocess.Popen([shutil.which("slapd", path="/usr/sbin:/usr/bin"), "-f", self.folder + "/slapd.conf",
                                             "-h", f"{self.plain} {self.tls}", "-d", "0"], stdout=log, stderr=log)
        end = time.monotonic() + 60
        while True:
            try:
                for port in (self.port, self.port + 1):
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    with open(os.path.join(self.folder, "log")) as f:
                        raise RuntimeError("slapd does not start: " + f.read()) from None
                time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def change(self, ldif):
        run("ldapmodify", "-x", "-H", self.plain, "-D", ADMIN, "-w", ADMIN_PASSWORD, stdin=ldif)

    def load(self, ldif):
        """Many records, fast: while slapd is not running."""
        self.stop()
        run("/usr/sbin/slapadd", "-q", "-f", self.folder + "/slapd.conf",
            stdin="".join(line + "\n" for line in ldif.split("\n") if line != "changetype: add"))
        self.start()
