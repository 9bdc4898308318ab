# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of the store, and of what the fleet does with it, once more on PostgreSQL."""
import glob
import os
import subprocess
import unittest

import postgres_lab

B = os.path.abspath(os.environ.get("B", "build"))


@unittest.skipUnless(postgres_lab.programs(), "skipped: no PostgreSQL server on this host")
class StoreOnPostgres(unittest.TestCase):
    def test_conformance(self):
        programs = [p for p in glob.glob(f"{B}/tests/unit/test_store*") + glob.glob(f"{B}/tests/unit/test_fleet*") + glob.glob(f"{B}/tests/unit/test_identify") + glob.glob(f"{B}/tests/unit/test_adapter")
                    if os.access(p, os.X_OK) and not p.endswith((".o", "_migration", "_settle"))]
        self.assertGreater(len(programs), 4)
        with postgres_lab.Postgres(settings=["fsync = off", "full_page_writes = off", "autovacuum = off"]) as server:
            for program in programs:
                with self.subTest(os.path.basename(program)):
                    done = subprocess.run([program], env={**os.environ, "NETMEND_TEST_STORE": server.url()},
                                          capture_output=True, text=True, timeout=120)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
