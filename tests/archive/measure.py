"""Prepares the archive of a person with many events, and watches the memory that it takes.

    scripts/archive --db sqlite|postgres --events 100000 [--keep FOLDER]

A person agrees and takes back again and again, each time an event with its leaf; then asks for access. While the archive
is prepared the memory of the service is sampled and the progress that its person sees is read. What is downloaded must
hold every event, keep to the schema that comes along, and have the hash that was told. An archive of somebody else with
hardly anything in it comes first: what that takes is the memory to compare with. Exits with 1 if the large one takes
more than 32 MiB beyond it, which is what flat means here.
"""
import argparse
import csv
import hashlib
import http.client
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts/lib"))
from service import BINARY, PASSWORD, Service, stores

FLAT = 32
PURPOSE = "analytics"


class Session:
    """A person who signs in anew before the access token lapses."""

    def __init__(self, service, email):
        self.service, self.email = service, email
        self.token, self.since = service.registers(email)["access_token"], time.monotonic()

    def fresh(self):
        if time.monotonic() - self.since > 400:
            status, session = self.service.call("POST", "/v1/sessions", {"email": self.email, "password": PASSWORD})
            assert status == 201, session
            self.token, self.since = session["session"]["access_token"], time.monotonic()
        return self.token

    def call(self, method, path, body=None):
        return self.service.call(method, path, body, self.fresh())

    def steps_up(self):
        seen = len([mail for mail in self.service.outbox.folder.glob("*.eml")])
        method = {"method": "password_and_email"}
        status, said = self.call("POST", "/v1/sessions/step-up/code", method)
        assert status == 202, said
        until = time.monotonic() + 20
        while len([mail for mail in self.service.outbox.folder.glob("*.eml")]) == seen and time.monotonic() < until:
            time.sleep(0.05)
        newest = max(self.service.outbox.folder.glob("*.eml"), key=lambda mail: mail.stat().st_mtime_ns)
        code = re.search(r"\b(\d{6,8})\b", newest.read_text().split("\n\n", 1)[1])[1]
        status, said = self.call("POST", "/v1/sessions/step-up", {**method, "code": code, "password": PASSWORD})
        assert status == 201, said


def many_events(service, session, count):
    """Agrees and takes back, over one connection that is kept."""
    overview = session.call("GET", "/v1/consents")[1]
    words = next(c["definition"] for c in overview["consents"] if c["definition"]["purpose"] == PURPOSE)
    connection = http.client.HTTPConnection(service.host, service.port, timeout=20)
    for n in range(count):
        headers = {"authorization": f"Bearer {session.fresh()}", "content-type": "application/json"}
        body = {"granted": n % 2 == 0}
        if body["granted"]:
            body["definition_hash"] = words["definition_hash"]
        connection.request("PUT", f"/v1/consents/{PURPOSE}", json.dumps(body), headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
        if sys.stderr.isatty() and n % 1000 == 0:
            print(f"\r{n} events", end="", file=sys.stderr)
    connection.close()


def resident(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def archive(service, session):
    """Asks for access; gives the request when it is ready, what it took, and what was seen of it."""
    asked = {"kind": "access"}
    preview = session.call("POST", "/v1/rights-request-previews", asked)[1]
    status, filed = session.call("POST", "/v1/rights-requests", {**asked, "preview": preview["preview"]})
    assert status == 201, filed
    path = f"/v1/rights-requests/{filed['request']['rights_request_id']}"
    peak, seen, begun, stop = [resident(service.process)], [], None, threading.Event()

    def sample():
        while not stop.wait(0.02):
            peak.append(resident(service.process))

    sampling = threading.Thread(target=sample)
    sampling.start()
    while True:
        request = session.call("GET", path)[1]
        if request["state"] == "executing" and begun is None:
            begun = time.monotonic()
        progress = request["archive"] and (request["archive"]["tables_written"], request["archive"]["entries_written"])
        if progress and (not seen or seen[-1] != progress):
            seen.append(progress)
        if request["state"] == "completed":
            break
        time.sleep(0.05)
    took = time.monotonic() - (begun or time.monotonic())
    stop.set()
    sampling.join()
    return request, path, took, peak, seen


def download(service, session, path):
    connection = http.client.HTTPConnection(service.host, service.port, timeout=60)
    connection.request("GET", f"{path}/result", headers={"authorization": f"Bearer {session.fresh()}"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    return answer.read()


def check(content, request, events):
    """Whether the archive is whole: its hash, its schema, its counts; gives the counts."""
    assert hashlib.sha256(content).hexdigest() == request["archive"]["sha256"], "another hash than was told"
    unpacked = zipfile.ZipFile(io.BytesIO(content))
    assert unpacked.testzip() is None
    schema = json.loads(unpacked.read("schema.json"))
    counts = {}
    for table in json.loads(unpacked.read("manifest.json"))["tables"]:
        name = table["name"]
        rows = json.loads(unpacked.read(f"data/{name}.json"))
        validator = jsonschema.Draft202012Validator({**schema, "$ref": f"#/$defs/{name}"})
        for row in rows:
            validator.validate(row)
        lines = sum(1 for _ in csv.reader(io.TextIOWrapper(unpacked.open(f"tables/{name}.csv"), newline="")))
        assert lines - 1 == len(rows) == table["entries"], name
        counts[name] = len(rows)
    assert counts["consent_events"] >= events and counts["log_entries"] >= events, counts
    assert sum(counts.values()) == request["archive"]["entries_written"]
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", choices=["sqlite", "postgres"], required=True)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--keep", type=pathlib.Path, help="unpack the archive there")
    options = parser.parse_args()
    if options.db == "postgres" and "TEST_DATABASE_URL" not in os.environ:
        os.execv(ROOT / "scripts/with-postgres", ["with-postgres", ROOT / "scripts/archive", *sys.argv[1:]])
    if not BINARY.exists():
        subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        service = Service(pathlib.Path(folder), stores(options.db, f"archive{os.getpid()}"))
        service.start()
        try:
            small = Session(service, "small@example.org")
            _, _, _, memory, _ = archive(service, small)
            baseline = max(memory)
            large = Session(service, "large@example.org")
            begun = time.monotonic()
            many_events(service, large, options.events)
            print(f"\r{options.events} events in {time.monotonic() - begun:.1f} s")
            large.steps_up()
            request, path, took, memory, seen = archive(service, large)
            content = download(service, large, path)
            during = resident(service.process)
        finally:
            service.kill()
    counts = check(content, request, options.events)
    entries, rows = request["archive"]["entries_written"], 2 * request["archive"]["entries_written"]
    print(f"{options.db}: {entries} entries, written twice, in {took:.1f} s ({rows / took:.0f} rows a second)")
    print(f"archive: {len(content) / 2**20:.1f} MiB, {len(counts)} tables, each row as its schema says")
    print(f"progress: {len(seen)} different states seen, e.g. {seen[:: max(1, len(seen) // 5)]}")
    print(f"memory: small archive {baseline:.1f} MiB, before {memory[0]:.1f}, peak {max(memory):.1f}, after the download {during:.1f}")
    if options.keep:
        zipfile.ZipFile(io.BytesIO(content)).extractall(options.keep)
    if max(memory) > max(baseline, memory[0]) + FLAT:
        raise SystemExit(f"the memory is not flat: {max(memory):.1f} MiB")
    print("ok")


main()
