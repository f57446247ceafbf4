"""Search by name, number and location: the column and indexes of the tables that have it (decision 0021)."""

from sqlalchemy import Index, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column


class Searchable:
    """A mixin. Its tables need `search_indexes`, and triggers that fill the column."""

    search: Mapped[str | None] = mapped_column(TSVECTOR, deferred=True, deferred_raiseload=True)
    """The words of the record's names and the digits of its numbers, split by migration 0011. NULL until that migration
    has reached the row."""


def search_indexes(table: str) -> tuple[Index, Index]:
    return (
        Index(f"ix_{table}_search", "search", postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 256}),
        Index(
            f"ix_{table}_archived",
            *("organization_id", "name", "id"),
            postgresql_where=text("archived_at IS NOT NULL"),
        ),
    )


def location_index(table: str) -> Index:
    """Finds records by their location; case does not matter."""
    return Index(
        f"ix_{table}_location",
        *("organization_id", func.lower(text("location")), "id"),
        postgresql_where=text("location IS NOT NULL"),
    )
