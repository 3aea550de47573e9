#!/usr/bin/env python3
"""Walks the journeys with the generated packages against a live service, on one database.

    scripts/sdk --journeys sqlite|postgres

Each language begins with a service and stores of its own; the whole story in TypeScript and Python, signing in, consent
and a partner's pull in Go. On PostgreSQL it runs under `scripts/with-postgres`. Ends with a table of steps passed.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from generate import HERE, OUT, ROOT, go_environment, show

sys.path.insert(0, str(ROOT / "scripts/lib"))
from service import Service, stores


def typescript():
    """Compiles the example beside the packages, as they are installed."""
    folder = OUT / "journeys/typescript"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "examples/typescript", folder)
    modules = folder / "node_modules"
    (modules / "@smart-mining").mkdir(parents=True)
    for entry in (HERE / "node_modules").iterdir():
        (modules / entry.name).symlink_to(entry)
    for audience in ("person", "partner", "staff"):
        (modules / "@smart-mining" / audience).symlink_to(OUT / "typescript" / audience)
    subprocess.run(["npx", "tsc", "-p", "."], cwd=folder, check=True)
    return ["node", "journey.js"], folder, {}


def python():
    packages = os.pathsep.join(str(OUT / "python" / audience) for audience in ("person", "partner", "staff"))
    return [sys.executable, "journey.py"], HERE / "examples/python", {"PYTHONPATH": packages}


def go():
    environment = go_environment()
    place = OUT / "gopath/src/smart-mining.dev/sdk/journey"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(HERE / "examples/go", place)
    subprocess.run(["go", "build", "-o", OUT / "journeys/go", "."], cwd=place, env=environment, check=True)
    return [OUT / "journeys/go"], place, {}


def walk(language, database):
    (OUT / "journeys").mkdir(exist_ok=True)
    command, place, environment = language()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="smart-mining-sdk-"))
    service = Service(folder, stores(database, f"sdk_{language.__name__}"))
    service.start()
    began = time.monotonic()
    try:
        code, said = service.run("staff", "bootstrap", "first@staff.example.org", "second@staff.example.org")
        assert code == 0, said
        journey = {
            "SMART_MINING_URL": f"http://{service.host}:{service.port}", "SMART_MINING_OUTBOX": str(folder / "outbox"),
            "SMART_MINING_INVITATIONS": " ".join(re.findall(r"\b[\w-]{71}\b", said)),
        }
        done = subprocess.run(command, cwd=place, env={**os.environ, **environment, **journey}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    finally:
        service.kill()
    print(f"{language.__name__} on {database}\n{done.stdout}", flush=True)
    passed = re.search(r"^passed, (\d+) steps$", done.stdout, re.M)
    if done.returncode == 0 and passed:
        shutil.rmtree(folder)
    return [language.__name__, database, passed[1] if passed else "failed", f"{time.monotonic() - began:.0f} s"]


def main():
    rows = [walk(language, sys.argv[1]) for language in (typescript, python, go)]
    show(["language", "database", "steps passed", "time"], rows)
    sys.exit(any(row[2] == "failed" for row in rows))


if __name__ == "__main__":
    main()
