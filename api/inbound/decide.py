"""What received texts and status reports change, as pure decisions: a batch and what is stored in, a plan out."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from api.consent.keywords import Keyword
from api.conversations.message_rules import Content
from api.conversations.rules import ConversationState, Transition, message_arrives
from api.directory.rules import OptInSource
from api.inbound.rules import EventSource
from api.kit.phone import is_phone_number, old_spellings
from api.kit.text import MAX_LOOKED_AT
from api.providers.port import ReceivedMessage, StatusReport


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A text that a provider received for a line."""

    event_id: UUID
    line_id: UUID
    source: EventSource
    sender: str
    """A phone number, a short code, or the name that the sender gives itself (RECV-SENDER)."""
    message: ReceivedMessage
    content: Content
    keyword: Keyword | None
    """The keyword that the whole text is."""

    @property
    def meaning(self) -> Keyword | None:
        """The keyword of the text, else the one that the provider has recognised."""
        signal = self.message.signal
        return self.keyword or (Keyword(signal.value) if signal is not None else None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a provider says of an outgoing message."""

    event_id: UUID
    message_ref: UUID | None
    """Our id of the message, from the address of the callback."""
    status: StatusReport


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """An event that cannot be understood: it is quarantined."""

    event_id: UUID
    attempts: int
    """Those before this one."""
    reason: str


@dataclass(frozen=True, slots=True)
class KnownNumber:
    id: UUID
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class KnownConversation:
    id: UUID
    state: ConversationState
    is_viewed: bool
    """A staff member is viewing it."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The locked rows that a batch of arrivals concerns."""

    numbers: Mapping[str, KnownNumber]
    """The senders, and their other spellings that have rows."""
    conversations: Mapping[tuple[UUID, UUID], KnownConversation]
    """By the ids of line and phone number."""
    at: datetime
    confirm_within: timedelta
    """How soon a viewer must confirm that they have seen a message (STATUS-SEEN)."""


@dataclass(frozen=True, slots=True)
class KeywordEffect:
    """A number is stopped (`stops`) or started."""

    number: str
    stops: bool
    source: OptInSource
    wording: str


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What one arrival changes."""

    arrival: Arrival
    conversation: tuple[UUID, UUID]
    """The ids of line and phone number."""
    transition: Transition
    """The message's `seq` is the `last_seq` of its state."""
    effects: Sequence[KeywordEffect]
    confirm: Keyword | None
    """The keyword to confirm, if the line confirms keywords itself (OPTIN-CONFIRM)."""


def deduplicate(arrivals: Sequence[Arrival], known: Collection[tuple[UUID, str]]) -> list[Arrival]:
    """Without repeats of each other or of stored messages, `known` by line and the provider's id (RECV-ONCE)."""
    seen = set(known)
    fresh: list[Arrival] = []
    for arrival in arrivals:
        key = (arrival.line_id, arrival.message.provider_message_id)
        if key not in seen:
            seen.add(key)
            fresh.append(arrival)
    return fresh


def decide(arrivals: Sequence[Arrival], stored: Stored) -> list[NewMessage]:
    """The messages that deduplicated arrivals become, in their order (STATUS-ORDER)."""
    states = {each.id: each.state for each in stored.conversations.values()}
    stopped = {spelling: number.is_stopped for spelling, number in stored.numbers.items()}
    plan: list[NewMessage] = []
    for arrival in arrivals:
        key = (arrival.line_id, stored.numbers[arrival.sender].id)
        conversation = stored.conversations[key]
        transition = message_arrives(
            states[conversation.id],
            viewing=conversation.is_viewed,
            at=stored.at,
            confirm_within=stored.confirm_within,
        )
        states[conversation.id] = transition.state
        effects = tuple(_keyword_effects(arrival, stopped))
        stopped.update((effect.number, effect.stops) for effect in effects)
        plan.append(NewMessage(arrival, key, transition, effects, _to_confirm(arrival, effects)))
    return plan


def _keyword_effects(arrival: Arrival, stopped: Mapping[str, bool]) -> Iterator[KeywordEffect]:
    """OPTIN-STOP and OPTIN-START, for every spelling of the sender's number that changes by it."""
    if arrival.meaning not in {Keyword.STOP, Keyword.START}:
        return
    stops = arrival.meaning is Keyword.STOP
    body = arrival.message.body
    for number in (arrival.sender, *old_spellings(arrival.sender)):
        if number in stopped and stopped[number] is not stops:
            yield KeywordEffect(
                number=number,
                stops=stops,
                source=OptInSource.PROVIDER if arrival.keyword is None else OptInSource.KEYWORD,
                wording=body if len(body) <= MAX_LOOKED_AT else body.strip()[:MAX_LOOKED_AT],
            )


def _to_confirm(arrival: Arrival, effects: Sequence[KeywordEffect]) -> Keyword | None:
    """A keyword that took effect, or HELP. A short code or a name cannot be answered (RECV-SENDER)."""
    took_effect = bool(effects) or arrival.meaning is Keyword.HELP
    return arrival.meaning if took_effect and is_phone_number(arrival.sender) else None


@dataclass(frozen=True, slots=True)
class SentMessage:
    """An outgoing message on which a provider may report."""

    id: UUID
    conversation_id: UUID
    provider_message_id: str | None


def match_reports(reports: Sequence[Report], sent: Collection[SentMessage]) -> list[tuple[Report, SentMessage]]:
    """Each report with its message: the one with the provider's id, else the one that the callback's address names.

    Reports on messages of other applications on the provider's account match none and are left out.
    """
    by_id = {message.id: message for message in sent}
    by_provider_id = {message.provider_message_id: message for message in sent}
    matched: list[tuple[Report, SentMessage]] = []
    for report in reports:
        message = by_provider_id.get(report.status.provider_message_id)
        if message is None and report.message_ref is not None:
            message = by_id.get(report.message_ref)
        if message is not None:
            matched.append((report, message))
    return matched
