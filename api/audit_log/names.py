"""The names beside the ids of audit entries: lines, who holds or held a number, the record that an entry is about.

They are the names of today. Each page is read with a fixed number of statements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.models import AuditEntry
from api.audit_log import name_queries as queries
from api.conversations.service import conversations_by_ids
from api.directory import service as directory
from api.kit.phone import one_spelling
from api.lines.service import lines_by_ids

MAX_HOLDERS = 10
"""Of one number, in one entry."""


def _with_contact(name: str, contact_name: str | None) -> str:
    return f"{name} ({contact_name})" if contact_name else name


@dataclass(frozen=True)
class LineName:
    id: UUID
    label: str
    """The name that staff see."""

    __pydantic_config__ = {"title": "LineName"}  # noqa: RUF012  # The name of its schema in the API.


@dataclass(frozen=True)
class NumberHolder:
    """A record that holds a number, or held it until its refusal was put in its place."""

    kind: str | None
    """A family or a staff member; null if that is not known any more."""
    id: UUID | None
    """The family or staff member."""
    name: str
    """The name of the family or staff member."""
    contact_name: str | None
    """The contact of the family; null for a staff member."""
    until: datetime | None
    """None: it holds the number now."""

    __pydantic_config__ = {"title": "NumberHolder"}  # noqa: RUF012  # As above.

    @property
    def shown(self) -> str:
        return _with_contact(self.name, self.contact_name)


@dataclass(frozen=True)
class EntrySubject:
    """The record that an entry is about: a family, a staff member, an API key or a line."""

    kind: str
    """What it is."""
    id: UUID
    name: str
    """The record's name."""
    contact_name: str | None
    """The contact of a family that it is about, if it is about one."""

    __pydantic_config__ = {"title": "EntrySubject"}  # noqa: RUF012  # As above.

    @property
    def shown(self) -> str:
        return _with_contact(self.name, self.contact_name)


@dataclass(frozen=True)
class EntryNames:
    line: LineName | None
    holders: Sequence[NumberHolder]
    subject: EntrySubject | None


async def names_of(
    session: AsyncSession, organization_id: UUID, entries: Sequence[AuditEntry]
) -> dict[UUID, EntryNames]:
    """The names of each entry."""
    lines = await _lines(session, organization_id, entries)
    holders = await _holders(session, organization_id, entries)
    named = await queries.names(
        session,
        organization_id,
        sorted({each for entry in entries for kind, _ in queries.NAMED if (each := _id(entry.details, f"{kind}_id"))}),
    )
    owners = await queries.record_owners(
        session,
        organization_id,
        sorted({each for entry in entries if (each := _id(entry.details, "phone_record_id"))}),
    )
    return {
        entry.id: EntryNames(
            line=lines.get(entry.id),
            holders=holders.get(entry.phone_number or "", []),
            subject=_subject(entry, named, owners, lines.get(entry.id)),
        )
        for entry in entries
    }


def _id(details: Mapping[str, Any], name: str) -> UUID | None:
    try:
        return UUID(details[name])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


async def _lines(session: AsyncSession, organization_id: UUID, entries: Sequence[AuditEntry]) -> dict[UUID, LineName]:
    threads = await conversations_by_ids(
        session, organization_id, {entry.conversation_id for entry in entries if entry.conversation_id}
    )
    of_entry: dict[UUID, UUID] = {}
    for entry in entries:
        row = threads.get(entry.conversation_id) if entry.conversation_id else None
        line_id = row.conversation.line_id if row else _id(entry.details, "line_id")
        if line_id is not None:
            of_entry[entry.id] = line_id
    lines = await lines_by_ids(session, organization_id, list(set(of_entry.values())))
    return {
        entry_id: LineName(line_id, lines[line_id].label) for entry_id, line_id in of_entry.items() if line_id in lines
    }


async def _holders(
    session: AsyncSession, organization_id: UUID, entries: Sequence[AuditEntry]
) -> dict[str, list[NumberHolder]]:
    """By the number as the entries spell it."""
    spelled = {entry.phone_number: one_spelling(entry.phone_number) for entry in entries if entry.phone_number}
    numbers = await directory.phone_numbers(
        session, organization_id, sorted({spelling or given for given, spelling in spelled.items()})
    )
    ids = [number.id for number in numbers.values()]
    found: dict[UUID, list[NumberHolder]] = {
        number_id: [NumberHolder(each.kind.value, each.id, each.name, each.contact_name, None) for each in now]
        for number_id, now in (await directory.holders(session, organization_id, ids)).items()
    }
    for refusal in await queries.refusals(session, organization_id, ids):
        held = found[refusal.phone_number_id]
        if (refusal.owner_id, refusal.contact_name) not in {(each.id, each.contact_name) for each in held}:
            held.append(
                NumberHolder(
                    refusal.kind, refusal.owner_id, refusal.owner_name, refusal.contact_name, refusal.removed_at
                )
            )
    return {
        given: found[number.id][:MAX_HOLDERS]
        for given, spelling in spelled.items()
        if (number := numbers.get(spelling or given)) is not None
    }


def _subject(
    entry: AuditEntry,
    named: Mapping[UUID, tuple[str, str]],
    owners: Mapping[UUID, queries.Owner],
    line: LineName | None,
) -> EntrySubject | None:
    record_id = _id(entry.details, "phone_record_id")
    if record_id is not None and record_id in owners:
        return EntrySubject(*owners[record_id])
    for kind, _ in queries.NAMED:
        found = _id(entry.details, f"{kind}_id")
        if found is not None and found in named:
            return EntrySubject(named[found][0], found, named[found][1], None)
    if line is not None and entry.conversation_id is None:
        return EntrySubject("line", line.id, line.label, None)
    return None
