"""Write the table of docs/sandbox.md from api/providers/sandbox/numbers.py; with --check only compare it."""

import sys
from collections.abc import Sequence
from pathlib import Path

from api.providers.sandbox.numbers import BEHAVIORS, OWN_NUMBERS

FILE = Path(__file__).resolve().parent.parent / "docs" / "sandbox.md"
BEGIN = "<!-- Generated from api/providers/sandbox/numbers.py by `make generate`. -->"
END = "<!-- End of the generated table. -->"


def table() -> str:
    rows = [f"| `{each.phone_number}` | `{each.name}` | {each.description} |" for each in BEHAVIORS]
    own = f"A sandbox line's own number is one of `{OWN_NUMBERS[0]}` to `{OWN_NUMBERS[-1]}`."
    return "\n".join([BEGIN, "", "| number | name | what happens |", "| --- | --- | --- |", *rows, "", own, "", END])


def document(stored: str) -> str:
    """The page with the table as it is now. Raises `ValueError` if a mark is missing."""
    before, after = stored.index(BEGIN), stored.index(END) + len(END)
    return stored[:before] + table() + stored[after:]


def main(arguments: Sequence[str]) -> int:
    stored = FILE.read_text()
    fresh = document(stored)
    if arguments != ["--check"]:
        FILE.write_text(fresh)
    elif stored != fresh:
        print("docs/sandbox.md is stale. Run `make generate`.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
