"""Run the reliability tests at full size: `reliability.py [--seed N] [pytest arguments]`.

They are the tests marked `reliability`: small within `make test`, at the figures they are held to here. Progress
shows as they go; the end is a table of what each came to, and the seed with which chance can be run again.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import time

from outcomes import count_junit
from runner import REPORTS
from steps import ROOT, VENV, exit_with, say

REPORT = REPORTS / "reliability.xml"
FIGURE = re.compile(r"FIGURE (?P<name>\S+) (?P<values>.*)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    given, wanted = parser.parse_known_args()
    REPORTS.mkdir(parents=True, exist_ok=True)
    REPORT.unlink(missing_ok=True)
    say(f"Reliability at full size, seed {given.seed}")
    command = [str(VENV / "bin" / "python"), "-m", "pytest", "--quiet", "--capture=no", "-m", "reliability"]
    # At full size minutes are not a hang.
    command += ["-p", "no:xdist", "--timeout=3600", f"--junitxml={REPORT}", *wanted]
    environment = {**os.environ, "MESSENGER_RELIABILITY": "full", "MESSENGER_SEED": str(given.seed)}
    started = time.monotonic()
    figures: list[tuple[str, str]] = []
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as tests:
        assert tests.stdout is not None
        for line in tests.stdout:
            found = FIGURE.search(line)
            if found:
                figures.append((found["name"], found["values"]))
            print(line, end="", flush=True)
    say(f"\nReliability at full size, seed {given.seed}, {time.monotonic() - started:.0f} s")
    for name, values in sorted(figures):
        say(f"  {name:<8} {values}")
    count = count_junit(REPORT) if REPORT.exists() else None
    if count is None:
        say("The tests left no report.")
        return 1
    say(f"{count.passed} passed, {count.failed} failed, {count.skipped} skipped")
    return tests.returncode


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # A text stream, always.
    exit_with(main)
