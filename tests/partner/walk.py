"""A partner's way, step by step: a token, a webhook, a package, an acknowledgement; then a correction and a revocation.

    scripts/partner --db sqlite|postgres

What comes is held against libraries of others: webhooks against `standardwebhooks`, packages against `pyrage` (age) and
PyJWT with the published keys. On PostgreSQL it runs under `scripts/with-postgres`. Exits with 1 if anything is amiss.
"""
import argparse
import base64
import http.client
import http.server
import json
import pathlib
import queue
import re
import shutil
import sys
import tempfile
import threading
import time

import jwt
import pyrage
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts/lib"))
from service import Service, Staff, stores

SCOPES = ["disclosures.read", "disclosures.pull", "obligations.write", "webhooks.write"]


class Endpoint:
    """Where the partner is told; refuses the first of each kind, to see it come again."""

    def __init__(self):
        self.taken, refused = queue.Queue(), set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["content-length"]))
                kind = json.loads(body)["type"]
                first = kind not in refused
                refused.add(kind)
                if not first:
                    self.taken.put((dict(handler.headers), body))
                handler.send_response(503 if first else 204)
                handler.end_headers()

            def log_message(handler, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"


class Partner:
    def __init__(self, service, client, secret):
        self.service, self.client, self.secret, self.token = service, client, secret, None
        self.identity, self.endpoint, self.hook, self.hooks = pyrage.x25519.Identity.generate(), Endpoint(), None, []

    def signs_in(self):
        connection = http.client.HTTPConnection(self.service.host, self.service.port, timeout=20)
        proof = base64.b64encode(f"{self.client}:{self.secret}".encode()).decode()
        connection.request("POST", "/oauth/token", "grant_type=client_credentials", {
            "authorization": f"Basic {proof}", "content-type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        issued = json.loads(answer.read())
        assert answer.status == 200, issued
        self.token = issued["access_token"]

    def call(self, method, path, body=None, status=201):
        found, answer = self.service.call(method, path, body, self.token)
        assert found == status, (method, path, found, answer)
        return answer

    def listens(self):
        self.hook = Webhook(self.call("POST", "/v1/partner/webhook-secrets")["secret"])
        self.call("PUT", "/v1/partner/webhook-endpoint", {"url": self.endpoint.url}, 200)

    def told(self, kind):
        """The next message, verified; with other words, or an old time, it does not verify."""
        headers, body = self.endpoint.taken.get(timeout=30)
        headers = {name.lower(): value for name, value in headers.items()}
        message = self.hook.verify(body, headers)
        assert message["type"] == kind, message
        stale = {**headers, "webhook-timestamp": str(int(time.time()) - 3_600)}
        for words, sent in ((body.replace(b"dsc_", b"dsd_").replace(b"obl_", b"obm_"), headers), (body, stale)):
            try:
                self.hook.verify(words, sent)
            except WebhookVerificationError:
                continue
            raise SystemExit("a forged message verified")
        return message["data"]

    def opens(self, pulled, recipient):
        token = pyrage.decrypt(base64.b64decode(pulled["package"]), [self.identity]).decode()
        keys = self.service.call("GET", "/.well-known/jwks.json")[1]["keys"]
        kid = jwt.get_unverified_header(token)["kid"]
        key = jwt.PyJWK(next(key for key in keys if key["kid"] == kid))
        return jwt.decode(token, key, algorithms=["EdDSA"], audience=recipient)


class Walk:
    def __init__(self, service):
        self.service, self.steps = service, 0
        emails = ["first@staff.example.org", "second@staff.example.org"]
        code, said = service.run("staff", "bootstrap", *emails)
        assert code == 0, said
        self.admin, second = (Staff(service, invitation) for invitation in re.findall(r"\b[\w-]{71}\b", said))
        self.processor = self.admin.brings_in("processor@staff.example.org", "data_processor", second)
        self.legal = self.admin.brings_in("legal@staff.example.org", "legal", second)

    def step(self, what):
        self.steps += 1
        print(f"{self.steps:2} {what}", flush=True)

    def must(self, method, path, body=None, token=None, status=201):
        found, answer = self.service.call(method, path, body, token)
        assert found == status, (method, path, found, answer)
        return answer

    def partner(self):
        client = self.admin.call("POST", "/v1/staff/partner-clients", {
            "name": "Harbour Pool, receiving", "scopes": SCOPES, "requests_per_minute": 600})["partner_client_id"]
        path = f"/v1/staff/partner-clients/{client}/credentials"
        secret = self.admin.call("POST", path, {"kind": "client_secret"})["client_secret"]
        partner = Partner(self.service, client, secret)
        entry = self.legal.call("POST", "/v1/staff/recipients", {
            "recipient_class": "group_company", "name": "Harbour Pool", "country": "NZ", "agreement": "Agreement of 1 March 2026",
            "contact": "privacy@pool.example", "package_key": str(partner.identity.to_public()),
            "partner_client_id": client})
        path = f"/v1/staff/recipients/{entry['recipient_id']}/activation"
        self.admin.call("POST", path, {"version": entry["version"]})
        return partner, entry["recipient_id"]

    def releases(self, account, recipient):
        drafted = self.processor.call("POST", "/v1/staff/disclosures", {
            "account_id": account, "recipient_id": recipient, "fields": ["real_name", "email"]})["disclosure"]
        path = f"/v1/staff/disclosures/{drafted['disclosure_id']}"
        self.processor.call("POST", f"{path}/submission")
        self.legal.call("POST", f"{path}/reviews", {"verdict": "approved", "scope_hash": drafted["scope_hash"]})
        self.processor.call("POST", f"{path}/release")
        return drafted["disclosure_id"]

    def whole(self):
        ada = self.service.registers("ada@example.org")
        account, token = ada["account_id"], ada["access_token"]
        partner, recipient = self.partner()
        self.step("a recipient, entered by one and activated by another, with its client and its key")
        partner.signs_in()
        self.step("the partner has a token")
        partner.listens()
        self.step("and an endpoint, with a secret")
        released = self.releases(account, recipient)
        data = partner.told("disclosure.released")
        assert data == {"disclosure_id": released}, data
        self.step("told of a release, at the second attempt; the message verifies, and forged ones do not")
        path = f"/v1/partner/disclosures/{released}"
        package = partner.opens(partner.call("POST", f"{path}/pulls"), recipient)
        assert package["fields"] == {"real_name": "Ada Lovelace", "email": "ada@example.org"}, package
        self.step("the package opens with the partner's key and verifies with the published one")
        partner.call("POST", f"{path}/acknowledgement")
        self.step("acknowledged")
        self.must("PATCH", "/v1/account", {"real_name": "Ada King"}, token, 200)
        duty = partner.told("obligation.opened")["obligation_id"]
        path_of_duty = f"/v1/partner/obligations/{duty}"
        found = partner.call("GET", path_of_duty, status=200)
        assert (found["kind"], found["fields"], found["disclosure_ids"]) == ("correct", ["real_name"], [released])
        package = partner.opens(partner.call("POST", f"{path}/pulls"), recipient)
        assert package["fields"]["real_name"] == "Ada King"
        partner.call("POST", f"{path_of_duty}/acknowledgement")
        shown = self.must("GET", "/v1/obligations", None, token, 200)["data"]
        assert shown[0]["acknowledged_at"] is not None
        self.step("a correction is told, fetched and acknowledged; the person sees it")
        self.must("PUT", "/v1/consents/group_sharing", {"granted": False}, token, 200)
        assert partner.told("disclosure.revoked") == {"disclosure_id": released}
        assert partner.call("POST", f"{path}/pulls", status=410)["code"] == "disclosure_revoked"
        self.step("a withdrawal is told, and nothing is given out any more")
        log = partner.call("GET", "/v1/partner/webhook-deliveries", status=200)["data"]
        assert [(one["state"], one["attempts"]) for one in log] == [("delivered", 2)] * 3, log
        print(f"passed, {self.steps} steps")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", choices=["sqlite", "postgres"], required=True)
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="smart-mining-partner-"))
    service = Service(folder, {**stores(arguments.db, "partner"), "WEBHOOKS_TO_PRIVATE": "true"})
    print(arguments.db, flush=True)
    service.start()
    try:
        Walk(service).whole()
    finally:
        service.kill()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
