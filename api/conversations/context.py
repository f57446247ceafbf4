"""What the directory knows of the people at a conversation's number (CONTEXT)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.conversations import context_queries
from api.conversations.context_queries import NewestConversation
from api.conversations.service import require_conversation
from api.directory import service as directory
from api.directory.rules import OwnerKind, StoredFamily, StoredPhoneRecord, StoredRecord
from api.directory.student_rules import StoredStudent
from api.links import service as links
from api.links.rules import Link, LinkField, LinkTemplate, fields_of, filled

MAX_RECORDS = 10
"""Records of one number that are shown with all they hold."""


@dataclass(frozen=True)
class ContextNumber:
    record: StoredPhoneRecord
    stopped_at: datetime | None
    conversation: NewestConversation | None


@dataclass(frozen=True)
class ContextPerson:
    name: str
    relation: str | None
    numbers: Sequence[ContextNumber]


@dataclass(frozen=True)
class ContextRecord:
    kind: OwnerKind
    record: StoredRecord
    people: Sequence[ContextPerson]
    students: Sequence[StoredStudent]
    links: Sequence[Link]


@dataclass(frozen=True)
class Context:
    records: Sequence[ContextRecord]
    more_records: int
    """Records of the number that are not among `records`."""
    links: Sequence[Link]
    """Links that need the phone number alone."""


async def context_of(session: AsyncSession, principal: Principal, conversation_id: UUID) -> Context:
    """Raises `NotFound` (PERM-TENANT)."""
    organization_id = principal.organization_id
    row = await require_conversation(session, organization_id, conversation_id)
    number = row.number
    holders = (await directory.holders(session, organization_id, [number.id]))[number.id]
    living_first = sorted(holders, key=lambda holder: holder.archived)
    owners = list(dict.fromkeys((holder.kind, holder.id) for holder in living_first))
    found = await _records(session, organization_id, owners[:MAX_RECORDS])
    numbers = {each.phone_number for _, record in found for each in record.all_phone_records()}
    newest = await context_queries.newest_conversations(session, organization_id, sorted(numbers))
    known = await directory.phone_numbers(session, organization_id, sorted(numbers))
    stopped = {each: row.stopped_at for each, row in known.items()}
    templates = await links.link_templates(session, organization_id)
    # A template without a field is the same everywhere: it stands with the number.
    of_number = [each for each in templates if fields_of(each.url_template) <= {LinkField.PHONE_NUMBER}]
    of_record = [each for each in templates if each not in of_number]
    return Context(
        records=[
            ContextRecord(
                kind=kind,
                record=record,
                people=_people(record, newest, stopped),
                students=record.students if isinstance(record, StoredFamily) else (),
                links=_filled(of_record, _values(kind, record, number.number)),
            )
            for kind, record in found
        ],
        more_records=max(0, len(owners) - MAX_RECORDS),
        links=_filled(of_number, {LinkField.PHONE_NUMBER: number.number}),
    )


async def _records(
    session: AsyncSession, organization_id: UUID, owners: Sequence[tuple[OwnerKind, UUID]]
) -> list[tuple[OwnerKind, StoredRecord]]:
    """In the order given."""
    found: dict[tuple[OwnerKind, UUID], StoredRecord] = {}
    for kind in OwnerKind:
        ids = [record_id for of_kind, record_id in owners if of_kind is kind]
        if ids:
            for record in await directory.KINDS[kind].read(session, organization_id, ids):
                found[kind, record.id] = record
    return [(kind, found[kind, record_id]) for kind, record_id in owners if (kind, record_id) in found]


def _people(
    record: StoredRecord, newest: Mapping[str, NewestConversation], stopped: Mapping[str, datetime | None]
) -> list[ContextPerson]:
    def numbers(records: Sequence[StoredPhoneRecord]) -> list[ContextNumber]:
        return [ContextNumber(each, stopped.get(each.phone_number), newest.get(each.phone_number)) for each in records]

    if isinstance(record, StoredFamily):
        return [ContextPerson(each.name, each.relation, numbers(each.phone_records)) for each in record.contacts]
    return [ContextPerson(record.name, None, numbers(record.phone_records))]


def _values(kind: OwnerKind, record: StoredRecord, phone_number: str) -> dict[str, str | None]:
    return {
        LinkField.EXTERNAL_ID: record.external_id,
        LinkField.FAMILY_ID: str(record.id) if kind is OwnerKind.FAMILY else None,
        LinkField.STAFF_MEMBER_ID: str(record.id) if kind is OwnerKind.STAFF_MEMBER else None,
        LinkField.NAME: record.name,
        LinkField.PHONE_NUMBER: phone_number,
    }


def _filled(templates: Sequence[LinkTemplate], values: Mapping[str, str | None]) -> list[Link]:
    return [link for template in templates if (link := filled(template, values)) is not None]
