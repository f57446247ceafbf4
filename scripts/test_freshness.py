"""Lock files that would install something else on another machine do not pass."""

import json
from pathlib import Path
from typing import Any

import pytest

import freshness

HASH = "    --hash=sha256:" + "0" * 64


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one dependency, locked as it should be."""
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    npm_lock = tmp_path / "package-lock.json"
    monkeypatch.setattr(freshness, "ROOT", tmp_path)
    monkeypatch.setattr(freshness, "REQUIREMENTS", requirements)
    monkeypatch.setattr(freshness, "NPM_LOCKS", (npm_lock,))
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["apple>=2"]\n'
        '[project.optional-dependencies]\nsimulator = ["pear"]\ndev = ["Fig_tree>=1,<3"]\n'
    )
    write_lock(requirements / "base.lock", "apple==2.1")
    write_lock(requirements / "run.lock", "apple==2.1", "pear==1.0")
    write_lock(requirements / "dev.lock", "apple==2.1", "pear==1.0", "fig-tree==2.0 ; sys_platform == 'linux'")
    write_npm_lock(npm_lock, {"version": "1.0.0", "integrity": "sha512-AA=="})
    return tmp_path


def write_lock(path: Path, *pins: str) -> None:
    path.write_text("\n".join(f"{pin} \\\n{HASH}" for pin in pins) + "\n")


def write_npm_lock(path: Path, package: dict[str, Any]) -> None:
    path.write_text(json.dumps({"packages": {"": {"name": "app"}, "node_modules/thing": package}}))


def problems() -> list[str]:
    return [
        *freshness.addresses_in_locks(),
        *freshness.locks_that_do_not_nest(),
        *freshness.requirements_without_pin(),
    ]


@pytest.mark.usefixtures("project")
def test_locks_as_they_should_be_pass() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    "line", ["--index-url https://pypi.example/simple", "-i pypi.example", "# from http://x.example"]
)
def test_a_python_lock_names_no_registry(project: Path, line: str) -> None:
    lock = project / "requirements" / "run.lock"
    lock.write_text(f"{line}\n{lock.read_text()}")
    assert len(problems()) == 1
    assert "address of a registry" in problems()[0]


def test_a_python_lock_has_hashes(project: Path) -> None:
    (project / "requirements" / "base.lock").write_text("apple==2.1\n")
    assert ["no hashes" in problem for problem in problems()] == [True]


def test_an_npm_lock_names_no_registry(project: Path) -> None:
    resolved = {"integrity": "sha512-AA==", "resolved": "https://npm.example/thing-1.0.0.tgz"}
    write_npm_lock(project / "package-lock.json", resolved)
    assert "npm.example" in problems()[0]


def test_an_npm_lock_has_hashes(project: Path) -> None:
    write_npm_lock(project / "package-lock.json", {"version": "1.0.0"})
    assert "no integrity hash" in problems()[0]


def test_what_runs_is_tested_at_the_same_version(project: Path) -> None:
    write_lock(project / "requirements" / "dev.lock", "apple==2.2", "pear==1.0", "fig-tree==2.0")
    assert problems() == ["apple is 2.1 in requirements/run.lock and 2.2 in dev.lock. Write them with `make lock`."]


def test_a_requirement_that_is_not_locked_is_found(project: Path) -> None:
    write_lock(project / "requirements" / "dev.lock", "apple==2.1", "pear==1.0")
    assert problems() == ["`Fig_tree<3,>=1` is nothing in requirements/dev.lock. Write it with `make lock`."]


def test_a_locked_version_that_is_no_longer_allowed_is_found(project: Path) -> None:
    for name in ("base", "run", "dev"):
        lock = project / "requirements" / f"{name}.lock"
        lock.write_text(lock.read_text().replace("apple==2.1", "apple==1.9"))
    assert problems() == ["`apple>=2` is 1.9 in requirements/base.lock. Write it with `make lock`."]


def test_a_stale_file_is_shown_with_what_changed(project: Path) -> None:
    generated = project / "openapi.json"
    generated.write_text('{\n"a": 1\n}\n')
    assert freshness.stale(generated, '{\n"a": 1\n}\n', remedy="make openapi") == []
    shown = "\n".join(freshness.stale(generated, '{\n"a": 2\n}\n', remedy="make openapi"))
    assert "make openapi" in shown
    assert '-"a": 1' in shown
    assert '+"a": 2' in shown


def test_a_missing_file_is_stale(project: Path) -> None:
    assert freshness.stale(project / "openapi.json", "{}\n", remedy="make openapi")
