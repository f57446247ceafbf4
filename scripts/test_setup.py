"""Set-up takes a Python that can do it."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OLD = 'case "$*" in --version) echo Python 3.9.2;; *version_info*) exit 1;; esac'
BARE = 'case "$*" in *ensurepip*) exit 1;; *print*) echo 3.12;; esac'


@pytest.mark.parametrize(
    ("programs", "named", "output"),
    [
        ({"python3": OLD, "python3.12": 'echo "3.12 runs $1"'}, "", "3.12 runs script.py"),
        ({"python3": BARE, "python3.13": 'echo "3.13 runs $1"'}, "", "3.13 runs script.py"),
        ({"python3": BARE}, "", "apt-get install -y python3.12-venv"),
        ({"python3": OLD}, "", "3.11 or newer, and this machine has Python 3.9.2"),
        ({}, "", "this machine has no python3"),
        ({"mine": 'echo "mine runs $1"'}, "mine", "mine runs script.py"),
        ({"python3.12": "echo no"}, "/nowhere", "PYTHON=/nowhere is not"),
    ],
)
def test_the_first_suitable_python_runs_and_a_machine_without_one_is_told_what_to_do(
    tmp_path: Path, programs: dict[str, str], named: str, output: str
) -> None:
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    command = ["/bin/sh", str(ROOT / "scripts" / "python.sh"), "script.py"]
    env = {"PATH": str(tmp_path), "PYTHON": named}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert output in done.stdout.splitlines()[-1:] + done.stderr.splitlines()[-1:] or output in done.stderr
    assert (done.returncode == 0) is bool(done.stdout)


def test_help_tells_every_goal_of_the_makefile() -> None:
    goals = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")).split()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    shown = subprocess.run(["make", "help"], cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in shown.splitlines()] == goals[1:]
