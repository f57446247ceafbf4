"""Many rows in one statement: one statement a row costs the database, and SQLAlchemy, several times as much."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from api.kit.database import Base

_AS_TEXT = frozenset({"JSONB", "TSVECTOR"})
"""Types whose values travel as text."""


async def insert_together(session: AsyncSession, model: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows of one table, which all name the same columns. The others take the database's defaults: those that
    Python makes, on a model, are the caller's to bring."""
    if not rows:
        return
    table = cast("Table", model.__table__)
    await session.execute(_insert(table, tuple(rows[0])), _columns(table, rows))


async def update_together(session: AsyncSession, model: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Update rows of one table by their `organization_id` and `id`. All rows name the same columns."""
    if not rows:
        return
    table = cast("Table", model.__table__)
    await session.execute(_update(table, tuple(rows[0])), _columns(table, rows))


def _columns(table: Table, rows: Sequence[Mapping[str, object]]) -> dict[str, list[Any]]:
    names = tuple(rows[0])
    json_names = {name for name in names if isinstance(table.c[name].type, postgresql.JSONB)}
    return {name: [json.dumps(row[name]) if name in json_names else row[name] for row in rows] for name in names}


@lru_cache(maxsize=64)
def _insert(table: Table, names: tuple[str, ...]) -> TextClause:
    taken, new = _new_rows(table, names)
    return text(
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(taken.values())} FROM {new}"  # noqa: S608  # Names of our own tables and columns alone.
    )


@lru_cache(maxsize=64)
def _update(table: Table, names: tuple[str, ...]) -> TextClause:
    taken, new = _new_rows(table, names)
    changes = ", ".join(f"{name} = {value}" for name, value in taken.items() if name not in {"organization_id", "id"})
    return text(
        f"UPDATE {table.name} AS row SET {changes} FROM {new}"  # noqa: S608  # Names of our own tables and columns alone.
        " WHERE row.organization_id = new.organization_id AND row.id = new.id"
    )


def _new_rows(table: Table, names: tuple[str, ...]) -> tuple[dict[str, str], str]:
    """The expression of each column, and the rows that they are read from."""
    kinds = {name: table.c[name].type.compile(dialect=postgresql.dialect()) for name in names}  # type: ignore[no-untyped-call]
    taken = {name: f"CAST(new.{name} AS {kind})" if kind in _AS_TEXT else f"new.{name}" for name, kind in kinds.items()}
    given = [f"CAST(:{name} AS {'TEXT' if kind in _AS_TEXT else kind}[])" for name, kind in kinds.items()]
    return taken, f"unnest({', '.join(given)}) AS new({', '.join(names)})"
