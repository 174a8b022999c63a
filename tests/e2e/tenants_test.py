"""Tenants on the real server: each reads its own log, and learns nothing of the others."""

import base64
import hashlib
import json
import os
import unittest

from harness import Redoubt, Upstream, parse_receipt, program, run, wait_for, whole_reply


class Tenants(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream(lambda request, connection: connection.sendall(whole_reply()) is None)
        self.addCleanup(self.upstream.close)
        self.redoubt = Redoubt(self.upstream.url, tenants=("cardiology", "radiology"), applications=(
            "heart:callers:cardiology", "heart-auditor:auditors:cardiology", "rays:callers:radiology"))
        self.addCleanup(self.redoubt.remove)
        self.redoubt.configure('name = "radiology"\n', 'name = "radiology"\nquota = "1MiB"\n')
        self.heart, self.heart_auditor, self.rays = map(self.redoubt.keys.get, ("heart", "heart-auditor", "rays"))
        self.redoubt.start()

    def chat(self, key):
        status, headers, _ = self.redoubt.chat(key=key)
        self.assertEqual(status, 200)
        return parse_receipt(headers["redoubt-receipt"])

    def cli(self, *arguments, check=True):
        return run(program("redoubt"), "ledger", *arguments, "--dir", self.redoubt.dir, check=check)

    def test_indices_receipts_and_proofs_are_of_each_ones_own_log(self):
        self.assertEqual(self.chat(self.heart)[:2], ("test.example/log/t/cardiology", 1))
        for _ in range(3):
            self.chat(self.rays)
            self.chat(self.redoubt.key)
        origin, index, leaf = self.chat(self.heart)
        self.assertEqual((origin, index), ("test.example/log/t/cardiology", 3), "others' records do not count")
        vkey = self.cli("vkey", "--tenant", "cardiology").stdout
        self.assertTrue(vkey.startswith("test.example/log/t/cardiology+"), vkey)
        proof = self.cli("prove", str(index), "--tenant", "cardiology", "--leaf", leaf, "--key", self.heart, "--url",
                         self.redoubt.url)
        self.assertIn("test.example/log/t/cardiology", proof.stdout)
        self.assertEqual(self.redoubt.stop(), 0)
        for tenant, entries in (("cardiology", 4), ("radiology", 6)):
            ledger = os.path.join(self.redoubt.dir, "ledger")
            verified = json.loads(self.cli("verify", ledger, "--tenant", tenant, "--json").stdout)
            self.assertEqual((verified["origin"], verified["entries"]), ("test.example/log/t/" + tenant, entries))
        records = [json.loads(leaf) for leaf in self.redoubt.leaves(tenant="cardiology")]
        self.assertEqual({record["metadata"]["tenant_uid"] for record in records}, {"cardiology"})
        self.assertEqual(base64.b64encode(hashlib.sha256(b"\0" + self.redoubt.leaves(tenant="cardiology")[index]).digest()),
                         leaf.encode())

    def test_one_tenants_keys_open_nothing_of_another(self):
        self.chat(self.heart)
        self.chat(self.rays)
        get = self.redoubt.get
        wait_for(lambda: get("/ledger/t/cardiology/receipt/1", self.heart)[0] == 200)
        self.assertEqual(get("/ledger/t/cardiology/checkpoint", self.heart)[0], 200)
        self.assertEqual(get("/ledger/t/cardiology/tile/0/000.p/2", self.heart)[0], 200)
        self.assertEqual(get("/ledger/t/cardiology/tile/entries/000.p/2", self.heart)[0], 403)
        self.assertEqual(get("/ledger/t/cardiology/tile/entries/000.p/2", self.heart_auditor)[0], 200)
        there_is_none = get("/ledger/t/nobody/checkpoint", self.heart_auditor)
        for path in ("checkpoint", "tile/0/000.p/2", "tile/entries/000.p/2", "receipt/1"):
            self.assertEqual(get("/ledger/t/radiology/" + path)[0], 401)
            status, _, body = get("/ledger/t/radiology/" + path, self.heart_auditor)
            self.assertEqual((status, body), (404, there_is_none[2]))
            self.assertEqual(get("/ledger/t/radiology/" + path, self.redoubt.auditor)[0], 404)

    def test_a_quota_that_is_used_up_refuses_its_tenant_alone(self):
        def fill():
            return self.redoubt.chat("x" * 200_000, key=self.rays)[0] == 503
        wait_for(fill, 30)
        status, headers, body = self.redoubt.chat(key=self.rays)
        self.assertEqual((status, json.loads(body)["error"]["code"]), (503, "ledger_full"))
        self.assertIn("retry-after", headers)
        self.chat(self.heart)
        self.chat(self.redoubt.key)
        self.assertEqual(self.redoubt.get("/readyz")[0], 200)

    def test_who_belongs_to_a_tenant_that_is_not_configured_is_nobody(self):
        self.assertEqual(self.redoubt.stop(), 0)
        self.redoubt.configure('\n[[tenant]]\nname = "radiology"\nquota = "1MiB"\n', "")
        self.redoubt.start()
        self.assertEqual(self.redoubt.chat(key=self.rays)[0], 401)
        self.assertEqual(self.redoubt.get("/ledger/t/radiology/checkpoint", self.rays)[0], 401)
        self.chat(self.heart)


if __name__ == "__main__":
    unittest.main()
