"""Prove that committed files which are generated say what their sources say.

`freshness.py locks | openapi | schema`; the latter two take `--write`, which brings the file up to date.
"""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from bootstrap import BIN, REQUIREMENTS, node_environment
from steps import FRONTEND, ROOT, SetupError, excerpt, exit_with, say, shell_line

OPENAPI = ROOT / "openapi.json"
SCHEMA = FRONTEND / "src" / "api" / "schema.ts"
NPM_LOCKS = (FRONTEND / "package-lock.json", ROOT / "scripts" / "chromium" / "package-lock.json")

PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
ADDRESS = re.compile(r"https?://|^\s*(?:--index-url|--extra-index-url|--find-links|-i|-f)\b", re.MULTILINE)


def main() -> int:
    match sys.argv[1:]:
        case ["locks"]:
            problems = [*addresses_in_locks(), *locks_that_do_not_nest(), *requirements_without_pin()]
        case ["openapi"]:
            problems = stale(OPENAPI, exported_openapi(), remedy="make openapi")
        case ["openapi", "--write"]:
            problems = write(OPENAPI, exported_openapi())
        case ["schema"]:
            problems = stale(SCHEMA, generated_schema(), remedy="make openapi")
        case ["schema", "--write"]:
            problems = write(SCHEMA, generated_schema())
        case _:
            raise SetupError("usage: freshness.py locks | openapi [--write] | schema [--write]")
    for problem in problems:
        say(problem)
    return 1 if problems else 0


# Lock files


def pins(lock: Path) -> dict[str, set[str]]:
    """Return the locked versions by package name; a package can have one for each platform."""
    found: dict[str, set[str]] = {}
    for name, version in PIN.findall(lock.read_text()):
        found.setdefault(normal(name), set()).add(version)
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def addresses_in_locks() -> Iterator[str]:
    """A lock that names a registry breaks every machine that is configured for another one."""
    for lock in sorted(REQUIREMENTS.glob("*.lock")):
        if ADDRESS.search(lock.read_text()):
            yield f"{lock.relative_to(ROOT)} holds the address of a registry. Write it with `make lock`."
        if "--hash=sha256:" not in lock.read_text():
            yield f"{lock.relative_to(ROOT)} holds no hashes. Write it with `make lock`."
    for lock in NPM_LOCKS:
        for name, package in json.loads(lock.read_text())["packages"].items():
            if "link" in package or not name:
                continue
            if "resolved" in package:
                yield f"{lock.relative_to(ROOT)}: {name} is tied to the address {package['resolved']}."
            if "integrity" not in package and "inBundle" not in package:
                yield f"{lock.relative_to(ROOT)}: {name} has no integrity hash."


def locks_that_do_not_nest() -> Iterator[str]:
    for inner, outer in (("base", "run"), ("run", "dev")):
        wide = pins(REQUIREMENTS / f"{outer}.lock")
        for name, versions in pins(REQUIREMENTS / f"{inner}.lock").items():
            if wide.get(name) != versions:
                yield (
                    f"{name} is {listed(versions)} in requirements/{inner}.lock and "
                    f"{listed(wide.get(name))} in {outer}.lock. Write them with `make lock`."
                )


def requirements_without_pin() -> Iterator[str]:
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project.get("optional-dependencies", {})
    wanted = {
        "base": project["dependencies"],
        "run": [line for name in ("embedded", "demo", "simulator") for line in extras.get(name, [])],
        "dev": [line for lines in extras.values() for line in lines],
    }
    for tool in REQUIREMENTS.glob("*.in"):
        wanted[tool.stem] = tool.read_text().splitlines()
    for name, lines in wanted.items():
        locked = pins(REQUIREMENTS / f"{name}.lock")
        for requirement in map(Requirement, lines):
            versions = locked.get(normal(requirement.name))
            if not versions or not all(requirement.specifier.contains(version) for version in versions):
                yield (f"`{requirement}` is {listed(versions)} in requirements/{name}.lock. Write it with `make lock`.")


def listed(versions: set[str] | None) -> str:
    return ", ".join(sorted(versions)) if versions else "nothing"


# Generated files


def exported_openapi() -> str:
    return _output_of([BIN / "messenger", "export-openapi"], cwd=ROOT)


def generated_schema() -> str:
    """Run the app's own `gen` script, with a temporary file in the place of its output."""
    script = json.loads((FRONTEND / "package.json").read_text())["scripts"]["gen"]
    output = SCHEMA.relative_to(FRONTEND).as_posix()
    if output not in script:
        raise SetupError(f"The script `gen` of frontend/package.json does not write {output}: {script}")
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / SCHEMA.name
        arguments = [str(temporary) if part == output else part for part in script.split()]
        _output_of(["npm", "exec", "--no", "--", *arguments], cwd=FRONTEND, env=node_environment())
        return temporary.read_text()


def _output_of(command: list[str | Path], *, cwd: Path, env: dict[str, str] | None = None) -> str:
    line = [str(part) for part in command]
    done = subprocess.run(line, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        output = excerpt(done.stdout + done.stderr)
        raise SetupError(f"{shell_line(command, cwd=cwd)} ended with status {done.returncode}:\n{output}")
    return done.stdout


def stale(path: Path, fresh: str, *, remedy: str) -> list[str]:
    committed = path.read_text() if path.exists() else ""
    if committed == fresh:
        return []
    name = str(path.relative_to(ROOT))
    before, after = committed.splitlines(), fresh.splitlines()
    changes = difflib.unified_diff(before, after, name, "generated now", lineterm="", n=1)
    return [f"{name} is stale. Bring it up to date with `{remedy}`.", *list(changes)[:60]]


def write(path: Path, fresh: str) -> list[str]:
    if not path.exists() or path.read_text() != fresh:
        path.write_text(fresh)
        say(f"  {path.relative_to(ROOT)} written")
    return []


if __name__ == "__main__":
    exit_with(main)
