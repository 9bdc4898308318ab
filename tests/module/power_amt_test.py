# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend-power and Intel AMT, against amt_standin.py: every order, and every refusal by its reason. The password is nowhere."""
import hashlib
import json
import os
import ssl
import subprocess
import tempfile
import unittest

import amt_standin
from amt_standin import Amt, Fault

PROGRAM = os.path.join(os.path.abspath(os.environ.get("B", "build")), "netmend-power")
ARM = ["ChangeBootOrder", "Put AMT_BootSettingData", "SetBootConfigRole Intel(r) AMT: Boot Configuration 0, 1",
       "ChangeBootOrder Intel(r) AMT: Force PXE Boot"]
PXE = "Intel(r) AMT: Force PXE Boot"


def setUpModule():
    global FOLDER, CONTEXT, PIN
    FOLDER = tempfile.TemporaryDirectory()
    cert, key = (os.path.join(FOLDER.name, n) for n in ("cert.pem", "key.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=AMT", "-out", cert, "-keyout", key],
                   check=True, capture_output=True)
    CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CONTEXT.load_cert_chain(cert, key)
    with open(cert) as f:
        PIN = hashlib.sha256(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest()


def tearDownModule():
    FOLDER.cleanup()


def refuse(*args):
    raise Fault("InvalidRepresentation", "The XML content was not valid.")


class AmtCase(unittest.TestCase):
    tls = False

    def setUp(self):
        self.amt = self.machine(CONTEXT if self.tls else None)

    def machine(self, tls=None, **options):
        amt = Amt(tls, **options)
        self.addCleanup(amt.close)
        return amt

    def order(self, order, *more, password=None, address=None, seconds="120", env=None):
        """The result, with the program's exit status in "status"."""
        password = self.amt.password if password is None else password
        done = subprocess.run([PROGRAM, "order", "--type", "amt", "--address", address or f"127.0.0.1:{self.amt.port}", "--user", "admin",
                               "--password-file", "-", "--order", order, "--seconds", seconds, *more],
                              input=password + "\n", capture_output=True, text=True, timeout=300, env=dict(os.environ, **(env or {})))
        for text in (done.stdout, done.stderr):
            self.assertNotIn(password, text)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return dict(json.loads(done.stdout), status=done.returncode)

    def assert_order(self, result, reason, *words):
        self.assertEqual(result["reason"], reason, result)
        self.assertEqual(result["status"], 0 if reason == "OK" else 3)
        for word in words:
            self.assertIn(word, result["text"])
        self.assertEqual(self.amt.problems, [])

    def step(self, result, name):
        found = [s for s in result["steps"] if s["step"] == name]
        self.assertTrue(found, result["steps"])
        return found[-1]


class Orders(AmtCase):
    """What works, without TLS."""

    def test_boot_of_a_machine_that_is_off(self):
        result = self.order("boot")
        self.assert_order(result, "OK")
        self.assertEqual(self.amt.acts(), ARM + ["RequestPowerStateChange 2"])
        self.assertEqual(self.amt.started, [PXE])
        self.assertEqual((result["type"], result["power"]), ("amt", "on"))
        self.assertIn("cannot tell", self.step(result, "readback")["text"])

    def test_boot_of_a_machine_that_is_on(self):
        self.amt.power, self.amt.lag = amt_standin.ON, 2
        self.assert_order(self.order("boot"), "OK")
        self.assertEqual(self.amt.acts(), ["RequestPowerStateChange 8"] + ARM + ["RequestPowerStateChange 2"])
        self.assertEqual(self.amt.started, [PXE])

    def test_it_holds_for_one_start(self):
        self.assert_order(self.order("boot"), "OK")
        self.assert_order(self.order("cycle"), "OK")
        self.assertEqual(self.amt.started, [PXE, "disk"])

    def test_options_of_others_are_taken_back(self):
        self.amt.settings.update({"UseIDER": "true", "BIOSSetup": "true", "BootMediaIndex": "2", "EnforceSecureBoot": "true",
                                  "OwningEntity": "A & <B>", "UefiBootNumberOfParams": "3"})
        self.assert_order(self.order("boot"), "OK")
        self.assertEqual(self.amt.started, [PXE])
        kept = {n: self.amt.settings[n] for n in ("UseIDER", "BIOSSetup", "BootMediaIndex", "UefiBootNumberOfParams")}
        self.assertEqual(kept, {"UseIDER": "false", "BIOSSetup": "false", "BootMediaIndex": "0", "UefiBootNumberOfParams": "0"})
        # What is no option of a single start stays.
        self.assertEqual((self.amt.settings["EnforceSecureBoot"], self.amt.settings["OwningEntity"]), ("true", "A & <B>"))

    def test_old_version(self):
        """AMT 11: fewer settings, no word of consent."""
        self.amt.settings = {n: v for n, v in self.amt.settings.items() if n in amt_standin.OLD_SETTINGS}
        self.amt.settings["UseSOL"] = "true"
        self.amt.absent = {"IPS_OptInService", "IPS_HostBasedSetupService"}
        self.assert_order(self.order("boot"), "OK")
        self.assertEqual(self.amt.started, [PXE])
        self.assertEqual(self.amt.settings["UseSOL"], "false")

    def test_settings_it_does_not_take_back(self):
        """One shows more than it takes: asked once more, with what all versions have."""
        self.amt.settings["UseIDER"] = "true"
        self.amt.settings["Zone"] = "1"
        self.amt.read_only.add("Zone")
        self.assert_order(self.order("boot"), "OK")
        self.assertEqual(self.amt.acts().count("Put AMT_BootSettingData"), 2)
        self.assertEqual(self.amt.started, [PXE])

    def test_settings_refused_and_none_on(self):
        self.amt.put = refuse
        self.assert_order(self.order("boot"), "OK")
        self.assertEqual(self.amt.acts().count("Put AMT_BootSettingData"), 2)
        self.assertEqual(self.amt.started, [PXE])

    def test_cycle(self):
        self.amt.power = amt_standin.ON
        self.assert_order(self.order("cycle"), "OK")
        self.assertEqual(self.amt.acts(), ["RequestPowerStateChange 5"])
        self.assertEqual(self.amt.started, ["disk"])

    def test_cycle_that_it_does_not_have(self):
        self.amt.power = amt_standin.ON
        self.amt.returns["RequestPowerStateChange", "5"] = [1]
        self.assert_order(self.order("cycle"), "OK")
        self.assertEqual(self.amt.acts(), ["RequestPowerStateChange 5", "RequestPowerStateChange 10"])

    def test_cycle_of_a_machine_that_is_off(self):
        self.assert_order(self.order("cycle"), "OK")
        self.assertEqual(self.amt.acts(), ["RequestPowerStateChange 2"])

    def test_on_and_off(self):
        self.assert_order(self.order("on"), "OK")
        self.assert_order(self.order("on"), "OK")
        self.assert_order(self.order("off"), "OK")
        self.assert_order(self.order("off"), "OK")
        self.assertEqual(self.amt.acts(), ["RequestPowerStateChange 2", "RequestPowerStateChange 8"])
        self.assertEqual(self.amt.power, amt_standin.OFF)

    def test_sleep_is_on_and_hibernation_is_off(self):
        for state, told in (("2", "on"), ("3", "on"), ("4", "on"), ("6", "off"), ("7", "off"), ("8", "off"), ("5", "unknown")):
            self.amt.power = state
            result = self.order("status")
            self.assert_order(result, "OK")
            self.assertEqual(result["power"], told, state)
        self.assertEqual(self.amt.acts(), [])

    def test_who_it_is(self):
        result = self.order("check", "--uuid", amt_standin.UUID.lower())
        self.assert_order(result, "OK")
        self.assertEqual({k: result["bmc"][k] for k in ("vendor", "product", "firmware", "uuid", "serial")},
                         {"vendor": "Maker & Sons", "product": "Desk <7>", "firmware": "Intel AMT 16.1.30, admin control mode", "uuid": amt_standin.UUID,
                          "serial": "S-0042"})
        self.assertEqual(self.amt.acts(), [])

    def test_another_machine(self):
        self.assert_order(self.order("boot", "--uuid", "99112233-4455-6677-8899-aabbccddeeff"), "POWER_WRONG_MACHINE")
        self.assertEqual(self.amt.acts(), [])

    def test_one_that_does_not_say_who_it_is(self):
        self.amt.absent = {"CIM_ComputerSystemPackage", "CIM_SoftwareIdentity", "CIM_Chassis", "IPS_HostBasedSetupService"}
        result = self.order("check")
        self.assert_order(result, "OK")
        self.assertEqual((result["bmc"]["uuid"], result["bmc"]["firmware"]), ("", "Intel AMT"))
        self.amt.absent, self.amt.guid = set(), "no GUID"
        self.assertEqual(self.order("check")["bmc"]["uuid"], "")

    def test_nonces_run_out(self):
        self.amt.uses = 1
        self.assert_order(self.order("boot"), "OK")
        self.assertEqual(self.amt.started, [PXE])

    def test_busy_for_a_while(self):
        self.amt.busy = 2
        self.amt.returns["SetBootConfigRole"] = [3]
        self.assert_order(self.order("boot"), "OK")
        self.assertEqual(self.amt.started, [PXE])


class Refusals(AmtCase):
    def test_wrong_password(self):
        self.assert_order(self.order("boot", password="not this one"), "POWER_LOGIN", "user or password")
        self.assertEqual(self.amt.asked, [])
        self.assertLessEqual(self.amt.logins, 2)

    def test_client_control_mode(self):
        self.amt.mode = "1"
        result = self.order("boot")
        self.assert_order(result, "POWER_RIGHTS", "client control mode", "admin control mode")
        self.assertIn("client control mode", result["bmc"]["firmware"])
        self.assertNotIn("SetBootConfigRole", str(self.amt.acts()))
        self.assertEqual(self.amt.source, None)

    def test_client_control_mode_of_a_machine_that_is_on(self):
        self.amt.mode, self.amt.power = "1", amt_standin.ON
        self.assert_order(self.order("boot"), "POWER_RIGHTS", "client control mode")
        self.assertEqual((self.amt.power, self.amt.started), (amt_standin.ON, ["disk"]))

    def test_client_control_mode_with_consent(self):
        self.amt.mode, self.amt.opt_in_state = "1", "3"
        self.assert_order(self.order("boot"), "OK")
        self.assertEqual(self.amt.started, [PXE])

    def test_consent_for_all(self):
        self.amt.opt_in = "4294967295"
        self.assert_order(self.order("boot"), "POWER_RIGHTS", "user consent")

    def test_consent_for_the_screen_alone(self):
        self.amt.opt_in = "1"
        self.assert_order(self.order("boot"), "OK")

    def test_user_may_not(self):
        self.amt.faults["SetBootConfigRole"] = Fault("AccessDenied", "The sender was not authorized to access the resource.")
        self.assert_order(self.order("boot"), "POWER_RIGHTS", "CIM_BootService")
        self.amt.faults.clear()
        self.amt.returns["SetBootConfigRole"] = [6]
        self.assert_order(self.order("boot"), "POWER_RIGHTS", "access denied")
        self.amt.status = 403
        self.assert_order(self.order("status"), "POWER_RIGHTS")

    def test_boot_it_does_not_have(self):
        self.amt.returns["ChangeBootOrder", PXE] = [1]
        self.assert_order(self.order("boot"), "POWER_UNSUPPORTED", "ChangeBootOrder")
        self.amt.absent = {"CIM_BootService"}
        self.assert_order(self.order("boot"), "POWER_UNSUPPORTED", "CIM_BootService")
        self.assertEqual([s for s in self.amt.started if s == PXE], [])

    def test_boot_refused(self):
        self.amt.returns["SetBootConfigRole"] = [4]
        self.assert_order(self.order("boot"), "POWER_REFUSED", "code 4")

    def test_settings_refused_while_one_is_on(self):
        self.amt.settings["UseIDER"] = "true"
        self.amt.put = refuse
        self.assert_order(self.order("boot"), "POWER_REFUSED", "InvalidRepresentation", "not valid")

    def test_settings_not_kept(self):
        self.amt.settings["BIOSSetup"], self.amt.keeps_settings = "true", False
        self.assert_order(self.order("boot"), "POWER_BOOT_FLAG")

    def test_power_refused(self):
        self.amt.power = amt_standin.ON
        self.amt.returns["RequestPowerStateChange"] = [2] * 9
        self.assert_order(self.order("off"), "POWER_REFUSED", "code is 2")

    def test_fault_in_words(self):
        self.amt.faults["CIM_AssociatedPowerManagementService"] = Fault("InternalError", "The service failed \u202eand \x85 says so", 500)
        result = self.order("status")
        self.assert_order(result, "POWER_REFUSED", "InternalError", "The service failed ?and ?? says so")

    def test_busy_to_the_end(self):
        """It says when to come again, and that is after the order's end: nobody waits for that."""
        self.amt.busy, self.amt.retry_after = 1 << 20, "60"
        self.assert_order(self.order("status", seconds="50"), "POWER_BUSY")
        self.amt.busy = 0
        self.amt.faults["CIM_AssociatedPowerManagementService"] = Fault("TimedOut", "later", 500)
        self.assert_order(self.order("status", seconds="50"), "POWER_BUSY", "TimedOut")

    def test_no_media(self):
        self.assert_order(self.order("media", "--image", "http://127.0.0.1/x.iso"), "POWER_UNSUPPORTED")


class Nonsense(AmtCase):
    KIND = "CIM_AssociatedPowerManagementService"

    def answer(self, body):
        return (f'<a:Envelope xmlns:a="{amt_standin.SOAP}"><a:Body>{body}</a:Body></a:Envelope>').encode()

    def test_answers(self):
        kind = self.KIND
        bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
            f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9)) + "]>"
        good = self.answer(f"<{kind}><PowerState>2</PowerState></{kind}>")
        nonsense = [b"", b"not XML at all", b"\x00" * 64, b"<html><body>hello</body></html>", good[:-5], self.answer(""),
                    self.answer("<Other/>"), self.answer(f"<{kind}/>"), self.answer(f"<{kind}><PowerState>on</PowerState></{kind}>"),
                    self.answer(f"<{kind}><PowerState>-2</PowerState></{kind}>"),
                    self.answer(f"<{kind}><PowerState>99999999999999999999</PowerState></{kind}>"),
                    self.answer(f"<{kind}>" + "<x/>" * 200 + f"<PowerState>2</PowerState></{kind}>"),
                    bomb.encode() + self.answer(f"<{kind}><PowerState>&j;</PowerState></{kind}>"),
                    b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + good, good.decode().encode("utf-16"),
                    self.answer("<x>" * 5000), good + b" " * 70000]
        for body in nonsense:
            self.amt.answers[kind] = body
            result = self.order("status")
            self.assert_order(result, "POWER_ANSWER_BAD")
        self.amt.answers[kind] = good
        self.assert_order(self.order("status"), "OK")

    def test_method_without_a_result(self):
        self.amt.answers["SetBootConfigRole_OUTPUT"] = self.answer("<SetBootConfigRole_OUTPUT/>")
        self.assert_order(self.order("boot"), "POWER_ANSWER_BAD", "SetBootConfigRole")

    def test_another_server(self):
        for status in (200, 301, 404, 500):
            self.amt.status = status
            self.assert_order(self.order("status"), "POWER_ANSWER_BAD")

    def test_silence(self):
        self.amt.hold.clear()
        self.assert_order(self.order("status", seconds="5"), "POWER_UNREACHABLE")

    def test_nobody(self):
        self.amt.close()
        self.assert_order(self.order("status"), "POWER_UNREACHABLE")


class Tls(AmtCase):
    tls = True

    def test_boot(self):
        result = self.order("boot")
        self.assert_order(result, "OK")
        self.assertEqual(self.amt.started, [PXE])
        self.assertEqual(result["pin"], PIN)

    def test_known_certificate(self):
        self.assert_order(self.order("boot", "--pin", PIN), "OK")

    def test_another_certificate(self):
        self.assert_order(self.order("boot", "--pin", "0" * 64), "POWER_CERTIFICATE")
        self.assertEqual((self.amt.asked, self.amt.logins), ([], 0))

    def test_known_certificate_and_no_tls(self):
        """Whoever takes TLS away gets no login."""
        self.amt = self.machine()
        self.assert_order(self.order("boot", "--pin", PIN), "POWER_UNREACHABLE")
        self.assertEqual((self.amt.asked, self.amt.logins), ([], 0))
        self.assert_order(self.order("boot", "--pin", PIN, address="127.0.0.1:16992"), "POWER_CERTIFICATE")


class Ports(AmtCase):
    """Those of its own: this test has a network of its own."""

    def test_without_tls_alone(self):
        self.amt = self.machine(port=16992)
        self.assert_order(self.order("status", address="127.0.0.1"), "OK")

    def test_tls_before_no_tls(self):
        plain = self.machine(port=16992)
        self.amt = self.machine(CONTEXT, port=16993)
        result = self.order("check", address="127.0.0.1")
        self.assert_order(result, "OK")
        self.assertEqual(result["pin"], PIN)
        self.assertEqual((plain.asked, plain.logins), ([], 0))

    def test_none(self):
        self.assert_order(self.order("status", address="127.0.0.1"), "POWER_UNREACHABLE", "16993", "16992")


if __name__ == "__main__":
    unittest.main()
