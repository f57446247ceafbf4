"""The wheel, built from this checkout and installed into environments of its own, without a network."""

import importlib.metadata
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support import postgres
from tests.support.postgres import PROJECT

UV = PROJECT / ".cache" / "uv" / "bin" / "uv"
NAME = "messenger-center"

Install = Callable[..., Path]
"""Installs the wheel with the given extras. Returns the environment's `messenger`."""


def build(kind: str, source: Path, out: Path) -> Path:
    """Build `wheel` or `sdist`. Raises CalledProcessError."""
    backend = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(out)]
    subprocess.run(backend, cwd=source, check=True, capture_output=True, text=True)
    (built,) = out.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", PROJECT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Install:
    @cache
    def installed(*extras: str) -> Path:
        environment = tmp_path_factory.mktemp("environment")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
        command = [
            str(UV),
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--offline",
            "--no-deps",
            "--no-index",
            "--python",
        ]
        subprocess.run([*command, str(environment), str(wheel)], check=True)
        (packages,) = environment.glob("lib/python*/site-packages")
        for distribution in _required(packages, extras):
            _link(distribution, packages)
        return environment / "bin" / "messenger"

    return installed


@pytest.fixture
def empty_database() -> Iterator[postgres.Database]:
    template = postgres.template_database(lambda owner_url: None, migrations=PROJECT / "tests" / "support")
    database = postgres.clone_database(template)
    yield database
    postgres.drop_database(database)


def _required(packages: Path, extras: Iterable[str]) -> list[importlib.metadata.Distribution]:
    """The distributions that the installed wheel asks for, and those that they ask for, from this environment."""
    (ours,) = importlib.metadata.distributions(name=NAME, path=[str(packages)])
    found: dict[str, importlib.metadata.Distribution] = {}
    wanted = [(ours, frozenset(extras))]
    seen = set()
    while wanted:
        distribution, chosen = wanted.pop()
        for text in distribution.requires or []:
            requirement = Requirement(text)
            marker = requirement.marker
            if marker and not any(marker.evaluate({"extra": extra}) for extra in chosen or {""}):
                continue
            key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
            if key not in seen:
                seen.add(key)
                found[key[0]] = importlib.metadata.distribution(requirement.name)
                wanted.append((found[key[0]], key[1]))
    return list(found.values())


def _link(distribution: importlib.metadata.Distribution, packages: Path) -> None:
    """Link what the distribution has in this environment's site-packages."""
    for name in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
        target = packages / name
        if not target.exists():
            target.symlink_to(str(distribution.locate_file(name)))
