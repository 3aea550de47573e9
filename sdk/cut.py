#!/usr/bin/env python3
"""Cuts openapi.yaml into one file for each audience, for generators of SDKs.

    sdk/cut.py OPENAPI FOLDER

`person.yaml`, `partner.yaml` and `staff.yaml` each hold the operations that the audience calls, with the public ones
that it needs, and only the components that these refer to. Webhooks are left out, since generators break on them; the
schemas of their messages stay, for whoever takes them.
"""
import pathlib
import sys

import yaml


class Loader(yaml.SafeLoader):
    """Leaves instants and days the texts that they are in JSON."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
TITLES = {
    "person": "Smart-mining privacy API for persons",
    "partner": "Smart-mining privacy API for partners",
    "staff": "Smart-mining privacy API for staff",
}
# What anybody verifies, whoever they are.
FOR_EVERYBODY = {"Log", "Keys", "Policy"}


def audiences_of(path, operation, default):
    """Whose SDK an operation belongs to: by the token that it takes; a public one by what it is for."""
    schemes = {name for way in operation.get("security", default) for name in way}
    if schemes:
        return schemes
    if FOR_EVERYBODY & set(operation["tags"]):
        return set(TITLES)
    if path.startswith("/v1/staff/"):
        return {"staff"}
    if path.startswith(("/v1/partner/", "/oauth/")):
        return {"partner"}
    return {"person"}


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            elif key == "mapping":
                yield from value.values()
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def reached(spec, roots):
    """The components that `roots` refer to, directly or not, as (kind, name)."""
    found, left = set(), list(roots)
    while left:
        for reference in references(left.pop()):
            _, _, kind, name = reference.split("/")
            if (kind, name) not in found:
                found.add((kind, name))
                left.append(spec["components"][kind][name])
    return found


def without_dangling_links(operation, kept):
    """Links lead to operations of the same file only."""
    for answer in operation["responses"].values():
        links = {name: link for name, link in answer.get("links", {}).items() if link["operationId"] in kept}
        answer.pop("links", None)
        if links:
            answer["links"] = links


def scalar_parts(spec, kept):
    """Parts of a form that refer to a named scalar say themselves what it is: generators lose the type of such parts."""
    schemas = spec["components"]["schemas"]
    for operation in kept:
        form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
        if not form:
            continue
        properties = schemas[form["schema"]["$ref"].rsplit("/", 1)[1]]["properties"]
        for name, part in properties.items():
            if "$ref" not in part:
                continue
            named = schemas[part["$ref"].rsplit("/", 1)[1]]
            own = {key: value for key, value in part.items() if key != "$ref"}
            if named.get("type") == "string":
                # An instant is no string where it is read, and has no length.
                lengths = ("minLength", "maxLength") if named.get("format") == "date-time" else ()
                scalar = {key: value for key, value in named.items() if key not in lengths}
                properties[name] = {**scalar, **own}


def bearer(scheme):
    """A token of OAuth as the bearer token that it is: generators bring a library of their own for its flows."""
    if scheme["type"] != "oauth2":
        return scheme
    scopes = scheme["flows"]["clientCredentials"]["scopes"]
    words = " ".join(f"`{scope}`: {what}" for scope, what in scopes.items())
    text = f"{scheme['description']} It comes from `create_access_token`. Scopes: {words}"
    return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": text}


def cut(spec, audience):
    paths, kept = {}, set()
    for path, item in spec["paths"].items():
        own = {
            key: value for key, value in item.items()
            if key not in METHODS or audience in audiences_of(path, value, spec["security"])
        }
        if any(method in own for method in METHODS):
            paths[path] = own
            kept |= {own[method]["operationId"] for method in METHODS if method in own}
    operations = [item[method] for item in paths.values() for method in METHODS if method in item]
    for operation in operations:
        without_dangling_links(operation, kept)
    scalar_parts(spec, operations)
    messages = spec.get("webhooks", {}) if audience == "partner" else {}
    schemas = [hook["post"]["requestBody"] for hook in messages.values()]
    keep = reached(spec, [paths, *schemas])
    components = {
        kind: entries for kind, every in spec["components"].items()
        if (entries := {
            name: value for name, value in every.items()
            if (kind, name) in keep or (kind == "securitySchemes" and name == audience)
        })
    }
    components["securitySchemes"] = {audience: bearer(components["securitySchemes"][audience])}
    for operation in operations:
        if operation.get("security"):
            operation["security"] = [{name: [] for name in way} for way in operation["security"]]
    used = {tag for operation in operations for tag in operation["tags"]}
    return {
        "openapi": spec["openapi"],
        "info": {**spec["info"], "title": TITLES[audience]},
        "servers": spec["servers"],
        "security": [{audience: []}],
        "tags": [tag for tag in spec["tags"] if tag["name"] in used],
        "paths": paths,
        "components": components,
    }


def main():
    source, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    text = source.read_text()
    folder.mkdir(parents=True, exist_ok=True)
    for audience in TITLES:
        spec = cut(yaml.load(text, Loader), audience)
        (folder / f"{audience}.yaml").write_text(yaml.safe_dump(spec, sort_keys=False, width=1_000))
        count = sum(method in item for item in spec["paths"].values() for method in METHODS)
        print(f"{audience}: {count} operations, {len(spec['components']['schemas'])} schemas")


if __name__ == "__main__":
    main()
