# SPDX-License-Identifier: GPL-3.0-or-later
"""A copied host: two `netmend web` with one id on one store. Both say so, and stop saying so when one of them has an id of its own."""
import os
import shutil
import unittest

from web_server import Web, until


def appliance(web):
    return web.api("GET", "/api/v1/snapshot")[1]["appliance"]


class Twins(unittest.TestCase):
    def setUp(self):
        first = Web()
        self.addCleanup(first.close)
        first.start()
        first.admin()
        copy = Web()
        self.addCleanup(copy.close)
        shutil.copy(first.path("appliance-id"), copy.path("appliance-id"))
        # One store: of SQLite, a file both have.
        os.symlink(first.path("netmend.db"), copy.path("netmend.db"))
        copy.cookie, copy.bearer = first.cookie, first.api_token("copy")
        first.bearer = copy.bearer
        copy.start()
        self.first, self.copy = first, copy

    def test_both_say_so(self):
        for web in (self.first, self.copy):
            until(lambda: appliance(web)["twin"])
            self.assertIn(f"another appliance uses our id {self.first.appliance()}", web.log())
            self.assertIn(web.path("appliance-id"), web.log())
            self.assertEqual(web.log().count("another appliance uses our id"), 1)
        # With its next beat the store has it too, for whoever looks from elsewhere.
        until(lambda: "127.0.0.1" in self.first.api("GET", "/api/v1/appliances")[1]["appliances"][0]["twin"])
        # As the message says.
        self.copy.stop()
        os.unlink(self.copy.path("appliance-id"))
        self.copy.start()
        until(lambda: len(self.first.api("GET", "/api/v1/appliances")[1]["appliances"]) == 2)
        self.assertEqual(appliance(self.copy)["twin"], "")

    def test_a_restart_is_no_twin(self):
        self.copy.stop()
        for how in (9, 15):
            before = self.first.sql("SELECT beat FROM appliances")
            self.first.stop(how)
            self.first.start()
            until(lambda: self.first.sql("SELECT beat FROM appliances") != before)
        beat = self.first.sql("SELECT beat FROM appliances")
        until(lambda: self.first.sql("SELECT beat FROM appliances") != beat)
        self.assertEqual(appliance(self.first)["twin"], "")


if __name__ == "__main__":
    unittest.main()
