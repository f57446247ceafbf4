"""Runs the steps of a plan, each in a process group of its own, and reports each as it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

from outcomes import Outcome, Step, judge, not_run
from steps import CACHE, ROOT, excerpt, say, shell_line

LOGS = CACHE / "logs"
REPORTS = CACHE / "reports"

SHOWN_LINES = 150
SIGN_OF_LIFE_SECONDS = 30.0
LONGEST_STEP_SECONDS = 30 * 60.0
GRACE_SECONDS = 20.0

# A plan has stages, one after the other; a stage has lanes, beside each other; a lane has steps.
Lane = Sequence[Step]
Plan = Sequence[Sequence[Lane]]


class Runner:
    """Runs a plan and holds what came of it, by the names of the steps."""

    def __init__(self, env: Mapping[str, str], *, fail_fast: bool) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._env = env
        self._fail_fast = fail_fast
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopping = threading.Event()
        self._voice = threading.Lock()

    def run(self, plan: Plan) -> None:
        for folder in (LOGS, REPORTS):
            folder.mkdir(parents=True, exist_ok=True)
        for stage in plan:
            with ThreadPoolExecutor(max_workers=len(stage)) as lanes:
                try:
                    ended, _ = wait([lanes.submit(self._run_lane, lane) for lane in stage], None, FIRST_EXCEPTION)
                    for lane in ended:
                        lane.result()
                except BaseException:
                    self._stop()
                    raise

    def _run_lane(self, lane: Lane) -> None:
        for step in lane:
            outcome = self._run_step(step)
            self.outcomes[step.name] = outcome
            self._report(outcome)

    def _run_step(self, step: Step) -> Outcome:
        needed = self.outcomes.get(step.after or "")
        if needed is not None and needed.problem:
            return not_run(step, f"`{step.after}` failed")
        if self._stopping.is_set():
            return not_run(step, "the run was interrupted")
        if self._fail_fast and any(done.problem for done in list(self.outcomes.values())):
            return not_run(step, "a step before it failed")
        if step.report is not None:
            step.report.unlink(missing_ok=True)
        started = time.monotonic()
        with log_of(step).open("wb") as log:
            problem = self._follow(step, log.fileno(), started)
        return judge(step, seconds=time.monotonic() - started, problem=problem)

    def _follow(self, step: Step, log: int, started: float) -> str | None:
        """Run the step's command to its end, with a sign of life now and then; return what was wrong."""
        process = subprocess.Popen(
            [str(part) for part in step.command],
            cwd=step.cwd,
            env={**self._env, **step.env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._running.add(process)
        try:
            while True:
                try:
                    status = process.wait(SIGN_OF_LIFE_SECONDS)
                except subprocess.TimeoutExpired:
                    seconds = time.monotonic() - started
                    if seconds > LONGEST_STEP_SECONDS:
                        end_group(process)
                        return f"stopped, because it had not ended after {LONGEST_STEP_SECONDS / 60:.0f} minutes"
                    self._say(f"     …  {step.title}, {seconds:.0f} s so far")
                else:
                    return f"exit status {status}" if status else None
        finally:
            self._running.discard(process)

    def _stop(self) -> None:
        self._stopping.set()
        for process in list(self._running):
            end_group(process)

    def _report(self, outcome: Outcome) -> None:
        mark = "FAILED" if outcome.problem else "    ok"
        lines = [f"{mark}  {outcome.step.title}  {outcome.seconds:.1f} s{counted(outcome)}"]
        if outcome.problem:
            lines.append(f"        {outcome.problem}")
        if outcome.problem and outcome.ran:
            log = log_of(outcome.step)
            lines += [
                excerpt(log.read_text(errors="replace"), tail_lines=SHOWN_LINES),
                f"        all of it: {log.relative_to(ROOT)}",
                f"        again:     {again(outcome.step)}",
            ]
        self._say("\n".join(lines))

    def _say(self, text: str) -> None:
        with self._voice:
            say(text)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask a step and all that it started to end, as Ctrl-C does, and insist after a while."""
    for ask, patience in ((signal.SIGINT, GRACE_SECONDS), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, ask)
            process.wait(patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def log_of(step: Step) -> Path:
    return LOGS / f"{step.name}.log"


def again(step: Step) -> str:
    return shell_line(["sh", ROOT / "scripts" / "python.sh", ROOT / "scripts" / "check.py", step.name])


def counted(outcome: Outcome) -> str:
    if outcome.step.report is None or not outcome.ran:
        return ""
    count = outcome.count
    skipped = f", {count.skipped} skipped" if count.skipped else ""
    return f"  ({count.passed} passed, {count.failed} failed{skipped})"
