#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A saved repair taken from the appliance by a person: who may, under which name, and that the record says so; and what it tells of the
sectors it changes. On PostgreSQL, where its bytes come in parts, nobody waits for them."""
import hashlib
import json
import os
import unittest

import bundle_maker
import postgres_lab
from web_server import Web, add

MAC, OTHER = "52:54:00:12:34:61", "52:54:00:12:34:62"
BUNDLE = os.urandom(300_000)
SHA = hashlib.sha256(BUNDLE).hexdigest()


class Bundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = Web().start()
        cls.addClassCleanup(cls.web.close)
        for mac in (MAC, OTHER):
            add(cls.web, mac)
        _, opened = cls.web.open(MAC)
        cls.web.api("PUT", f"/v1/sessions/{opened['session']}/journal", BUNDLE)
        cls.number = cls.web.row(MAC)["id"]

    def setUp(self):
        self.before = len(self.recorded())

    def take(self, number, sha=SHA, **headers):
        return self.web.call("GET", f"/api/v1/machines/{number}/bundles/{sha}", secure=True, headers=headers)

    def recorded(self):
        _, record = self.web.api("GET", "/api/v1/actions")
        return [a for a in record["actions"] if a["verb"] == "download"]

    def downloads(self):
        """Of this test, the newest first."""
        return self.recorded()[:len(self.recorded()) - self.before]

    def test_an_operator_gets_it_and_the_record_says_so(self):
        self.web.sql("UPDATE machines SET name = ? WHERE id = ?", 'PC "1"\r\nX: y/../é', self.number)
        token = self.web.api_token("otto", "operator")
        status, headers, body = self.take(self.number, Authorization=token)
        self.assertTrue((status, body) == (200, BUNDLE), status)
        self.assertRegex(headers["Content-Disposition"], rf'^attachment; filename="PC__1_[\w.-]+-{SHA[:12]}\.tar\.zst"$')
        self.assertEqual((headers["X-Content-Type-Options"], headers["Content-Type"], headers["Cache-Control"]),
                         ("nosniff", "application/octet-stream", "no-store"))
        self.assertEqual([(a["who"], a["text"]) for a in self.downloads()], [("otto", f"saved repair {SHA}")])

    def test_who_only_looks_does_not(self):
        token = self.web.api_token("vera", "viewer")
        status, _, body = self.take(self.number, Authorization=token)
        self.assertEqual((status, json.loads(body)["error"]), (403, "ROLE_TOO_LOW"))
        self.assertEqual(self.take(self.number, Authorization="", Cookie="")[0], 401)
        self.assertEqual(self.downloads(), [])

    def test_what_is_not_there(self):
        other = self.web.row(OTHER)["id"]
        for number, sha in ((other, SHA), (self.number, "0" * 64), (self.number, "..%2f..%2fnetmend.db"), (0, SHA), ("1x", SHA), (99999, SHA)):
            with self.subTest(number=number, sha=sha):
                self.assertEqual(self.take(number, sha)[0], 404)
        self.assertEqual(self.downloads(), [])
        stored = os.path.join(self.web.path("bundles"), SHA + ".tar.zst")
        os.rename(stored, stored + ".away")
        self.addCleanup(os.rename, stored + ".away", stored)
        status, _, body = self.take(self.number)
        self.assertEqual((status, json.loads(body)["error"]), (404, "CANNOT_OPEN"))
        self.assertEqual(self.downloads(), [])  # nothing went out

    def test_a_record_is_one_download(self):
        """Who asks only how large it is takes nothing; who asks for a part gets the whole, so that no part leaves unseen."""
        status, headers, body = self.web.call("HEAD", f"/api/v1/machines/{self.number}/bundles/{SHA}", secure=True)
        self.assertEqual((status, headers["Content-Length"], body), (200, str(len(BUNDLE)), b""))
        self.assertEqual(self.downloads(), [])
        for number, part in enumerate(("bytes=1-", "bytes=0-0", "bytes=300000-"), 1):
            status, headers, body = self.take(self.number, Range=part)
            self.assertTrue((status, body) == (200, BUNDLE), (part, status, len(body)))
            self.assertEqual((headers["Accept-Ranges"], headers["Content-Range"]), ("none", None))
            self.assertEqual(len(self.downloads()), number)


class Case(unittest.TestCase):
    """A machine that saves what the tests made."""

    @classmethod
    def setUpClass(cls):
        cls.web = cls.make_web()
        cls.addClassCleanup(cls.web.close)
        cls.session = cls.web.open(MAC)[1]["session"]
        cls.number = cls.web.row(MAC)["id"]

    @classmethod
    def make_web(cls):
        return Web(scope="all").start()

    def save(self, data):
        status, answer = self.web.api("PUT", f"/v1/sessions/{self.session}/journal", data)
        self.assertEqual(status, 200, answer)
        return answer["sha256"]

    def sectors(self, data, **settings):
        return self.web.api("GET", f"/api/v1/machines/{self.number}/bundles/{self.save(data)}/sectors", **settings)


class Sectors(Case):
    def refused(self, data, word):
        status, answer = self.sectors(data)
        self.assertEqual((status, answer.get("error")), (409, "BUNDLE_BAD"), (word, answer))
        self.assertIn(word, answer["text"])

    def test_what_it_tells(self):
        token = self.web.api_token("vera", "viewer")
        data = bundle_maker.bundle()
        status, told = self.sectors(data, headers={"Authorization": token})
        self.assertEqual(status, 200, told)
        manifest = bundle_maker.manifest()
        for name in ("program", "host", "recipe", "plan", "journal", "disk", "partition"):
            self.assertEqual(told[name], manifest[name])
        self.assertEqual((told["volume"], told["sha256"], told["size"], told["state"]),
                         (manifest["volume_id"], hashlib.sha256(data).hexdigest(), len(data), "pending"))
        self.assertEqual((told["sectors"], told["places"], told["bytes"], told["truncated"]), (7, 5, 7 * 512, False))
        self.assertEqual([(k["stage"], k["places"], k["sectors"]) for k in told["kinds"]],
                         [("index", 1, 2), ("record", 2, 3), ("rest", 1, 1), ("journal", 1, 1)])
        # Each range is where it says in the bundle.
        self.assertEqual([(r["lba"], r["count"], r["stage"]) for r in told["ranges"]], list(bundle_maker.RUNS))
        old = b"".join(bundle_maker.sectors(bundle_maker.RUNS, 1))
        for r in told["ranges"]:
            self.assertEqual(hashlib.sha256(old[r["at"]:r["at"] + r["count"] * 512]).hexdigest(), r["old_sha256"])
        (file,) = told["files"]
        self.assertEqual((file["path"], file["renamed_to"], file["modified"]), (bundle_maker.PATH, "", "2024-07-19T04:20:00Z"))
        self.assertNotIn("download", [a["verb"] for a in self.web.api("GET", "/api/v1/actions")[1]["actions"]])

    def test_many_and_old(self):
        many = [(10 * n, 1, "rest") for n in range(4096)]
        _, told = self.sectors(bundle_maker.bundle(many))
        self.assertEqual((told["sectors"], told["places"], len(told["ranges"]), told["truncated"]), (4096, 4096, 512, True))
        old = bundle_maker.manifest()
        old["v"] = 1
        for run in old["runs"]:
            del run["stage"]
        for file in old["files"]:
            del file["renamed_to"], file["metadata"]
        _, told = self.sectors(bundle_maker.bundle(text=json.dumps(old).encode()))
        self.assertEqual([(k["stage"], k["sectors"]) for k in told["kinds"]], [("", 7)])
        self.assertEqual(told["files"][0]["renamed_to"], "")

    def test_what_a_hostile_machine_saves(self):
        good = json.dumps(bundle_maker.manifest()).encode()

        def changed(**fields):
            return bundle_maker.bundle(**fields)

        def run(**fields):
            return bundle_maker.bundle(text=json.dumps(bundle_maker.manifest() | {"runs": [
                bundle_maker.manifest()["runs"][0] | fields]}).encode())

        for data, word in (
                (b"no archive", "no archive"), (bundle_maker.seal(b""), "ends before"),
                (bundle_maker.pack(("manifest.jso", good)), "first entry"), (bundle_maker.pack(("x/manifest.json", good)), "first entry"),
                (bundle_maker.pack(("manifest.json", b"0" * (4 << 20) + b"0")), "over 4 MB"),
                (bundle_maker.pack(("manifest.json", good)) [:200], "ends before"),
                (bundle_maker.bundle(text=b"{"), "manifest"), (bundle_maker.bundle(text=good[:-1] + b', "v": 2}'), "duplicate"),
                (bundle_maker.bundle(text=b"[" * 100_000), "manifest"),
                (bundle_maker.bundle(text=b'{"runs":[' + b"0," * 300_000 + b"0]}"), "values"),
                (changed(v=3), "version"), (changed(surplus=1), "surplus"), (changed(runs=()), "0 of them"),
                (changed(runs=[(5 * n, 1, "rest") for n in range(4097)]), "4097"), (changed(files=[{}]), "files"),
                (changed(disk={"id": "", "size": 1 << 20, "sector": 512}), "outside"),
                (changed(disk={"id": "", "size": 1 << 38, "sector": 100}), "cannot be"), (run(lba=-1), "outside"),
                (run(lba=(1 << 63) - 1), "outside"), (run(count=0), "outside"), (run(count=4097), "too long"), (run(stage="frob"), "stage"),
                (run(old_sha256="xy"), "hash"), (changed(runs=((8, 2, "rest"), (9, 1, "rest"))), "out of order")):
            with self.subTest(word=word):
                self.refused(data, word)
        _, told = self.sectors(bundle_maker.bundle(host="a\u202eb\x07", files=[bundle_maker.file(path="\\x\n\x1b[31m", renamed_to="y" * 4000)]))
        self.assertEqual((told["host"], told["files"][0]["path"]), ("a?b?", "\\x??[31m"))
        self.assertLess(len(told["files"][0]["renamed_to"]), 512)


@unittest.skipUnless(postgres_lab.programs(), "skipped: no PostgreSQL server on this host")
class InParts(Case):
    @classmethod
    def make_web(cls):
        server = cls.enterClassContext(postgres_lab.Postgres())
        return Web(store=server.url(), scope="all").start()

    def test_from_the_store(self):
        data = bundle_maker.bundle()
        self.assertEqual(self.sectors(data)[1]["sectors"], 7)
        large = os.urandom((5 << 20) + 7)
        sha = self.save(large)
        path = f"/api/v1/machines/{self.number}/bundles/{sha}"
        self.assertEqual(self.save(large), sha)  # the answer was lost: the same once more
        self.assertEqual(self.web.call("HEAD", path, secure=True)[1]["Content-Length"], str(len(large)))
        self.assertTrue(self.web.call("GET", path, secure=True)[2] == large)
        self.assertTrue(self.web.call("GET", f"/v1/sessions/{self.session}/journal", secure=True)[2] == large)
        self.assertEqual(os.listdir(self.web.path("bundles")), [])
        record = self.web.api("GET", "/api/v1/actions")[1]["actions"]
        self.assertEqual([a["verb"] for a in record].count("download"), 1)


if __name__ == "__main__":
    unittest.main()
