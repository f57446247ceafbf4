"""Run checks and tests beside each other and count them: `check.py all | checks | e2e | STEP…`.

A failed step hides no other. `.cache/logs/STEP.log` has the output. The end is a table, the slowest ten tests and
`N passed, N failed`: the tests that pytest, Vitest and Playwright report, and one for each other step.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
LOGS, REPORTS = ROOT / ".cache" / "logs", ROOT / ".cache" / "reports"
SIGN_OF_LIFE_SECONDS, LONGEST_SECONDS, GRACE_SECONDS = 30.0, 3000.0, 20.0
# Without byte code, every process of the tests would compile every module again: 7 s each.
NOT_INHERITED = ("MAKE", "MFLAGS", "FORCE_COLOR", "PYTHONDONTWRITEBYTECODE")


@dataclass
class Step:
    name: str
    command: str
    is_tests: bool = False  # The command leaves a JUnit file.
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    problem: str = ""

    @property
    def report(self) -> Path:
        return REPORTS / f"{self.name}.xml"

    def cases(self) -> list[ElementTree.Element]:
        try:
            return list(ElementTree.parse(self.report).getroot().iter("testcase"))
        except (OSError, ElementTree.ParseError):
            return []

    def count(self) -> None:
        """Count each test, or one for a check. A run that failed otherwise, or ran no test, counts as one failure."""
        self.counts.update(outcome_of(case) for case in self.cases())
        if self.counts["failed"]:
            self.problem = f"{self.counts['failed']} failed"
        elif self.is_tests and not self.counts["passed"]:
            self.problem = self.problem or "no test has passed"
        if self.problem:
            self.counts["failed"] = self.counts["failed"] or 1
        elif not self.is_tests:
            self.counts["passed"] = 1

    def __str__(self) -> str:
        counts = " ".join(f"{self.counts[each]:>5} {each}" for each in ("passed", "failed", "skipped"))
        return f"{'FAILED' if self.problem else 'ok':>6}  {self.name:<14}{counts}{self.seconds:>8.1f} s  {self.problem}"


def outcome_of(case: ElementTree.Element) -> str:
    tags = {child.tag for child in case}
    return "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"


def suite(name: str, command: str) -> Step:
    return Step(name, command.format(report=REPORTS / f"{name}.xml"), is_tests=True)


CHECKS = [
    Step("lint", "ruff check ."),
    Step("format", "ruff format --check ."),
    Step("locks", "sh scripts/lock.sh --check"),
    Step("contracts", "lint-imports"),
    Step("openapi", "messenger export-openapi | diff openapi.json -"),
    Step("settings-docs", "python scripts/settings_docs.py --check"),
    Step("sandbox-docs", "python scripts/sandbox_docs.py --check"),
    Step("types", "mypy && mypy scripts"),
    Step("clients", "make --silent .clients && mypy --config-file clients/python/pyproject.toml"),
    Step("mcp", "make --silent .clients && mypy --config-file clients/mcp/pyproject.toml"),
]
APP_CHECKS = [
    Step("openapi-lint", "cd scripts/openapi-lint && npm run --silent lint"),
    Step("schema", "cd frontend && npm run --silent gen | diff src/api/schema.ts -"),
    Step("app-lint", "cd frontend && npm run check"),
]
AUDITS = [Step("audit", "sh scripts/audit.sh"), Step("sbom", "make sbom")]
BUILD = Step("build", "make build")
VITEST = "cd frontend && npm test -- --reporter=default --reporter=junit --outputFile.junit={report}"
# Modules that need layout: in the browser, without the service.
VITEST_IN_BROWSER = (
    "cd frontend && npm run test:browser -- --reporter=default --reporter=junit --outputFile.junit={report}"
)
# A process that has finished its own tests takes some of another's: the last ones do not run alone.
PYTEST = "pytest --quiet --numprocesses=auto --maxprocesses=8 --dist=worksteal --junitxml={report}"
PLAYWRIGHT = "make build && cd frontend && PLAYWRIGHT_JUNIT_OUTPUT_FILE={report} npm run e2e -- --reporter=list,junit"
BROWSER_TESTS = suite("browser-tests", PLAYWRIGHT)

# A plan has stages, one after the other; a stage has lanes, beside each other; a lane has steps.
Plan = Sequence[Sequence[Sequence[Step]]]
PLANS: dict[str, Plan] = {
    "all": [
        [
            [*CHECKS, *AUDITS],
            [*APP_CHECKS, suite("app-tests", VITEST), suite("layout-tests", VITEST_IN_BROWSER), BUILD],
        ],
        [[suite("service-tests", PYTEST)]],
        # Alone, as on a desk: beside the tests of the service, which use all processors, a page answers late.
        [[BROWSER_TESTS]],
    ],
    "checks": [[CHECKS, APP_CHECKS]],
    "e2e": [[[BROWSER_TESTS]]],
}


def main(names: Sequence[str]) -> int:
    by_name = {step.name: step for step in flat(PLANS["all"])}
    if not names or not all(name in by_name or name in PLANS for name in names):
        sys.exit(f"usage: check.py {' | '.join(PLANS)} | STEP…\nsteps: {', '.join(by_name)}")
    plan = PLANS.get(names[0]) or [[[by_name[name] for name in names]]]
    try:
        asyncio.run(run(plan))
    except asyncio.CancelledError:
        return 130
    steps = flat(plan)
    print("", *steps, "", *slowest(steps), last_line(steps), sep="\n")
    return 1 if any(step.problem for step in steps) else 0


def flat(plan: Plan) -> list[Step]:
    return [step for stage in plan for lane in stage for step in lane]


def slowest(steps: Sequence[Step], *, most: int = 10) -> list[str]:
    cases = [(float(case.get("time") or 0), case.get("name", "")) for step in steps for case in step.cases()]
    return [f"{seconds:>10.1f} s  {name[:110]}" for seconds, name in sorted(cases, reverse=True)[:most]]


def last_line(steps: Sequence[Step]) -> str:
    total = sum((step.counts for step in steps), Counter[str]())
    return f"{total['passed']} passed, {total['failed']} failed"


async def run(plan: Plan) -> None:
    task = asyncio.current_task()
    assert task is not None
    for ending in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(ending, task.cancel)
    for folder in (LOGS, REPORTS):
        folder.mkdir(parents=True, exist_ok=True)
    for stage in plan:
        async with asyncio.TaskGroup() as group:
            for lane in stage:
                group.create_task(run_lane(lane))


async def run_lane(lane: Sequence[Step]) -> None:
    for step in lane:
        started = time.monotonic()
        await run_command(step)
        step.seconds = time.monotonic() - started
        step.count()
        print(step, flush=True)
        if step.problem:
            shown = (LOGS / f"{step.name}.log").read_text(errors="replace").splitlines()[-150:]
            print("", *shown, f"again: .venv/bin/python scripts/check.py {step.name}", sep="\n        ", flush=True)


async def run_command(step: Step) -> None:
    """Run the command in a process group of its own, which an interruption ends."""
    step.report.unlink(missing_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    env |= {"NO_COLOR": "1", "PATH": f"{ROOT}/.venv/bin:{env['PATH']}"}
    with (LOGS / f"{step.name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_shell(
            step.command, cwd=ROOT, env=env, stdin=-3, stdout=log, stderr=log, start_new_session=True
        )
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            while not await has_ended(process, within=SIGN_OF_LIFE_SECONDS):
                print(f"     …  {step.name} still runs", flush=True)
        step.problem = f"exit status {process.returncode}" if process.returncode else ""
    except TimeoutError:
        step.problem = f"stopped after {LONGEST_SECONDS:.0f} s"
    finally:
        for ask in (signal.SIGINT, signal.SIGKILL):
            if process.returncode is None:
                os.killpg(process.pid, ask)
                await has_ended(process, within=GRACE_SECONDS)


async def has_ended(process: asyncio.subprocess.Process, *, within: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), within)
    return process.returncode is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
