"""What events of the journal become: messages, statuses and stops, in order, a batch in a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.rules import NewEntry
from api.consent import queries as consent_queries
from api.consent import service as consent
from api.consent.keywords import Keyword, keyword
from api.conversations import rules as status_rules
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch, number_actor, state_of
from api.conversations.message_rules import EntrySource, ReceivedText
from api.conversations.models import InboxRow
from api.directory import queries as directory
from api.directory.models import PhoneNumber
from api.directory.rules import OptInSource
from api.inbound import queries
from api.inbound.confirmations import Confirmation, confirm_keywords
from api.inbound.models import InboundEvent
from api.inbound.rules import EventSource
from api.inbound.statuses import apply_statuses
from api.kit.database import database_time
from api.kit.ids import new_id
from api.kit.phone import is_phone_number, old_spellings, sender_of
from api.kit.text import MAX_LOOKED_AT
from api.lines import service as lines
from api.lines.models import Line
from api.media import service as media
from api.providers.port import (
    EventKind,
    ReceivedMessage,
    StatusReport,
    UnreadableEventError,
)
from api.providers.registry import Providers

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Arrival:
    event: InboundEvent
    line: Line
    message: ReceivedMessage
    number: str
    """The sender's, or what the sender calls itself (RECV-SENDER)."""


async def apply_events(
    session: AsyncSession,
    organization_id: UUID,
    events: Sequence[InboundEvent],
    *,
    providers: Providers,
    confirm_within: timedelta,
) -> None:
    """All of them or, when one cannot be applied, none. What cannot be understood is quarantined."""
    by_line = await lines.lines_by_ids(session, organization_id, list({event.line_id for event in events}))
    arrivals: list[Arrival] = []
    reports: list[tuple[InboundEvent, StatusReport]] = []
    applied: list[UUID] = []
    for event in events:
        line = by_line[event.line_id]
        try:
            read = _read(event, providers)
        except UnreadableEventError as error:
            # Reading it again would say the same: it waits for a person, or for a version that can read it.
            await queries.mark_failed(
                session,
                organization_id,
                event.id,
                error=str(error),
                attempts=event.attempts + 1,
                retry_at=None,
            )
            log.error(
                "inbound.quarantined",
                organization_id=str(organization_id),
                event_id=str(event.id),
                attempts=event.attempts + 1,
                error=str(error),
            )
            continue
        applied.append(event.id)
        if isinstance(read, ReceivedMessage):
            arrivals.append(Arrival(event, line, read, sender_of(read.sender)))
        else:
            reports.append((event, read))
    if arrivals:
        await apply_arrivals(session, organization_id, arrivals, confirm_within=confirm_within)
    if reports:
        await apply_statuses(session, organization_id, reports)
    if applied:
        await queries.mark_applied(session, organization_id, applied, at=await database_time(session))


def _read(event: InboundEvent, providers: Providers) -> ReceivedMessage | StatusReport:
    provider = providers.get(event.provider)
    if provider is None:
        raise UnreadableEventError(providers.why_missing(event.provider))
    assert event.body is not None, "only applied events lose their raw content"
    match EventKind(event.kind):
        case EventKind.MESSAGE:
            return provider.read_message(event.body)
        case EventKind.STATUS:
            return provider.read_status(event.body)
        case EventKind.UNREADABLE:
            raise UnreadableEventError("The provider sent something that is neither a message nor a status.")


async def apply_arrivals(
    session: AsyncSession, organization_id: UUID, arrivals: Sequence[Arrival], *, confirm_within: timedelta
) -> None:
    """Messages from outside, in order: numbered, counted, shown, audited; STOP and START take effect."""
    known = await queries.known_provider_ids(
        session,
        organization_id,
        line_ids=list({arrival.line.id for arrival in arrivals}),
        provider_ids=[arrival.message.provider_message_id for arrival in arrivals],
    )
    fresh: list[Arrival] = []
    for arrival in arrivals:
        key = (arrival.line.id, arrival.message.provider_message_id)
        if key not in known:
            known.add(key)
            fresh.append(arrival)
    if not fresh:
        return
    numbers = await directory.ensure_phone_numbers(session, organization_id, [arrival.number for arrival in fresh])
    pairs = [(arrival.line.id, numbers[arrival.number].id) for arrival in fresh]
    rows = await conversations.ensure_conversations(session, organization_id, pairs)
    viewed = await conversations.viewed_conversations(session, organization_id, [row.id for row in rows.values()])
    await consent_queries.add_consumer_initiations(
        session, organization_id, sorted({(number_id, line_id) for line_id, number_id in pairs})
    )
    batch = Batch(organization_id, at=await database_time(session))
    files: list[dict[str, object]] = []
    due_confirmations: list[Confirmation] = []
    for arrival, pair in zip(fresh, pairs, strict=True):
        row = InboxRow(rows[pair], numbers[arrival.number])
        transition = status_rules.message_arrives(
            state_of(row.conversation),
            viewing=row.conversation.id in viewed,
            at=batch.at,
            confirm_within=confirm_within,
        )
        message_id = new_id()
        shown, expected = media.expected(organization_id, message_id, arrival.message.media)
        files += expected
        batch.receive(row, _text(arrival, message_id, shown), transition)
        word = _keyword_of(arrival)
        changed = [
            entry
            for spelled in (arrival.number, *old_spellings(arrival.number))
            if spelled in numbers
            and (entry := _apply_keyword(word, arrival, numbers[spelled], at=batch.at)) is not None
        ]
        for entry in changed:
            batch.change_consent(row, entry)
        # A short code or a name cannot be answered (RECV-SENDER).
        if word is not None and (changed or word is Keyword.HELP) and is_phone_number(row.number.number):
            due_confirmations.append(Confirmation(word, arrival.line, row))
    await confirm_keywords(session, batch, due_confirmations)
    await batch.write(session)
    await media.expect(session, organization_id, files)


def _text(arrival: Arrival, message_id: UUID, media: list[dict[str, Any]]) -> ReceivedText:
    from_webhook = arrival.event.source == EventSource.WEBHOOK
    return ReceivedText(
        message_id=message_id,
        body=arrival.message.body,
        media=media,
        provider_message_id=arrival.message.provider_message_id,
        provider_time=arrival.message.provider_time,
        source=EntrySource.PROVIDER if from_webhook else EntrySource.RECONCILIATION,
        inbound_event_id=arrival.event.id,
    )


def _keyword_of(arrival: Arrival) -> Keyword | None:
    """The keyword that the whole message is, else what the provider says that it meant."""
    word = keyword(arrival.message.body)
    signal = arrival.message.signal
    return word or (Keyword(signal.value) if signal is not None else None)


def _apply_keyword(word: Keyword | None, arrival: Arrival, number: PhoneNumber, *, at: datetime) -> NewEntry | None:
    """OPTIN-STOP and OPTIN-START. None when nothing changes: no such keyword, or it holds already."""
    if word not in {Keyword.STOP, Keyword.START}:
        return None
    actor = number_actor(number)
    body = arrival.message.body
    wording = body if len(body) <= MAX_LOOKED_AT else body.strip()[:MAX_LOOKED_AT]
    source = OptInSource.PROVIDER if keyword(body) is None else OptInSource.KEYWORD
    if word is Keyword.STOP:
        return consent.stop(number, actor=actor, source=source, at=at, wording=wording)
    return consent.start(number, actor=actor, source=source, wording=wording)
