"""Applying inbound events: received texts become messages, stops and starts; status reports move messages.

Deduplicate, resolve (lock and load what is stored), decide (`decide.py`), write: a batch in a transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.away.rules import FRESH
from api.away.service import EnabledAway, answer_away, time_and_enabled
from api.consent import service as consent
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch, number_actor, state_of
from api.conversations.message_rules import EntrySource, ReceivedText
from api.conversations.models import InboxRow
from api.directory import service as directory
from api.directory.models import PhoneNumber
from api.inbound import queries
from api.inbound.confirmations import Confirmation, confirm_keywords
from api.inbound.decide import (
    Arrival,
    KeywordEffect,
    KnownConversation,
    KnownNumber,
    NewMessage,
    Report,
    Stored,
    Unreadable,
    decide,
    deduplicate,
)
from api.inbound.queries import JournalFigures as JournalFigures
from api.inbound.queries import journal_figures as journal_figures
from api.inbound.reading import ReadEvent
from api.inbound.rules import EventSource
from api.inbound.statuses import Reported, apply_reports, find_reported
from api.kit.ids import new_id
from api.media import service as media

log = structlog.get_logger(__name__)


class ApplicationBusy(Exception):
    """Another process is applying this organization's events."""


async def apply_events(
    session: AsyncSession, organization_id: UUID, events: Sequence[ReadEvent], *, confirm_within: timedelta
) -> None:
    """Apply all of the events or, if one fails, none. Unreadable ones are quarantined.

    The caller holds the organization's lock on another connection. If that connection was lost and another process
    has applied one of the events since, `ApplicationBusy` is raised.
    """
    for each in events:
        if isinstance(each, Unreadable):
            await _quarantine(session, organization_id, each)
    readable = [each.event_id for each in events if not isinstance(each, Unreadable)]
    if not readable:
        return
    if await queries.mark_applied(session, organization_id, readable) != len(readable):
        raise ApplicationBusy
    arrivals = await _fresh(session, organization_id, [each for each in events if isinstance(each, Arrival)])
    reported = await find_reported(session, organization_id, [each for each in events if isinstance(each, Report)])
    if arrivals or reported.matched:
        await _apply(session, organization_id, arrivals, reported, confirm_within=confirm_within)


async def _quarantine(session: AsyncSession, organization_id: UUID, event: Unreadable) -> None:
    """Quarantine an unreadable event. It is not retried; a person replays it, perhaps with a later version."""
    attempts = event.attempts + 1
    await queries.mark_failed(
        session, organization_id, event.event_id, error=event.reason, attempts=attempts, retry_at=None
    )
    log.error(
        "inbound.quarantined",
        organization_id=str(organization_id),
        event_id=str(event.event_id),
        attempts=attempts,
        error=event.reason,
    )


async def _fresh(session: AsyncSession, organization_id: UUID, arrivals: Sequence[Arrival]) -> list[Arrival]:
    if not arrivals:
        return []
    known = await queries.known_provider_ids(
        session,
        organization_id,
        line_ids=list({arrival.line_id for arrival in arrivals}),
        provider_ids=[arrival.message.provider_message_id for arrival in arrivals],
    )
    return deduplicate(arrivals, known)


async def _apply(
    session: AsyncSession,
    organization_id: UUID,
    arrivals: Sequence[Arrival],
    reported: Reported,
    *,
    confirm_within: timedelta,
) -> None:
    """Lock what the arrivals and the reports concern together, in one order (decision 0006), and change it."""
    numbers = await directory.ensure_phone_numbers(
        session, organization_id, [*(each.sender for each in arrivals), *reported.stopped_numbers]
    )
    pairs = [(each.line_id, numbers[each.sender].id) for each in arrivals]
    rows = await conversations.ensure_conversations(session, organization_id, [*pairs, *reported.pairs])
    at, away = await time_and_enabled(session, organization_id)
    batch = Batch(organization_id, at=at)
    files: list[dict[str, object]] = []
    if arrivals:
        inbox = {pair: InboxRow(rows[pair], numbers[each.sender]) for each, pair in zip(arrivals, pairs, strict=True)}
        received = Received(arrivals, numbers, inbox, confirm_within=confirm_within)
        files = await _apply_arrivals(session, batch, received, away)
    await apply_reports(session, batch, reported)
    await batch.write(session)
    await media.expect(session, organization_id, files)


@dataclass(frozen=True)
class Received:
    """Texts that were not known, with the locked rows that they concern."""

    arrivals: Sequence[Arrival]
    numbers: Mapping[str, PhoneNumber]
    inbox: Mapping[tuple[UUID, UUID], InboxRow]
    """By the ids of line and phone number."""
    confirm_within: timedelta = field(kw_only=True)


async def _apply_arrivals(
    session: AsyncSession, batch: Batch, received: Received, away: EnabledAway | None
) -> list[dict[str, object]]:
    """Add the messages and their effects to the batch. Returns the rows of their files."""
    organization_id, numbers, inbox = batch.organization_id, received.numbers, received.inbox
    viewed = await conversations.viewed_conversations(
        session, organization_id, [row.conversation.id for row in inbox.values()]
    )
    await consent.add_consumer_initiations(session, organization_id, list(inbox))
    stored = Stored(
        numbers={
            spelling: KnownNumber(number.id, is_stopped=number.stopped_at is not None)
            for spelling, number in numbers.items()
        },
        conversations={
            pair: KnownConversation(
                row.conversation.id, state_of(row.conversation), is_viewed=row.conversation.id in viewed
            )
            for pair, row in inbox.items()
        },
        at=batch.at,
        confirm_within=received.confirm_within,
    )
    plan = decide(received.arrivals, stored)
    files = [file for new in plan for file in _receive(batch, inbox[new.conversation], new, numbers)]
    due = [Confirmation(new.confirm, inbox[new.conversation]) for new in plan if new.confirm is not None]
    await confirm_keywords(session, batch, due)
    if away is not None:
        wishes = {new.arrival.sender for new in plan if new.arrival.content.asks_to_stop}
        answerable = [
            inbox[new.conversation]
            for new in plan
            if _may_be_answered(new, at=batch.at)
            and new.arrival.sender not in wishes
            and inbox[new.conversation].conversation.id not in viewed
        ]
        await answer_away(session, batch, away, answerable)
    return files


def _may_be_answered(new: NewMessage, *, at: datetime) -> bool:
    """Whether the away message may answer the text, by the text itself (`away.rules`)."""
    arrival = new.arrival
    sent = arrival.message.provider_time
    return arrival.source is EventSource.WEBHOOK and arrival.meaning is None and (sent is None or sent > at - FRESH)


def _receive(
    batch: Batch, row: InboxRow, new: NewMessage, numbers: Mapping[str, PhoneNumber]
) -> list[dict[str, object]]:
    """Add a message and its keyword's effects to the batch. Returns the rows of its files."""
    arrival, message_id = new.arrival, new_id()
    shown, files = media.expected(batch.organization_id, message_id, arrival.message.media)
    text = ReceivedText(
        message_id=message_id,
        content=arrival.content,
        media=shown,
        provider_message_id=arrival.message.provider_message_id,
        provider_time=arrival.message.provider_time,
        source=EntrySource.PROVIDER if arrival.source is EventSource.WEBHOOK else EntrySource.RECONCILIATION,
        inbound_event_id=arrival.event_id,
    )
    batch.receive(row, text, new.transition)
    for effect in new.effects:
        _take_effect(batch, row, effect, numbers[effect.number])
    return files


def _take_effect(batch: Batch, row: InboxRow, effect: KeywordEffect, number: PhoneNumber) -> None:
    actor = number_actor(number)
    if effect.stops:
        entry = consent.stop(number, actor=actor, source=effect.source, at=batch.at, wording=effect.wording)
    else:
        entry = consent.start(number, actor=actor, source=effect.source, wording=effect.wording)
    batch.change_consent(row, entry)
