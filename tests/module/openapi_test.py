# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenAPI file against `netmend web`: every call that is compiled in is described, every answer is as described, and what is not
described is refused. Judged by jsonschema, which we did not write."""
import copy
import csv
import http.client
import io
import json
import os
import re
import ssl
import subprocess
import unittest

import jsonschema

import bundle_maker
from web_server import BUILD, HERE, Web, add, event, events, hello, released, result

MAC = "52:54:00:00:0a:01"
ROUTES_C = os.path.join(HERE, "../../appliance/web/routes.c")
REASONS = set(re.findall(r"^REASON\((\w+),", open(os.path.join(HERE, "../../include/netmend/reason.def")).read(), re.M))
RIGHTS = {"OPEN": "open", "WALL": "wall", "VIEW": "view", "OPERATE": "operate", "APPROVE": "approve", "ADMIN": "admin"}


MALFORMED = ((400, "VALUE_BAD"), (400, "PROTOCOL_ERROR"))


class Description:
    def __init__(self, text):
        self.all = json.loads(text)
        self.calls = {(method.upper(), path): call for path, methods in self.all["paths"].items() for method, call in methods.items()}

    def schema(self, reference):
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": self.all["components"], **reference}

    def resolve(self, item):
        while "$ref" in item:
            found = self.all
            for name in item["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            item = found
        return item

    def find(self, method, address):
        """The call an address belongs to: the most literal one."""
        path = address.split("?")[0]
        fits = [p for m, p in self.calls if m == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", p), path)]
        return min(fits, key=lambda p: p.count("{"))

    def judge(self, method, address, status, body):
        """Raises unless the answer is as described."""
        call = self.calls[method, self.find(method, address)]
        answer = self.resolve(call["responses"].get(str(status), call["responses"]["default"]))
        kind, content = next(iter(answer["content"].items()))
        if kind == "application/json":
            jsonschema.validate(json.loads(body), self.schema(content["schema"]), jsonschema.Draft202012Validator)

    def bodies(self):
        """[(method, path, schema, example)] of those that take JSON."""
        return [(m, p, self.schema(c["schema"]), c["example"]) for (m, p), call in self.calls.items()
                if (c := call.get("requestBody", {}).get("content", {}).get("application/json"))]


def objects(value, where=()):
    """Every object in it, with the way there."""
    if isinstance(value, dict):
        yield where, value
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from objects(item, where + (key,))


def spoilt(example):
    """(what, body): the example with one field too many, and with each one missing, on every level but where any name is good."""
    for where, found in objects(example):
        if where[-1:] == ("numbers",):
            continue
        for name in [None, *found]:
            body = copy.deepcopy(example)
            target = body
            for key in where:
                target = target[key]
            if name is None:
                target["surplus"] = 1
            else:
                del target[name]
            yield "/".join(map(str, where)) + (f" without {name}" if name else " with surplus"), body


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = Web().start()
        context = ssl.create_default_context(cafile=cls.web.path("cert.pem"))
        context.check_hostname = False
        cls.connection = http.client.HTTPSConnection("127.0.0.1", cls.web.https_port, context=context, timeout=40)
        cls.description = Description(cls.web.call("GET", "/api/v1/openapi.json", secure=True)[2])
        text = subprocess.run([os.path.join(BUILD, "netmend"), "web", "--routes"], check=True, capture_output=True, text=True).stdout
        cls.routes = {tuple(line.split()[1:]) for line in text.splitlines() if line.startswith("https ")}
        # A draft, so that what is sent to campaign 1 is read.
        plan = next(example for _, path, _, example in cls.description.bodies() if path == "/api/v1/campaigns")
        cls.web.api("POST", "/api/v1/campaigns", plan | {"plan": plan["plan"] | {"name": "first"}})

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        cls.web.close()

    def ask(self, method, address, body=None, kind="application/json", **headers):
        """(status, body), over one connection for all; as an admin, unless a cookie is given."""
        self.connection.request(method, address, body,
                                self.web.access(address, {"X-Netmend": "1", "Content-Type": kind} | headers))
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def call(self, method, address, body=None, status=200, **settings):
        """Judged by the description; the answer."""
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        found, answer = self.ask(method, address, data, **settings)
        self.assertEqual(found, status, (method, address, answer[:300]))
        self.description.judge(method, address, found, answer)
        for code in re.findall(rb'"(?:reason|error)": ?"(\w+)"', answer):
            self.assertIn(code.decode(), REASONS)
        return answer

    def test_file(self):
        """Every schema is one, every reference leads somewhere, every object says all of its fields."""
        jsonschema.Draft202012Validator.check_schema(self.description.schema({}))
        for where, found in objects(self.description.all):
            if "$ref" in found:
                self.description.resolve(found)
            if found.get("type") == "object" and "properties" in found:
                self.assertIs(found.get("additionalProperties"), False, where)
        for schema in self.description.all["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(self.description.schema(schema))

    def test_routes(self):
        """What is compiled in is what is described, with the right that routes.c asks for."""
        described = {(method, re.sub(r"\{\w+\}", "{}", path)): call for (method, path), call in self.description.calls.items()}
        self.assertEqual(sorted(self.routes - set(described)), [], "compiled in, not described")
        self.assertEqual(sorted(set(described) - self.routes), [], "described, not compiled in")
        with open(ROUTES_C) as f:
            source = re.sub(r"\s+", " ", f.read())
        rights = dict(re.findall(r"(?:LOOK|ACT)\((\w+), RIGHT_(\w+),", source))
        handlers = dict(re.findall(r'(?:GET|POST|DELETE)\("([^"]+)", (?:[\w ]+, )?(\w+)\)', source))
        for path, handler in handlers.items():
            if handler in rights:
                self.assertIn(RIGHTS[rights[handler]], [call["x-right"] for (_, p), call in described.items() if p == path], path)

    def test_examples(self):
        """Each example is a body as described; with a field missing or one too many it is refused, by the description and by the
        server."""
        taken = []
        for method, path, schema, example in self.description.bodies():
            if (method, re.sub(r"\{\w+\}", "{}", path)) not in self.routes:
                continue
            validator = jsonschema.Draft202012Validator(schema)
            self.assertEqual(list(validator.iter_errors(example)), [], path)
            for what, body in spoilt(example):
                if not validator.is_valid(body) and not self.refuses(method, path, body):
                    taken.append((path, what))
        self.assertEqual(taken, [])

    def refuses(self, method, path, body):
        """As malformed; what needs a session may be refused for that, first."""
        address = path.replace("{id}", "0" * 32 if path.startswith("/v1/") else "1")
        status, answer = self.ask(method, address, json.dumps(body).encode())
        self.description.judge(method, address, status, answer)
        error = json.loads(answer).get("error")
        return (status, error) in MALFORMED or path.startswith("/v1/") and (status, error) == (403, "TOKEN_INVALID")

    def test_machine(self):
        """A machine's way through the fixer's API, and what the page sees of it."""
        add(self.web, MAC)
        body = hello(self.web.token(MAC), MAC)
        session = json.loads(self.call("POST", "/v1/sessions", body))["session"]
        self.call("POST", f"/v1/sessions/{session}/events", events("planning", event(1, "planning", "plan", sectors=24)))
        self.web.escrow.answer = released()
        self.call("GET", f"/v1/sessions/{session}/release?wait=2")
        bundle = bundle_maker.bundle()
        saved = json.loads(self.call("PUT", f"/v1/sessions/{session}/journal", bundle))
        self.call("GET", f"/v1/sessions/{session}/journal")
        self.call("GET", "/api/v1/snapshot")
        number = self.web.row(MAC)["id"]
        self.call("POST", f"/v1/sessions/{session}/result", result("REPAIRED", saved["sha256"]))
        told = json.loads(self.call("GET", f"/api/v1/machines/{number}"))
        timeline = list(csv.DictReader(io.StringIO(self.call("GET", f"/api/v1/machines/{number}/timeline.csv").decode(), newline="")))
        self.assertEqual([(int(e["seq"]), e["step"], e["text"], json.loads(e["numbers"])) for e in timeline],
                         [(e["seq"], e["step"], e["text"], e["numbers"]) for e in told["timeline"]])
        self.assertEqual(self.call("GET", f"/api/v1/machines/{number}/bundles/{saved['sha256']}"), bundle)
        self.assertEqual(json.loads(self.call("GET", f"/api/v1/machines/{number}/bundles/{saved['sha256']}/sectors"))["sectors"], 7)
        for whose in ("machine", "model"):
            chosen = json.loads(self.call("POST", f"/api/v1/machines/{number}/loader", {"v": 1, "loader": "shim", "for": whose}))["loader"]
            self.assertEqual(chosen, json.loads(self.call("GET", f"/api/v1/machines/{number}"))["loader"])
        self.assertEqual((chosen["chosen"], chosen["model"]), ("shim", "shim"))
        self.assertIn(b",shim,,\r\n", self.call("GET", "/api/v1/machines.csv"))
        self.assertEqual([(a["kind"], a["object"], a["text"], a["who"]) for a in json.loads(self.call("GET", "/api/v1/actions"))["actions"]
                          if a["verb"] == "loader"], [("model", chosen["model_name"], "shim", "tests"),
                                                      ("machine", told["machine"]["name"], "shim", "tests")])
        self.call("POST", "/api/v1/machines/9999/loader", {"v": 1, "loader": "shim", "for": "machine"}, status=404)
        self.call("POST", f"/api/v1/machines/{number}/loader", {"v": 1, "loader": "grub", "for": "machine"}, status=400)
        stranger = json.loads(self.call("POST", "/api/v1/machines", {"v": 1, "mac": "52:54:00:00:0a:99", "name": "new"}))["id"]
        self.call("POST", f"/api/v1/machines/{stranger}/loader", {"v": 1, "loader": "shim", "for": "model"}, status=409)
        for address in ("/api/v1/machines/9999", "/api/v1/machines/9999/timeline.csv", f"/api/v1/machines/{number}/bundles/{'0' * 64}",
                        f"/api/v1/machines/{number}/bundles/{'0' * 64}/sectors"):
            self.call("GET", address, status=404)
        self.call("GET", f"/v1/sessions/{'0' * 32}/release", status=403)

    def test_machines(self):
        """Chosen, acted upon, exported."""
        number = json.loads(self.call("POST", "/api/v1/machines", {"v": 1, "mac": "52:54:00:00:0a:02", "name": "PC02"}))["id"]
        self.call("GET", "/api/v1/machines?text=PC02&site=&severity=ok")
        self.call("GET", "/api/v1/machines?frob=1", status=400)
        self.call("GET", "/api/v1/machines.csv?text=PC02")
        for verb in ("hold", "release", "retry", "discard", "set-back", "normal-start", "remove", "add"):
            self.call("POST", "/api/v1/machines/act", {"v": 1, "verb": verb, "machines": [number, 9999], "text": "why"})
        self.call("POST", "/api/v1/machines/act", {"v": 1, "verb": "hold", "filter": {"text": ["PC02"]}, "text": ""})

    def test_power(self):
        """Orders to controllers: nobody has one here."""
        number = json.loads(self.call("POST", "/api/v1/machines", {"v": 1, "mac": "52:54:00:00:0a:07", "name": "SRV07"}))["id"]
        for dry_run in (True, False):
            body = {"v": 1, "order": "boot", "machines": [number, 9999], "force": False, "dry_run": dry_run, "why": ""}
            told = json.loads(self.call("POST", "/api/v1/power", body))
            self.assertEqual((told["count"], told["refused"]), (0, 2))
            self.assertEqual([(m["id"], m["reason"]) for m in told["machines"]], [(number, "POWER_NO_BMC"), (9999, "NOT_FOUND")])
        body = {"v": 1, "order": "media", "filter": {"text": ["SRV07"]}, "force": True, "dry_run": True, "why": "", "at_once": 5}
        self.call("POST", "/api/v1/power", body, status=400)
        self.call("POST", "/api/v1/power", body | {"image": "http://10.0.0.1/a.iso"})
        self.call("POST", "/api/v1/power", body | {"order": "melt"}, status=400)
        self.call("POST", "/api/v1/power", body | {"order": "on", "per_rack": 1000}, status=400)
        self.assertEqual(json.loads(self.call("POST", "/api/v1/power/stop", {"v": 1, "machines": [number], "why": ""}))["stopped"], 0)
        self.assertEqual(json.loads(self.call("POST", "/api/v1/power/stop", {"v": 1, "filter": {"text": ["nobody"]}, "why": ""}))["stopped"], 0)
        self.assertEqual(json.loads(self.call("GET", "/api/v1/power"))["orders"], [])
        self.call("GET", "/api/v1/power?campaign=x", status=400)
        self.call("GET", "/api/v1/power.csv")
        self.assertEqual(json.loads(self.call("GET", f"/api/v1/machines/{number}"))["power"], {"bmc": "", "order": None})
        for call in ("power-status", "console"):
            self.assertEqual(json.loads(self.call("POST", f"/api/v1/machines/{number}/{call}", {}))["reason"], "POWER_NO_BMC")
            self.call("POST", f"/api/v1/machines/9999/{call}", {}, status=404)

    def test_inventory(self):
        """Imported, tried, exported, taken out."""
        lines = b"name,mac,site\nPC03,52:54:00:00:0a:03,Bern\nPC04,nonsense,Bern\n"
        for dry in ("?dry=1", ""):
            told = json.loads(self.call("POST", "/api/v1/inventory" + dry, lines, kind="text/csv"))
            self.assertEqual((told["added"], len(told["rejected"])), (1, 1))
        self.call("POST", "/api/v1/inventory?dry=1", b"frob\n1\n", status=400, kind="text/csv")
        self.call("POST", "/api/v1/inventory", b"name,serial,site\nPC05,S55,Basel\n", kind="text/csv")  # nobody knows a MAC of it
        self.call("GET", "/api/v1/machines?site=Basel")
        exported = list(csv.DictReader(io.StringIO(self.call("GET", "/api/v1/inventory.csv").decode(), newline="")))
        lines = json.loads(self.call("GET", "/api/v1/inventory"))["lines"]
        self.assertEqual([line["name"] for line in lines], ["PC03", "PC05"])
        self.assertEqual([{name: str(line[name] or "") for name in exported[0]} for line in lines], exported)
        number = json.loads(self.call("GET", "/api/v1/machines?site=Bern"))["machines"][0]["id"]
        self.call("DELETE", f"/api/v1/inventory/{number}")
        self.call("DELETE", f"/api/v1/inventory/{number}", status=404)

    def test_campaign(self):
        """A campaign from its plan to its report."""
        plan = next(example for _, path, _, example in self.description.bodies() if path == "/api/v1/campaigns")
        self.call("POST", "/api/v1/campaigns/preview", plan)
        number = json.loads(self.call("POST", "/api/v1/campaigns", plan))["id"]
        self.call("GET", "/api/v1/campaigns")
        self.call("GET", f"/api/v1/campaigns/{number}")
        self.call("POST", f"/api/v1/campaigns/{number}", plan)
        for verb in ("start", "pause", "resume", "abort"):
            self.call("POST", f"/api/v1/campaigns/{number}/act", {"v": 1, "verb": verb, "wave": 0, "text": ""})
        self.call("POST", f"/api/v1/campaigns/{number}/act", {"v": 1, "verb": "start", "wave": 0, "text": ""}, status=409)
        rows = list(csv.DictReader(io.StringIO(self.call("GET", "/api/v1/campaigns.csv").decode(), newline="")))
        self.assertEqual([(r["name"], r["state"], r["created_by"]) for r in rows if r["id"] == str(number)],
                         [(plan["plan"]["name"], "aborted", "tests")])
        for form in ("report", "report.json", "report.csv"):
            self.call("GET", f"/api/v1/campaigns/{number}/{form}")
        other = copy.deepcopy(plan)
        other["plan"]["name"] = "second"
        draft = json.loads(self.call("POST", "/api/v1/campaigns", other))["id"]
        self.call("DELETE", f"/api/v1/campaigns/{draft}")
        self.call("GET", f"/api/v1/campaigns/{draft}", status=404)

    def test_people(self):
        """Accounts, logins and tokens; what people did."""
        examples = {path: example for _, path, _, example in self.description.bodies()}
        number = json.loads(self.call("POST", "/api/v1/people", examples["/api/v1/people"]))["id"]
        self.call("POST", "/api/v1/people", examples["/api/v1/people"], status=409)
        name, password = examples["/api/v1/people"]["name"], examples["/api/v1/people"]["password"]
        status, headers, answer = self.web.call("POST", "/api/v1/login", json.dumps(
            {"v": 1, "name": name, "password": password}).encode(), secure=True, headers={"Cookie": ""})
        self.description.judge("POST", "/api/v1/login", status, answer)
        self.assertEqual(status, 200, answer)
        cookie = headers["Set-Cookie"].split(";")[0]
        self.call("GET", "/api/v1/me", Cookie=cookie)
        self.call("GET", "/api/v1/people", status=403, Cookie=cookie)
        self.call("POST", "/api/v1/me/password", {"v": 1, "old": password, "new": "another horse battery"}, Cookie=cookie)
        self.call("POST", "/api/v1/logout", {"v": 1}, Cookie=cookie)
        self.call("GET", "/api/v1/snapshot", status=401, Cookie=cookie)
        self.call("POST", f"/api/v1/people/{number}", {"v": 1, "role": "viewer"})
        self.call("POST", "/api/v1/people/999", {"v": 1, "role": "viewer"}, status=404)
        people = json.loads(self.call("GET", "/api/v1/people"))["people"]
        rows = list(csv.DictReader(io.StringIO(self.call("GET", "/api/v1/people.csv").decode(), newline="")))
        self.assertEqual([(r["name"], r["role"]) for r in rows], [(p["name"], p["role"]) for p in people])
        self.assertRegex(rows[0]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.call("DELETE", f"/api/v1/people/{number}")
        token = json.loads(self.call("POST", "/api/v1/tokens", examples["/api/v1/tokens"]))["id"]
        self.call("GET", "/api/v1/tokens")
        self.assertIn(b"tests,admin,", self.call("GET", "/api/v1/tokens.csv"))
        self.call("DELETE", f"/api/v1/tokens/{token}")
        self.call("POST", "/api/v1/setup", examples["/api/v1/setup"], status=403)
        self.call("GET", "/api/v1/actions?limit=3")
        self.call("GET", "/api/v1/actions.csv?limit=3")
        self.call("GET", "/api/v1/wallboard")

    def test_appliance(self):
        listed = json.loads(self.call("GET", "/api/v1/appliances"))["appliances"]
        self.call("GET", "/api/v1/progress")
        self.call("GET", "/api/v1/wire")
        rows = list(csv.DictReader(io.StringIO(self.call("GET", "/api/v1/appliances.csv").decode())))
        self.assertEqual([sorted(row) for row in rows], [sorted(appliance) for appliance in listed])  # who exports it loses nothing
        self.assertEqual([(row["self"], row["twin"]) for row in rows], [("yes", "")])
        self.call("GET", "/metrics")
        self.call("GET", "/api/v1/release")
        self.call("GET", "/api/v1/openapi.json")


if __name__ == "__main__":
    unittest.main()
