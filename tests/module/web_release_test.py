#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend web between pages and escrow: strict with both, a flood stays here."""
import base64
import time
import unittest

from web_server import Web, add, pending, until

MAC = "52:54:00:12:34:56"


class Calls(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)
        self.escrow = self.web.escrow
        until(lambda: self.web.api("GET", "/api/v1/snapshot")[1]["appliance"]["escrow"]["ok"])

    def post(self, call, body, **headers):
        return self.web.api("POST", "/api/v1/release/" + call, body, headers=headers)

    def test_strict_and_bounded(self):
        mark = {"X-Netmend": "1"}
        box = base64.b64encode(bytes(200)).decode()
        for call in ("decide", "enter"):
            cookie = {"Cookie": self.web.admin()}
            self.assertEqual(self.post(call, {"v": 1, "box": box}, **cookie)[0], 403)
            self.assertEqual(self.post(call, {"v": 1, "box": box}, **cookie, **{"X-Netmend": "2"})[0], 403)
            for bad in ({"v": 1}, {"v": 2, "box": box}, {"v": 1, "box": "!"}, {"v": 1, "box": ""}, {"v": 1, "box": box, "more": 1},
                        {"v": 1, "box": base64.b64encode(bytes(93)).decode()}, [1], b"{", b'{"v":1,"v":1}'):
                status, answer = self.post(call, bad, **mark)
                self.assertEqual((status, answer["error"]), (400, "PROTOCOL_ERROR"), bad)
            self.assertEqual(self.post(call, {"v": 1, "box": "A" * 40000}, **mark)[0], 413)
            self.assertEqual(self.web.get("/api/v1/release/" + call, secure=True)[0], 405)
            self.assertEqual(self.post(call, {"v": 1, "box": box}, **mark)[1]["reason"], "PROTOCOL_ERROR")
        self.assertEqual(self.escrow.boxes, [])
        self.assertEqual(self.web.api("GET", "/api/v1/release"), (200, {"v": 1, "requests": []}))

    def test_a_flood_stays_here(self):
        asked = []
        self.escrow.on_enter = lambda q: asked.append(q) or {"ok": False, "reason": "KEY_MISMATCH", "text": ""}
        body = {"v": 1, "box": base64.b64encode(bytes(200)).decode()}
        answers = [self.post("enter", body, **{"X-Netmend": "1"})[0] for _ in range(70)]
        self.assertEqual((answers.count(200), answers.count(429)), (60, 10))
        self.assertEqual(len(asked), 60)
        # Another address is another one.
        self.assertEqual(self.web.api("POST", "/api/v1/release/enter", body, headers={"X-Netmend": "1"}, source="127.0.0.9")[0], 200)

    def test_a_place_in_the_queue_is_no_event_each_time(self):
        places = iter(range(40, 0, -1))
        self.escrow.on_release = lambda _: pending("WAITING_KEY", f"place {next(places)}")
        add(self.web, MAC)
        session = self.web.open(MAC)[1]["session"]
        until(lambda: "place 40" in self.web.release(session)[1]["text"])
        for _ in range(3):
            self.escrow.news("release", session=session)
            time.sleep(0.1)
            self.web.release(session)
        until(lambda: "place 3" in self.web.release(session)[1]["text"])
        told = [e["text"] for e in self.web.machine(MAC)["timeline"] if e["step"] == "release"]
        self.assertEqual(told, ["place 40"])

    def test_more_requests_than_a_message_holds(self):
        def listed():
            return [r["request"] for r in self.web.api("GET", "/api/v1/release")[1]["requests"]]

        for i in range(1000):
            self.escrow.request(f"{i:032x}", {"id": i, "name": f"PC-{i}", "uuid": "", "serial": "", "mac": MAC, "ip": "10.0.0.1"})
        self.escrow.news("requests")
        wanted = [r["request"] for r in self.escrow.requests.values()]
        until(lambda: listed() == wanted)
        for session in list(self.escrow.requests)[::2]:
            del self.escrow.requests[session]
        self.escrow.news("requests")
        wanted = [r["request"] for r in self.escrow.requests.values()]
        until(lambda: listed() == wanted)
        self.escrow.requests.clear()
        self.escrow.news("requests")
        until(lambda: listed() == [])

    def test_an_escrow_that_is_not_there(self):
        self.escrow.close()
        until(lambda: not self.web.api("GET", "/api/v1/snapshot")[1]["appliance"]["escrow"]["ok"])
        self.web.escrow = None
        body = {"v": 1, "box": base64.b64encode(bytes(200)).decode()}
        status, answer = self.post("decide", body, **{"X-Netmend": "1"})
        self.assertEqual((status, answer["error"]), (503, "ESCROW_UNREACHABLE"))

    def test_what_escrow_must_not_say(self):
        """It changes nothing and stops nothing."""
        before = self.web.api("GET", "/api/v1/snapshot")[1]["appliance"]["escrow"]
        self.escrow.status["keys"] = "many"
        count = self.web.log().count("escrow's answer")
        until(lambda: self.web.log().count("escrow's answer") > count)
        self.assertEqual(self.web.api("GET", "/api/v1/snapshot")[1]["appliance"]["escrow"], before)
        self.escrow.news("nonsense")
        self.escrow.news("release", session="x")
        self.escrow.send({"v": 1, "id": 99999, "ok": True})
        self.escrow.send([1])
        until(lambda: self.web.log().count("escrow:") >= 4)
        self.escrow.status["keys"] = 77
        until(lambda: self.web.api("GET", "/api/v1/snapshot")[1]["appliance"]["escrow"]["keys"] == 77)


if __name__ == "__main__":
    unittest.main()
