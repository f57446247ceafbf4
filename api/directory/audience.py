"""Audiences: the families and staff members that an `AudienceFilter` means, for the lists and for mass texts."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.models import StaffMember
from api.directory import audience_queries
from api.directory.models import Family
from api.directory.rules import OwnerKind
from api.directory.search_rules import MIN_WHOLE_NUMBER, DirectoryQuery, as_number, parse_query
from api.directory.types import AudienceFilter
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number


async def ids_in_audience(
    session: AsyncSession, organization_id: UUID, kind: OwnerKind, given: AudienceFilter
) -> Select[Any]:
    """A statement that selects the ids of the families, or of the staff members, that fit the filter.

    It is for set-based SQL: `Contact.family_id.in_(statement)`. It holds the filter's values and reads no row here.
    """
    model: audience_queries.Model = Family if kind is OwnerKind.FAMILY else StaffMember
    statement = select(model.id).where(*audience_queries.conditions(model, organization_id, given, model))
    search = await parse_search(session, organization_id, given.q)
    if search is None:
        return statement
    return statement.where(audience_queries.found_by(model, organization_id, search))


async def parse_search(session: AsyncSession, organization_id: UUID, text: str | None) -> DirectoryQuery | None:
    """None if nothing was typed. A number is read as it is dialled in the organization's country."""
    if text is None or not text.strip():
        return None
    written, whole_number = as_number(text), None
    if written is not None and len(written) >= MIN_WHOLE_NUMBER:
        country = await access.country_of_organization(session, organization_id)
        with suppress(InvalidPhoneNumberError):
            whole_number = parse_phone_number(written, country=country)
    return parse_query(text, whole_number=whole_number)
