"""Writing what came of posted messages: many of one organization in one transaction, each guarded by its lease."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from api.conversations import queries as conversation_queries
from api.conversations.message_models import Message, OutboxEntry
from api.conversations.models import Conversation
from api.delivery import queries
from api.delivery.changes import Changes
from api.delivery.rules import MAX_ATTEMPTS, backoff
from api.delivery.service import Claim
from api.directory import service as directory
from api.kit.crash_points import CrashPoint, reached
from api.kit.database import Database, database_time
from api.providers.port import Accepted, MessageStatus, NotProcessed, OutcomeUnknown, Rejected, SendOutcome


@dataclass(frozen=True)
class Settlement:
    claim: Claim
    outcome: SendOutcome


async def settle(database: Database, claimed: Claim, outcome: SendOutcome) -> None:
    await settle_many(database, claimed.organization_id, [Settlement(claimed, outcome)])


async def settle_many(database: Database, organization_id: UUID, settlements: Sequence[Settlement]) -> None:
    """All or none of them are written. What fails here may be repeated: settled twice is settled once.

    A lease that was lost meanwhile (it expired and the message became `unknown`) still takes a definite outcome:
    it is the answer to the one time that the message was handed over.
    """
    claims = [each.claim for each in settlements]
    stops = [each.claim.phone_number_id for each in settlements if _opted_out(each.outcome)]
    message_ids = [claim.message_id for claim in claims]
    async with database.transaction() as session:
        numbers = await directory.lock_phone_numbers(session, organization_id, stops) if stops else {}
        conversations = await conversation_queries.lock_conversations(
            session, organization_id, list({claim.conversation_id for claim in claims})
        )
        entries = await queries.lock_entries(session, organization_id, message_ids)
        messages = await queries.messages(session, organization_id, message_ids)
        changes = Changes(session, organization_id, at=await database_time(session))
        for each in settlements:
            claim = each.claim
            conversation = conversations[claim.conversation_id]
            entry = entries.get(claim.message_id)
            held = entry if entry is not None and entry.lease_token == claim.lease_token else None
            _settle(changes, messages[claim.message_id], conversation, held, each.outcome)
            if _opted_out(each.outcome):
                changes.stop(numbers[claim.phone_number_id], conversation)
        await changes.write()
        reached(CrashPoint.SETTLE_BEFORE_COMMIT)
    reached(CrashPoint.SETTLE_COMMITTED)


def _opted_out(outcome: SendOutcome) -> bool:
    return isinstance(outcome, Accepted | Rejected) and outcome.opted_out


def _settle(
    changes: Changes, message: Message, conversation: Conversation, held: OutboxEntry | None, outcome: SendOutcome
) -> None:
    """`held`: the outbox entry, while the lease that the message was posted under is still its own."""
    match outcome:
        case Accepted():
            changes.accept(message, conversation, outcome)
        case Rejected(code=code, title=title):
            changes.fail(message, conversation, code=code, title=title)
        case NotProcessed() | OutcomeUnknown() if held is None:
            return
        case NotProcessed() if held.attempts >= MAX_ATTEMPTS:
            changes.fail(message, conversation, code=outcome.code or "not_processed", title=outcome.detail)
        case NotProcessed(retry_after_seconds=retry_after):
            # Chance spreads retries; nothing secret.
            wait = backoff(held.attempts, jitter=random.random(), retry_after_seconds=retry_after)  # noqa: S311
            changes.try_again(message, held, outcome, wait=wait)
        case OutcomeUnknown() if message.status != MessageStatus.SENDING.value:
            # A callback has told its fate already.
            changes.leave_outbox(message)
        case OutcomeUnknown(detail=detail):
            changes.make_unknown(message, conversation, held, detail=detail)
