"""Write the lock files of requirements/ anew: `lock.py [--upgrade]`.

Without `--upgrade` a version that is locked stays, unless the requirements no longer allow it. The locks hold
for every platform and Python that the project supports, and carry hashes and no address of any registry.
They nest: what runs in production (`base`) is within what `make run` installs (`run`), and that within the
development environment (`dev`), at the same versions.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from bootstrap import BIN, REQUIREMENTS, install_tool, make_virtual_environment
from steps import CACHE, ROOT, SetupError, exit_with, only_one_setup, run_quietly

PYPROJECT = ROOT / "pyproject.toml"

# What each lock is compiled from. The wide one comes first: the narrower ones are held to its versions.
EXTRAS = {
    "dev": ("embedded", "demo", "simulator", "dev"),
    "run": ("embedded", "demo", "simulator"),
    "base": (),
}
TOOLS = ("build", "node", "locking", "audit")


def main() -> int:
    options = sys.argv[1:]
    if options not in ([], ["--upgrade"]):
        raise SetupError("usage: lock.py [--upgrade]")
    with only_one_setup():
        make_virtual_environment()
        install_tool("locking", "The tool that locks")
        for name, extras in EXTRAS.items():
            wanted = [f"--extra={extra}" for extra in extras]
            within = [] if name == "dev" else ["--constraint", "requirements/dev.lock"]
            compile_lock(name, [PYPROJECT.name, *wanted, *within], options if name == "dev" else [])
        for name in TOOLS:
            compile_lock(name, [f"requirements/{name}.in"], options)
    return 0


def compile_lock(name: str, sources: list[str], options: list[str]) -> None:
    oldest = tomllib.loads(PYPROJECT.read_text())["project"]["requires-python"].removeprefix(">=")
    command: list[str | Path] = [BIN / "uv", "pip", "compile", "--quiet", "--cache-dir", CACHE / "uv"]
    command += ["--universal", "--python", BIN / "python", "--python-version", oldest]
    command += ["--generate-hashes", "--no-header", *options]
    # Relative paths: the lock names its sources in comments.
    command += [*sources, "--output-file", (REQUIREMENTS / f"{name}.lock").relative_to(ROOT)]
    run_quietly(f"requirements/{name}.lock", command, cwd=ROOT)


if __name__ == "__main__":
    exit_with(main)
