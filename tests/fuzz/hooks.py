"""What schemathesis is told beyond the contract: who calls, what is there to be asked about, and why a request that
keeps to the schemas may still be refused (`reasons.toml`)."""
import collections
import datetime
import os
import pathlib
import random
import re
import sys
import tomllib
import traceback

import schemathesis
from hypothesis import strategies
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from world import ROLES, World

AUDIENCE = os.environ["FUZZ_AUDIENCE"]
world = World(os.environ["FUZZ_URL"], os.environ["FUZZ_FOLDER"], os.environ["FUZZ_INVITATIONS"].split())
chance = random.Random(int(os.environ["FUZZ_SEED"]))
reasons = tomllib.loads((HERE / "reasons.toml").read_text())

# Instants are in UTC, which a format does not say.
schemathesis.openapi.format("date-time", strategies.datetimes(
    min_value=datetime.datetime(1970, 1, 1), max_value=datetime.datetime(2999, 12, 31),
).map(lambda instant: instant.isoformat(timespec="microseconds") + "Z"))


@schemathesis.auth(refresh_interval=5, retry_on=(401, 423))
class Token:
    """Made anew every few seconds, since what is tested ends sessions, restricts and erases."""

    def get(self, case, context):
        try:
            return self.made()
        except Exception:
            # Schemathesis says only that it failed.
            traceback.print_exc()
            raise

    def made(self):
        world.stay()
        if AUDIENCE == "person":
            return world.known_person()
        if AUDIENCE == "partner":
            return world.partner_token()
        world.partner()
        world.known_person()
        harvest(world.desk())
        return {role: world.brings_in(role).token for role in ROLES}

    def set(self, case, data, context):
        if AUDIENCE == "staff":
            said = re.search(r"^Roles: (.*)\.$", case.operation.definition.raw.get("description", ""), re.M)
            data = data[chance.choice(re.findall(r"`(\w+)`", said[1])) if said else chance.choice(ROLES)]
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


# What answers named, by the name of the field, the newest last.
known = collections.defaultdict(lambda: collections.deque(maxlen=40))


def harvest(node):
    if isinstance(node, dict):
        for name, value in node.items():
            if name.endswith("_id") and isinstance(value, str):
                if value not in world.own:
                    known[name].append(value)
            else:
                harvest(value)
    elif isinstance(node, list):
        for value in node:
            harvest(value)


@schemathesis.hook
def after_call(context, case, response):
    if 200 <= response.status_code < 300 and "json" in response.headers.get("content-type", [""])[0]:
        harvest(response.json())


def harvesting(call):
    def harvested(*words):
        status, answer = call(*words)
        if status < 300:
            harvest(answer)
        return status, answer
    return harvested


world.service.call = harvesting(world.service.call)


def is_valid(case):
    return case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE


def lead_somewhere(values):
    for name in values:
        if name in known and isinstance(values[name], str) and chance.random() < 0.8:
            values[name] = chance.choice(known[name])


@schemathesis.hook
def before_call(context, case, kwargs):
    """Most valid requests ask about what is there, from the first page on, in whatever version it is."""
    for name, value in (case.path_parameters or {}).items():
        if value in world.own:
            case.path_parameters[name] = "stf_" + 32 * "0"
    follows_links = case.meta is not None and case.meta.phase.name.value == "stateful"
    if case.meta is not None and not is_valid(case) and not follows_links:
        # What is wrong with it is not to hide behind an id that leads nowhere.
        path = case.meta.components.get(ParameterLocation.PATH)
        if path is not None and path.mode == GenerationMode.POSITIVE:
            lead_somewhere(case.path_parameters or {})
    if not is_valid(case):
        return
    bodies = [case.body] if isinstance(case.body, dict) else []
    for values in bodies if follows_links else [*bodies, case.path_parameters or {}]:
        lead_somewhere(values)
    if case.query and "cursor" in case.query and chance.random() < 0.8:
        del case.query["cursor"]
    # An entity tag loses its quotes on the way here.
    if case.headers:
        case.headers.pop("If-Match", None)


def is_integer_spelt_otherwise(case, error):
    """JSON Schema counts 2064.0 among the integers; here an integer is spelt as one."""
    value = case.body
    for part in error["pointer"].split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value.get(part) if isinstance(value, dict) else None
    return error["code"] == "wrong_type" and isinstance(value, float)


@schemathesis.check
def refused_for_a_reason(ctx, response, case):
    """A valid request may be refused for what no schema says: for the state that things are in, or for a reason that is
    listed. So a rule that a schema could say, and does not, is found."""
    if not is_valid(case) or response.status_code not in (400, 413, 415, 422):
        return
    problem = response.json()
    found = {(error["code"], error["pointer"]) for error in problem.get("errors", [])
             if not is_integer_spelt_otherwise(case, error)}
    if not problem.get("errors"):
        found = {(problem.get("code", problem.get("error")), None)}
    operation = case.operation.definition.raw["operationId"]
    for code, pointer in found:
        listed = reasons.get(code)
        assert listed and operation in listed.get("operations", [operation]) and pointer in listed.get(
            "pointers", {}).get(operation, [pointer]), f"{operation}: {code} of {pointer} is no listed reason"
