#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend-fetch beside a real Samba domain controller: what computers wrote, what others forged, who may read it, and which
controller is asked."""
import base64
import os
import shutil
import tempfile
import time
import unittest

import samba_lab
from directory_lab import Fetch, check, guid_of, password_of, record, run
from samba_lab import BASE, BLIND, DOMAIN, FLOOR, FULL, HALF, Forwarder, Samba

ONE, NONE, POISONED, SEVERAL, ODD, OUTSIDE = (guid_of(n) for n in range(6))


def tearDownModule():
    LAB.stop()
    shutil.rmtree(WORK)


def setUpModule():
    global WORK, LAB
    WORK = tempfile.mkdtemp(prefix="netmend-samba-")
    LAB = Samba(WORK)
    LAB.writes("PC01", ONE, password_of(1))
    LAB.writes("PC02", POISONED, password_of(666), stamp="2023-01-01T00:00:00-00:00")
    time.sleep(1.1)  # whenCreated counts seconds
    LAB.writes("PC01", POISONED, password_of(2))
    for day in range(1, 4):  # a computer keeps the records of protectors that are gone
        LAB.writes("PC01", guid_of(100 + day), password_of(100 + day), stamp=f"2024-07-0{day}T00:00:00-00:00")
    LAB.writes("PC01", SEVERAL, password_of(3), stamp="2024-07-05T00:00:00+02:00")
    LAB.change(record(f"CN=PC01,{FLOOR}", ODD, password_of(4), named=guid_of(77)))
    LAB.change(samba_lab.computer("PC03", f"CN=Computers,{BASE}"))
    LAB.writes("PC03", OUTSIDE, password_of(5), below=f"CN=Computers,{BASE}")


class Records(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fetch = Fetch(WORK, {"ad": LAB.options()})
        cls.addClassCleanup(cls.fetch.stop)

    def test_one_record(self):
        reason, _, found = self.fetch.lookup(ONE, "PC01")
        self.assertEqual((reason, [password for password, _ in found]), ("OK", [password_of(1)]))
        self.assertIn(f"{{{ONE}}},CN=PC01,OU=Workstations", found[0][1])

    def test_no_record(self):
        self.assertEqual(self.fetch.lookup(NONE)[0::2], ("KEY_NOT_FOUND", []))

    def test_a_forged_record_beside_the_right_one(self):
        """PC02 wrote a record with the GUID of PC01's protector: both are candidates, the machine's own first."""
        for name in ("PC01", "pc01.lab.test"):
            reason, _, found = self.fetch.lookup(POISONED, name)
            self.assertEqual((reason, [p for p, _ in found]), ("OK", [password_of(2), password_of(666)]))
        self.assertEqual({p for p, _ in self.fetch.lookup(POISONED)[2]}, {password_of(2), password_of(666)})

    def test_stale_records_of_the_same_computer_are_others(self):
        self.assertEqual([p for p, _ in self.fetch.lookup(SEVERAL)[2]], [password_of(3)])

    def test_the_attribute_decides_not_the_name(self):
        self.assertEqual([p for p, _ in self.fetch.lookup(ODD)[2]], [password_of(4)])
        self.assertEqual(self.fetch.lookup(guid_of(77))[0], "KEY_NOT_FOUND")

    def test_a_computer_where_the_rights_do_not_reach(self):
        self.assertEqual(self.fetch.lookup(OUTSIDE)[0], "KEY_NOT_FOUND")

    def test_computers_cannot_write_below_others(self):
        """Of the lab: what makes a forged record forgeable, and no more."""
        with self.assertRaisesRegex(RuntimeError, "nsufficient access"):
            LAB.change(record(f"CN=PC01,{FLOOR}", guid_of(50), password_of(50)), "PC02$", samba_lab.MACHINE_PASSWORD)

    def test_a_flood_of_forged_records_does_not_hide_the_right_one(self):
        flooded = guid_of(60)
        LAB.writes("PC01", flooded, password_of(60))
        time.sleep(1.1)
        LAB.change("".join(record(f"CN=PC02,{FLOOR}", flooded, password_of(6000 + n), stamp=f"1999-01-01T00:00:{n:02}-00:00")
                           for n in range(40)), "PC02$", samba_lab.MACHINE_PASSWORD)
        for name in ("PC01", "", "PC02"):
            reason, text, found = self.fetch.lookup(flooded, name)
            self.assertEqual((reason, len(found)), ("OK", 4))
            self.assertIn(password_of(60), [p for p, _ in found], f"asked for {name!r}")
            self.assertIn("41 records", text)

    def test_referrals_are_there_and_passed_over(self):
        self.assertEqual(LAB.search("(cn=PC01)").count("# refldap"), 3)
        self.assertEqual(self.fetch.lookup(ONE)[0], "OK")

    def test_hostile_names(self):
        """A computer's name is free text: it reaches origin and host, clean, and nothing else."""
        for number, name in enumerate(("O'Brien, \"PC\" + 1; <x>", "a\\b#c=d", "Müller-日本", "x" * 60)):
            guid = guid_of(200 + number)
            escaped = "".join("\\" + c if c in ',+"\\<>;=#' else c for c in name)
            below = base64.b64encode(f"CN={escaped},{FLOOR}".encode()).decode()
            LAB.change(f"dn:: {below}\nchangetype: add\nobjectClass: computer\nsAMAccountName: HOSTILE{number}$\n\n"
                       + record(f"CN={escaped},{FLOOR}", guid, password_of(200 + number)))
            reason, _, found = self.fetch.lookup(guid, name)
            self.assertEqual((reason, [p for p, _ in found]), ("OK", [password_of(200 + number)]), name)
        self.assertIn("Müller-日本", {r["host"] for r in self.fetch.pull()[2]})

    def test_pull(self):
        reason, text, records = self.fetch.pull()
        self.assertEqual((reason, text), ("OK", ""))
        mine = [r for r in records if r["protector"] == ONE]
        self.assertEqual([(r["password"], r["host"]) for r in mine], [(password_of(1), "PC01")])
        self.assertLess(abs(mine[0]["changed"] / 1000 - time.time()), 300)
        self.assertNotIn(OUTSIDE, [r["protector"] for r in records])
        self.assertEqual(len([r for r in records if r["protector"] == POISONED]), 2)

    def test_speed(self):
        begun, count = time.monotonic(), 0
        while time.monotonic() - begun < 1:
            self.fetch.lookup(ONE)
            count += 1
        one = count / (time.monotonic() - begun)
        begun, many = time.monotonic(), 2000
        for n in range(many):
            self.fetch.socket.send(self.fetch.question("ad", ONE))
            if n >= 64:
                self.fetch.socket.recv(131072)
        for n in range(64):
            self.fetch.socket.recv(131072)
        print(f"\n{one:.0f} lookups/s one after the other, {many / (time.monotonic() - begun):.0f} with 64 under way")


class Rights(unittest.TestCase):
    """Three outcomes, three reasons, told by the self-test and by lookups."""

    def outcome(self, **options):
        fetch = Fetch(WORK, {"ad": LAB.options(**options)})
        self.addCleanup(fetch.stop)
        before = fetch.lookup(NONE)[0]  # perhaps before the self-test has ended
        return fetch.tested()[0], before, fetch.lookup(ONE)[0], fetch.lookup(NONE)[0], fetch.pull()[0]

    def test_all(self):
        self.assertEqual(self.outcome(), ("OK", "KEY_NOT_FOUND", "OK", "KEY_NOT_FOUND", "OK"))

    def test_no_control_access(self):
        self.assertEqual(self.outcome(user=f"{DOMAIN}\\{HALF}"),
                         ("KEY_NOT_READABLE", "KEY_NOT_FOUND", "KEY_NOT_READABLE", "KEY_NOT_FOUND", "KEY_NOT_READABLE"))

    def test_none(self):
        self.assertEqual(self.outcome(user=f"{DOMAIN}\\{BLIND}"), ("SOURCE_NO_RIGHTS",) * 5)


class Login(unittest.TestCase):
    def found(self, env=None, **options):
        fetch = Fetch(WORK, {"ad": LAB.options(**options)}, env)
        self.addCleanup(fetch.stop)
        reason, text, found = fetch.lookup(ONE)
        return (reason, found[0][0]) if found else (reason, text)

    def test_starttls(self):
        self.assertEqual(self.found(url="ldap://dc1.lab.test", starttls="yes"), ("OK", password_of(1)))

    def test_user_principal_name_and_dn(self):
        for user in (f"{FULL}@lab.test", f"CN={FULL},CN=Users,{BASE}"):
            self.assertEqual(self.found(user=user), ("OK", password_of(1)))

    def test_wrong_password(self):
        reason, text = self.found(password="wrong")
        self.assertEqual(reason, "SOURCE_LOGIN")
        self.assertIn("wrong password or user", text)

    def test_disabled_account(self):
        LAB.change(samba_lab.user("svc-off"))
        LAB.change(f"dn: CN=svc-off,CN=Users,{BASE}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n\n")
        reason, text = self.found(user=f"{DOMAIN}\\svc-off")
        self.assertEqual(reason, "SOURCE_LOGIN")
        self.assertIn("disabled", text)

    def test_wrong_authority(self):
        reason, text = self.found(ca=LAB.pki.text("other-ca.pem"))
        self.assertEqual(reason, "SOURCE_CERTIFICATE")
        self.assertIn("Lab ca", text)

    def test_the_authority_is_one_of_several(self):
        self.assertEqual(self.found(ca=LAB.pki.text("other-ca.pem") + LAB.pki.text()), ("OK", password_of(1)))

    def test_no_authority_given(self):
        self.assertEqual(self.found(ca=None)[0], "SOURCE_CERTIFICATE")

    def test_wrong_name(self):
        with open("/etc/hosts", "a") as f:
            f.write("127.0.0.1 stranger.lab.test\n")
        reason, text = self.found(url="ldaps://stranger.lab.test")
        self.assertEqual(reason, "SOURCE_CERTIFICATE")
        self.assertIn("another name", text)

    def test_nothing_in_the_clear(self):
        reason, text = self.found(url="ldap://dc1.lab.test")
        self.assertEqual(reason, "SOURCE_FAILED")
        self.assertIn("not encrypted", text)

    def kerberos(self, **options):
        return self.found(env={"KRB5_CONFIG": LAB.krb5}, bind="gssapi", password=None, **options)

    def test_kerberos(self):
        keytab = LAB.keytab(FULL)
        for user in (None, f"{FULL}@LAB.TEST"):
            self.assertEqual(self.kerberos(url="ldap://dc1.lab.test", user=user, keytab=keytab), ("OK", password_of(1)))

    def test_kerberos_inside_tls(self):
        keytab = LAB.keytab(FULL)
        reason, text = self.kerberos(user=None, keytab=keytab)
        self.assertEqual(reason, "SOURCE_LOGIN")  # Samba's default
        self.assertIn("Kerberos inside TLS", text)
        self.restart("allow_sasl_over_tls")
        self.addCleanup(self.restart, "yes")
        self.assertEqual(self.kerberos(user=None, keytab=keytab), ("OK", password_of(1)))
        self.assertEqual(self.kerberos(url="ldap://dc1.lab.test", starttls="yes", user=None, keytab=keytab),
                         ("OK", password_of(1)))

    @staticmethod
    def restart(strong):
        LAB.stop()
        LAB.configure(strong)
        LAB.start()

    def test_kerberos_that_fails(self):
        keytab = LAB.keytab(FULL)
        self.assertEqual(self.kerberos(user="nobody@LAB.TEST", keytab=keytab)[0], "SOURCE_LOGIN")
        self.assertEqual(self.kerberos(user=None, keytab=WORK + "/none.keytab")[0], "SOURCE_LOGIN")
        with open(WORK + "/nokdc.conf", "w") as f:
            f.write(samba_lab.KRB5_CONF.format(realm="LAB.TEST").replace(":88", ":9"))
        reason, text = self.found(env={"KRB5_CONFIG": WORK + "/nokdc.conf"}, bind="gssapi", password=None, user=None,
                                  keytab=keytab)
        self.assertEqual(reason, "SOURCE_UNREACHABLE", text)

    def test_two_sources_with_a_keytab_each(self):
        """Tickets are kept apart: one account sees the password, the other does not."""
        sources = {name: LAB.options(bind="gssapi", password=None, user=None, url="ldap://dc1.lab.test", keytab=LAB.keytab(user))
                   for name, user in (("full", FULL), ("half", HALF))}
        fetch = Fetch(WORK, sources, {"KRB5_CONFIG": LAB.krb5})
        self.addCleanup(fetch.stop)
        for _ in range(3):
            self.assertEqual(fetch.lookup(ONE, source="full")[0], "OK")
            self.assertEqual(fetch.lookup(ONE, source="half")[0], "KEY_NOT_READABLE")


class Controllers(unittest.TestCase):
    def test_failover_and_back(self):
        first = Forwarder(1636)
        self.addCleanup(first.off)
        fetch = Fetch(WORK, {"ad": LAB.options(url="ldaps://dc2.lab.test:1636 ldaps://dc1.lab.test")})
        self.addCleanup(fetch.stop)
        self.assertEqual(fetch.lookup(ONE)[0], "OK")
        self.assertGreater(first.seen, 0)
        first.off()
        self.assertEqual(fetch.lookup(ONE)[0], "OK", "the second one has it")
        seen = first.seen
        first.on()
        end = time.monotonic() + 60
        while first.seen == seen and time.monotonic() < end:
            self.assertEqual(fetch.lookup(ONE)[0], "OK")
            time.sleep(0.2)
        self.assertGreater(first.seen, seen, "never came back to the first")

    def test_all_dead(self):
        fetch = Fetch(WORK, {"ad": LAB.options(url="ldaps://dc1.lab.test:1 ldaps://dc2.lab.test:1")})
        self.addCleanup(fetch.stop)
        reason, text, found = fetch.lookup(ONE)
        self.assertEqual((reason, found), ("SOURCE_UNREACHABLE", []))
        self.assertIn("dc1.lab.test", text)

    def test_a_dead_one_is_told_of(self):
        reason, text = check({"ad": LAB.options(url="ldaps://dc2.lab.test:1 ldaps://dc1.lab.test")})["ad"]
        self.assertEqual(reason, "OK")
        self.assertIn("1 of 2 controllers answer", text)
        self.assertIn("dc2.lab.test:1", text)

    def test_global_catalogue(self):
        fetch = Fetch(WORK, {"ad": LAB.options(gc="ldaps://dc1.lab.test:3269"),
                             "alone": LAB.options(url="ldaps://dc1.lab.test:1", gc="ldaps://dc1.lab.test:3269")})
        self.addCleanup(fetch.stop)
        self.assertEqual(fetch.tested()[0], "OK")
        self.assertEqual([p for p, _ in fetch.lookup(ONE)[2]], [password_of(1)])
        self.assertEqual([p for p, _ in fetch.lookup(POISONED, "PC01")[2]], [password_of(2), password_of(666)])
        self.assertEqual(fetch.lookup(NONE)[0], "KEY_NOT_FOUND")
        # A catalogue of Active Directory has no passwords; that Samba's has must not matter.
        self.assertEqual(fetch.lookup(ONE, source="alone")[0::2], ("SOURCE_UNREACHABLE", []))
        self.assertEqual(fetch.tested("alone")[0], "SOURCE_UNREACHABLE")

    def test_samba_restarts(self):
        fetch = Fetch(WORK, {"ad": LAB.options()})
        self.addCleanup(fetch.stop)
        self.assertEqual(fetch.lookup(ONE)[0], "OK")
        LAB.stop()
        self.assertEqual(fetch.lookup(ONE)[0], "SOURCE_UNREACHABLE")
        LAB.start()
        end = time.monotonic() + 60
        while fetch.lookup(ONE)[0] != "OK" and time.monotonic() < end:
            time.sleep(0.3)
        self.assertEqual(fetch.lookup(ONE)[0], "OK")


if __name__ == "__main__":
    samba_lab.enter()
    unittest.main()
