"""No retired word of `docs/glossary.md` is used. Here are those that can be found without false alarms.

A word counts in prose and as a part of a name: `give_back`, `WebhookDoor`.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SEARCHED = (
    *(
        "api",
        "benchmarks",
        "demo",
        "deploy",
        "docs",
        "frontend/e2e",
        "frontend/src",
        "migrations",
        "scripts",
        "simulator",
    ),
    *("tests", "Makefile", "README.md", "CONTRIBUTING.md", "pyproject.toml"),
)
RETIRED = {
    r"houses?": "slice, module",
    r"doors?": "webhook app",
    r"gets?[ _]past": "webhook app",
    r"twins?": "duplicate text",
    r"database (?:is|was|goes|that is) away": "unavailable",
    r"may_pass": "is_transient",
    r"g(?:ives?|iven|ave|iving)[ _]back": "release",
    r"put(?:s|ting)?[ _]off": "defer",
    r"deal(?:s|t|ing)?[ _]with": "process",
    r"settlers?": "settle",
    r"watch_(?:queries|rules|service)": "backfill",
    r"messageevents?": "TimelineEntry",
    r"kit\.text import Line": "SingleLine",
}
# The start of a path, and the words that it may use: lists of these words, quoted texts, names of the platform.
ALLOWED = {
    "docs/glossary.md": set(RETIRED),
    "tests/test_words.py": set(RETIRED),
    "frontend/src/api/schema.ts": set(RETIRED),
    "demo/threads_": {"doors?", "houses?"},
    "demo/teamwork.py": set(RETIRED),
    "tests/consent/test_plain_words.py": {"doors?"},
    "frontend/": {"messageevents?"},
}
APPLIED_MIGRATION = re.compile(r"migrations/versions/00(0\d|1[0-3])_")


def pattern_of(word: str) -> re.Pattern[str]:
    """The word between letters of no word: alone, after an underscore, or capitalized within a CamelCase name."""
    capitalized = word[0].upper() + word[1:]
    return re.compile(rf"(?<![A-Za-z])(?i:{word})(?![A-Za-z])|(?<![A-Z])(?:{capitalized})(?![a-z])")


PATTERNS = {word: pattern_of(word) for word in RETIRED}


def retired_in(line: str) -> list[str]:
    return [word for word, pattern in PATTERNS.items() if pattern.search(line)]


def problems(name: str, text: str) -> list[str]:
    allowed = {word for start, words in ALLOWED.items() if name.startswith(start) for word in words}
    return [
        f"{name}:{number}: {line.strip()[:90]}  (write {RETIRED[word]})"
        for number, line in enumerate(text.splitlines(), 1)
        for word in retired_in(line)
        if word not in allowed
    ]


def test_no_file_uses_a_retired_word() -> None:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *SEARCHED]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = [
        name
        for name in names
        if not APPLIED_MIGRATION.match(name) and not name.endswith(".png") and (ROOT / name).is_file()
    ]
    texts = {name: (ROOT / name).read_text(errors="ignore") for name in files}
    assert [problem for name, text in texts.items() for problem in problems(name, text)] == []


@pytest.mark.parametrize(
    "line",
    [
        "class WebhookDoor:",
        "class DoorProtocol:",
        "await self.give_back()",
        "The database is away.",
        "from api.kit.text import Line",
        "from api.delivery.settler import start",
    ],
)
def test_a_retired_word_is_found(line: str) -> None:
    assert len(retired_in(line)) == 1


@pytest.mark.parametrize(
    "line", ["The class is in room 2", "right away", "outdoors", "line_watches", "put it off", "SingleLine"]
)
def test_another_word_is_not(line: str) -> None:
    assert retired_in(line) == []


def test_quoted_texts_and_applied_migrations_are_exempt() -> None:
    text = "The door is open.\nIt is the twin.\n"
    assert len(problems("api/app.py", text)) == 2
    assert len(problems("demo/threads_now.py", text)) == 1
    assert APPLIED_MIGRATION.match("migrations/versions/0013_limits.py")
    assert not APPLIED_MIGRATION.match("migrations/versions/0014_next.py")
