#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""POST /v1/boot: what a machine without a token is told, who has to be looked at by a person, and what a flood of strangers gets."""
import json
import unittest

from web_server import DHCP, DISCOVER, UEFI, Web, add, hello, operator, until

MAC = "52:54:00:12:34:56"
MINUTES = 60_000


def contact(mac=MAC, way="grub", **changes):
    return {"v": 1, "way": way, "mac": mac, "uuid": "", "serial": "", "asset": "", "manufacturer": "", "product": "PC",
            "platform": "efi", "arch": "x86_64"} | changes


class FirstContact(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)

    def ask(self, source="127.0.0.1", **of):
        status, answer = self.web.api("POST", "/v1/boot", contact(**of), source=source)
        self.assertEqual(status, 200, answer)
        return answer

    def served(self, mac=MAC, minutes_ago=0):
        """dnsmasq has answered it."""
        self.web.sql("UPDATE macs SET answered = 0 WHERE mac = ?", mac)
        self.web.tell(DHCP, UEFI, event=DISCOVER, mac=mac, text="uefi-x64", ok=1)
        until(lambda: self.web.sql("SELECT answered FROM macs WHERE mac = ? AND answered > 0", mac))
        self.web.sql("UPDATE macs SET answered = answered - ? WHERE mac = ?", minutes_ago * MINUTES, mac)

    def question(self, token, source="127.0.0.1"):
        """What escrow is asked for the session of this token."""
        status, answer = self.web.api("POST", "/v1/sessions", hello(token, MAC), source=source)
        self.assertEqual(status, 200, answer)
        self.web.release(answer["session"], source=source)
        return until(lambda: next((q for q in self.web.escrow.asked if q["session"] == answer["session"]), None))

    def test_the_same_decision_as_the_boot_script(self):
        for way in ("grub", "media"):
            answer = self.ask(way=way)
            self.assertEqual((answer["next"], answer["token"], answer["reason"]), ("local", "", "NOT_IN_SCOPE"))
            self.assertGreater(answer["wait"], 0)
        add(self.web, MAC, name="pc 7")
        answer = self.ask()
        self.assertEqual({k: answer[k] for k in ("v", "next", "wait", "name", "attempt", "dry_run", "reason")},
                         {"v": 1, "next": "remediate", "wait": 0, "name": "pc 7", "attempt": 1, "dry_run": False, "reason": "OK"})
        self.assertRegex(answer["token"], "^[0-9a-f]{32}$")
        self.assertNotIn(answer["token"], self.web.log())
        operator(self.web, MAC, held=1)
        answer = self.ask()
        self.assertEqual((answer["next"], answer["token"], answer["reason"]), ("hold", "", "HELD"))
        self.assertIn("waits (HELD)", self.web.script(MAC))

    def test_who_was_answered_just_before_is_trusted_as_the_policy_says(self):
        add(self.web, MAC)
        for way, minutes, expected in (("grub", None, "unseen"), ("grub", 0, ""), ("grub", 9, ""), ("grub", 11, "unseen"),
                                       ("media", 0, "media")):
            if minutes is not None:
                self.served(minutes_ago=minutes)
            asked = self.question(self.ask(way=way)["token"])
            self.assertEqual((asked.get("contact", ""), asked.get("approval", "config")),
                             (expected, "pairing" if expected else "config"), (way, minutes))
            texts = [e["text"] for e in self.web.machine(MAC)["timeline"] if e["step"] == "boot"]
            self.assertEqual("pairing needed" in texts[-1], bool(expected), texts)
        self.web.sql("UPDATE tokens SET created = created - 3600000")  # the serve guard
        asked = self.question(self.web.token(MAC))
        self.assertEqual((asked.get("contact"), asked.get("approval")), (None, None))

    def test_a_token_is_of_no_use_to_another(self):
        add(self.web, MAC)
        token = self.ask()["token"]
        status, answer = self.web.api("POST", "/v1/sessions", hello(token, MAC), source="127.0.0.2")
        self.assertEqual((status, answer["error"]), (403, "TOKEN_OTHER_ADDRESS"))
        self.assertEqual(self.question(token)["contact"], "unseen")

    def test_a_flood_of_strangers_mints_nothing(self):
        add(self.web, MAC)
        answers = [self.ask("127.0.0.9", mac=f"52:54:00:99:{n // 256:02x}:{n % 256:02x}", way=("grub", "media")[n % 2])
                   for n in range(100)]
        self.assertEqual({a["token"] for a in answers}, {""})
        self.assertEqual([a["reason"] for a in answers], ["NOT_IN_SCOPE"] * 60 + ["TRY_LATER"] * 40)
        self.assertEqual({a["next"] for a in answers[60:]}, {"hold"})
        # Its own machines one address may start no more often than the guard allows, and nobody waits for it.
        self.assertEqual([self.ask(way="media")["next"] for _ in range(8)], ["remediate"] * 6 + ["hold"] * 2)
        self.assertEqual(self.web.sql("SELECT count(*) FROM tokens"), [(6,)])

    def test_what_is_refused(self):
        for changes in ({"way": "pxe"}, {"way": "script"}, {"mac": ""}, {"mac": "01:00:5e:00:00:01"}, {"platform": "x"}, {"v": 2},
                        {"arch": "a b"}, {"more": 1}, {"ip": "10.0.0.1"}, {"serial": 5}):
            status, answer = self.web.api("POST", "/v1/boot", contact(**changes))
            self.assertEqual((status, answer["error"]), (400, "PROTOCOL_ERROR"), changes)
        self.assertEqual(self.web.api("POST", "/v1/boot", json.dumps(contact()).encode() + b" " * 5000)[0], 413)
        self.assertEqual(self.web.call("POST", "/v1/boot", json.dumps(contact()).encode())[0], 404)
        self.assertEqual(self.web.api("GET", "/v1/boot")[0], 405)


if __name__ == "__main__":
    unittest.main()
