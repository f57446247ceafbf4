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


async def insert_together(
    session: AsyncSession, model: type[Base], rows: Sequence[Mapping[str, object]], *, skip_existing: bool = False
) -> None:
    """Insert rows of one table, which all name the same columns. The others take the database's defaults: those that
    Python makes, on a model, are the caller's to bring."""
    if not rows:
        return
    table = cast("Table", model.__table__)
    names = tuple(rows[0])
    statement = _insert(table, names, skip_existing=skip_existing)
    json_names = {name for name in names if isinstance(table.c[name].type, postgresql.JSONB)}
    columns: dict[str, list[Any]] = {
        name: [_as_json(row[name]) if name in json_names else row[name] for row in rows] for name in names
    }
    await session.execute(statement, columns)


def _as_json(value: object) -> str | None:
    return None if value is None else json.dumps(value)


@lru_cache(maxsize=64)
def _insert(table: Table, names: tuple[str, ...], *, skip_existing: bool) -> TextClause:
    kinds = {name: table.c[name].type.compile(dialect=postgresql.dialect()) for name in names}  # type: ignore[no-untyped-call]
    taken = [f"CAST(new.{name} AS {kind})" if kind in _AS_TEXT else f"new.{name}" for name, kind in kinds.items()]
    given = [f"CAST(:{name} AS {'TEXT' if kind in _AS_TEXT else kind}[])" for name, kind in kinds.items()]
    return text(
        f"INSERT INTO {table.name} ({', '.join(names)})"  # noqa: S608  # Names of our own tables and columns alone.
        f" SELECT {', '.join(taken)} FROM unnest({', '.join(given)}) AS new({', '.join(names)})"
        + (" ON CONFLICT DO NOTHING" if skip_existing else "")
    )
