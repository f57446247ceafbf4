"""Resolving an audience: who gets a mass text, and why each other one does not (MASS-WHO, MASS-PREVIEW).

The candidates and the states of their numbers come set-based from the database, through a cursor. A slice at a time is
decided by pure rules in a thread, so neither the memory nor the event loop feels how many there are.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from api.broadcasts import audience_queries as queries
from api.broadcasts import saved_queries
from api.broadcasts.audience_queries import CandidateRow, OfStudents
from api.broadcasts.audience_rules import Sifter, decides
from api.broadcasts.fields import Wording
from api.broadcasts.hours import Availability
from api.broadcasts.numbers import NumberFacts, facts_of, stand_in
from api.broadcasts.rules import Contacts, LeftOut
from api.broadcasts.tally import Resolved
from api.broadcasts.types import AudienceDescription, SavedAudienceDescription
from api.consent import service as consent
from api.consent.rules import CONSUMER_INITIATED, OptInCheck, Reason
from api.conversations.message_rules import SentFile, too_heavy, too_much
from api.directory import audience as directory_audience
from api.directory import service as directory
from api.directory.named import named_numbers
from api.directory.rules import OwnerKind
from api.directory.types import AudienceFilter
from api.kit.errors import NotFound
from api.kit.phone import possible_countries, spellings
from api.lines import service as lines
from api.lines.defaults import Choosable
from api.lines.models import Line
from api.providers.port import SendLimits
from api.providers.registry import send_limits
from api.providers.sandbox.numbers import is_test_number
from api.saved_replies.rules import Person

NO_STUDENTS = OfStudents()


@dataclass(frozen=True)
class Given:
    """An audience whose saved parts are read, and whose numbers are parsed."""

    statement: Select[Any]
    first_only: bool
    numbers: Sequence[str]
    unknown: Sequence[str]
    """Given numbers and external ids that are nobody's."""


@dataclass(frozen=True)
class Content:
    """What is sent, and on which lines."""

    wording: Wording
    media_urls: int
    files: Sequence[SentFile]
    line: Line | None
    """None: each number's own (LINE-CHOICE)."""
    choosable: Choosable
    available: Availability
    _routes: dict[tuple[frozenset[str], bool, UUID | None], "Route"] = field(default_factory=dict, compare=False)
    _reaches: dict[tuple[str, UUID | None], "Reach"] = field(default_factory=dict, compare=False)
    _last_text: dict[UUID, tuple[str, bool]] = field(default_factory=dict, compare=False)
    """By line, a text and whether it is too much for the line: without fields all texts are the same."""

    @property
    def media(self) -> int:
        """How many files each text has."""
        return self.media_urls + len(self.files)

    @cached_property
    def own_numbers(self) -> frozenset[str]:
        return frozenset(line.phone_number for line in self.choosable.by_id.values())

    def route(self, number: str, newest: UUID | None) -> "Route":
        """Worked out once for each set of countries, and for test numbers apart."""
        key = (possible_countries(stand_in(number)), is_test_number(number), newest)
        if key not in self._routes:
            line = self.line or self.choosable.choose(number, newest=newest).line
            refused = None
            if not line.enabled or lines.why_not_sandbox(line, number) is not None:
                refused = Reason.LINE_BLOCKED.value
            elif not lines.may_text(line, stand_in(number)):
                refused = Reason.COUNTRY_NOT_ALLOWED.value
            limits = send_limits(line.provider)
            is_too_heavy = too_heavy(self.files, line_kind=line.kind, limits=limits) is not None
            self._routes[key] = Route(line, line.id, refused, limits, is_too_heavy)
        return self._routes[key]

    def reach(self, number: str, newest: UUID | None) -> "Reach":
        """Worked out once for all numbers that have their stand-in in common."""
        stand_for = stand_in(number)
        found = self._reaches.get((stand_for, newest))
        if found is None:
            found = self._reach(stand_for, newest)
            if stand_for != number:  # Numbers that stand for themselves alone would be as many as the audience.
                self._reaches[stand_for, newest] = found
        return found

    def _reach(self, number: str, newest: UUID | None) -> "Reach":
        facts, route = facts_of(number), self.route(number, newest)
        refused = route.refused
        if refused is None and facts.is_fixed_line:
            refused = LeftOut.NOT_MOBILE.value
        if refused is None and not self.available.is_possible(facts.zones):
            refused = LeftOut.NO_LAWFUL_HOUR.value
        return Reach(facts, route, refused)

    def excess(self, text: str, route: "Route") -> str | None:
        """Why the line would not take the text."""
        last = self._last_text.get(route.line_id)
        if last is None or last[0] != text:
            is_too_much = too_much(text, media=self.media, limits=route.limits) is not None
            last = self._last_text[route.line_id] = (text, is_too_much or route.is_too_heavy)
        return LeftOut.TOO_LONG.value if last[1] else None


@dataclass(frozen=True, slots=True)
class Route:
    """The line of numbers of the same countries."""

    line: Line
    line_id: UUID
    refused: str | None
    """Why the line may not text them."""
    limits: SendLimits
    is_too_heavy: bool
    """The files are, for the line."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How numbers that have their stand-in in common are reached."""

    facts: NumberFacts
    route: Route
    refused: str | None
    """Why none of them may be texted, whatever their consent."""


async def read_audience(
    session: AsyncSession,
    organization_id: UUID,
    audience: AudienceDescription,
    *,
    failed_of: UUID | None = None,
) -> Given:
    """`failed_of`: a mass text; only numbers where it failed.

    Raises `NotFound` for a saved audience or a class that is not in the organization (PERM-TENANT)."""
    saved = await saved_queries.descriptions(session, organization_id, audience.audience_ids)
    if len(saved) < len(set(audience.audience_ids)):
        raise NotFound("There is no such saved audience.")
    parts = audience.parts([SavedAudienceDescription.model_validate(each) for each in saved])
    await require_classes(session, organization_id, parts)
    numbers, unknown = await _numbers(session, organization_id, parts)
    external_ids = list(dict.fromkeys(each for part in parts for each in part.external_ids))
    known = await queries.known_external_ids(session, organization_id, external_ids) if external_ids else set()
    statement = queries.candidates_of(
        organization_id,
        family_ids=await _ids(session, organization_id, OwnerKind.FAMILY, [part.families for part in parts]),
        staff_member_ids=await _ids(
            session, organization_id, OwnerKind.STAFF_MEMBER, [part.staff_members for part in parts]
        ),
        external_ids=sorted(known),
        numbers=numbers,
        failed_of=failed_of,
    )
    return Given(
        statement,
        first_only=audience.contacts is Contacts.FIRST,
        numbers=numbers,
        unknown=[] if failed_of else [*unknown, *(each for each in external_ids if each not in known)],
    )


async def spelled(session: AsyncSession, organization_id: UUID, numbers: Sequence[str]) -> list[str]:
    """The numbers as they are stored, each once; what is no number stays as it was typed."""
    if not numbers:
        return []
    read = await named_numbers(session, organization_id, numbers)
    found = [number if isinstance(number, str) else typed for typed, number in zip(numbers, read, strict=True)]
    return list(dict.fromkeys(found))


async def require_classes(
    session: AsyncSession, organization_id: UUID, parts: Sequence[SavedAudienceDescription]
) -> None:
    """Raises `NotFound` for a class that is not in the organization."""
    filters = [each for part in parts for each in (part.families, part.staff_members) if each is not None]
    class_ids = {each.class_id for each in filters if each.class_id is not None}
    if class_ids and await queries.known_classes(session, organization_id, class_ids) != class_ids:
        raise NotFound("There is no such class.")


async def _ids(
    session: AsyncSession, organization_id: UUID, kind: OwnerKind, filters: Sequence[AudienceFilter | None]
) -> list[Select[Any]]:
    return [
        await directory_audience.ids_in_audience(session, organization_id, kind, each)
        for each in filters
        if each is not None
    ]


async def _numbers(
    session: AsyncSession, organization_id: UUID, parts: Sequence[SavedAudienceDescription]
) -> tuple[list[str], list[str]]:
    """The given numbers as they are stored, each once, and what is no number."""
    given = list(dict.fromkeys(each for part in parts for each in part.numbers))
    if not given:
        return [], []
    read = await named_numbers(session, organization_id, given)
    unknown = [typed for typed, number in zip(given, read, strict=True) if not isinstance(number, str)]
    return list(dict.fromkeys(number for number in read if isinstance(number, str))), unknown


async def resolve(
    session: AsyncSession, organization_id: UUID, given: Given, content: Content
) -> AsyncIterator[list[Resolved]]:
    """Every candidate with its outcome, slice by slice, in the order of the records."""
    sifter = Sifter(first_only=given.first_only)
    deciding: asyncio.Task[list[Resolved]] | None = None
    try:
        async for rows in queries.stream(session, given.statement):
            known = await _read_slice(session, organization_id, rows, content)
            before = await deciding if deciding is not None else None
            # The next slice is read while this one is decided. The reader of this one has the session to itself.
            deciding = asyncio.create_task(asyncio.to_thread(_decide, sifter, rows, known, content))
            if before is not None:
                yield before
        if deciding is not None:
            yield await deciding
    finally:
        if deciding is not None:
            await asyncio.wait([deciding])


@dataclass(frozen=True)
class _Known:
    """What a slice needs besides its rows."""

    newest_lines: Mapping[UUID, UUID]
    students: Mapping[str, OfStudents]
    """By family."""
    checks: Mapping[str, OptInCheck]
    """Of numbers that are stored under other spellings too (NUMBER-ONE)."""


async def _read_slice(
    session: AsyncSession, organization_id: UUID, rows: Sequence[CandidateRow], content: Content
) -> _Known:
    ids = {row.phone_number_id for row in rows if row.phone_number_id is not None}
    # A North American number has one spelling.
    abroad = {row.number for row in rows if row.number is not None and not row.number.startswith("+1")}
    others = await asyncio.to_thread(_other_spellings, abroad) if abroad else {}
    newest: Mapping[UUID, UUID] = {}
    if content.line is None and len(content.choosable.by_id) > 1:
        newest = await queries.newest_lines(session, organization_id, ids)
    checks = await _checks_of_spelled(session, organization_id, rows, others, newest, content)
    students: Mapping[str, OfStudents] = {}
    if content.wording.needs_students:
        family_ids = {each for row in rows for each in _family_ids(row) if each is not None}
        students = await queries.students(session, organization_id, family_ids)
    return _Known(newest, students, checks)


def _other_spellings(numbers: set[str]) -> dict[str, str]:
    """The numbers, by each of their other spellings."""
    return {
        each: number
        for number in numbers
        if facts_of(number).is_phone_number
        for each in spellings(number)
        if each != number
    }


async def _checks_of_spelled(
    session: AsyncSession,
    organization_id: UUID,
    rows: Sequence[CandidateRow],
    others: Mapping[str, str],
    newest: Mapping[UUID, UUID],
    content: Content,
) -> dict[str, OptInCheck]:
    """The whole opt-in check of the numbers that are stored under another spelling, or have variants."""
    if not others:
        return {}
    stored = await directory.phone_numbers(session, organization_id, list(others))
    unsure = {others[each] for each in stored} | {
        number for number in others.values() if number.startswith(("+54", "+55"))
    }
    by_number = {row.number: row for row in rows if row.number in unsure}
    pairs = [
        (number, content.route(number, newest.get(row.phone_number_id) if row.phone_number_id else None).line)
        for number, row in by_number.items()
        if number is not None
    ]
    checks = await consent.check_pairs(session, organization_id, pairs)
    return {check.phone_number: check for check in checks}


def _decide(sifter: Sifter, rows: Sequence[CandidateRow], known: _Known, content: Content) -> list[Resolved]:
    return list(_decided(sifter, rows, known, content))


def _decided(sifter: Sifter, rows: Sequence[CandidateRow], known: _Known, content: Content) -> Iterator[Resolved]:
    for record in _records(rows):
        held = [row for row in record if row.number is not None] or record[:1]
        about = [_about(row, known, content) for row in held]
        for resolved, reason in zip(about, sifter.decide(about), strict=True):
            resolved.reason, resolved.is_row = reason, decides(reason)
            yield resolved


def _records(rows: Sequence[CandidateRow]) -> Iterator[Sequence[CandidateRow]]:
    """The rows of each record. Given numbers are records of their own, though they have no owner."""
    start = 0
    for end in range(1, len(rows) + 1):
        owner_id = rows[start].owner_id
        if end == len(rows) or owner_id is None or rows[end].owner_id != owner_id:
            yield rows[start:end]
            start = end


_KINDS = {kind.value: kind for kind in OwnerKind}


def _about(row: CandidateRow, known: _Known, content: Content) -> Resolved:
    """The row with what holds for its number alone."""
    kind = _KINDS[row.kind] if row.kind is not None else None
    number = row.number
    if number is None:
        return Resolved(kind, row.owner_id, None, None, row.person, None, None, {}, (), is_row=True)
    newest = known.newest_lines.get(row.phone_number_id) if row.phone_number_id is not None else None
    reach = content.reach(number, newest)
    line_id, zones = reach.route.line_id, reach.facts.zones
    wording = content.wording
    fields = wording.values(_people(row, known.students)) if wording.fields else {}
    reason, text = _reason(row, reach, content, known.checks.get(number)), ""
    if reason is None:
        text = wording.text(fields)
        reason = LeftOut.MISSING_FIELD.value if not wording.is_whole(fields) else content.excess(text, reach.route)
    return Resolved(
        *(kind, row.owner_id, row.phone_number_id, number, row.person, reason, line_id, fields, zones),
        text=text,
        is_row=True,
        is_shared=row.is_shared,
    )


def _reason(row: CandidateRow, reach: Reach, content: Content, check: OptInCheck | None) -> str | None:
    """Why the number may not be texted, the strongest reason first."""
    if not reach.facts.is_phone_number:
        return Reason.NOT_A_PHONE_NUMBER.value
    refused = consent_reason(check) if check is not None else row.refused
    if refused is not None:
        return refused
    return LeftOut.OWN_NUMBER.value if row.number in content.own_numbers else reach.refused


def consent_reason(check: OptInCheck) -> str | None:
    """Why a mass text may not reach the number; None if it may.

    A number on no record may be answered if it has texted (OPTIN-UNKNOWN-SENDER). A mass text is no answer.
    """
    if not check.allowed:
        return check.reason.value
    return Reason.NO_RECORD.value if check.note == CONSUMER_INITIATED else None


def _people(row: CandidateRow, students: Mapping[str, OfStudents]) -> Sequence[Person]:
    """The people at the number, as far as they differ: two stand for all."""
    first_id, last_id = _family_ids(row) if students else (None, None)
    if not row.is_shared:
        only = _person(row.person, row.family, first_id, students)
        return [] if only is None else [only]
    first = _person(row.first_person, row.first_family, first_id, students)
    last = _person(row.last_person, row.last_family, last_id, students)
    return [each for each in (first, last) if each is not None]


def _family_ids(row: CandidateRow) -> tuple[str | None, str | None]:
    if row.is_shared:
        return row.first_family_id, row.last_family_id
    return (str(row.owner_id) if row.kind == OwnerKind.FAMILY else None), None


def _person(
    name: str | None, family: str | None, family_id: str | None, students: Mapping[str, OfStudents]
) -> Person | None:
    if name is None:
        return None
    if not students or family_id is None:
        return Person(name, family)
    of_family = students.get(family_id, NO_STUDENTS)
    return Person(name, family, of_family.names, of_family.classes)
