"""Routes of the audit log: for administrators, and a conversation's entries (AUDIT-READ, PERM-ADMIN)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.dependencies import Administrator, CanView, guarded
from api.access.models import Organization
from api.access.rules import Principal
from api.audit.models import AuditEntry
from api.audit.rules import Action
from api.audit_log import queries, service
from api.audit_log.names import names_of
from api.audit_log.rules import EntryFilter, csv_name
from api.audit_log.schemas import AuditVerification
from api.audit_log.types import AuditEntryOut
from api.conversations import service as conversations
from api.directory.named import named_number
from api.kit.app_state import from_app
from api.kit.database import Database, Session, commit
from api.kit.errors import Invalid, NotFound, RateLimited
from api.kit.paging import Page, PageQuery, Paging
from api.kit.phone import SHORT_CODE, NumberOrSender
from api.kit.spreadsheets import CSV_TYPE, download_headers
from api.kit.times import Moment

router = APIRouter(tags=["audit"])


@dataclass(frozen=True)
class FilteredLog:
    """The request's administrator, their organization, and the filter of the entries."""

    principal: Principal
    organization: Organization
    filter: EntryFilter


def query_filter(
    actor_id: Annotated[UUID | None, Query(description="The id of a staff member, API key or phone number.")] = None,
    phone_number: Annotated[NumberOrSender | None, Query(description="Entries about this number.")] = None,
    conversation_id: UUID | None = None,
    action: Annotated[Action | None, Query(description="What was done.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="The first moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="The first moment after.")] = None,
) -> EntryFilter:
    """The filter of the query string. Raises `Invalid` if `from` is not before `to`."""
    if since is not None and until is not None and since >= until:
        raise Invalid([("/query/to", "Use a time after the one in `from`.")])
    return EntryFilter(
        actor_id=actor_id,
        phone_number=phone_number,
        conversation_id=conversation_id,
        action=action,
        since=since,
        until=until,
    )


async def filtered_log(
    principal: Administrator, session: Session, filters: Annotated[EntryFilter, Depends(query_filter)]
) -> FilteredLog:
    """Raises `NotFound` if an id is not in this organization, `Invalid` if the number is not a phone number."""
    organization = await access.organization(session, principal.organization_id)
    number = filters.phone_number
    # The phone number of an entry may be a short code.
    if number is not None and SHORT_CODE.match(number) is None:
        number = await named_number(session, organization.id, number, pointer="/query/phone_number")
    if filters.actor_id is not None and not await queries.is_actor(session, organization.id, filters.actor_id):
        raise NotFound("There is no such person, API key or phone number.")
    if filters.conversation_id is not None:
        await conversations.require_conversation(session, organization.id, filters.conversation_id)
    return FilteredLog(principal, organization, replace(filters, phone_number=number))


Log = Annotated[FilteredLog, Depends(filtered_log, scope="function")]


@router.get("/audit-entries", responses=guarded(NotFound, Invalid))
async def list_audit_entries(log: Log, session: Session, paging: Paging) -> Page[AuditEntryOut]:
    """The log, newest first. Filters combine."""
    return await _page(session, log.principal, log.filter, paging)


@router.get("/conversations/{conversation_id}/audit-entries", responses=guarded(NotFound, Invalid))
async def list_conversation_audit_entries(
    conversation_id: UUID, principal: CanView, session: Session, paging: Paging
) -> Page[AuditEntryOut]:
    """The conversation's own entries and those of its number's consent, newest first (AUDIT-READ)."""
    row = await conversations.require_conversation(session, principal.organization_id, conversation_id)
    entries = await queries.trail(session, row, before=paging.time_key(), limit=paging.rows_to_read)
    return await _cut(session, principal, entries, paging)


async def _page(
    session: AsyncSession, principal: Principal, filters: EntryFilter, paging: PageQuery
) -> Page[AuditEntryOut]:
    entries = await queries.entries(
        session, principal.organization_id, filters, before=paging.time_key(), limit=paging.rows_to_read
    )
    return await _cut(session, principal, entries, paging)


async def _cut(
    session: AsyncSession, principal: Principal, entries: Sequence[AuditEntry], paging: PageQuery
) -> Page[AuditEntryOut]:
    shown, next_cursor = paging.cut(entries, lambda entry: (entry.at, entry.id))
    names = await names_of(session, principal.organization_id, shown)
    return Page(
        items=[AuditEntryOut.of(entry, names[entry.id], with_wording=principal.is_admin) for entry in shown],
        next_cursor=next_cursor,
    )


@router.get(
    "/audit-entries/export.csv",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Every entry that fits, newest first, as UTF-8 with a byte order mark. What a spreadsheet "
            "could take for a formula, phone numbers among it, has an apostrophe before it.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
        **guarded(NotFound, Invalid),
    },
)
async def export_audit_entries(log: Log, session: Session, request: Request) -> StreamingResponse:
    """The log as a spreadsheet, with the same filters. The export itself gets an entry first."""
    exported = await service.start_export(session, log.principal, log.filter)
    zone = ZoneInfo(log.organization.timezone)
    assert exported.until is not None
    name = csv_name(log.organization.slug, exported.until, zone)
    return StreamingResponse(
        service.export(from_app(request, Database), log.organization.id, exported, zone),
        media_type=CSV_TYPE,
        headers=download_headers(name),
    )


@router.get("/audit-entries/verification", responses=guarded(RateLimited))
async def verify_audit_entries(principal: Administrator, session: Session, request: Request) -> AuditVerification:
    """Verify every chain of the log, or name the first broken entry (AUDIT-CHAIN)."""
    # The verification takes a while and has its own transaction.
    await commit(session)
    result = await service.verify_log_in_request(from_app(request, Database), principal.organization_id)
    return AuditVerification.of(result)
