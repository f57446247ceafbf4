"""Sending the sign-up message, once to each number that becomes opted in (MASS-SIGNUP).

`directory.signups` notes the numbers. A number that may not be texted after all is forgotten, so it is noted again when
it becomes opted in. Sign-up messages keep the hours of mass texts (MASS-HOURS), and leave behind replies (MASS-FAIR).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.broadcasts import audience_queries, signup_queries
from api.broadcasts.audience import consent_reason
from api.broadcasts.costs import CostedText, has_credits
from api.broadcasts.daily import Tomorrow, within_daily_limits
from api.broadcasts.hours import Availability
from api.broadcasts.numbers import facts_of
from api.broadcasts.rules import may_queue
from api.broadcasts.service import availability
from api.broadcasts.signup_queries import organizations_with_due as organizations_with_due
from api.consent import service as consent
from api.consent.rules import OptInCheck, Reason
from api.conversations import outbox
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch, state_of
from api.conversations.message_rules import OutgoingText
from api.conversations.models import InboxRow
from api.conversations.rules import text_goes_out
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.directory.signups import Signup
from api.kit.database import database_time
from api.kit.errors import Conflict
from api.lines import service as lines
from api.lines.defaults import Choosable, choosable_lines
from api.lines.models import Line

BATCH = 200

BEFORE_CLOSING = timedelta(minutes=5)
"""A message that is queued now has left by then: `may_queue` bounds how many wait."""

LATER = timedelta(hours=1)
"""When a message is looked at again that no line can send now, or for which no credits are left."""

LINE_REASONS = frozenset({Reason.LINE_BLOCKED.value, Reason.COUNTRY_NOT_ALLOWED.value})


@dataclass
class _Sorted:
    """What becomes of the numbers of one batch."""

    sent: list[tuple[Signup, PhoneNumber, Line, OptInCheck]] = field(default_factory=list)
    forgotten: list[UUID] = field(default_factory=list)
    deferred: dict[UUID, datetime] = field(default_factory=dict)
    """When each is looked at again."""

    def wait_for_credits(self, at: datetime) -> None:
        """A number gets the message once: it waits while the credits do not cover it (COST)."""
        self.deferred |= {signup.id: at + LATER for signup, *_ in self.sent}
        self.sent = []


async def send_due(session: AsyncSession, organization_id: UUID) -> bool:
    """Queue a batch of the organization's sign-up messages. Returns whether there is more to do at once."""
    organization = await access.organization(session, organization_id)
    at = await database_time(session)
    due = await signup_queries.lock_due(session, organization_id, at=at, limit=BATCH)
    if not due:
        return False
    body = organization.mass_text_signup.strip()
    if not body:
        await signup_queries.forget(session, organization_id, [each.id for each in due])
        return True
    try:
        choosable = await choosable_lines(session, organization_id)
    except Conflict:  # There is no line yet.
        await signup_queries.defer(session, organization_id, {each.id: at + LATER for each in due})
        return True
    free = await _may_queue_now(session, organization_id, choosable)
    due = due[:free]
    if not due:
        return False
    available = availability(organization, at=at, any_hour=False)
    numbers = await directory.lock_phone_numbers(session, organization_id, [each.phone_number_id for each in due])
    found = await _sort(session, organization_id, due, numbers, choosable, available)
    texts = [CostedText(line, number.number, body) for _, number, line, _ in found.sent]
    if not await has_credits(session, organization_id, texts, has_media=False):
        found.wait_for_credits(at)
    found.sent, over = await within_daily_limits(session, organization, found.sent, lambda each: each[2], at=at)
    tomorrow = Tomorrow(organization, at=at)
    for signup, number, *_ in over:
        found.deferred[signup.id] = tomorrow.opens_at(facts_of(number.number).zones)
    await signup_queries.forget(session, organization_id, found.forgotten)
    await signup_queries.defer(session, organization_id, found.deferred)
    await signup_queries.mark_sent(session, organization_id, [signup.id for signup, *_ in found.sent])
    await _queue(session, organization_id, found, body=body, at=at)
    return len(due) == free == BATCH


async def _may_queue_now(session: AsyncSession, organization_id: UUID, choosable: Choosable) -> int:
    """How many may be queued now: as many as the lines send soon."""
    rates = [lines.line_settings(line).messages_per_second for line in choosable.by_id.values()]
    most = may_queue(rates, queued=0, batch=BATCH)
    queued = await outbox.queued_texts(session, organization_id, organization_id, limit=most)
    return max(0, most - len(queued))


async def _sort(
    session: AsyncSession,
    organization_id: UUID,
    due: Sequence[Signup],
    numbers: Mapping[UUID, PhoneNumber],
    choosable: Choosable,
    available: Availability,
) -> _Sorted:
    newest = await audience_queries.newest_lines(session, organization_id, list(numbers))
    pairs = [
        (number, choosable.choose(number.number, newest=newest.get(number.id)).line)
        for number in (numbers[each.phone_number_id] for each in due)
    ]
    checks = await consent.check_many(session, organization_id, pairs)
    own = {line.phone_number for line in choosable.by_id.values()}
    found = _Sorted()
    for signup, (number, line), check in zip(due, pairs, checks, strict=True):
        reason, facts = consent_reason(check), facts_of(number.number)
        window = available.window(facts.zones)
        if reason in LINE_REASONS:
            found.deferred[signup.id] = available.at + LATER
        elif reason is not None or number.number in own or facts.is_fixed_line:
            found.forgotten.append(signup.id)
        elif window is None:
            found.deferred[signup.id] = available.at + timedelta(days=1)
        elif not window.is_open(available.at):
            found.deferred[signup.id] = window.opens_at
        elif window.closes_at - available.at < BEFORE_CLOSING:
            found.deferred[signup.id] = window.closes_at
        else:
            found.sent.append((signup, number, line, check))
    return found


async def _queue(session: AsyncSession, organization_id: UUID, found: _Sorted, *, body: str, at: datetime) -> None:
    pairs = [(line.id, number.id) for _, number, line, _ in found.sent]
    by_pair = await conversations.ensure_conversations(session, organization_id, pairs)
    batch = Batch(organization_id, at=at)
    for signup, number, line, check in found.sent:
        row = InboxRow(by_pair[line.id, number.id], number)
        text = OutgoingText(body=body, check=check, sent_by=None, is_signup=True, message_id=signup.id)
        batch.queue(row, text, text_goes_out(state_of(row.conversation)))
    await batch.write(session)
