"""The templates and clones that other tests use."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.embedded_postgres.users import PROJECT
from tests.support.postgres import (
    Database,
    clone_database,
    cluster,
    drop_database,
    drop_template,
    template_database,
)
from tests.support.statements import execute, fetch_value


class Migrations:
    """A folder with one statement, and how often it has been run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = 0
        self.templates: set[str] = set()

    def write(self, statement: str) -> None:
        (self.folder / "first.sql").write_text(statement)

    def migrate(self, owner_url: str) -> None:
        self.runs += 1
        execute(owner_url, (self.folder / "first.sql").read_text())

    def template(self) -> str:
        name = template_database(self.migrate, migrations=self.folder)
        self.templates.add(name)
        return name


@pytest.fixture
def migrations(tmp_path: Path) -> Iterator[Migrations]:
    made = Migrations(tmp_path)
    made.write("CREATE TABLE things (name text)")
    yield made
    for name in made.templates:
        if exists(name):
            drop_template(name)


def exists(name: str) -> bool:
    query = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
    return bool(fetch_value(cluster().admin_url, query, name))


def count_of_things(database: Database) -> object:
    return fetch_value(database.owner_url, "SELECT count(*) FROM things")


def test_a_clone_has_what_the_template_has_and_shares_nothing_with_another(migrations: Migrations) -> None:
    template = migrations.template()
    one, other = clone_database(template), clone_database(template)
    execute(one.owner_url, "INSERT INTO things VALUES ('only here')")
    assert (count_of_things(one), count_of_things(other)) == (1, 0)
    assert fetch_value(one.url, "SELECT current_user") == "messenger_app"
    for database in (one, other):
        drop_database(database)
        assert not exists(database.name)


def test_a_template_is_made_once_and_again_when_the_migrations_change(migrations: Migrations) -> None:
    before = migrations.template()
    assert migrations.template() == before
    assert migrations.runs == 1

    migrations.write("CREATE TABLE things (name text, colour text)")
    after = migrations.template()
    assert migrations.runs == 2
    assert after != before
    assert not exists(before)


def test_a_template_whose_migration_failed_is_made_again(migrations: Migrations) -> None:
    migrations.write("CREATE TABLE things (name text")
    with pytest.raises(asyncpg.PostgresSyntaxError):
        migrations.template()
    migrations.write("CREATE TABLE things (name text)")
    drop_database(clone_database(migrations.template()))


def test_the_clones_of_a_killed_test_run_are_dropped_by_the_next(migrations: Migrations) -> None:
    template = migrations.template()
    killed = in_another_process(
        f"import os, signal; print(clone_database({template!r}).name, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert exists(killed)
    in_another_process("cluster()")
    assert not exists(killed)


def in_another_process(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"from tests.support.postgres import *; {program}"],
        check=False,
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert not done.stderr, done.stderr
    return done.stdout.strip()
