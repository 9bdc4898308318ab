# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server of Debian's package, in a folder of its own: on a Unix socket, and on loopback when asked for."""
import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time

from made_once import made_once

ACCOUNT = "nobody"  # the server refuses to run as root


def programs():
    """The newest version's folder, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return os.path.dirname(found[-1]) if found else None


class Postgres:
    """with Postgres() as server: server.url() is a database that exists and is empty."""

    def __init__(self, password=None, tls=None, settings=()):
        """password: who comes over TCP needs it; tls: (certificate, key) files; settings: lines of its configuration."""
        self.bin = programs()
        self.password = password
        self.tls = tls
        self.settings = settings
        self.process = None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="netmend-pg-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.data = f"{self.folder}/data"
        self.port = free_port()
        os.mkdir(self.data, 0o700)
        shutil.chown(self.data, ACCOUNT)
        sockets = f"{self.folder}/socket"
        os.mkdir(sockets)
        shutil.chown(sockets, ACCOUNT)
        os.chmod(sockets, 0o755)
        self.sockets = sockets
        kept = made_once("test-cache/postgres", [f"{self.bin}/initdb"], self.make_cluster)
        subprocess.run(["cp", "-a", kept + "/.", self.data], check=True)
        self.configure()
        self.start()
        if self.password:
            self.sql(f"ALTER ROLE netmend PASSWORD '{self.password}'", "postgres")
        self.create("netmend")
        return self

    def __exit__(self, *_):
        if self.process:
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def make_cluster(self, path):
        """In this server's folder, which its account can reach, then copied to the path."""
        made = f"{self.folder}/made"
        os.mkdir(made, 0o700)
        shutil.chown(made, ACCOUNT)
        self.run("initdb", "-D", made, "-U", "netmend", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--auth-local=trust",
                 "--auth-host=scram-sha-256")
        subprocess.run(["cp", "-a", made, path], check=True)

    def configure(self):
        lines = [f"unix_socket_directories = '{self.sockets}'", "listen_addresses = '127.0.0.1'", f"port = {self.port}",
                 "max_connections = 40", "shared_buffers = 32MB", "log_min_messages = warning", *self.settings]
        if self.tls:
            for name, source in zip(("server.crt", "server.key"), self.tls):
                shutil.copy(source, f"{self.data}/{name}")
                shutil.chown(f"{self.data}/{name}", ACCOUNT)
                os.chmod(f"{self.data}/{name}", 0o600)
            lines.append("ssl = on")
        with open(f"{self.data}/postgresql.conf", "a") as f:
            f.write("\n".join(lines) + "\n")

    def run(self, program, *arguments):
        return subprocess.run(self.argv(program, *arguments), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd="/").stdout

    def argv(self, program, *arguments):
        command = [f"{self.bin}/{program}", *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={ACCOUNT}", "--regid=nogroup", "--clear-groups", *command]
        return command

    def start(self):
        self.log = open(f"{self.folder}/log", "ab")
        self.process = subprocess.Popen(self.argv("postgres", "-D", self.data), stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, cwd="/")
        deadline = time.monotonic() + 20
        while subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.sockets, "-p", str(self.port)]).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(f"{self.folder}/log") as f:
                    raise RuntimeError("PostgreSQL does not start:\n" + f.read())
            time.sleep(0.05)

    def stop(self, mode="fast"):
        """fast: as an orderly restart does; immediate: as a crash does."""
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-s", "stop")
        self.process.wait()
        self.process = None
        self.log.close()

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def url(self, database="netmend"):
        """Over the Unix socket; no password."""
        return f"postgresql://netmend@/{database}?host={self.sockets}&port={self.port}"

    def tcp_url(self, database="netmend", host="127.0.0.1"):
        return f"postgresql://netmend@{host}:{self.port}/{database}"

    def sql(self, text, database="netmend"):
        """Rows as lists of texts."""
        out = self.run("psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", self.sockets,
                       "-p", str(self.port), "-U", "netmend", "-d", database, "-c", text)
        return [line.split("\x1f") for line in out.splitlines() if line]

    def create(self, database):
        self.sql(f"CREATE DATABASE {database}", "postgres")

    def drop(self, database):
        self.sql(f"DROP DATABASE {database} WITH (FORCE)", "postgres")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
