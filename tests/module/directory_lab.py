# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of directories share: certificates, recovery records as LDIF, and netmend-fetch with its socket."""
import base64
import json
import os
import re
import signal
import socket
import subprocess
import time
import uuid

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("B", os.path.join(REPO, "build")))
FETCH = os.path.join(BUILD, "netmend-fetch")
with open(FETCH, "rb") as program:
    SANITIZED = b"__asan_init" in program.read()


def run(*args, check=True, stdin=None, env=None, limit=60):
    done = subprocess.run(args, capture_output=True, text=True, timeout=limit, input=stdin,
                          env=dict(os.environ, **env) if env else None)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(args)}: {done.returncode}: {done.stderr}{done.stdout}")
    return done


def password_of(number):
    """A well-formed recovery password that tells which one it is."""
    groups = [number % 50000 + 1, number // 50000 + 1, 3, 4, 5, 6, 7, 8]
    return "-".join(f"{11 * g:06d}" for g in groups)


def guid_of(number):
    return str(uuid.UUID(int=0x063EA4E1220C4293BA01475462000000 + number)).upper()


def record(computer, guid, password, stamp="2024-07-19T04:09:00-00:00", named=None, order="bytes_le"):
    """LDIF that adds a msFVE-RecoveryInformation below the computer's DN, as Windows writes it. named: the GUID in its name."""
    name = f"{stamp}{{{named or guid}}}".replace("+", "\\+")
    dn = f"CN={name},{computer}"
    raw = base64.b64encode(getattr(uuid.UUID(guid), order)).decode()
    other = base64.b64encode(uuid.UUID("11223344-5566-7788-99AA-BBCCDDEEFF00").bytes_le).decode()
    return (f"dn:: {base64.b64encode(dn.encode()).decode()}\nchangetype: add\nobjectClass: top\n"
            f"objectClass: msFVE-RecoveryInformation\nmsFVE-RecoveryGuid:: {raw}\nmsFVE-VolumeGuid:: {other}\n"
            f"msFVE-RecoveryPassword: {password}\n\n")


def memory_of(pid):
    """All that the process can write to; as root."""
    with open(f"/proc/{pid}/maps") as f:
        ranges = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", f.read(), re.M)
    found = []
    with open(f"/proc/{pid}/mem", "rb", 0) as f:
        for begin, end in ranges:
            try:
                f.seek(int(begin, 16))
                found.append(f.read(int(end, 16) - int(begin, 16)).replace(bytes(4096), b"") + b"\0")
            except (OSError, ValueError):
                pass
    return b"".join(found)


def passwords_left(pid):
    """Forms of recovery passwords in the process's memory, once it had ten seconds: an answer is wiped after it is sent, and who asked may be
    here before that."""
    end = time.monotonic() + 10
    while True:
        left = re.findall(rb"(?:\d{6}-){3}\d{6}", memory_of(pid))
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.1)


class Pki:
    """An authority and a server certificate for dc1.lab.test; and what a stranger or a mistake would show."""

    def __init__(self, folder):
        os.makedirs(folder)
        self.folder = folder
        for ca in ("ca", "other-ca"):
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj", f"/CN=Lab {ca}", "-keyout", self.path(ca + ".key"), "-out", self.path(ca + ".pem"))
        self.make("dc1", "DNS:dc1.lab.test,DNS:dc2.lab.test,DNS:localhost,IP:127.0.0.1")
        self.make("elsewhere", "DNS:elsewhere.example")
        self.make("expired", "DNS:dc1.lab.test,IP:127.0.0.1", "-days", "-1")

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, names, *days):
        with open(self.path("ext"), "w") as f:
            f.write(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", self.path(name + ".key"), "-out", self.path("csr"))
        run("openssl", "x509", "-req", "-in", self.path("csr"), "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"),
            "-CAcreateserial", *(days or ("-days", "30")), "-extfile", self.path("ext"), "-out", self.path(name + ".pem"))
        os.chmod(self.path(name + ".key"), 0o600)

    def text(self, name="ca.pem"):
        with open(self.path(name)) as f:
            return f.read()


def settings(sources):
    """{name: options} of type ldap as serve writes them."""
    return json.dumps({"v": 1, "sources": [{"name": name, "type": "ldap", "options": options}
                                           for name, options in sources.items()]}).encode()


def settings_pipe(sources):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        text = settings(sources)
        while text:
            text = text[os.write(writing, text):]
        os._exit(0)
    os.close(writing)
    return reading


def check(sources, env=None):
    """What `netmend-fetch check` says: {name: (reason, text)}."""
    fd = settings_pipe(sources)
    done = subprocess.run([FETCH, "check", "--settings-fd", str(fd)], pass_fds=[fd], capture_output=True, text=True,
                          timeout=60, env=dict(os.environ, **env) if env else None)
    os.close(fd)
    os.wait()
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == (0 if all(row[2] == "OK" for row in rows) else 3), done
    return {name: (reason, text) for name, kind, reason, text in rows}


class Fetch:
    """netmend-fetch serve."""

    def __init__(self, folder, sources, env=None):
        self.path, self.log_path = os.path.join(folder, "fetch.sock"), os.path.join(folder, "fetch.log")
        fd = settings_pipe(sources)
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen([FETCH, "serve", "--settings-fd", str(fd), "--socket", self.path, "--escrow-uid",
                                             "64872"], pass_fds=[fd], stderr=log,
                                            env=dict(os.environ, **env) if env else None)
        os.close(fd)
        os.wait()
        self.wait_for(lambda: os.path.exists(self.path) and "ready" in self.log(), "its socket")
        self.id = 0
        self.socket = self.connect()

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def peak(self):
        """The most memory it ever had, in bytes."""
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(r"^VmHWM:\s+(\d+) kB", f.read(), re.M)[1]) << 10

    def wait_for(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                raise TimeoutError(f"no {what} in {seconds} s (exit {self.process.poll()}): {self.log()}")
            time.sleep(0.02)

    def connect(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.settimeout(40)
        client.connect(self.path)
        return client

    def question(self, source, guid, name=""):
        self.id += 1
        return json.dumps({"v": 1, "id": self.id, "op": "lookup", "source": source, "protector": guid,
                           "machine": {"name": name, "serial": "", "uuid": "", "mac": ""}}).encode()

    def lookup(self, guid, name="", source="ad"):
        """(reason, text, [(password, origin)])"""
        self.socket.send(self.question(source, guid, name))
        answer = json.loads(self.socket.recv(131072))
        assert answer["id"] == self.id, answer
        return answer["reason"], answer["text"], [(c["password"], c["origin"]) for c in answer["candidates"]]

    def status(self):
        """{name: {...}}"""
        self.socket.send(b'{"v":1,"id":0,"op":"status"}')
        return {s["name"]: s for s in json.loads(self.socket.recv(131072))["sources"]}

    def tested(self, source="ad"):
        """(reason, text) of the first self-test."""
        self.wait_for(lambda: self.status()[source]["checked"] > 0, "self-test", 40)
        status = self.status()[source]
        return status["reason"], status["text"]

    def pull(self, source="ad"):
        """(reason, text, [records]) over a connection of its own."""
        client, records = self.connect(), []
        client.send(json.dumps({"v": 1, "id": 1, "op": "pull", "source": source}).encode())
        while True:
            answer = json.loads(client.recv(131072))
            records += answer["records"]
            if answer["done"]:
                client.close()
                return answer["reason"], answer["text"], records

    def stop(self):
        self.socket.close()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        assert status == 0, f"exit {status}: {self.log()}"
