"""The service as scripts use it: started and killed, called over HTTP, with its outbox and its staff."""
import base64
import hmac
import http.client
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = ROOT / "target/release/smart-mining"
PASSWORD = "seven violins at dawn"


def totp(secret, step):
    """RFC 6238: SHA-1, six digits."""
    digest = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), struct.pack(">Q", step), "sha1").digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def this_step():
    return int(time.time()) // 30


class Down(Exception):
    """The service is being killed; whatever was asked has no known outcome."""


class Service:
    def __init__(self, folder, database):
        self.folder, self.process, self.port, self.host = folder, None, None, None
        self.outbox = Outbox(folder)
        # The leaves that answers promised, and how many refusals of staff were answered.
        self.promised, self.refused = [], 0
        self.settings = {
            "DATA_DIR": str(folder), "LISTEN": "127.0.0.1:0", "OPERATOR_LISTEN": "off",
            "ARGON2_MEMORY_KIB": "64", "ARGON2_ITERATIONS": "1", "LOG_LEVEL": "error",
            "RATE_ORDINARY": "10000000", "RATE_COSTLY": "10000000", "FAILURES_PER_NETWORK": "1000000",
            "MAILS_PER_NETWORK": "1000000", "STAFF_READS_PER_HOUR": "10000", "SMS_PER_NETWORK": "1000000", "SMS_PER_HOUR": "1000000", **database,
        }

    def environment(self):
        env = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
        return {**env, **{f"SMART_MINING_{k}": v for k, v in self.settings.items()}}

    def run(self, *arguments):
        done = subprocess.run([BINARY, *arguments], env=self.environment(), capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def start(self):
        env = self.environment()
        log = open(self.folder / "service.log", "ab")
        self.process = subprocess.Popen([BINARY, "serve"], env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        for line in self.process.stdout:
            if match := re.search(r"API\s+http://([\d.]+):(\d+)", line):
                self.host, self.port = match[1], int(match[2])
                return
        raise SystemExit("the service did not start; see " + str(self.folder / "service.log"))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def call(self, method, path, body=None, token=None):
        headers = {"content-type": "application/json"} if body is not None else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            body = json.loads(answer.read() or b"{}")
            if promise := answer.getheader("log-promise"):
                payload = promise.split(".")[1]
                payload = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
                self.promised += payload["leaf_hashes"]
            return answer.status, body
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Down from error
        finally:
            connection.close()

    def registers(self, email, name="Ada Lovelace"):
        """Opens an account, and gives its first session."""
        policy = self.call("GET", "/v1/policy-versions/current")[1]
        status, receipt = self.call("POST", "/v1/accounts", {
            "email": email, "real_name": name, "password": PASSWORD,
            "policy_version": policy["version"], "policy_content_hash": policy["content_hash"]})
        assert status == 202, receipt
        code = self.outbox.find(email, r"Your code is (\d{8})")[1]
        status, opened = self.call("POST", "/v1/accounts/verification",
                                   {"registration_id": receipt["registration_id"], "code": code})
        assert status == 201, opened
        return opened["session"]


class Staff:
    """A member of staff: invited, enrolled, signed in; the session outlives every kill."""

    def __init__(self, service, invitation):
        self.service = service
        body = {"invitation_token": invitation, "real_name": "Grace Hopper", "password": PASSWORD}
        self.secret = self.call("POST", "/v1/staff/invitation-acceptances", body)["secret"]
        step = this_step()
        body = {"invitation_token": invitation, "code": totp(self.secret, step)}
        member = self.call("POST", "/v1/staff/invitation-confirmations", body)
        self.id, self.email = member["staff_id"], member["email"]
        # The next step's code: each works once, and one step ahead is within the tolerance.
        self.signs_in(step + 1)

    def signs_in(self, step):
        self.token, code = None, totp(self.secret, step)
        opened = self.call("POST", "/v1/staff/sessions", {"email": self.email, "password": PASSWORD, "code": code})
        self.token, self.since = opened["access_token"], time.monotonic()

    def call(self, method, path, body=None, status=201):
        found, answer = self.service.call(method, path, body, getattr(self, "token", None))
        assert found == status, (method, path, found, answer)
        return answer

    def renew(self):
        self.token = self.call("POST", "/v1/staff/sessions/current/renewals")["access_token"]

    def brings_in(self, email, role, second):
        self.call("POST", "/v1/staff/members", {"email": email})
        invitation = self.service.outbox.find(email, r"\b([\w-]{71})\b")[1]
        member = Staff(self.service, invitation)
        grant = self.call("POST", f"/v1/staff/members/{member.id}/role-grants", {"role": role})
        if grant["state"] == "proposed":
            second.call("POST", f"/v1/staff/role-grants/{grant['role_grant_id']}/decision", {"decision": "approve"})
        return member


class Outbox:
    """The mails of the development outbox, each read once; looked into at most every 20 ms."""

    def __init__(self, folder):
        self.folder, self.seen, self.mails = folder / "outbox", set(), {}
        self.lock, self.next_look = threading.Lock(), 0.0

    def look(self):
        with self.lock:
            if time.monotonic() < self.next_look or not self.folder.exists():
                return
            for entry in os.scandir(self.folder):
                if entry.name not in self.seen and entry.name.endswith((".eml", ".txt")):
                    text = pathlib.Path(entry.path).read_text().replace("=\n", "").replace("=3D", "=")
                    self.seen.add(entry.name)
                    self.mails.setdefault(re.search(r"^To: (.*)$", text, re.M)[1], []).append(text)
            self.next_look = time.monotonic() + 0.02

    def find(self, email, pattern, gone=lambda: False, seconds=20):
        until = time.monotonic() + seconds
        while True:
            for text in list(self.mails.get(email, [])):
                if match := re.search(pattern, text):
                    return match
            if gone():
                raise Down
            if time.monotonic() > until:
                return None
            time.sleep(0.01)
            self.look()


def staff(service):
    """Two admins by command; a data processor and a supporter by them."""
    service.start()
    emails = ["first@staff.example.org", "second@staff.example.org"]
    code, said = service.run("staff", "bootstrap", *emails)
    assert code == 0, said
    first, second = (Staff(service, invitation) for invitation in re.findall(r"\b[\w-]{71}\b", said))
    members = (first.brings_in("processor@staff.example.org", "data_processor", second),
               first.brings_in("support@staff.example.org", "support", second))
    service.kill()
    return members


def stores(db, seed):
    if db == "sqlite":
        return {}
    server = os.environ["TEST_DATABASE_URL"]
    psql = ["psql", f"{server}/postgres", "-qc"]
    for name in (f"data_{seed}", f"keys_{seed}"):
        subprocess.run([*psql, f"CREATE DATABASE {name}"], check=True)
    return {"DATABASE_URL": f"{server}/data_{seed}", "KEY_STORE_URL": f"{server}/keys_{seed}"}
