"""The away message: reading and changing it, and answering the texts that arrive outside opening hours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.away import queries
from api.away.queries import EnabledAway as EnabledAway
from api.away.queries import time_and_enabled as time_and_enabled
from api.away.rules import (
    DAY,
    PERSON_IS_THERE,
    WEEKDAYS,
    Answered,
    ClosedPeriod,
    OpeningHours,
    closed_period,
    may_answer,
)
from api.consent import service as consent
from api.consent.rules import OptInCheck
from api.conversations.lifecycle import Batch, state_of
from api.conversations.message_rules import OutgoingText
from api.conversations.models import InboxRow
from api.conversations.rules import text_goes_out
from api.kit.database import database_time
from api.kit.errors import Invalid
from api.kit.phone import is_phone_number
from api.kit.preconditions import require_unchanged
from api.lines import service as lines


@dataclass(frozen=True)
class AwaySettings:
    enabled: bool
    body: str
    hours: OpeningHours


@dataclass(frozen=True)
class AwayState:
    """The settings, and whether the business is closed now."""

    settings: AwaySettings
    timezone: str
    closed: ClosedPeriod | None


async def away_state(session: AsyncSession, principal: Principal) -> AwayState:
    stored = await queries.away_message(session, principal.organization_id)
    if stored is None:
        return await _state(session, principal, AwaySettings(enabled=False, body="", hours=OpeningHours({})))
    settings = AwaySettings(stored.enabled, stored.body, OpeningHours.read(stored.hours))
    return await _state(session, principal, settings)


async def _state(session: AsyncSession, principal: Principal, settings: AwaySettings) -> AwayState:
    timezone = (await access.organization(session, principal.organization_id)).timezone
    at = await database_time(session)
    return AwayState(settings, timezone, closed_period(settings.hours, at=at, timezone=timezone))


async def change_away(session: AsyncSession, principal: Principal, wanted: AwaySettings) -> AwayState:
    """Replace the settings. Raises `Invalid` for hours that contradict each other, and for one that is on and empty."""
    problems = [(f"/hours/{day}", problem) for day in WEEKDAYS if (problem := wanted.hours.problem(day))]
    if wanted.enabled and not wanted.body.strip():
        problems.append(("/body", "Write the message first."))
    if problems:
        raise Invalid(problems)
    organization_id = principal.organization_id
    row = await queries.lock(session, organization_id)
    await require_unchanged(session)
    after = {"enabled": wanted.enabled, "body": wanted.body, "hours": wanted.hours.stored()}
    before = {"enabled": row.enabled, "body": row.body, "hours": OpeningHours.read(row.hours).stored()}
    changes = {name: {"from": before[name], "to": after[name]} for name in after if before[name] != after[name]}
    if changes:
        row.enabled, row.body, row.hours = wanted.enabled, wanted.body, wanted.hours.stored()
        row.updated_at = await database_time(session)
        await session.flush()
        entry = NewEntry(Action.AWAY_MESSAGE_CHANGED, principal.actor, details={"changes": changes})
        await audit.record(session, organization_id, entry)
    return await _state(session, principal, wanted)


async def answer_away(
    session: AsyncSession, batch: Batch, away: EnabledAway | None, arrived: Iterable[InboxRow]
) -> None:
    """Queue the away message to those of these numbers that may get it (`rules`), in the batch of their texts.

    `arrived`: the locked conversation of each text that may be answered. The numbers are locked too, so that what was
    sent to them stays true until this commits. The texts stay unread: nobody has answered them.
    """
    rows = [row for row in arrived if is_phone_number(row.number.number) and row.number.stopped_at is None]
    if away is None or not rows:
        return
    organization_id, at = batch.organization_id, batch.at
    timezone = (await access.organization(session, organization_id)).timezone
    period = closed_period(OpeningHours.read(away.hours), at=at, timezone=timezone)
    if period is None:
        return
    with session.no_autoflush:  # The batch writes the changed rows together, later.
        for row, check in await _due(session, organization_id, rows, period, at=at):
            if check.allowed:
                text = OutgoingText(body=away.body, check=check, sent_by=None, is_away=True)
                batch.queue(row, text, text_goes_out(state_of(row.conversation)))


async def _due(
    session: AsyncSession, organization_id: UUID, rows: Sequence[InboxRow], period: ClosedPeriod, *, at: datetime
) -> list[tuple[InboxRow, OptInCheck]]:
    """One row of each number that has not had the message, with its opt-in check."""
    by_number = {row.number.id: row for row in reversed(rows)}
    answered = await _answered(session, organization_id, list(by_number), period, at=at)
    own = await lines.own_numbers(session, organization_id, [row.number.number for row in by_number.values()])
    due = [
        row
        for number_id, row in by_number.items()
        if row.number.number not in own and may_answer(answered[number_id], period, at=at)
    ]
    by_id = await lines.lines_by_ids(session, organization_id, list({row.conversation.line_id for row in due}))
    checks = await consent.check_many(
        session, organization_id, [(row.number, by_id[row.conversation.line_id]) for row in due]
    )
    return list(zip(due, checks, strict=True))


async def _answered(
    session: AsyncSession,
    organization_id: UUID,
    number_ids: Sequence[UUID],
    period: ClosedPeriod,
    *,
    at: datetime,
) -> Mapping[UUID, Answered]:
    sent: dict[UUID, list[queries.Sent]] = {number_id: [] for number_id in number_ids}
    for each in await queries.sent_since(
        session, organization_id, number_ids, since=at - PERSON_IS_THERE, away=min(period.since, at - DAY)
    ):
        sent[each.phone_number_id].append(each)
    return {
        number_id: Answered(
            away=[each.at for each in every if each.is_away],
            automatic=max((each.at for each in every if each.is_automatic), default=None),
            person=max((each.at for each in every if not each.is_automatic), default=None),
        )
        for number_id, every in sent.items()
    }
