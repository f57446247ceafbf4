"""Records that are found by name and by number: the column and the indexes that their tables have (decision 0021)."""

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column


class Searchable:
    """A mixin. Its tables have `search_indexes` too, and triggers that keep the column."""

    search: Mapped[str | None] = mapped_column(TSVECTOR, deferred=True, deferred_raiseload=True)
    """The words of the names on the record and the digits of its numbers, as migration 0011 takes them apart. NULL
    until that migration has reached a row."""


def search_indexes(table: str) -> tuple[Index, Index]:
    return (
        Index(f"ix_{table}_search", "search", postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 256}),
        Index(
            f"ix_{table}_archived",
            *("organization_id", "name", "id"),
            postgresql_where=text("archived_at IS NOT NULL"),
        ),
    )
