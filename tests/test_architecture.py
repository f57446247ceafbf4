"""docs/architecture.md names functions, files and rules: each of them exists, and each rule is proved by a test."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PAGE = (PROJECT / "docs" / "architecture.md").read_text()

FUNCTION = re.compile(r"`((?:[a-z_]+\.)+)(?!py`)([A-Za-z_]+(?:\.[a-z_]+)?)`")
"""`inbound.service.apply_events` or `access.rules.Principal.may`: modules of `api`, then a name in the last of them."""

RULE = re.compile(r"^\| ([A-Z]+(?:-[A-Z]+)*) \|", re.MULTILINE)
SLICE = re.compile(r"^\| `([a-z_]+)/` \|", re.MULTILINE)
WALKS = re.compile(r"^## (A text arrives|A reply leaves)$(.*?)(?=^## )", re.MULTILINE | re.DOTALL)


def named() -> list[tuple[str, str]]:
    return sorted({(match[1].rstrip("."), match[2]) for match in FUNCTION.finditer(PAGE)})


@pytest.mark.parametrize(("module", "name"), named())
def test_a_function_that_the_page_names_exists(module: str, name: str) -> None:
    found: object = importlib.import_module(f"api.{module}")
    for part in name.split("."):
        assert hasattr(found, part), f"docs/architecture.md names {module}.{name}: `{part}` is not there."
        found = getattr(found, part)


def test_both_walks_name_their_functions_in_order() -> None:
    walks = {match[1]: FUNCTION.findall(match[2]) for match in WALKS.finditer(PAGE)}
    assert walks.keys() == {"A text arrives", "A reply leaves"}
    assert all(len(functions) >= 8 for functions in walks.values())


def test_every_slice_is_in_the_table() -> None:
    folders = {path.parent.name for path in (PROJECT / "api").glob("*/__init__.py")}
    assert set(SLICE.findall(PAGE)) == folders


def test_every_rule_of_the_table_is_proved_by_a_test() -> None:
    tests = "\n".join(path.read_text() for path in _tests())
    rules = RULE.findall(PAGE)
    assert len(rules) > 40
    assert [rule for rule in rules if rule not in tests and rule.replace("-", "_") not in tests] == []


def _tests() -> Iterator[Path]:
    yield from (path for path in (PROJECT / "tests").rglob("test_*.py") if path != Path(__file__))
    yield from (PROJECT / "frontend" / "src").rglob("*.test.ts*")
    yield from (PROJECT / "frontend" / "e2e").glob("*.spec.ts")
