# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the key source `graph` share: a stand-in, one record in it, a process that asks it."""
import shutil
import tempfile
import time
import unittest
import uuid

from fetch_client import Fetch
from graph_standin import CLIENT, SECRET, TENANT, Entra, make_application, make_pki

GUID = "063EA4E1-220C-4293-BA01-4754620A96E7"
PASSWORD = "-".join(["111111"] * 8)


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain")
        time.sleep(0.05)
    return found


class Graph(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="netmend-graph-")
        cls.pki = staticmethod(make_pki(cls.dir))
        cls.app = make_application(cls.dir)
        with open(cls.pki("ca.pem")) as f:
            cls.ca = f.read()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def setUp(self):
        self.entra = Entra(self.dir)
        self.addCleanup(self.entra.stop)
        self.entra.keys[GUID.lower()] = {"key": PASSWORD, "deviceId": str(uuid.uuid4()), "createdDateTime": "2024-07-01T08:00:00Z",
                                         "volumeType": "1"}
        self.well = True
        self.addCleanup(lambda: self.assertEqual(self.entra.problems if self.well else [], []))

    def options(self, **changes):
        options = {"tenant": TENANT, "client-id": CLIENT, "client-secret": SECRET, "login": self.entra.url, "api": self.entra.url, "ca": self.ca}
        options |= {k.replace("_", "-"): v for k, v in changes.items()}
        return {k: v for k, v in options.items() if v is not None}

    def fetch(self, tested=True, **changes):
        """A process whose self-test is over, so that it does not mix with what is counted."""
        fetch = Fetch({"entra": ("graph", self.options(**changes))})
        self.addCleanup(self.close, fetch)
        if tested:
            until(lambda: fetch.status("entra")["checked"] > 0)
        return fetch

    def close(self, fetch):
        log = fetch.log()
        fetch.close()
        for secret in [PASSWORD, SECRET, "PRIVATE KEY", self.entra.refresh or "?", *self.entra.tokens]:
            self.assertNotIn(secret, log)

    def many(self, count):
        return {str(uuid.UUID(int=i + 1)): {"key": f"{i:06}-" + "-".join(["111111"] * 7), "deviceId": str(uuid.uuid4()),
                                            "createdDateTime": "2024-07-01T08:00:00.1234567Z", "volumeType": "1"} for i in range(count)}
