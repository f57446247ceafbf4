"""`python -m benchmarks [P1 P2 …]`: each ratio with its floor, the machine and the data size; all by default.

The figures go to `benchmarks/results.json` as well.
"""

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    p1_webhooks,
    p2_applying,
    p2b_receiving,
    p3_sending,
    p4_directory,
    p6_events,
    p7_visible,
    p11_mass_text,
    p11b_inbox,
)
from benchmarks.harness import BENCHMARKS, Result

RESULTS = Path(__file__).with_name("results.json")

__all__ = [
    "p1_webhooks",
    "p2_applying",
    "p2b_receiving",
    "p3_sending",
    "p4_directory",
    "p6_events",
    "p7_visible",
    "p11_mass_text",
    "p11b_inbox",
]


def machine() -> dict[str, object]:
    """What the figures were taken on. From /proc: Linux only."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": models[0].partition(":")[2].strip() if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def line_of(result: Result) -> str:
    detail = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in result.detail.items())
    digits = 0 if result.value >= 100 else 1
    return (
        f"{result.name}: {result.value:,.{digits}f} {result.unit}, floor {result.floor:,.{digits}f}:"
        f" ratio {result.ratio:.2f}, wanted {result.reach:.2f}, {'reached' if result.reached else 'NOT reached'}"
        f"\n    {detail}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all by default")
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    facts = machine()
    print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items()), flush=True)
    taken: list[dict[str, object]] = []
    for name in names:
        # Others on the machine make every figure worse, the floors among them.
        load = round(os.getloadavg()[0], 1)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        print(f"{name} … (load of the machine before it: {load})", flush=True)
        for result in BENCHMARKS[name]():
            print(line_of(result), flush=True)
            taken.append({"at": at, "load_before": load, **asdict(result), "reached": result.reached})
    RESULTS.write_text(json.dumps({"machine": facts, "results": taken}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
