"""Find retired words: `words.py`. Prints each place and what to write instead, and fails if there is one.

The words stand in `docs/glossary.md`, under "retired". This list holds those that can be found without false alarms.
A word counts in prose and as a part of a name: `held_back`, `WebhookDoor`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEARCHED = (
    *("api", "benchmarks", "demo", "docs", "frontend/e2e", "frontend/src", "migrations", "scripts", "simulator"),
    *("tests", "README.md", "CONTRIBUTING.md", "pyproject.toml"),
)
RETIRED = {
    r"rooms?": "slice, module (or space)",
    r"houses?": "slice, module",
    r"doors?": "webhook app",
    r"gets?[ _]past": "webhook app",
    r"h(?:eld|olds?|olding)[ _]back": "quarantined",
    r"twins?": "duplicate text",
    r"is_away|database (?:is|was|goes|that is) away": "unavailable",
    r"may_pass": "is_transient",
    r"g(?:ives?|iven|ave|iving)[ _]back": "release",
    r"put(?:s|ting)?[ _]off": "defer",
    r"deal(?:s|t|ing)?[ _]with": "process",
    r"settlers?": "settle",
    r"watch_(?:queries|rules|service)": "backfill",
    r"messageevents?": "TimelineEntry",
    r"kit\.text import Line": "SingleLine",
}
# A path, or the start of one, and the words that it may use: lists of these words, quoted texts, names of the platform.
ALLOWED = {
    "docs/glossary.md": set(RETIRED),
    "scripts/words.py": set(RETIRED),
    "scripts/test_words.py": set(RETIRED),
    "frontend/src/api/schema.ts": set(RETIRED),
    "demo/threads_": {"rooms?", "doors?", "houses?"},
    "tests/consent/test_plain_words.py": {"doors?"},
    "tests/search/test_search_rules.py": {"rooms?"},
    "frontend/": {"messageevents?"},
}
LAST_UNCHECKED_MIGRATION = 13


def pattern_of(word: str) -> re.Pattern[str]:
    """The word between letters of no word: alone, after an underscore, or capitalized within a CamelCase name."""
    capitalized = word[0].upper() + word[1:]
    return re.compile(rf"(?<![A-Za-z])(?i:{word})(?![A-Za-z])|(?<![A-Z])(?:{capitalized})(?![a-z])")


PATTERNS = {word: pattern_of(word) for word in RETIRED}


def main() -> int:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *SEARCHED]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [problem for name in files if is_checked(name) for problem in problems(name, ROOT / name)]
    print("\n".join(found) or "no retired word")
    return 1 if found else 0


def is_checked(name: str) -> bool:
    migration = re.match(r"migrations/versions/(\d+)", name)
    return migration is None or int(migration[1]) > LAST_UNCHECKED_MIGRATION


def problems(name: str, path: Path) -> Iterator[str]:
    try:
        lines = path.read_text().splitlines()
    except (UnicodeDecodeError, FileNotFoundError):
        return
    allowed = {word for start, words in ALLOWED.items() if name.startswith(start) for word in words}
    for number, line in enumerate(lines, 1):
        for word in retired_in(line):
            if word not in allowed:
                yield f"{name}:{number}: {line.strip()[:90]}  (write {RETIRED[word]})"


def retired_in(line: str) -> list[str]:
    return [word for word, pattern in PATTERNS.items() if pattern.search(line)]


if __name__ == "__main__":
    sys.exit(main())
