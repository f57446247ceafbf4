"""Set-up chooses what works on the machine it finds, and does again only what has changed."""

import os
import subprocess
from pathlib import Path

import pytest

import bootstrap
from steps import digest, digest_tree, is_stamped, put_stamp

ROOT = Path(__file__).resolve().parent.parent


def program(folder: Path, name: str, *lines: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "good_enough"),
    [
        ("v18.20.4", False),
        ("v20.18.9", False),
        ("v20.19.0", True),
        ("v21.7.3", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.1.0", True),
        ("nonsense", False),
    ],
)
def test_a_node_is_used_when_the_build_runs_on_it(tmp_path: Path, version: str, good_enough: bool) -> None:
    program(tmp_path / "bin", "node", f"echo {version}")
    program(tmp_path / "bin", "npm", "echo 10.9.0")
    assert bootstrap._has_node({"PATH": str(tmp_path / "bin")}) is good_enough


def test_a_node_without_npm_or_with_a_broken_one_is_not_used(tmp_path: Path) -> None:
    program(tmp_path / "bin", "node", "echo v24.1.0")
    assert not bootstrap._has_node({"PATH": str(tmp_path / "bin")})
    program(tmp_path / "bin", "npm", "echo 10.9.0", "exit 1")
    assert not bootstrap._has_node({"PATH": str(tmp_path / "bin")})


def test_npm_keeps_its_cache_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "no" / "home"))
    assert bootstrap._is_npm_cache_writable({"NPM_CONFIG_CACHE": "/elsewhere"})
    assert not bootstrap._is_npm_cache_writable({})
    monkeypatch.setenv("HOME", str(tmp_path))
    assert bootstrap._is_npm_cache_writable({})


def test_a_step_is_stamped_by_what_it_was_made_from(tmp_path: Path) -> None:
    source, stamp = tmp_path / "source.lock", tmp_path / "stamps" / "source"
    source.write_text("one")
    assert not is_stamped(stamp, digest(source))
    put_stamp(stamp, digest(source))
    assert is_stamped(stamp, digest(source))
    source.write_text("two")
    assert not is_stamped(stamp, digest(source))


def test_a_tree_is_the_same_until_a_file_in_it_changes_moves_or_comes(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.ts").write_text("one")
    seen = [digest_tree(tmp_path, without={"dist"})]
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("built")
    assert digest_tree(tmp_path, without={"dist"}) == seen[0]
    (tmp_path / "src" / "main.ts").write_text("two")
    seen.append(digest_tree(tmp_path, without={"dist"}))
    (tmp_path / "src" / "main.ts").rename(tmp_path / "src" / "start.ts")
    seen.append(digest_tree(tmp_path, without={"dist"}))
    (tmp_path / "package.json").write_text("{}")
    seen.append(digest_tree(tmp_path, without={"dist"}))
    assert len(set(seen)) == 4


def find_python(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/python.sh where only the programs of that folder, and those of the shell, can be found."""
    environment = {"PATH": str(folder), **env}
    command = ["/bin/sh", str(ROOT / "scripts" / "python.sh"), "script.py"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


TOO_OLD = ('[ "$1" = --version ] && echo "Python 3.9.2" && exit 0', "exit 1")


def test_the_first_python_that_is_new_enough_runs_the_script(tmp_path: Path) -> None:
    program(tmp_path / "bin", "python3", *TOO_OLD)
    program(tmp_path / "bin", "python3.12", "echo 3.12 runs $1")
    assert find_python(tmp_path / "bin").stdout == "3.12 runs script.py\n"


def test_a_python_with_venv_is_preferred_to_one_without(tmp_path: Path) -> None:
    without = 'case "$*" in *ensurepip*) exit 1;; esac'
    program(tmp_path / "bin", "python3", without, "echo python3 runs $1")
    program(tmp_path / "bin", "python3.13", "echo 3.13 runs $1")
    assert find_python(tmp_path / "bin").stdout == "3.13 runs script.py\n"
    (tmp_path / "bin" / "python3.13").unlink()
    assert find_python(tmp_path / "bin").stdout == "python3 runs script.py\n"


def test_a_machine_without_a_suitable_python_is_told_in_one_line(tmp_path: Path) -> None:
    program(tmp_path / "bin", "python3", *TOO_OLD)
    refused = find_python(tmp_path / "bin")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "3.11 or newer, and this machine has Python 3.9.2" in refused.stderr


def test_the_python_that_somebody_names_is_taken_or_refused(tmp_path: Path) -> None:
    named = program(tmp_path / "bin", "mine", "echo mine runs $1")
    assert find_python(tmp_path / "bin", PYTHON=str(named)).stdout == "mine runs script.py\n"
    refused = find_python(tmp_path / "bin", PYTHON="/nowhere/python")
    assert refused.returncode == 1
    assert "PYTHON=/nowhere/python" in refused.stderr


def test_help_tells_every_goal_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    goals = next(line for line in makefile.splitlines() if line.startswith(".PHONY:")).split()[1:]
    command = ["make", "--no-print-directory", "help"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in shown.splitlines()] == goals


def test_a_named_browser_that_is_none_is_refused() -> None:
    finder = ROOT / "scripts" / "chromium" / "chromium.mjs"
    env = {**bootstrap.node_environment(), "CHROMIUM_PATH": "/bin/true"}
    refused = subprocess.run(["node", str(finder)], env=env, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "CHROMIUM_PATH=/bin/true does not work" in refused.stderr
