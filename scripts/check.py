"""Set up, check and test: `check.py [--fail-fast] all | checks | e2e | <step> …`.

The checks come first, those of the service beside those of the app; then the tests, in the same way. A failed step
does not hide the others: everything runs, what could not run counts as failed, and the exit status is 1 if anything
did. `--fail-fast` stops after the first failure instead.

Each step's whole output is kept in `.cache/logs/<step>.log`. The end is a table of the steps, the slowest ten tests,
and `N passed, N failed`: the tests that pytest, Vitest and Playwright report, and one for each step that is a check.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bootstrap import (
    BIN,
    find_chromium,
    install_frontend_packages,
    install_python_packages,
    node_environment,
)
from outcomes import Step, last_line, slowest, table
from runner import REPORTS, Plan, Runner
from steps import FRONTEND, ROOT, SetupError, exit_with, only_one_setup, say


def main() -> int:
    names = [argument for argument in sys.argv[1:] if argument != "--fail-fast"]
    plan = plan_for(names)
    steps = [step for stage in plan for lane in stage for step in lane]

    say("Set-up")
    env = set_up(needs_browser=any(step is BROWSER_TESTS for step in steps))
    say("\nChecks and tests")
    started = time.monotonic()
    runner = Runner(env, fail_fast="--fail-fast" in sys.argv)
    runner.run(plan)

    outcomes = [runner.outcomes[step.name] for step in steps]
    say(f"\n{table(outcomes, seconds=time.monotonic() - started)}\n")
    say(slowest(outcomes))
    say(last_line(outcomes))
    return 1 if any(outcome.problem for outcome in outcomes) else 0


def script(name: str, *arguments: str) -> tuple[str | Path, ...]:
    return (BIN / "python", ROOT / "scripts" / name, *arguments)


def junit(name: str) -> Path:
    return REPORTS / f"{name}.xml"


SERVICE_CHECKS = (
    Step("lint", "Lint (ruff)", (BIN / "ruff", "check", ".")),
    Step("format", "Format (ruff)", (BIN / "ruff", "format", "--check", ".")),
    Step("locks", "Lock files: hashed, nested, no registry named", script("freshness.py", "locks")),
    Step("words", "No retired words", script("words.py")),
    Step("contracts", "Imports between slices (import-linter)", (BIN / "lint-imports",)),
    Step("openapi", "openapi.json is fresh", script("freshness.py", "openapi")),
    Step("types", "Types of the service (mypy)", (BIN / "mypy",)),
    Step("script-types", "Types of the scripts (mypy)", (BIN / "mypy", "scripts")),
)
APP_CHECKS = (
    Step("schema", "The app's API types are fresh", script("freshness.py", "schema")),
    Step("app-lint", "Types and lint of the app (tsc, eslint)", ("npm", "run", "check"), cwd=FRONTEND),
)
AUDITS = (
    Step("audit", "Known vulnerabilities of what is shipped (pip-audit, npm audit)", script("audit.py", "check")),
    Step("sbom", "Lists of what is shipped (CycloneDX)", script("audit.py", "sbom")),
)
APP_TESTS = Step(
    "app-tests",
    "Tests of the app (Vitest)",
    (
        *("npm", "test", "--", "--reporter=default", "--reporter=junit"),
        f"--outputFile.junit={junit('app-tests')}",
    ),
    cwd=FRONTEND,
    report=junit("app-tests"),
)
BUILD = Step("build", "Build of the app", script("bootstrap.py", "build"))
# A process that has finished its own tests takes some of another's: the last ones do not run alone.
SERVICE_TESTS = Step(
    "service-tests",
    "Tests of the service (pytest)",
    (
        *(BIN / "python", "-m", "pytest", "--quiet"),
        *("--numprocesses=auto", "--maxprocesses=8", "--dist=worksteal"),
        f"--junitxml={junit('service-tests')}",
    ),
    report=junit("service-tests"),
)
BROWSER_TESTS = Step(
    "browser-tests",
    "Tests in the browser (Playwright)",
    ("npm", "run", "e2e", "--", "--reporter=list,junit"),
    cwd=FRONTEND,
    env={"PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(junit("browser-tests"))},
    report=junit("browser-tests"),
    after="build",
)

EVERYTHING: Plan = [
    [[*SERVICE_CHECKS, *AUDITS], [*APP_CHECKS, APP_TESTS, BUILD]],
    # The tests of the service often wait for other processes; the browser's take what that leaves of the processors.
    [[SERVICE_TESTS], [BROWSER_TESTS]],
]
PLANS: dict[str, Plan] = {
    "all": EVERYTHING,
    "checks": [[SERVICE_CHECKS, APP_CHECKS]],
    "e2e": [[[BUILD, BROWSER_TESTS]]],
}
STEPS = {step.name: step for stage in EVERYTHING for lane in stage for step in lane}


def plan_for(names: Sequence[str]) -> Plan:
    if len(names) == 1 and names[0] in PLANS:
        return PLANS[names[0]]
    if not names or any(name not in STEPS for name in names):
        usage = f"usage: check.py [--fail-fast] {' | '.join(PLANS)} | <step> …"
        raise SetupError(f"{usage}\nsteps: {', '.join(STEPS)}")
    return [[[STEPS[name] for name in names]]]


def set_up(*, needs_browser: bool) -> dict[str, str]:
    """Prepare everything that the steps stand on and return the environment they run in."""
    with only_one_setup():
        install_python_packages("dev")
        install_frontend_packages()
        env = {**node_environment(), "NO_COLOR": "1"}
        env.pop("FORCE_COLOR", None)
        # Without it, every process of the tests compiles every module again: 7 s for each worker of pytest.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        if needs_browser:
            env["CHROMIUM_PATH"] = find_chromium()
    return env


if __name__ == "__main__":
    exit_with(main)
