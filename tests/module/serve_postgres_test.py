#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend serve` whose store is a PostgreSQL reached by name over TLS, with a password: also when that server was away."""
import glob
import json
import os
import re
import ssl
import time
import unittest
import urllib.request

import appliance_lab as lab
import postgres_lab
from hooks_lab import SECRET, Receiver, certificate, until
from web_server import event, events, hello

lab.enter()

PASSWORD = "two words & a %/slash"
NAME = "db.netmend.test"
MAC = "52:54:00:12:34:56"
AWAY = 4  # seconds: ticks of web, each of which finds the store away


def certificates(folder):
    """(CA, (certificate, key) of NAME)"""
    ca, cert = f"{folder}/ca", f"{folder}/server"
    for name, *more in ((ca, "-subj", "/CN=lab"), (cert, "-subj", f"/CN={NAME}", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-addext",
                                                   "basicConstraints=critical,CA:FALSE", "-addext", f"subjectAltName=DNS:{NAME}")):
        lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-keyout", f"{name}.key", "-out", f"{name}.pem", *more)
    return f"{ca}.pem", (f"{cert}.pem", f"{cert}.key")


def post(path, body):
    request = urllib.request.Request(f"https://{lab.SERVER}{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30, context=ssl._create_unverified_context()) as answer:
        return json.loads(answer.read())


@unittest.skipUnless(postgres_lab.programs(), "skipped: no PostgreSQL server on this host")
class ServePostgres(unittest.TestCase):
    def setUp(self):
        folder = "/run/db"
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        with open("/run/hosts", "w") as f:
            f.write(f"127.0.0.1 localhost {NAME}\n")
        lab.run("mount", "--bind", "/run/hosts", "/etc/hosts")
        ca, pair = certificates(folder)
        self.server = self.enterContext(postgres_lab.Postgres(password=PASSWORD, tls=pair, settings=["fsync = off"]))
        with open(f"{folder}/password", "w") as f:
            f.write(PASSWORD + "\n")
        os.chmod(f"{folder}/password", 0o600)
        pair = certificate(folder, "receiver")
        self.receiver = Receiver(pair)
        self.addCleanup(self.receiver.close)
        with open(f"{folder}/secret", "w") as f:
            f.write(SECRET)
        os.chmod(f"{folder}/secret", 0o600)
        hook = f"[webhook ops]\nurl = https://127.0.0.1:{self.receiver.port}/\nsecret-file = {folder}/secret\nca = {pair[0]}\n"
        self.appliance = lab.Appliance("postgres", rest=hook + "[store]\npassword-file = /run/db/password\n"
                                       f"database = {self.server.tcp_url(host=NAME)}?sslmode=verify-full&sslrootcert={ca}\n")
        self.addCleanup(self.appliance.stop)
        self.appliance.start()

    def machines(self):
        return self.appliance.command("machines", "list").stdout

    def page(self):
        """An open page's stream."""
        request = urllib.request.Request(f"https://{lab.SERVER}/api/v1/events", headers={"Authorization": f"Bearer {self.appliance.bearer}"})
        stream = urllib.request.urlopen(request, timeout=30, context=ssl._create_unverified_context())
        self.addCleanup(stream.close)
        stream.readline()

    def boot(self):
        """A session of a machine that starts from the network."""
        url = f"http://{lab.SERVER}/boot/ipxe?mac={MAC.replace(':', '-')}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            token = re.search(r" netmend\.token=([0-9a-f]{32}) ", answer.read().decode())[1]
        return post("/v1/sessions", hello(token, MAC))["session"]

    def assertPasswordNowhere(self):
        secrets = [PASSWORD.encode(), b"".join(b"%%%02X" % c for c in PASSWORD.encode())]
        for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ") + [self.appliance.log_path]:
            try:
                with open(path, "rb") as f:
                    content = f.read()
            except OSError:
                continue  # it ended
            for secret in secrets:
                self.assertNotIn(secret, content, path)

    def test_everything_and_a_restart_in_between(self):
        until(lambda: "tells them now" in self.appliance.log())
        self.appliance.command("machines", "add", MAC, "pc")
        session = self.boot()
        self.assertIn("pc", self.machines())
        self.assertEqual({tls for [tls] in self.server.sql(
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'netmend'")}, {"t"})
        children = self.appliance.children()
        self.assertPasswordNowhere()

        self.page()
        before = self.appliance.log().count("\n")
        self.server.stop()
        time.sleep(AWAY)
        told = self.appliance.log().splitlines()[before:]
        self.assertTrue(any("PostgreSQL" in line for line in told), told)
        for line in set(told):  # once for all of the time, and each with its priority
            self.assertEqual(told.count(line), 1, "\n".join(told))
            self.assertRegex(line, r"^<\d>netmend")
        self.assertLessEqual(len(told), 10, "\n".join(told))
        self.server.start()

        self.appliance.wait_for(lambda: post(f"/v1/sessions/{session}/events", events("planning", event(1, "planning", "step"))),
                                "web's new connection", 20)
        until(lambda: any(e["state"] == "planning" for e in self.receiver.events()))
        self.assertEqual(self.appliance.children(), children)
        self.assertRegex(self.machines(), "pc .*planning")
        done = self.appliance.command("user", "token", "add", "other", "--role", "viewer")
        self.assertEqual(len(done.stdout.split()), 1)
        self.assertNotEqual(self.boot(), session)
        self.assertIn("PostgreSQL is back", self.appliance.log())
        self.assertPasswordNowhere()


class Refused(unittest.TestCase):
    def test_password_in_the_address_is_refused_and_not_shown(self):
        for address in ("postgresql://netmend:geheim7@db/netmend", "postgresql://netmend@db/netmend?password=geheim7"):
            done = lab.Appliance(f"bad{len(address)}", rest=f"[store]\ndatabase = {address}\n").command("check", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("password-file", done.stdout + done.stderr)
            self.assertNotIn("geheim7", done.stdout + done.stderr)

    def test_a_password_file_others_can_read_is_told_of_before_anything_starts(self):
        with open("/run/readable", "w") as f:
            f.write(PASSWORD)
        os.chmod("/run/readable", 0o644)
        appliance = lab.Appliance("loose", rest="[store]\ndatabase = postgresql://netmend@127.0.0.1/netmend\npassword-file = /run/readable\n")
        for verb in ("check", "serve"):
            done = appliance.command(verb, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("chmod 600 /run/readable", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
