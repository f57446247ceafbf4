"""Steps and what came of them: the counting that `check.py` ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from steps import ROOT


@dataclass(frozen=True)
class Step:
    """One command. With a report it is a run of tests, which that JUnit file counts; else it is one check."""

    name: str
    title: str
    command: tuple[str | Path, ...]
    cwd: Path = ROOT
    env: Mapping[str, str] = field(default_factory=dict)
    report: Path | None = None
    after: str | None = None
    """The step without whose success this one cannot run."""


@dataclass(frozen=True)
class Count:
    passed: int
    failed: int
    skipped: int = 0


@dataclass(frozen=True)
class Outcome:
    step: Step
    count: Count
    seconds: float
    problem: str | None
    """Why the step failed, in a few words; None when it did not."""

    ran: bool = True


def not_run(step: Step, why: str) -> Outcome:
    return Outcome(step, Count(0, 1), 0.0, f"not run, because {why}", ran=False)


def judge(step: Step, *, seconds: float, problem: str | None) -> Outcome:
    """Decide what a step that has run came to, given what was wrong with its ending.

    Tests that left no count, or that were none, are a failure. So is a run that ended badly although each of
    its tests passed: an error outside any test, or a server that would not stop.
    """
    if step.report is None:
        return Outcome(step, Count(0, 1) if problem else Count(1, 0), seconds, problem)
    try:
        count = count_junit(step.report)
    except (OSError, ElementTree.ParseError) as error:
        return Outcome(step, Count(0, 1), seconds, problem or f"it left no report of its tests: {error}")
    if count.failed:
        return Outcome(step, count, seconds, f"{count.failed} failed")
    if count.passed == 0:
        problem = problem or "it ran no test"
    failed = 1 if problem else 0
    return Outcome(step, Count(count.passed, failed, count.skipped), seconds, problem)


def count_junit(report: Path) -> Count:
    """Count the cases of a JUnit report one by one: runners disagree about the sums in its head."""
    passed = failed = skipped = 0
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed += 1
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return Count(passed, failed, skipped)


def total_of(outcomes: Sequence[Outcome]) -> Count:
    return Count(
        passed=sum(outcome.count.passed for outcome in outcomes),
        failed=sum(outcome.count.failed for outcome in outcomes),
        skipped=sum(outcome.count.skipped for outcome in outcomes),
    )


def table(outcomes: Sequence[Outcome], *, seconds: float) -> str:
    width = max(len(outcome.step.title) for outcome in outcomes)

    def row(title: str, result: str, count: Count, took: float) -> str:
        cells = f"{count.passed:>7} {count.failed:>7} {count.skipped:>8} {took:>8.1f}"
        return f"  {title:<{width}}  {result:<7} {cells}"

    head = f"  {'':<{width}}  {'result':<7} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}"
    rows = [row(done.step.title, "FAILED" if done.problem else "ok", done.count, done.seconds) for done in outcomes]
    return "\n".join([head, *rows, row("", "", total_of(outcomes), seconds)])


def slowest(outcomes: Sequence[Outcome], *, count: int = 10) -> str:
    """The tests that took longest, with their seconds, of all reports together."""
    reports = [done.step.report for done in outcomes if done.step.report is not None and done.step.report.exists()]
    cases = [case for report in reports for case in ElementTree.parse(report).getroot().iter("testcase")]
    timed = sorted(((float(case.get("time") or 0), case.get("name", "")) for case in cases), reverse=True)[:count]
    return (
        "".join(["  slowest tests\n", *(f"  {seconds:>8.1f}  {name[:110]}\n" for seconds, name in timed)])
        if timed
        else ""
    )


def last_line(outcomes: Sequence[Outcome]) -> str:
    total = total_of(outcomes)
    return f"{total.passed} passed, {total.failed} failed"
