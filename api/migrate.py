"""Migrates a database to this version's schema."""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from api.bundled import bundled
from api.kit.database import Database
from api.kit.database_unavailable import sqlstate
from api.schema_state import Schema, SchemaState, read_schema

LOCK_NOT_AVAILABLE = "55P03"


class MigrationError(Exception):
    """The migrations did not run. The message is one line."""


class Migrated(NamedTuple):
    before: Schema
    applied: list[str]
    """The revisions that this call has applied, in their order."""

    def __str__(self) -> str:
        expected = self.before.expected
        if self.before.state is SchemaState.NEWER:
            return (
                f"The schema is at {self.before.found}, of a later version than this one's {expected}: nothing to do."
            )
        if not self.applied:
            return f"The schema is at {expected}: nothing to do."
        count = "1 migration" if len(self.applied) == 1 else f"{len(self.applied)} migrations"
        return f"The schema is now at {expected}: {count} applied."


def alembic_config(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(bundled("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["database_url"] = owner_url
    return config


@cache
def revisions() -> tuple[str, ...]:
    """The revisions of this version of the code, the newest first. The first call reads the migrations."""
    script = ScriptDirectory.from_config(alembic_config(""))
    return tuple(each.revision for each in script.walk_revisions())


def expected_revision() -> str:
    """The newest revision of this version of the code."""
    return revisions()[0]


def migrate(owner_url: str, report: Callable[[str], None] = lambda _line: None) -> Migrated:
    """Upgrade to the newest revision. Runs its own event loop, so no other may be running.

    One process at a time migrates; others wait for it. `report` gets a line for each migration, and for each wait.
    Raises MigrationError, or the errors of the database.
    """
    before = asyncio.run(_read(owner_url))
    applied: list[str] = []
    if before.state is SchemaState.FOREIGN:
        raise MigrationError(before.problem)
    if before.state is not SchemaState.NEWER:
        config = alembic_config(owner_url)
        config.attributes["report"] = report
        config.attributes["applied"] = applied
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            if sqlstate(error) != LOCK_NOT_AVAILABLE:
                raise
            raise MigrationError(
                "A migration needs a lock on a table that a long transaction holds, and has given up:"
                " `SELECT pid, query, xact_start FROM pg_stat_activity ORDER BY xact_start` names it."
                " What was applied stays; run `messenger migrate` again."
            ) from error
    return Migrated(before, applied)


async def _read(url: str) -> Schema:
    async with Database(url, pool_size=1) as database, database.transaction() as session:
        return await read_schema(session, revisions=revisions())


def first_grants() -> str:
    """The statement that gives the service's own role its rights, if the role is there."""
    revision = ScriptDirectory.from_config(alembic_config("")).get_revision("0001")
    grants: str = revision.module.GRANTS
    return grants
