"""Asking providers about unknown outcomes, and writing what they say. Nothing is ever resent by itself."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from api.consent import service as consent
from api.consent.rules import Reason
from api.conversations import queries as conversation_queries
from api.delivery import queries
from api.delivery.changes import Changes
from api.delivery.rules import RECONCILE_FOR, may_repeat, next_question
from api.delivery.service import CLAIM_BATCH, outgoing
from api.directory import service as directory
from api.kit.crash_points import CrashPoint, reached
from api.kit.database import Database, database_time
from api.kit.secrets import SecretBox
from api.lines import queries as lines
from api.lines.service import open_line
from api.providers.port import (
    CannotTell,
    Found,
    LineAccess,
    NotFoundAtProvider,
    ReconcileOutcome,
    Rejected,
    UnknownMessage,
)

CLOCK_SKEW = timedelta(minutes=5)
"""By how much the provider's clock may differ from ours."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Question:
    """A message whose outcome is unknown, to be asked about."""

    organization_id: UUID
    conversation_id: UUID
    phone_number_id: UUID
    provider: str
    line: LineAccess
    message: UnknownMessage


async def take_questions(
    database: Database,
    organization_id: UUID,
    *,
    secrets: SecretBox,
    public_base_url: str,
    limit: int = CLAIM_BATCH,
) -> list[Question]:
    """Unknown outcomes that are due to be asked about. Each is put off before it is asked: a crash repeats nothing.

    A provider may be asked by handing it the message again. So the numbers are locked and opt-in is checked, as when
    a message is claimed.
    """
    async with database.transaction() as session:
        found = await queries.due_questions(session, organization_id, limit=limit)
        if not found:
            return []
        numbers = await directory.lock_phone_numbers(session, organization_id, [each.phone_number_id for each in found])
        number_of = {each.message_id: numbers[each.phone_number_id] for each in found}
        entries = await queries.lock_unknown(session, organization_id, [each.message_id for each in found])
        messages = await queries.messages(session, organization_id, [entry.id for entry in entries])
        by_line = await lines.lines_by_ids(session, organization_id, list({entry.line_id for entry in entries}))
        last_seqs = await queries.last_outgoing_seqs(
            session, organization_id, [entry.conversation_id for entry in entries]
        )
        checks = await consent.check_many(
            session, organization_id, [(number_of[entry.id], by_line[entry.line_id]) for entry in entries]
        )
        at = await database_time(session)
        changes = Changes(session, organization_id, at=at)
        questions: list[Question] = []
        for entry, check in zip(entries, checks, strict=True):
            message, number, line = messages[entry.id], number_of[entry.id], by_line[entry.line_id]
            claimed_at = entry.claimed_at or message.created_at
            if at - claimed_at > RECONCILE_FOR:
                changes.give_up_asking(message)
                continue
            entry.attempts += 1
            entry.due_at = at + next_question(entry.attempts)
            twins = await queries.unsettled_twins(session, message, number.id)
            known = await queries.provider_ids_since(
                session, organization_id, number.id, since=min([claimed_at, *twins]) - CLOCK_SKEW
            )
            repeatable = may_repeat(
                allowed=check.allowed or (entry.past_gate and check.reason is not Reason.NOT_A_PHONE_NUMBER),
                is_last=message.seq == last_seqs[entry.conversation_id],
                since_claim=at - claimed_at,
            )
            questions.append(
                Question(
                    organization_id=organization_id,
                    conversation_id=entry.conversation_id,
                    phone_number_id=number.id,
                    provider=line.provider,
                    line=open_line(line, secrets),
                    message=UnknownMessage(
                        message_id=message.id,
                        to=number.number,
                        body=message.body,
                        claimed_at=claimed_at,
                        known_provider_ids=frozenset(known),
                        twins_claimed_at=tuple(twins),
                        repeat=outgoing(message, number, line, public_base_url=public_base_url) if repeatable else None,
                    ),
                )
            )
        await changes.write()
        reached(CrashPoint.QUESTION_BEFORE_COMMIT)
    reached(CrashPoint.QUESTION_COMMITTED)
    return questions


async def settle_question(database: Database, question: Question, outcome: ReconcileOutcome) -> None:
    """Write the provider's answer about an unknown outcome, if it is one."""
    reached(CrashPoint.QUESTION_ANSWERED)
    asked = question.message
    if isinstance(outcome, CannotTell | NotFoundAtProvider):
        log.info("delivery.still_unknown", message_id=str(asked.message_id))
        return
    organization_id = question.organization_id
    async with database.transaction() as session:
        # The number's lock keeps every other message to it where it is: none is claimed, none of them found meanwhile.
        numbers = await directory.lock_phone_numbers(session, organization_id, [question.phone_number_id])
        conversations = await conversation_queries.lock_conversations(
            session, organization_id, [question.conversation_id]
        )
        entry = (await queries.lock_entries(session, organization_id, [asked.message_id])).get(asked.message_id)
        if entry is None or entry.state != "unknown":
            return
        message = (await queries.messages(session, organization_id, [asked.message_id]))[asked.message_id]
        conversation = conversations[question.conversation_id]
        changes = Changes(session, organization_id, at=await database_time(session))
        match outcome:
            case Found(report=report):
                twins = await queries.unsettled_twins(session, message, question.phone_number_id)
                taken = await queries.message_with_provider_id(
                    session, organization_id, message.line_id, report.provider_message_id
                )
                if not set(twins) <= set(asked.twins_claimed_at) or taken not in {None, message.id}:
                    # What was found may be a text with the same words that has left since the question was taken.
                    log.info("delivery.question_overtaken", message_id=str(message.id))
                    return
                changes.report(message, conversation, report)
                opted_out = report.opted_out
            case Rejected(code=code, title=title, opted_out=opted_out):
                changes.fail(message, conversation, code=code, title=title, source="reconciliation")
        if opted_out:
            changes.stop(numbers[question.phone_number_id], conversation)
        await changes.write()
        reached(CrashPoint.ANSWER_BEFORE_COMMIT)
    reached(CrashPoint.ANSWER_COMMITTED)
