"""Steps are real programs here: what they leave, how they fail, and that none outlives the run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import runner
from outcomes import Outcome, Step
from runner import Runner, end_group


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(runner, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(runner, "ROOT", tmp_path)


def step(name: str, code: str, *, after: str | None = None) -> Step:
    return Step(name, name.title(), (sys.executable, "-c", code), after=after)


def run(*lanes: list[Step], fail_fast: bool = False) -> dict[str, Outcome]:
    steps = Runner(os.environ, fail_fast=fail_fast)
    steps.run([lanes])
    return steps.outcomes


GOOD = "pass"
BAD = "print('the reason'); raise SystemExit(3)"


def test_a_failed_step_does_not_hide_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = run([step("first", BAD), step("second", GOOD)])
    assert outcomes["first"].problem == "exit status 3"
    assert outcomes["second"].problem is None
    shown = capsys.readouterr().out
    assert "the reason" in shown
    assert "scripts/check.py first" in shown


def test_what_stands_on_a_failed_step_is_not_run_and_says_so() -> None:
    outcomes = run([step("build", BAD), step("browser", GOOD, after="build")])
    assert outcomes["browser"].problem == "not run, because `build` failed"
    assert outcomes["browser"].count.failed == 1


def test_failing_fast_runs_nothing_after_the_first_failure() -> None:
    outcomes = run([step("first", BAD), step("second", GOOD)], fail_fast=True)
    assert outcomes["second"].problem == "not run, because a step before it failed"


def test_lanes_run_beside_each_other(tmp_path: Path) -> None:
    meet = (
        "import pathlib, time\n"
        "pathlib.Path({mine!r}).touch()\n"
        "while not pathlib.Path({other!r}).exists(): time.sleep(0.01)"
    )
    left, right = str(tmp_path / "left"), str(tmp_path / "right")
    outcomes = run(
        [step("left", meet.format(mine=left, other=right))],
        [step("right", meet.format(mine=right, other=left))],
    )
    assert [outcome.problem for outcome in outcomes.values()] == [None, None]


def test_a_program_that_is_missing_ends_the_run_instead_of_hanging_it() -> None:
    with pytest.raises(FileNotFoundError):
        run([Step("ghost", "Ghost", ("/nowhere/ghost",))], [step("other", GOOD)])


def test_ending_a_step_ends_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "GRACE_SECONDS", 0.5)
    started = tmp_path / "pid"
    stubborn = (
        "import os, pathlib, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(started)!r}).write_text(str(child.pid))\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", stubborn], start_new_session=True)
    while not started.exists() or not started.read_text():
        time.sleep(0.01)
    end_group(process)
    assert process.returncode == -signal.SIGKILL
    assert ended_within(int(started.read_text()), seconds=5)


def ended_within(pid: int, *, seconds: float) -> bool:
    """Say whether a process goes away; one that nobody has collected yet counts as gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text().rpartition(") ")[2].startswith("Z"):
            return True
        time.sleep(0.02)
    return False
