"""Migrations after the previous release only expand the schema, because its processes go on beside it.

A migration that must not run while they do says so with `CONTRACTS = "after 1.x"` (docs/upgrading.md).
"""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from api.migrate import alembic_config
from tests.support import postgres
from tests.support.statements import execute, fetch_value

PREVIOUS = tomllib.loads((postgres.MIGRATIONS / "previous-release.toml").read_text())["schema"]

COLUMNS = """
SELECT coalesce(json_agg(json_build_object('table', relname, 'name', attname,
    'type', format_type(atttypid, atttypmod), 'required', attnotnull,
    'filled', atthasdef OR attidentity <> '' OR attgenerated <> '')), '[]')::text
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
"""


class Column(NamedTuple):
    type: str
    required: bool
    filled: bool
    """It has a value although an INSERT gives none."""


Schema = dict[tuple[str, str], Column]


@pytest.fixture
def database() -> Iterator[postgres.Database]:
    template = postgres.template_database(lambda owner_url: None, migrations=postgres.PROJECT / "tests" / "support")
    database = postgres.clone_database(template)
    yield database
    postgres.drop_database(database)


def schema_of(database: postgres.Database) -> Schema:
    rows: list[dict[str, Any]] = json.loads(fetch_value(database.owner_url, COLUMNS))
    return {(row.pop("table"), row.pop("name")): Column(**row) for row in rows}


def contractions(before: Schema, after: Schema) -> list[str]:
    """What a process that knows `before` would fail on."""
    tables = {table for table, _ in before}
    problems = []
    for (table, name), was in before.items():
        now = after.get((table, name))
        if now is None:
            problems.append(f"{table}.{name} is gone or renamed")
        elif now.type != was.type:
            problems.append(f"{table}.{name} was {was.type} and is {now.type}")
        elif was.filled and not now.filled and now.required:
            problems.append(f"{table}.{name} has no default any more")
        elif now.required and not was.required and not now.filled:
            problems.append(f"{table}.{name} is NOT NULL without a default")
    for (table, name), now in after.items():
        if table in tables and (table, name) not in before and now.required and not now.filled:
            problems.append(f"{table}.{name} is new and NOT NULL without a default")
    return problems


def test_R16_migrations_only_expand_unless_they_say_that_they_contract(database: postgres.Database) -> None:
    config = alembic_config(database.owner_url)
    scripts = ScriptDirectory.from_config(config)
    command.upgrade(config, PREVIOUS)
    before = schema_of(database)
    found = {}
    for script in [*scripts.iterate_revisions("head", PREVIOUS)][::-1]:
        command.upgrade(config, script.revision)
        after = schema_of(database)
        contracts = getattr(scripts.get_revision(script.revision).module, "CONTRACTS", None)
        if contracts is None:
            found[script.revision] = contractions(before, after)
        else:
            assert re.fullmatch(r"after \d+\.(\d+|x)", contracts), (
                f"{script.revision}: name the release that ends first"
            )
        before = after
    assert {revision: problems for revision, problems in found.items() if problems} == {}


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("ALTER TABLE notes DROP COLUMN body", "notes.body is gone or renamed"),
        ("ALTER TABLE notes RENAME COLUMN body TO content", "notes.body is gone or renamed"),
        ("ALTER TABLE notes RENAME TO remarks", "notes.body is gone or renamed"),
        ("DROP TABLE notes", "notes.body is gone or renamed"),
        ("ALTER TABLE notes ALTER COLUMN body TYPE varchar(9)", "notes.body was text and is character varying(9)"),
        ("ALTER TABLE notes ALTER COLUMN body SET NOT NULL", "notes.body is NOT NULL without a default"),
        ("ALTER TABLE notes ALTER COLUMN kind DROP DEFAULT", "notes.kind has no default any more"),
        ("ALTER TABLE notes ADD COLUMN at date NOT NULL", "notes.at is new and NOT NULL without a default"),
    ],
)
def test_R16_contracting_a_schema_is_found(database: postgres.Database, statement: str, problem: str) -> None:
    execute(database.owner_url, "CREATE TABLE notes (body text, kind text NOT NULL DEFAULT '')")
    before = schema_of(database)
    execute(database.owner_url, statement)
    assert problem in contractions(before, schema_of(database))


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE notes ADD COLUMN at date",
        "ALTER TABLE notes ADD COLUMN at date NOT NULL DEFAULT '2026-01-01'",
        "CREATE TABLE remarks (body text NOT NULL)",
        "ALTER TABLE notes ALTER COLUMN kind DROP NOT NULL",
    ],
)
def test_R16_expanding_a_schema_is_allowed(database: postgres.Database, statement: str) -> None:
    execute(database.owner_url, "CREATE TABLE notes (body text, kind text NOT NULL DEFAULT '')")
    before = schema_of(database)
    execute(database.owner_url, statement)
    assert contractions(before, schema_of(database)) == []
