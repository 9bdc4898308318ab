#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend-power and Redfish, against redfish_standin.py with each quirk switched on, and the stand-in against clients we did not write."""
import hashlib
import json
import os
import ssl
import subprocess
import tempfile
import unittest

from redfish_standin import MANAGER, SYSTEM, UUID, Redfish, refused

PROGRAM = os.path.join(os.path.abspath(os.environ.get("B", "build")), "netmend-power")
IMAGE = "http://10.9.0.1/netmend.iso"


def setUpModule():
    global FOLDER, CONTEXT, PIN
    FOLDER = tempfile.TemporaryDirectory()
    cert, key = (os.path.join(FOLDER.name, n) for n in ("cert.pem", "key.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=BMC", "-out", cert, "-keyout", key],
                   check=True, capture_output=True)
    CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CONTEXT.load_cert_chain(cert, key)
    with open(cert) as f:
        PIN = hashlib.sha256(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest()


def tearDownModule():
    FOLDER.cleanup()


class Case(unittest.TestCase):
    maxDiff = None

    def bmc(self, **settings):
        bmc = Redfish(CONTEXT, settings.pop("vendor", "Contoso"), settings.pop("model", "R1"))
        self.addCleanup(bmc.close)
        for name, value in settings.items():
            self.assertTrue(hasattr(bmc, name), name)
            setattr(bmc, name, value)
        self.addCleanup(lambda: self.assertEqual(bmc.sessions, {}, "no session is left over"))
        return bmc

    def order(self, bmc, order, *more, password=None, seconds="60"):
        password = password or bmc.password
        done = subprocess.run([PROGRAM, "order", "--type", "redfish", "--address", f"127.0.0.1:{bmc.port}", "--user", bmc.user,
                               "--password-file", "-", "--order", order, "--seconds", seconds, *more],
                              input=password + "\n", capture_output=True, text=True, timeout=300)
        for text in (done.stdout, done.stderr):
            self.assertNotIn(password, text)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return json.loads(done.stdout)

    def started(self, bmc):
        """What it has started from."""
        return [entry[1:] for entry in bmc.log if entry[0] == "start"]

    def boots(self, bmc, *more, mode="UEFI"):
        result = self.order(bmc, "boot", *more)
        self.assertEqual((result["reason"], result["power"]), ("OK", "on"), result)
        self.assertEqual(self.started(bmc)[-1], ("Pxe", mode))
        return result


class Boot(Case):
    def test_off(self):
        bmc = self.bmc()
        result = self.boots(bmc)
        self.assertEqual(result["boot"], "network once, UEFI")
        self.assertEqual((result["bmc"]["vendor"], result["bmc"]["firmware"], result["bmc"]["uuid"]), ("Contoso", "1.23", UUID))
        self.assertEqual(result["pin"], PIN)
        self.assertEqual(self.order(bmc, "status")["boot"], "as set up")

    def test_in_a_loop(self):
        bmc = self.bmc(on=True)
        self.boots(bmc)
        self.assertEqual([data.get("ResetType", "boot") for method, _, data in bmc.log if method != "start"], ["ForceOff", "boot", "On"])

    def test_legacy(self):
        self.boots(self.bmc(), "--firmware", "legacy", mode="Legacy")

    def test_other_way(self):
        bmc = self.bmc(on=True)
        self.boots(bmc, "--other")
        self.assertEqual([data["ResetType"] for method, _, data in bmc.log if "ResetType" in data], ["ForceRestart"])
        self.assertIn(("PATCH", SYSTEM, {"Boot": {"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Once",
                                                  "BootSourceOverrideMode": "UEFI"}}), bmc.log)

    def test_each_quirk(self):
        """By the vendor's row, and by trying the other form where no row knows."""
        for settings in ({"if_match": True}, {"no_mode": True}, {"all_three": True}, {"all_three": True, "if_match": True},
                         {"no_sessions": True}, {"later": 2}, {"vendor": "Supermicro", "all_three": True},
                         {"vendor": "AMI", "settings": True, "all_three": True, "if_match": True},
                         {"later": 1, "later_as": (400, refused("in POST", "iLO.2.14.UnableToModifyDuringSystemPOST"))},
                         {"later": 1, "later_as": (409, refused("not yet", "IDRAC.2.8.ActionParameterValueConflict"))}):
            with self.subTest(settings):
                self.boots(self.bmc(on=True, **settings))

    def test_keeps_nothing(self):
        bmc = self.bmc(lies=True)
        self.assertEqual(self.order(bmc, "boot")["reason"], "POWER_BOOT_FLAG")
        self.assertEqual(self.started(bmc), [])

    def test_does_not_offer_the_network(self):
        bmc = self.bmc(targets=["None", "Hdd"])
        self.assertEqual(self.order(bmc, "boot")["reason"], "POWER_UNSUPPORTED")
        self.assertEqual(self.started(bmc), [])


class Power(Case):
    def test_orders(self):
        bmc = self.bmc()
        self.assertEqual(self.order(bmc, "on")["power"], "on")
        self.assertEqual(self.order(bmc, "cycle", seconds="30")["reason"], "OK")
        self.assertEqual(self.order(bmc, "off")["power"], "off")

    def test_nothing_happens(self):
        self.assertEqual(self.order(self.bmc(stuck=True), "on", seconds="20")["reason"], "POWER_STUCK")

    def test_refused(self):
        result = self.order(self.bmc(denied=True), "on")
        self.assertEqual(result["reason"], "POWER_RIGHTS")
        self.assertIn("no privilege", result["text"])

    def test_later_for_good(self):
        self.assertEqual(self.order(self.bmc(later=1000), "on", seconds="15")["reason"], "POWER_BUSY")


class Login(Case):
    def test_wrong_password(self):
        bmc = self.bmc(on=True)
        self.assertEqual(self.order(bmc, "off", password="wrong")["reason"], "POWER_LOGIN")
        bmc.no_sessions = True
        self.assertEqual(self.order(bmc, "off", password="wrong")["reason"], "POWER_LOGIN")
        self.assertEqual(bmc.log, [])

    def test_another_certificate(self):
        bmc = self.bmc(on=True)
        self.assertEqual(self.order(bmc, "off", "--pin", "0" * 64)["reason"], "POWER_CERTIFICATE")
        self.assertEqual(bmc.log, [])
        self.assertEqual(self.order(bmc, "off", "--pin", PIN)["reason"], "OK")

    def test_another_machine(self):
        bmc = self.bmc(on=True)
        self.assertEqual(self.order(bmc, "boot", "--uuid", "00112233-4455-4677-8899-aabbccddeeff")["reason"], "POWER_WRONG_MACHINE")
        self.assertEqual(bmc.log, [])

    def test_several_machines(self):
        bmc = self.bmc(systems=2)
        result = self.order(bmc, "on")
        self.assertEqual(result["reason"], "POWER_UNSUPPORTED")
        self.assertIn("2 systems", result["text"])
        self.assertEqual(bmc.log, [])


class Nonsense(Case):
    def test_answers(self):
        for mangle in ((200, {}, b"{"), (200, {}, b"[]"), (200, {}, b""), (200, {}, b"{\"a\":1,\"a\":2}"), (200, {}, b"[" * 100000),
                       (302, {"Location": "https://127.0.0.1:1/redfish/v1/"}, b""), (200, {}, b"{\"a\":\"" + b"x" * 600000 + b"\"}")):
            with self.subTest(mangle[2][:20]):
                bmc = self.bmc(mangle=mangle)
                self.assertEqual(self.order(bmc, "on", seconds="20")["reason"], "POWER_ANSWER_BAD")
                self.assertEqual(bmc.log, [])

    def test_fields_of_other_kinds(self):
        bmc = self.bmc()
        things = bmc.things

        def strange():
            all_of_it = things()
            all_of_it[SYSTEM].update(Boot=[1, 2], PowerState={"On": 1}, UUID=7, Actions="no", SerialNumber=None)
            return all_of_it
        bmc.things = strange
        self.assertEqual(self.order(bmc, "status")["power"], "unknown")
        self.assertNotEqual(self.order(bmc, "boot", seconds="20")["reason"], "OK")

    def test_a_path_that_leads_elsewhere(self):
        for link in ("https://127.0.0.1:1", "//127.0.0.1/x", "redfish/v1/Systems/1", "/redfish/v1/Systems/1 HTTP/1.1\r\nX: y"):
            bmc = self.bmc()
            things = bmc.things

            def strange(link=link, things=things):
                all_of_it = things()
                all_of_it["/redfish/v1/Systems"]["Members"] = [{"@odata.id": link}]
                return all_of_it
            bmc.things = strange
            self.assertEqual(self.order(bmc, "status", seconds="20")["reason"], "POWER_ANSWER_BAD", link)


class Media(Case):
    def test_media(self):
        for settings in ({}, {"media_under": MANAGER}, {"bare_insert": True}, {"vendor": "Supermicro", "bare_insert": True, "targets": ["Pxe", "UsbCd"]},
                         {"vendor": "Lenovo", "model": "ThinkSystem SD530", "patch_media": True}):
            with self.subTest(settings):
                bmc = self.bmc(on=True, **settings)
                result = self.order(bmc, "media", "--image", IMAGE)
                self.assertEqual((result["reason"], bmc.image), ("OK", IMAGE), result)
                self.assertEqual(self.started(bmc)[-1], ("UsbCd" if "UsbCd" in bmc.targets else "Cd", "UEFI"))
                self.assertEqual((self.order(bmc, "eject")["reason"], bmc.image), ("OK", None))

    def test_somebody_elses_image(self):
        bmc = self.bmc(image="http://10.9.0.9/theirs.iso")
        result = self.order(bmc, "media", "--image", IMAGE)
        self.assertEqual((result["reason"], bmc.image), ("POWER_REFUSED", "http://10.9.0.9/theirs.iso"))
        self.assertIn("eject it first", result["text"])

    def test_an_image_it_did_not_get(self):
        self.assertEqual(self.order(self.bmc(lies=True), "media", "--image", IMAGE)["reason"], "POWER_REFUSED")


class Judges(Case):
    """The stand-in, by clients that others wrote."""

    def test_sushy(self):
        bmc = self.bmc()
        script = f"""
import sushy, urllib3
urllib3.disable_warnings()
root = sushy.Sushy("https://127.0.0.1:{bmc.port}", username={bmc.user!r}, password={bmc.password!r}, verify=False)
system = root.get_system("{SYSTEM}")
assert system.power_state == sushy.PowerState.OFF, system.power_state
system.set_system_boot_options(sushy.BootSource.PXE, enabled=sushy.BootSourceOverrideEnabled.ONCE)
system.reset_system(sushy.ResetType.ON)
system.refresh()
print(system.power_state.value, system.uuid, root.get_manager("{MANAGER}").firmware_version)
"""
        # A bundle named in the environment would win over verify=False.
        env = {name: value for name, value in os.environ.items() if not name.endswith("CA_BUNDLE")}
        done = subprocess.run(["/usr/bin/python3", "-c", script], capture_output=True, text=True, env=env)
        self.assertEqual(done.stdout.split(), ["On", UUID, "1.23"], done.stderr)
        self.assertEqual(self.started(bmc), [("Pxe", "UEFI")])
        bmc.sessions.clear()  # theirs

    def test_redfishtool(self):
        bmc = self.bmc()
        done = subprocess.run(["redfishtool", "-r", f"127.0.0.1:{bmc.port}", "-S", "Always", "-A", "Basic", "-u", bmc.user, "-p", bmc.password,
                               "Systems", "-I", "1", "setBootOverride", "Once", "Pxe"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.order(bmc, "status")["boot"], "network once, UEFI")


if __name__ == "__main__":
    unittest.main()
