"""Generate and build the client libraries from openapi.json: `clients.py python | typescript | mcp | build`.

`python` writes clients/python/src/messenger_center_client/generated/, `typescript` what is generated of
clients/typescript/src/, `mcp` the tools of clients/mcp, `build` the wheels, the sdists, the npm tarball and the Postman
collection to dist/ (decision 0056).
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from client_operations import write_operations
from mcp_tools import tools

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "openapi.json"
PYTHON, TYPESCRIPT, MCP = (ROOT / "clients" / name for name in ("python", "typescript", "mcp"))
GENERATED = PYTHON / "src" / "messenger_center_client" / "generated"
TOOLS = MCP / "src" / "messenger_center_mcp" / "tools.json"
DIST = ROOT / "dist"
UNKNOWN = {"EventPage": "UnknownEvent", "ThreadPage": "UnknownThreadItem"}
"""Pages whose items are of several kinds, and the name of what stands for a kind of a newer service."""
GENERATOR = ("run", "--quiet", "--no-project", "--with-requirements", "requirements/clients.lock")


class GeneratorWarning(Exception):
    """The generator has left something out. The message is what it says."""


def main() -> int:
    goals = {"python": generate_python, "typescript": generate_typescript, "mcp": generate_mcp, "build": build}
    if len(sys.argv) != 2 or sys.argv[1] not in goals:
        print(f"usage: clients.py {' | '.join(goals)}", file=sys.stderr)
        return 2
    try:
        goals[sys.argv[1]]()
    except (GeneratorWarning, subprocess.CalledProcessError) as error:
        print(f"clients: {error}", file=sys.stderr)
        return 1
    return 0


def generate_python() -> None:
    folder = ROOT / ".cache" / "clients"
    folder.mkdir(parents=True, exist_ok=True)
    narrowed = folder / "openapi.json"
    document: dict[str, Any] = json.loads(DOCUMENT.read_text())
    narrowed.write_text(json.dumps(of_the_python_client(document)))
    run_generator(narrowed, folder / "generated")
    write_operations(folder / "generated", keyed=keyed_operations(document))
    (folder / "generated" / "version.py").write_text(f'VERSION = "{version()}"\n')
    run("ruff", "format", "--quiet", "--isolated", "--line-length=120", str(folder / "generated" / "operations.py"))
    shutil.rmtree(GENERATED, ignore_errors=True)
    (folder / "generated").rename(GENERATED)
    (GENERATED / ".ready").touch()


def run_generator(document: Path, folder: Path) -> None:
    """Write the package `folder` from the document. Raises `GeneratorWarning` if something is left out."""
    shutil.rmtree(folder, ignore_errors=True)
    options = ["--config", str(PYTHON / "generator.yml"), "--custom-template-path", str(PYTHON / "templates")]
    command = ["openapi-python-client", "generate", "--path", str(document), "--output-path", str(folder)]
    # The generator formats with the ruff of its own lock file.
    done = subprocess.run(
        ["sh", "scripts/uv.sh", *GENERATOR, *command, "--meta", "none", "--fail-on-warning", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not (folder / "client.py").exists():
        raise GeneratorWarning(f"{done.stdout[-4000:]}{done.stderr[-4000:]}")


def of_the_python_client(document: dict[str, Any]) -> dict[str, Any]:
    """The document without answers that the client raises as `ProblemError`, and without what a client never calls.

    A CSV is a file, because `generator.yml` reads `text/csv` as one in bodies. NDJSON is left out too: the generator
    cannot tell two kinds of file in one body apart, and keeps the last one.
    """
    paths: dict[str, Any] = {}
    for path, method, operation in _operations(document):
        good = {status: each for status, each in operation["responses"].items() if status.startswith("2")}
        contents = [set(each.get("content", ())) for each in good.values()]
        if path.startswith("/webhooks/") or {"text/event-stream"} in contents:
            continue
        for answer in good.values():
            answer.get("content", {}).pop("text/event-stream", None)
        operation["responses"] = good
        for answer in good.values():
            if "text/csv" in answer.get("content", {}):
                answer["content"]["text/csv"]["schema"] = {"type": "string", "format": "binary"}
        operation.get("requestBody", {}).get("content", {}).pop("application/x-ndjson", None)
        paths.setdefault(path, {})[method] = operation
    schemas: dict[str, Any] = document["components"]["schemas"]
    for page, name in UNKNOWN.items():
        with_unknown_member(schemas, page, name)
    return document | {"paths": paths}


def with_unknown_member(schemas: dict[str, Any], page: str, name: str) -> None:
    """Add a last member to the union of a page's items: for those that a newer service may answer.

    It has the fields that all members have. The generator would make reading the whole page fail.
    """
    union: dict[str, Any] = schemas[page]["properties"]["items"]["items"]
    kind: str = union["discriminator"]["propertyName"]
    members = [schemas[each["$ref"].rpartition("/")[2]] for each in union["oneOf"]]
    common = set(members[0]["required"]).intersection(*(each["required"] for each in members))
    properties: dict[str, Any] = {}
    for each, first in members[0]["properties"].items():
        if each in common:
            alike = all(member["properties"][each] == first for member in members)
            properties[each] = first if alike else {"type": "string" if each == kind else "object"}
    schemas[name] = {
        "title": name,
        "type": "object",
        "description": f"One that this version does not know: look at its `{kind}`.",
        "properties": properties,
        "required": sorted(properties),
    }
    union["oneOf"].append({"$ref": f"#/components/schemas/{name}"})


def keyed_operations(document: dict[str, Any]) -> set[str]:
    """The ids of the operations that take an `Idempotency-Key`."""
    return {operation["operationId"] for _, _, operation in _operations(document) if _takes_key(operation)}


def operation_ids() -> set[str]:
    """Of every operation of the API."""
    return {operation["operationId"] for _, _, operation in _operations(json.loads(DOCUMENT.read_text()))}


def _takes_key(operation: dict[str, Any]) -> bool:
    return any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def generate_typescript() -> None:
    run("npm", "run", "--silent", "generate", folder=TYPESCRIPT)
    document: dict[str, Any] = json.loads(DOCUMENT.read_text())
    keyed = sorted(path for path, method, each in _operations(document) if method == "post" and _takes_key(each))
    lines = [
        "// Generated by scripts/clients.py.",
        f"export const VERSION = {json.dumps(version())};",
        "/** POSTs that take an `Idempotency-Key`. */",
        f"export const KEYED: ReadonlySet<string> = new Set({json.dumps(keyed, indent=2)});",
    ]
    (TYPESCRIPT / "src" / "operations.ts").write_text("\n".join(lines) + "\n")
    run("npm", "run", "--silent", "build", folder=TYPESCRIPT)


def generate_mcp() -> None:
    TOOLS.write_text(json.dumps(tools(json.loads(DOCUMENT.read_text())), indent=1, ensure_ascii=False) + "\n")


def build() -> None:
    """Write the packages to dist/. What they are made of is there already."""
    DIST.mkdir(exist_ok=True)
    for package in (PYTHON, TYPESCRIPT, MCP):
        found = re.search(r'^\s*"?version"?[ =:]+"([^"]+)"', (package / manifest(package)).read_text(), re.MULTILINE)
        if found is None or found[1] != version():
            raise GeneratorWarning(f"{package.name} is of {found and found[1]}, and the API of {version()}")
    options = ["--quiet", "--python", ".venv", "--no-build-isolation", "--no-create-gitignore"]
    for package in (PYTHON, MCP):
        run("sh", "scripts/uv.sh", "build", *options, "--out-dir", str(DIST), str(package))
    run("npm", "pack", "--silent", "--pack-destination", str(DIST), folder=TYPESCRIPT)
    write_collection(DIST / f"messenger-center-{version()}.postman_collection.json")


def write_collection(target: Path) -> None:
    """Of Postman."""
    run("node", str(ROOT / "scripts" / "postman" / "collection.mjs"), str(DOCUMENT), str(target))


def manifest(package: Path) -> str:
    return "package.json" if package == TYPESCRIPT else "pyproject.toml"


def version() -> str:
    """Of the API."""
    found: str = json.loads(DOCUMENT.read_text())["info"]["version"]
    return found


def run(*command: str, folder: Path = ROOT) -> None:
    path = f"{ROOT}/.venv/bin{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, "PATH": path})


if __name__ == "__main__":
    sys.exit(main())
