"""Finding records by their metadata: the column, its index and the query parameter (decision 0058)."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, WithJsonSchema
from sqlalchemy import ColumnElement, Index, Label, Text, and_, cast, func, literal, literal_column, select, text, true
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import MappedColumn, mapped_column

from api.kit.bulk import is_any
from api.kit.errors import Invalid
from api.kit.metadata import KEY_CHARACTER, MAX_KEY, MAX_VALUE, key_of
from api.kit.strict_requests import in_brackets, pointer_of
from api.kit.text import storable

MAX_PARTS = 10
"""Of one filter."""

PARAMETER = "metadata"


def metadata_column(*, is_deferred: bool = False) -> MappedColumn[dict[str, str]]:
    """The column. Its attribute is `metadata_`, since SQLAlchemy keeps `metadata` for itself.

    `is_deferred`: rows are read without it, unless a statement says otherwise.
    """
    return mapped_column(
        PARAMETER,
        JSONB,
        server_default=text("'{}'::jsonb"),
        default=dict,
        deferred=is_deferred,
        deferred_raiseload=is_deferred,
    )


def metadata_index(table: str) -> Index:
    """Finds rows by (organization, key, value) and (organization, key). Rows without metadata are not in it."""
    by_organization = (
        "jsonb_set(jsonb_set('{}'::jsonb, ARRAY[organization_id::text], metadata),"
        " ARRAY[organization_id::text || ' keys'], jsonb_path_query_array(metadata, '$.keyvalue().key'))"
    )
    key: Label[object] = literal_column(by_organization).label("metadata_key")
    return Index(
        f"ix_{table}_metadata",
        key,
        postgresql_using="gin",
        postgresql_ops={"metadata_key": "jsonb_path_ops"},
        postgresql_where=text("metadata <> '{}'::jsonb"),
    )


RARE = 2_000
"""Rows that are looked up by the index first. More of them are common, and a page is soon filled in its own order."""


async def with_metadata(
    session: AsyncSession, model: Any, organization_id: UUID, wanted: Mapping[str, str | None]
) -> Callable[[Any], ColumnElement[bool]]:
    """The condition that a row has all of these values, as a function of the column with its id. None: any value.

    It works in two steps, as search does (decision 0008): the planner does not know how rare a value is.
    """
    if not wanted:
        return lambda _id: true()
    matching = select(model.id).where(
        model.organization_id == organization_id, _has_all(model, organization_id, wanted)
    )
    await session.execute(select(func.set_config("enable_seqscan", "off", True)))
    # Materialized, so that the limit does not let the planner hope for a match among the first rows.
    found = matching.cte("found").prefix_with("MATERIALIZED")
    ids = (await session.scalars(select(found.c.id).limit(RARE + 1))).all()
    return lambda row_id: row_id == is_any(ids) if len(ids) <= RARE else row_id.in_(matching)


def _has_all(model: Any, organization_id: UUID, wanted: Mapping[str, str | None]) -> ColumnElement[bool]:
    """Whether a row has all of these values, in the form that the index answers. `wanted` is not empty."""
    empty = literal_column("'{}'::jsonb", JSONB)
    organization = cast(model.organization_id, Text)
    keys = func.jsonb_path_query_array(model.metadata_, literal_column("'$.keyvalue().key'"), type_=JSONB)
    by_organization = func.jsonb_set(empty, array([organization]), model.metadata_, type_=JSONB)
    keyed = func.jsonb_set(by_organization, array([organization + literal_column("' keys'")]), keys, type_=JSONB)
    holds = {
        str(organization_id): {key: value for key, value in wanted.items() if value is not None},
        f"{organization_id} keys": [key for key, value in wanted.items() if value is None],
    }
    return and_(
        model.metadata_ != empty, keyed.contains(literal({name: each for name, each in holds.items() if each}, JSONB))
    )


# The query parameter.


def _part(value: str) -> str:
    key, colon, wanted = storable(value).partition(":")
    key_of(key)
    if colon and not 1 <= len(wanted) <= MAX_VALUE:
        raise ValueError(f"give a key, or key:value with a value of 1 to {MAX_VALUE} characters")
    return value


Part = Annotated[
    str,
    AfterValidator(_part),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_KEY + 1 + MAX_VALUE,
            "pattern": f"^{KEY_CHARACTER.replace('^', '^:')}{{1,{MAX_KEY}}}(:[^\\x00]{{1,{MAX_VALUE}}})?$",
        }
    ),
]


async def metadata_filter(
    request: Request,
    metadata: Annotated[
        list[Part],
        Query(
            max_length=MAX_PARTS,
            description="Records with this value in their metadata, as `key:value`: `metadata=crm_id:42`; or with any"
            " value of a key: `metadata=crm_id`. Several must all be there. `metadata[crm_id]=42` and "
            "`metadata[crm_id]=` mean the same, and take a key with a colon too.",
        ),
    ] = [],  # noqa: B006  # FastAPI copies it.
) -> Mapping[str, str | None]:
    """The wanted values by key; None for any value."""
    pairs = [(key, value or None) for key, _, value in (each.partition(":") for each in metadata)]
    for name, value in request.query_params.multi_items():
        key = in_brackets(PARAMETER, name)
        if key is not None:
            pairs.append((_checked(name, key, value), value or None))
    wanted = dict(pairs)
    if len(wanted) < len(pairs):
        raise Invalid([(f"/query/{PARAMETER}", "Give each key once.")])
    if len(pairs) > MAX_PARTS:
        raise Invalid([(f"/query/{PARAMETER}", f"Give at most {MAX_PARTS} keys.")])
    return wanted


def _checked(name: str, key: str, value: str) -> str:
    try:
        key_of(key)
        if len(storable(value)) > MAX_VALUE:
            raise ValueError(f"give a value of at most {MAX_VALUE} characters")
    except ValueError as error:
        detail = str(error)
        raise Invalid([(pointer_of("query", name), f"{detail[:1].upper()}{detail[1:]}.")]) from None
    return key


MetadataFilter = Annotated[Mapping[str, str | None], Depends(metadata_filter)]
