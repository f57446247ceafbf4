"""Reading inbound events: from a provider's raw content to an arrival or a status report. It takes no database."""

from collections.abc import Sequence
from typing import assert_never
from uuid import UUID

from api.consent.keywords import keyword
from api.conversations.message_rules import content
from api.inbound.decide import Arrival, Report, Unreadable
from api.inbound.queries import DueEvent
from api.inbound.rules import EventSource
from api.kit.phone import sender_of
from api.kit.slices import in_turns
from api.providers.port import EventKind, UnreadableEventError
from api.providers.registry import Providers

READ_AT_ONCE = 8
"""Events between which other work gets its turn: about a millisecond."""

ReadEvent = Arrival | Report | Unreadable


async def read_events(events: Sequence[DueEvent], providers: Providers, *, organization_id: UUID) -> list[ReadEvent]:
    """Read the events, in their order."""
    return [_read(event, providers, organization_id) async for event in in_turns(events, READ_AT_ONCE)]


def _read(event: DueEvent, providers: Providers, organization_id: UUID) -> ReadEvent:
    try:
        return _understood(event, providers, organization_id)
    except UnreadableEventError as error:
        return Unreadable(event_id=event.id, attempts=event.attempts, reason=str(error))


def _understood(event: DueEvent, providers: Providers, organization_id: UUID) -> Arrival | Report:
    provider = providers.get(event.provider)
    if provider is None:
        raise UnreadableEventError(providers.why_missing(event.provider))
    assert event.body is not None, "only applied events lose their raw content"
    kind = EventKind(event.kind)
    match kind:
        case EventKind.MESSAGE:
            message = provider.read_message(event.body)
            return Arrival(
                event_id=event.id,
                line_id=event.line_id,
                source=EventSource(event.source),
                sender=sender_of(message.sender),
                message=message,
                content=content(message.body, organization_id=organization_id),
                keyword=keyword(message.body),
            )
        case EventKind.STATUS:
            return Report(event_id=event.id, message_ref=event.message_ref, status=provider.read_status(event.body))
        case EventKind.UNREADABLE:
            raise UnreadableEventError("The provider sent something that is neither a message nor a status.")
        case _:
            assert_never(kind)
