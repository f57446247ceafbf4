"""How the database's schema compares with this version of the code."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


class SchemaState(StrEnum):
    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"
    """Of a later version. It is served: migrations only add, so that old processes keep running during an upgrade."""
    FOREIGN = "foreign"
    """There are tables, and Messenger Center's migrations did not make them."""


class Schema(NamedTuple):
    state: SchemaState
    found: str | None
    """The revision in the database."""
    expected: str
    """The newest revision of this version of the code."""

    @property
    def is_served(self) -> bool:
        return self.state in (SchemaState.CURRENT, SchemaState.NEWER)

    @property
    def problem(self) -> str:
        """One line that says what to do about a schema that is not served."""
        match self.state:
            case SchemaState.EMPTY:
                return "The database is empty. Run `messenger migrate`."
            case SchemaState.FOREIGN:
                found = f", and is at the revision {self.found}" if self.found else ""
                return (
                    f"The database holds tables that Messenger Center did not make{found}. Create one for it alone"
                    " (`createdb messenger`), and set MESSENGER_DATABASE_URL to it."
                )
        return (
            f"The database's schema is at {self.found}, and this version needs {self.expected}."
            " Run `messenger migrate`."
        )


_TABLES = """
SELECT to_regclass('alembic_version') IS NOT NULL AS is_versioned,
       to_regclass('organizations') IS NOT NULL AS has_own_tables,
       EXISTS (
           SELECT FROM pg_class AS c
           WHERE c.relnamespace::regnamespace::text = ANY (current_schemas(false)::text[])
             AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname <> 'alembic_version'
             AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid
                             AND deptype = 'e')
       ) AS has_tables
"""
"""Tables and views of extensions do not count, nor do those outside of the search path."""


async def read_schema(session: AsyncSession, *, revisions: Sequence[str]) -> Schema:
    """Compares with the revisions of the code, the newest first."""
    tables = (await session.execute(text(_TABLES))).one()
    found: str | None = None
    if tables.is_versioned:
        found = await session.scalar(text("SELECT version_num FROM alembic_version"))
    state = judge(found, has_tables=tables.has_tables, has_own_tables=tables.has_own_tables, revisions=revisions)
    return Schema(state, found, expected=revisions[0])


def judge(found: str | None, *, has_tables: bool, has_own_tables: bool, revisions: Sequence[str]) -> SchemaState:
    """`found` is the revision in the database, `revisions` are those of the code, the newest first."""
    if not has_tables and found is None:
        return SchemaState.EMPTY
    if found is None or not has_own_tables:
        return SchemaState.FOREIGN
    if found == revisions[0]:
        return SchemaState.CURRENT
    if found in revisions:
        return SchemaState.OLDER
    newest = revisions[0]
    is_later = found.isascii() and found.isdigit() and newest.isdigit() and int(found) > int(newest)
    return SchemaState.NEWER if is_later else SchemaState.FOREIGN
