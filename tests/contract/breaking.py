#!/usr/bin/env python3
"""What an older client of the API would break on, between the last released contract and this one.

    tests/contract/breaking.py RELEASED CURRENT
    tests/contract/breaking.py --self-test CURRENT
    tests/contract/breaking.py --freeze CURRENT > RELEASED

A change breaks where a request that was right is refused, or an answer holds what the client was not told of: an operation,
a status, a property or a value of a request that is gone; a property or parameter that is newly required; a type, a bound or
a pattern that takes less; a property of an answer that may be absent or null now, or has another type; a value of a closed
enumeration in an answer that is new. Each is one line, with the place. Exits with 1 if there is any; a line that stands word
for word in CHANGELOG.md under "Breaking" is known. `--self-test` plants one change of each kind and fails if one is missed. `--freeze` keeps of a contract what is compared.
"""
import copy
import pathlib
import sys

import yaml

METHODS = ("get", "put", "post", "delete", "patch")
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What a request may be: an old one must still be let through. (key, whether the new value lets less through)
NARROWER = {
    "maxLength": lambda old, new: new is not None and (old is None or new < old),
    "maxItems": lambda old, new: new is not None and (old is None or new < old),
    "maximum": lambda old, new: new is not None and (old is None or new < old),
    "minLength": lambda old, new: new is not None and new > (old or 0),
    "minItems": lambda old, new: new is not None and new > (old or 0),
    "minimum": lambda old, new: new is not None and (old is None or new > old),
    "pattern": lambda old, new: new is not None and new != old,
    "format": lambda old, new: new is not None and new != old,
}


class Comparison:
    def __init__(self, old, new):
        self.old, self.new, self.found, self.seen = old, new, [], set()

    def note(self, place, what):
        self.found.append(f"{place}: {what}")

    @staticmethod
    def resolve(spec, node):
        while isinstance(node, dict) and "$ref" in node:
            _, _, kind, name = node["$ref"].split("/")
            node = spec["components"][kind][name]
        return node

    def operations(self):
        for path, item in self.old["paths"].items():
            for method in METHODS:
                if method not in item:
                    continue
                place, before = f"{method.upper()} {path}", item[method]
                after = self.new["paths"].get(path, {}).get(method)
                if after is None:
                    self.note(place, "the operation is gone")
                    continue
                if before["operationId"] != after["operationId"]:
                    self.note(place, f"{before['operationId']} is called {after['operationId']}")
                if before["tags"] != after["tags"]:
                    self.note(place, f"moved from {before['tags'][0]} to {after['tags'][0]}, which names classes in SDKs")
                self.parameters(place, before, after)
                self.body(place, before, after)
                self.answers(place, before, after)

    def parameters(self, place, before, after):
        def by_name(spec, operation):
            found = [self.resolve(spec, each) for each in operation.get("parameters", [])]
            return {(each["in"], each["name"]): each for each in found}

        old, new = by_name(self.old, before), by_name(self.new, after)
        for key, parameter in old.items():
            if key not in new:
                self.note(place, f"the parameter {key[1]} is gone")
            else:
                self.request(f"{place} {key[1]}", parameter["schema"], new[key]["schema"])
        for key, parameter in new.items():
            if parameter.get("required") and not old.get(key, {}).get("required"):
                self.note(place, f"the parameter {key[1]} is required")

    def body(self, place, before, after):
        old, new = before.get("requestBody"), after.get("requestBody")
        if old is None:
            if new is not None and new.get("required"):
                self.note(place, "a body is required")
            return
        if new is None:
            self.note(place, "the body is gone")
            return
        for media, content in old["content"].items():
            if media not in new["content"]:
                self.note(place, f"{media} is not taken any more")
            else:
                self.request(f"{place} body", content["schema"], new["content"][media]["schema"])

    def answers(self, place, before, after):
        for status, answer in before["responses"].items():
            if status not in after["responses"]:
                self.note(place, f"{status} is gone")
                continue
            old, new = self.resolve(self.old, answer), self.resolve(self.new, after["responses"][status])
            for name in old.get("headers", {}):
                if name not in new.get("headers", {}):
                    self.note(f"{place} {status}", f"the header {name} is gone")
            for media, content in old.get("content", {}).items():
                if media not in new.get("content", {}):
                    self.note(f"{place} {status}", f"{media} is gone")
                else:
                    self.answer(f"{place} {status}", content["schema"], new["content"][media]["schema"])

    def enter(self, way, place, old, new):
        """The schemas behind two nodes; nothing if they were compared, or are of another kind. Named ones are compared once."""
        key = (way, str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old:
            if key in self.seen:
                return None
            self.seen.add(key)
            place = old["$ref"].rsplit("/", 1)[1]
        return place, self.resolve(self.old, old), self.resolve(self.new, new)

    @staticmethod
    def types(schema):
        found = schema.get("type", "union" if "oneOf" in schema else "any")
        return set(found) if isinstance(found, list) else {found}

    def request(self, place, old, new):
        entered = self.enter("request", place, old, new)
        if entered is None:
            return
        place, old, new = entered
        if not self.types(old) <= self.types(new):
            self.note(place, f"takes {'/'.join(sorted(self.types(new)))} instead of {'/'.join(sorted(self.types(old)))}")
            return
        for key, is_less in NARROWER.items():
            if is_less(old.get(key), new.get(key)):
                self.note(place, f"{key} is {new.get(key)}, and was {old.get(key)}")
        if "enum" in new:
            for value in [value for value in old.get("enum", []) if value not in new["enum"]]:
                self.note(place, f"{value} is not taken any more")
            if "enum" not in old:
                self.note(place, "only some values are taken")
        self.branches(self.request, place, old, new)
        if "items" in old and "items" in new:
            self.request(f"{place}[]", old["items"], new["items"])
        closed = new.get("additionalProperties") is False
        for name, schema in old.get("properties", {}).items():
            if name in new.get("properties", {}):
                self.request(f"{place}.{name}", schema, new["properties"][name])
            elif closed:
                self.note(place, f"{name} is not taken any more")
        for name in set(new.get("required", [])) - set(old.get("required", [])):
            self.note(place, f"{name} is required")

    def answer(self, place, old, new):
        entered = self.enter("answer", place, old, new)
        if entered is None:
            return
        place, old, new = entered
        if not self.types(new) <= self.types(old):
            self.note(place, f"is {'/'.join(sorted(self.types(new)))} instead of {'/'.join(sorted(self.types(old)))}")
            return
        if old.get("format") != new.get("format"):
            self.note(place, f"is {new.get('format')} instead of {old.get('format')}")
        if "enum" in old:
            for value in [value for value in new.get("enum", []) if value not in old["enum"]]:
                self.note(place, f"{value} is new in a closed enumeration")
        self.branches(self.answer, place, old, new)
        if "items" in old and "items" in new:
            self.answer(f"{place}[]", old["items"], new["items"])
        for name, schema in old.get("properties", {}).items():
            if name not in new.get("properties", {}):
                self.note(place, f"{name} is gone")
                continue
            if name in old.get("required", []) and name not in new.get("required", []):
                self.note(place, f"{name} may be absent")
            self.answer(f"{place}.{name}", schema, new["properties"][name])

    def branches(self, compare, place, old, new):
        """Branches of a union, by what they are called; `null` is one."""
        def named(schema):
            return {each.get("$ref", each.get("type")): each for each in schema.get("oneOf", [])}

        before, after = named(old), named(new)
        gone, added = before.keys() - after.keys(), after.keys() - before.keys()
        for name in gone if compare == self.request else added:
            words = "is not taken any more" if compare == self.request else "is new in a union"
            self.note(place, f"{name} {words}")
        for name in before.keys() & after.keys():
            compare(place, before[name], after[name])


def breaking(old, new):
    comparison = Comparison(old, new)
    comparison.operations()
    return comparison.found


def planted(spec):
    """One change of each kind, with words of the finding that it must bring."""
    def operation(changed):
        return changed["paths"]["/v1/accounts"]["post"]

    def schema(changed, name):
        return changed["components"]["schemas"][name]

    def drop(mapping, key):
        del mapping[key]

    yield "the operation is gone", lambda s: drop(s["paths"]["/v1/accounts"], "post")
    yield "is called open_account", lambda s: operation(s).update(operationId="open_account")
    yield "moved from", lambda s: operation(s).update(tags=["Account"])
    yield "202 is gone", lambda s: drop(operation(s)["responses"], "202")
    yield "the header Location is gone", lambda s: drop(operation(s)["responses"]["202"]["headers"], "Location")
    yield "is not taken any more", lambda s: drop(schema(s, "RegisterAccount")["properties"], "consents")
    yield "phone is required", lambda s: schema(s, "RegisterAccount")["required"].append("phone")
    yield "maxLength is 5", lambda s: schema(s, "RegisterAccount")["properties"]["password"].update(maxLength=5)
    yield "analytics is not taken any more", lambda s: schema(s, "Purpose")["enum"].remove("analytics")
    yield "the parameter cursor is gone", lambda s: s["paths"]["/v1/notices"]["get"].update(parameters=[])
    yield "registration_id is gone", lambda s: drop(schema(s, "Registration")["properties"], "registration_id")
    yield "may be absent", lambda s: schema(s, "Registration")["required"].remove("registration_id")
    yield "instead of string", lambda s: schema(s, "Registration")["properties"]["registration_id"].update(type="integer")
    yield "new in a closed enumeration", lambda s: schema(s, "AccountState")["enum"].append("frozen")
    yield "is new in a union", lambda s: schema(s, "SignIn")["oneOf"].append({"$ref": "#/components/schemas/Problem"})
    yield "a body is required", lambda s: s["paths"]["/v1/account/data-confirmations"]["post"].update(
        requestBody={"required": True, "content": {}})


def self_test(spec):
    assert breaking(spec, copy.deepcopy(spec)) == [], "nothing breaks on itself"
    missed = 0
    for words, change in planted(spec):
        changed = copy.deepcopy(spec)
        change(changed)
        found = breaking(spec, changed)
        if not any(words in line for line in found):
            missed += 1
            print(f"missed: {words}; found {found}")
    kinds = sum(1 for _ in planted(spec))
    print(f"{kinds - missed} of {kinds} planted changes found")
    return missed


def frozen(node, is_of_names=False):
    """Without the words, which nobody's client breaks on; a property may be called like one of their keys."""
    if isinstance(node, list):
        return [frozen(each) for each in node]
    if not isinstance(node, dict):
        return node
    words = () if is_of_names else ("summary", "description", "example", "examples", "links")
    of_names = ("properties", "schemas", "responses", "headers", "parameters", "paths")
    return {key: frozen(value, key in of_names) for key, value in node.items() if key not in words}


def main():
    if sys.argv[1] == "--freeze":
        spec = frozen(yaml.safe_load(pathlib.Path(sys.argv[2]).read_text()))
        kept = {key: spec[key] for key in ("openapi", "info", "paths", "components")}
        print("# The contract as it was released, without its words; `tests/contract/breaking.py --freeze` writes it.")
        print(yaml.safe_dump(kept, sort_keys=False, width=1_000), end="")
        return
    if sys.argv[1] == "--self-test":
        sys.exit(self_test(yaml.safe_load(pathlib.Path(sys.argv[2]).read_text())) > 0)
    old, new = (yaml.safe_load(pathlib.Path(path).read_text()) for path in sys.argv[1:3])
    changelog = (ROOT / "CHANGELOG.md").read_text()
    found = breaking(old, new)
    unknown = [line for line in found if line not in changelog]
    print(f"{old['info']['version']} to {new['info']['version']}: {len(found)} breaking, {len(unknown)} of them untold")
    print("\n".join(unknown))
    sys.exit(bool(unknown))


if __name__ == "__main__":
    main()
