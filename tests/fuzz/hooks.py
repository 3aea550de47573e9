"""Who calls: a token of the audience that is tested, made anew every few seconds, since what is tested ends sessions."""
import json
import os
import pathlib
import sys
import urllib.request

import schemathesis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "scripts/lib"))
from service import PASSWORD, Outbox

URL, AUDIENCE = os.environ["FUZZ_URL"], os.environ["FUZZ_AUDIENCE"]
outbox = Outbox(pathlib.Path(os.environ["FUZZ_FOLDER"]))


def post(path, body, kind="application/json", token=None):
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    headers = {"content-type": kind, **({"authorization": f"Bearer {token}"} if token else {})}
    with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers)) as answer:
        return json.load(answer)


def person(number):
    with urllib.request.urlopen(URL + "/v1/policy-versions/current") as answer:
        policy = json.load(answer)
    email = f"fuzz{number}.{os.getpid()}@example.org"
    receipt = post("/v1/accounts", {
        "email": email, "real_name": "Ada Lovelace", "password": PASSWORD,
        "policy_version": policy["version"], "policy_content_hash": policy["content_hash"]})
    code = outbox.find(email, r"Your code is (\d{8})")[1]
    opened = post("/v1/accounts/verification", {"registration_id": receipt["registration_id"], "code": code})
    return opened["session"]["access_token"]


@schemathesis.auth(refresh_interval=5)
class Token:
    number = 0

    def get(self, case, context):
        Token.number += 1
        if AUDIENCE == "person":
            return person(Token.number)
        if AUDIENCE == "partner":
            return post("/oauth/token", os.environ["FUZZ_CLIENT"], "application/x-www-form-urlencoded")["access_token"]
        return os.environ["FUZZ_TOKEN"]

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"
