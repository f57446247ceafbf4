"""Known vulnerabilities in what is shipped, and lists of it (SBOM): `audit.py check | sbom`.

`check` asks the package registries, through pip-audit and npm. A vulnerability that is found fails the step. A registry
that does not answer such questions (many mirrors do not) is named plainly, and does not fail it. `sbom` writes
`build/sbom-service.json` and `build/sbom-app.json` in the CycloneDX format.

The tools have a virtual environment of their own in `.cache/audit`: the service's stays as its lock says.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bootstrap import REQUIREMENTS, install_frontend_packages, node_environment
from steps import (
    CACHE,
    FRONTEND,
    ROOT,
    SetupError,
    digest,
    exit_with,
    is_stamped,
    only_one_setup,
    put_stamp,
    run_quietly,
    say,
)

TOOLS = CACHE / "audit"
BUILD = ROOT / "build"
PATIENCE_SECONDS = 60
FAILING = ("high", "critical")


@dataclass(frozen=True)
class Verdict:
    """What an audit found: what is vulnerable, and why it could not say (or not of everything)."""

    found: Sequence[str] = ()
    unanswered: str | None = None


def main() -> int:
    match sys.argv[1:]:
        case ["check"]:
            return check()
        case ["sbom"]:
            sbom()
            return 0
    raise SetupError("usage: audit.py check | sbom")


def check() -> int:
    install_tools()
    pip_audit: list[str | Path] = [
        TOOLS / "bin" / "pip-audit",
        "--requirement",
        REQUIREMENTS / "base.lock",
        "--disable-pip",
        "--no-deps",
    ]
    npm_audit: list[str | Path] = ["npm", "audit", "--audit=true", "--omit=dev", "--audit-level=high", "--json"]
    verdicts = {
        "Python packages": of_pip_audit(
            printed([*pip_audit, "--format", "json", "--progress-spinner", "off", "--timeout", "5"], cwd=ROOT)
        ),
        "npm packages": of_npm_audit(printed(npm_audit, cwd=FRONTEND, env=node_environment())),
    }
    for what, verdict in verdicts.items():
        for line in verdict.found:
            say(f"{what}: {line}")
        if verdict.unanswered is not None:
            say(f"{what}: NOT AUDITED: {verdict.unanswered}")
        elif not verdict.found:
            say(f"{what}: no known vulnerability.")
    return 1 if any(verdict.found for verdict in verdicts.values()) else 0


def of_pip_audit(output: str) -> Verdict:
    """The verdict of `pip-audit --format json`."""
    try:
        dependencies = json.loads(output)["dependencies"]
    except (ValueError, TypeError, KeyError):
        return Verdict(unanswered=f"pip-audit said: {last_line(output)}")
    found = [
        f"{each['name']} {each['version']}: {vulnerability['id']}, mended in"
        f" {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for each in dependencies
        for vulnerability in each.get("vulns", [])
    ]
    skipped = [each for each in dependencies if "skip_reason" in each]
    if not dependencies or skipped:
        reason = f"the index does not answer for {len(skipped)} of {len(dependencies)} packages."
        return Verdict(found, reason)
    return Verdict(found)


def of_npm_audit(output: str) -> Verdict:
    """The verdict of `npm audit --json`."""
    try:
        report = json.loads(output)
        vulnerabilities: Mapping[str, Mapping[str, str]] = report["vulnerabilities"]
    except (ValueError, TypeError, KeyError):
        return Verdict(unanswered=f"the registry does not answer: {_message_of(output)}")
    return Verdict(
        [
            f"{name}: {each['severity']}, in {each.get('range', 'some versions')}"
            for name, each in sorted(vulnerabilities.items())
            if each["severity"] in FAILING
        ]
    )


def _message_of(output: str) -> str:
    try:
        return str(json.loads(output)["message"]).partition(" - ")[0]
    except (ValueError, TypeError, KeyError):
        return last_line(output)


def last_line(output: str) -> str:
    return (output.strip().splitlines() or ["nothing"])[-1][:200]


def sbom() -> None:
    install_tools()
    BUILD.mkdir(exist_ok=True)
    cyclonedx: list[str | Path] = [
        TOOLS / "bin" / "cyclonedx-py",
        "requirements",
        "--of",
        "JSON",
        REQUIREMENTS / "base.lock",
    ]
    npm: list[str | Path] = ["npm", "sbom", "--sbom-format", "cyclonedx", "--omit", "dev", "--package-lock-only"]
    for name, output in {
        "sbom-service.json": printed(cyclonedx, cwd=ROOT),
        "sbom-app.json": printed(npm, cwd=FRONTEND, env=node_environment()),
    }.items():
        count = components_of(output)
        (BUILD / name).write_text(output)
        say(f"build/{name}: {count} components")


def components_of(output: str) -> int:
    """How many components a CycloneDX document lists. Raises `SetupError` for anything else, and for an empty list."""
    try:
        document = json.loads(output)
        is_cyclonedx = document["bomFormat"] == "CycloneDX"
        components = document["components"]
    except (ValueError, TypeError, KeyError):
        is_cyclonedx, components = False, []
    if not is_cyclonedx or not components or not all(each.get("name") and each.get("version") for each in components):
        raise SetupError(f"This is no list of components: {last_line(output)}")
    return len(components)


def install_tools() -> None:
    lock = REQUIREMENTS / "audit.lock"
    stamp = TOOLS / ".stamp"
    with only_one_setup():
        install_frontend_packages()
        if is_stamped(stamp, digest(lock)):
            return
        run_quietly("Environment of the audit", [sys.executable, "-m", "venv", "--clear", TOOLS])
        options = ["--quiet", "--require-hashes", "--only-binary=:all:"]
        run_quietly(
            "Tools of the audit", [TOOLS / "bin" / "python", "-m", "pip", "install", *options, "--requirement", lock]
        )
        put_stamp(stamp, digest(lock))


def printed(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """What a program prints, whatever its exit status; its complaints where it prints nothing else."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE_SECONDS} s"
    return done.stdout if done.stdout.strip() else done.stderr


if __name__ == "__main__":
    exit_with(main)
