"""Reading and writing many rows in one statement over arrays: one statement a row takes several times as long."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    SQLColumnExpression,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from api.kit.database import Base

_AS_TEXT = frozenset({"JSONB", "TSVECTOR"})
"""Types whose values are sent as text."""

_KEY = frozenset({"organization_id", "id"})

Row = Mapping[str, object]


def is_any(values: Iterable[object], of: str = "uuid") -> ColumnElement[Any]:
    """`= ANY (array)`: one parameter, however many values, so the statement is prepared once. IN has one for each."""
    return any_(bindparam(None, list(values), type_=ARRAY(Text())) if of == "text" else uuids(values))


def holds_any(column: SQLColumnExpression[Any], patterns: Iterable[str]) -> ColumnElement[bool]:
    """Whether the text matches one of these regular expressions of PostgreSQL."""
    return column.regexp_match(is_any(patterns, "text"))


def uuids(values: Iterable[object]) -> BindParameter[Any]:
    """An array as one parameter."""
    return bindparam(None, list(values), type_=ARRAY(Uuid()))


async def insert_together(
    session: AsyncSession,
    model: type[Base],
    rows: Sequence[Row],
    *,
    skip_existing: bool = False,
    instead: Mapping[str, str] | None = None,
) -> None:
    """Insert rows that all name the same columns. `instead`: SQL over the row `new` for the value of a column.

    Other columns take the database's defaults; Python defaults of the model do not apply. With `skip_existing` a row
    that conflicts with a stored one is left out; without it the insert fails.
    """
    if rows:
        table, names = cast("Table", model.__table__), tuple(rows[0])
        taken, new = _source(table, names)
        if instead:
            taken = [instead.get(name, each) for name, each in zip(names, taken, strict=True)]
        on_conflict = " ON CONFLICT DO NOTHING" if skip_existing else ""
        await session.execute(
            text(f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(taken)} FROM {new}{on_conflict}"),  # noqa: S608  # Names of our own tables and columns.
            _columns(table, rows),
        )


async def update_together(session: AsyncSession, model: type[Base], rows: Sequence[Row]) -> None:
    """Update rows by their `organization_id` and `id`.

    All rows name the same columns. Objects of these rows in the session keep their old values.
    """
    if rows:
        table, names = cast("Table", model.__table__), tuple(rows[0])
        taken, new = _source(table, names)
        assigned = [f"{name} = {value}" for name, value in zip(names, taken, strict=True) if name not in _KEY]
        await session.execute(
            text(
                f"UPDATE {table.name} AS row SET {', '.join(assigned)} FROM {new}"  # noqa: S608  # As above.
                " WHERE row.organization_id = new.organization_id AND row.id = new.id"
            ),
            _columns(table, rows),
        )


@lru_cache(maxsize=64)
def _source(table: Table, names: tuple[str, ...]) -> tuple[list[str], str]:
    """The SQL of each new value, and of the arrays as the table `new`."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    kinds = {name: table.c[name].type.compile(dialect=dialect) for name in names}
    taken = [f"CAST(new.{name} AS {kind})" if kind in _AS_TEXT else f"new.{name}" for name, kind in kinds.items()]
    given = [f"CAST(:new_{name} AS {'TEXT' if kind in _AS_TEXT else kind}[])" for name, kind in kinds.items()]
    return taken, f"unnest({', '.join(given)}) AS new({', '.join(names)})"


def _columns(table: Table, rows: Sequence[Row]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        is_json = isinstance(table.c[name].type, postgresql.JSONB)
        columns[f"new_{name}"] = (
            [None if value is None else json.dumps(value) for value in values] if is_json else values
        )
    return columns
