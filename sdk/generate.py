#!/usr/bin/env python3
"""Generates the SDKs from openapi.yaml, compiles and packages them, and walks the journeys with them.

    scripts/sdk [--language L] [--audience A] [--journeys sqlite|postgres]

For each audience (person, partner, staff) a package in TypeScript, Python, Java and Go, under target/sdk. Ends with a
table: operations and lines, warnings of generators and compilers that are not on the list below, seconds, and the
steps of the journeys. Exits with 1 if a warning is unknown, or anything does not compile or hold.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
OUT = ROOT / "target/sdk"
AUDIENCES = ("person", "partner", "staff")
JAVA = pathlib.Path("/usr/share/java")
GO_LIBRARIES = pathlib.Path("/usr/share/gocode/src")
# Warnings that are known, each with its reason.
KNOWN = {
    "OpenAPI 3.1 support is still in beta": "said of every 3.1 file",
    "Failed to get the schema name: null": "python asks for the name of a scalar of a form, which has none",
    "Ignoring complex example on request body": "java documents no examples of bodies",
    "setSerializationInclusion(Include) in ObjectMapper has been deprecated": "the template is for older Jackson, too",
    "serializationInclusion(Include) in MapperBuilder has been deprecated": "the template is for older Jackson, too",
}


class Failure(Exception):
    pass


def run(command, log, **options):
    """Runs it; gives what it said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    log.write_text(done.stdout)
    if done.returncode != 0:
        raise Failure(f"{command[0]} failed, see {log}:\n" + "\n".join(done.stdout.splitlines()[-20:]))
    return done.stdout


def unknown(said):
    lines = [line for line in said.splitlines() if re.search(r"\bWARN\b|warning:|FILEPATH_COLLISION", line)]
    return [line for line in lines if not any(known in line for known in KNOWN)]


def lines_of(folder, pattern):
    return sum(len(file.read_text().splitlines()) for file in folder.rglob(pattern))


def openapi_generator(language, spec, folder, log, **properties):
    flags = ",".join(f"{name}={value}" for name, value in {"enumUnknownDefaultCase": "true", **properties}.items())
    return run(["openapi-generator-cli", "generate", "-g", language, "-i", spec, "-o", folder,
                "--additional-properties", flags], log)


def read_me(language, audience, version, folder):
    """What a generator writes there is about itself; a reader wants the first call."""
    text = (HERE / f"readme/{language}.md").read_text()
    quick_start = re.search(rf"<!-- {audience} -->\n(.*?)(?=<!-- |\Z)", text, re.S)[1].strip()
    head = text.split("<!-- ")[0].strip()
    page = f"{head}\n\n{quick_start}\n".replace("{audience}", audience).replace("{version}", version)
    (folder / "README.md").write_text(page)


def typescript(audience, spec, version, folder, log):
    said = run(["npx", "openapi-ts", "-f", "openapi-ts.config.mjs"], log, cwd=HERE,
               env={**os.environ, "SDK_SPEC": str(spec), "SDK_OUTPUT": str(folder / "src"), "NO_COLOR": "1"})
    for name in ("package.json", "tsconfig.json"):
        text = (HERE / f"typescript/{name}").read_text()
        (folder / name).write_text(text.replace("{audience}", audience).replace("{version}", version))
    read_me("typescript", audience, version, folder)
    said += run(["npx", "tsc", "-p", folder], log.with_suffix(".compile.log"), cwd=HERE)
    run(["npm", "pack", "--silent", "--pack-destination", OUT / "packages"], log.with_suffix(".pack.log"), cwd=folder)
    return said, lines_of(folder / "src", "*.ts")


def python(audience, spec, version, folder, log):
    said = openapi_generator("python", spec, folder, log, packageName=f"smart_mining_{audience}",
                             projectName=f"smart-mining-{audience}", packageVersion=version)
    read_me("python", audience, version, folder)
    package = folder / f"smart_mining_{audience}"
    said += run([sys.executable, "-W", "error", "-m", "compileall", "-q", package], log.with_suffix(".compile.log"))
    # Every module is loaded, as a first use would.
    said += run([sys.executable, "-W", "error", "-c",
                 f"import smart_mining_{audience} as m; [getattr(m, name) for name in m.__all__]"],
                log.with_suffix(".import.log"), cwd=folder)
    run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", OUT / "packages",
         folder], log.with_suffix(".pack.log"))
    return said, lines_of(package, "*.py")


def java(audience, spec, version, folder, log):
    properties = {
        "library": "native", "useJakartaEe": "true", "hideGenerationTimestamp": "true", "groupId": "dev.smart-mining",
        "artifactId": f"smart-mining-{audience}", "artifactVersion": version,
        "invokerPackage": f"dev.smartmining.{audience}", "apiPackage": f"dev.smartmining.{audience}.api",
        "modelPackage": f"dev.smartmining.{audience}.model",
    }
    said = openapi_generator("java", spec, folder, log, openApiNullable="true", **properties)
    read_me("java", audience, version, folder)
    # What is compiled here differs by one flag: `JsonNullable`, which tells null from absent in changes, comes in a jar
    # that no registry at hand has. Jackson with its module for times comes in the generator's own jar.
    compiled = OUT / "java-compiled" / audience
    shutil.rmtree(compiled, ignore_errors=True)
    openapi_generator("java", spec, compiled, log.with_suffix(".plain.log"), openApiNullable="false", **properties)
    import openapi_generator_cli
    generator = pathlib.Path(openapi_generator_cli.__file__).parent / "openapi-generator.jar"
    jars = [generator, *(JAVA / f"{name}.jar" for name in
                         ("httpmime", "httpclient", "httpcore", "jakarta-annotation-api"))]
    sources = sorted(compiled.glob("src/main/**/*.java"))
    (compiled / "sources").write_text("\n".join(map(str, sources)))
    said += run(["javac", "-Xlint:all,-processing,-path,-serial", "-d", compiled / "classes", "-cp",
                 ":".join(map(str, jars)), f"@{compiled / 'sources'}"], log.with_suffix(".compile.log"))
    run(["jar", "--create", "--file", OUT / f"packages/smart-mining-{audience}-{version}.jar", "-C",
         compiled / "classes", "."], log.with_suffix(".pack.log"))
    return said, lines_of(folder / "src/main", "*.java")


def go_environment():
    """A workspace with the one library that the generated code takes, as Debian has it: none is fetched."""
    path = OUT / "gopath"
    library = path / "src/gopkg.in/validator.v2"
    if not library.exists():
        shutil.copytree(GO_LIBRARIES / "gopkg.in/validator.v2", library)
    return {**os.environ, "GO111MODULE": "off", "GOPATH": str(path), "GOFLAGS": "", "GOCACHE": str(OUT / "go-cache")}


def go(audience, spec, version, folder, log):
    module = "smart-mining.dev/sdk"
    said = openapi_generator("go", spec, folder, log, packageName=audience, packageVersion=version,
                             useOneOfDiscriminatorLookup="true", enumClassPrefix="true", withGoMod="false")
    read_me("go", audience, version, folder)
    shutil.rmtree(folder / "test", ignore_errors=True)
    (folder / "go.mod").write_text(f"module {module}/{audience}\n\ngo 1.23\n\nrequire gopkg.in/validator.v2 v2.0.1\n")
    place = OUT / f"gopath/src/{module}/{audience}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder, place)
    said += run(["go", "vet", "."], log.with_suffix(".compile.log"), cwd=place, env=go_environment())
    return said, lines_of(folder, "*.go")


LANGUAGES = {"typescript": typescript, "python": python, "java": java, "go": go}


def generate(language, audience, version):
    folder, log = OUT / language / audience, OUT / "logs" / f"{language}-{audience}.log"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    spec = OUT / f"specs/{audience}.yaml"
    began = time.monotonic()
    said, lines = LANGUAGES[language](audience, spec, version, folder, log)
    took = time.monotonic() - began
    paths = yaml.safe_load(spec.read_text())["paths"].values()
    operations = sum(key != "parameters" for item in paths for key in item)
    return [language, audience, str(operations), f"{lines:,}", str(len(unknown(said))), f"{took:.0f} s"], unknown(said)


def show(head, rows):
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--language", choices=LANGUAGES, action="append")
    parser.add_argument("--audience", choices=AUDIENCES, action="append")
    parser.add_argument("--journeys", choices=["sqlite", "postgres"], help="walk them with what is in target/sdk")
    arguments = parser.parse_args()
    if arguments.journeys:
        sys.exit(subprocess.run([sys.executable, HERE / "journeys.py", arguments.journeys]).returncode)
    for name in ("specs", "packages", "logs"):
        (OUT / name).mkdir(parents=True, exist_ok=True)
    run([sys.executable, HERE / "cut.py", ROOT / "openapi.yaml", OUT / "specs"], OUT / "logs/cut.log")
    version = yaml.safe_load((ROOT / "openapi.yaml").read_text())["info"]["version"]
    rows, warnings = [], []
    for language in arguments.language or LANGUAGES:
        for audience in arguments.audience or AUDIENCES:
            try:
                row, said = generate(language, audience, version)
            except Failure as failure:
                row, said = [language, audience, "-", "-", "failed", "-"], [str(failure)]
            rows.append(row)
            warnings += said
    show(["language", "audience", "operations", "lines", "warnings", "time"], rows)
    print("known warnings, and why:")
    for warning, reason in KNOWN.items():
        print(f"  {warning}: {reason}")
    if warnings:
        print("\n".join(warnings))
        sys.exit(1)


if __name__ == "__main__":
    main()
