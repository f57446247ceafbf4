"""What an export says of itself: read anew for each chunk, which costs a few statements."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.consent import service as consent
from api.consent.types import OptInCheckOut, RefusalOut
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.directory.rules import display_name
from api.exports.formats import ConsentState, Head
from api.exports.items import threads_of
from api.exports.models import Export
from api.exports.rules import ExportKind
from api.kit.errors import Conflict
from api.kit.phone import shown_number
from api.lines.service import line_or_default, lines_by_ids

MAX_REFUSALS = 500


async def head_of(session: AsyncSession, job: Export, *, address: str) -> Head:
    organization_id = job.organization_id
    organization = await access.organization(session, organization_id)
    assert job.until is not None, "it has begun"
    name = phone_number = line = None
    state: ConsentState | None = None
    if job.conversation_id is not None:
        thread = (await threads_of(session, organization_id, {job.conversation_id}))[job.conversation_id]
        name, phone_number, line = thread.name, thread.phone_number, thread.line
    if job.line_id is not None:
        line = (await lines_by_ids(session, organization_id, [job.line_id]))[job.line_id].label
    if job.phone_number_id is not None:
        number = await directory.phone_number_by_id(session, organization_id, job.phone_number_id)
        name, phone_number = await _name(session, organization_id, number, organization.country), number.number
        state = await _consent(session, number) if job.place is None else None
    return Head(
        id=job.id,
        kind=ExportKind(job.kind),
        organization=organization.name,
        slug=organization.slug,
        zone=ZoneInfo(organization.timezone),
        name=name,
        phone_number=phone_number,
        conversation_id=job.conversation_id,
        line=line,
        since=job.since,
        until=job.until,
        made_by=job.created_by["name"],
        address=address,
        consent=state,
    )


async def _name(session: AsyncSession, organization_id: UUID, number: PhoneNumber, country: str) -> str:
    holders = (await directory.holders(session, organization_id, [number.id]))[number.id]
    return display_name(holders, phone_number=shown_number(number.number, country=country))


async def _consent(session: AsyncSession, number: PhoneNumber) -> ConsentState:
    try:
        line = await line_or_default(session, number.organization_id, None)
    except Conflict:
        # Without a line there is nothing to check it for.
        check = None
    else:
        check = OptInCheckOut.of(await consent.check(session, number, line))
    refusals = await consent.newest_refusals(session, number, limit=MAX_REFUSALS)
    return ConsentState(
        phone_number=number.number,
        stopped_at=number.stopped_at,
        stop_source=number.stop_source,
        check=check,
        refusals=[RefusalOut.model_validate(each) for each in refusals],
    )
