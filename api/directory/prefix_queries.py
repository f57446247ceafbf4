"""SQL that finds names by their beginning, in the indexes of `models.name_prefix_index`."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from api.directory.models import Contact, Family

LAST = "\U0010ffff"
"""Sorts behind every character of a name."""


def _begins(column: Any, text: str) -> ColumnElement[bool]:
    # The operators of text_pattern_ops. LIKE with a parameter would not use the index.
    name = func.lower(column)
    begins: ColumnElement[bool] = name.bool_op("~>=~")(text) & name.bool_op("~<~")(text + LAST)
    return begins


async def families_beginning(session: AsyncSession, organization_id: UUID, text: str, *, limit: int) -> list[UUID]:
    """Living families whose name begins with the text, or a contact's does: `limit` of each kind at most."""
    text = " ".join(text.lower().split())
    if not text:
        return []
    families = (
        select(Family.id)
        .where(Family.organization_id == organization_id, Family.archived_at.is_(None), _begins(Family.name, text))
        .limit(limit)
        .subquery()
    )
    contacts = (
        select(Contact.family_id.label("id"))
        .join(Family, (Family.organization_id == Contact.organization_id) & (Family.id == Contact.family_id))
        .where(Contact.organization_id == organization_id, Family.archived_at.is_(None), _begins(Contact.name, text))
        .limit(limit)
        .subquery()
    )
    rows = await session.scalars(union_all(select(families.c.id), select(contacts.c.id)))
    return list(dict.fromkeys(rows))
