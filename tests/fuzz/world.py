"""The world that made-up requests meet: staff, a partner, and persons about whom there is something to find.

Who seeds is not tested: requests that are made up end sessions, take roles away and erase. Those who are tested are
made anew every few seconds.
"""
import itertools
import os
import pathlib
import struct
import sys
import time
import urllib.parse
import zlib

import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts/lib"))
from service import Service, Staff, this_step

SCOPES = ["signals.write", "disclosures.read", "disclosures.pull", "obligations.write", "webhooks.write", "reports.read"]
ROLES = ["admin", "data_processor", "legal", "support", "auditor"]
# Of a pair whose other half nobody has.
PACKAGE_KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def picture():
    """A PNG of 480 by 320 in one colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 480, 320, 8, 2, 0, 0, 0))
    rows = (b"\0" + os.urandom(3) * 480) * 320
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


class World:
    def __init__(self, url, folder, invitations):
        self.url, self.numbers = url, itertools.count(1)
        self.service = Service(pathlib.Path(folder), {})
        place = urllib.parse.urlparse(url)
        self.service.host, self.service.port = place.hostname, place.port
        self.first, self.second = (Staff(self.service, invitation) for invitation in invitations)
        self.support, self.processor, self.legal, self.second_legal = (
            self.brings_in(role) for role in ("support", "data_processor", "legal", "legal"))
        # Whom nothing that is made up is aimed at.
        self.seeding = [self.first, self.second, self.support, self.processor, self.legal, self.second_legal]
        self.own = {member.id for member in self.seeding}
        self.client, self.recipient = None, None
        self.partner()

    def brings_in(self, role):
        return self.first.brings_in(f"{role}{next(self.numbers)}@staff.example.org", role, self.second)

    def stay(self):
        """Keeps those who seed signed in, and stepped up, for as long as it takes."""
        for member in self.seeding:
            if time.monotonic() - member.since > 300:
                member.signs_in(this_step())

    def must(self, method, path, body=None, token=None, status=201):
        found, answer = self.service.call(method, path, body, token)
        assert found == status, (method, path, found, answer)
        return answer

    def partner(self):
        client = self.first.call("POST", "/v1/staff/partner-clients", {
            "name": "Harbour Pool", "scopes": SCOPES, "requests_per_minute": 60_000})["partner_client_id"]
        path = f"/v1/staff/partner-clients/{client}/credentials"
        secret = self.first.call("POST", path, {"kind": "client_secret"})["client_secret"]
        self.client = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
        entry = self.legal.call("POST", "/v1/staff/recipients", {
            "recipient_class": "group_company", "name": "Harbour Pool", "country": "NZ",
            "agreement": "Agreement of 1 March 2026", "contact": "privacy@pool.example", "package_key": PACKAGE_KEY,
            "partner_client_id": client})
        self.recipient = entry["recipient_id"]
        self.activate(entry)

    def activate(self, entry):
        path = f"/v1/staff/recipients/{entry['recipient_id']}/activation"
        self.first.call("POST", path, {"version": entry["version"]})

    def partner_token(self):
        """A token of the partner, about whom a person's data was just released and then corrected."""
        account, token = self.person()
        self.discloses(account, ["real_name", "email"])
        self.must("PATCH", "/v1/account", {"real_name": "Ada King"}, token, 200)
        answer = requests.post(f"{self.url}/oauth/token", data=self.client, timeout=20)
        return answer.json()["access_token"]

    def person(self):
        """The account and a token of a new person."""
        opened = self.service.registers(f"ada{next(self.numbers)}@example.org")
        return opened["account_id"], opened["access_token"]

    def discloses(self, account, fields, releases=True):
        drafted = self.processor.call("POST", "/v1/staff/disclosures", {
            "account_id": account, "recipient_id": self.recipient, "fields": fields})["disclosure"]
        path = f"/v1/staff/disclosures/{drafted['disclosure_id']}"
        self.processor.call("POST", f"{path}/submission")
        verdict = {"verdict": "approved", "scope_hash": drafted["scope_hash"]}
        reviewed = self.legal.call("POST", f"{path}/reviews", verdict)["disclosure"]
        if reviewed["state"] == "in_review":
            # One of many takes two.
            self.second_legal.call("POST", f"{path}/reviews", verdict)
        if releases:
            self.processor.call("POST", f"{path}/release")

    def known_person(self):
        """A token of a person of whom there is one of everything: a verification with a document, disclosures
        released and asked about, a case, a request that is open."""
        account, token = self.person()
        self.support.call("POST", "/v1/staff/kyc-cases", {
            "account_id": account, "ground": "activity", "private_reason": "A signal of the pool."})
        self.must("PUT", "/v1/kyc/personal-details", {"birth_date": "1990-12-10", "residence": {
            "line": "12 Queen Street", "postal_code": "1010", "city": "Auckland", "country": "NZ"}}, token, 200)
        uploaded = requests.post(f"{self.url}/v1/kyc/documents", timeout=20, headers={"authorization": f"Bearer {token}"}, data={
            "kind": "passport", "issuer_class": "state", "country": "NZ", "name": "LOVELACE ADA", "number": "LH123456",
            "expires_on": "2099-12-31"}, files={"front": ("front.png", picture(), "image/png")})
        assert uploaded.status_code == 201, uploaded.text
        self.discloses(account, ["real_name", "email"])
        self.discloses(account, ["residence"], releases=False)
        self.must("POST", "/v1/support-cases", {"category": "other", "message": "Where is my data?"}, token)
        self.must("POST", "/v1/account/totp", None, token)
        shown = self.must("POST", "/v1/rights-request-previews", {"kind": "objection"}, token, 200)
        self.must("POST", "/v1/rights-requests", {"kind": "objection", "preview": shown["preview"]}, token)
        return token

    def desk(self):
        """What members of staff work on, beside persons: an order of a court, an advertisement, a transfer."""
        court = self.legal.call("POST", "/v1/staff/recipients", {
            "recipient_class": "court", "name": "District Court of Auckland", "country": "NZ", "agreement": "none",
            "contact": "registry@court.example", "policy_url": "https://court.example/privacy"})
        self.activate(court)
        order = requests.post(f"{self.url}/v1/staff/instruments", timeout=20, headers={
            "authorization": f"Bearer {self.legal.token}"}, data={
            "recipient_id": court["recipient_id"], "issuer": "District Court of Auckland", "reference": "CIV-2026-404",
            "issued_on": "2026-03-01", "valid_until": "2099-01-01T00:00:00Z", "fields": "email,real_name",
            "named": "The holder of the account in the order."}, files={"file": ("order.png", picture(), "image/png")})
        assert order.status_code == 201, order.text
        advertiser = self.legal.call("POST", "/v1/staff/recipients", {
            "recipient_class": "advertiser", "name": "Rig Makers", "country": "NZ", "agreement": "none",
            "contact": "ads@rigs.example", "policy_url": "https://rigs.example/privacy"})
        self.activate(advertiser)
        self.legal.call("POST", "/v1/staff/advertisements", {
            "recipient_id": advertiser["recipient_id"], "label": "Summer hash rates"})
        return order.json()
