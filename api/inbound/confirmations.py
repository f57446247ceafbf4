"""OPTIN-CONFIRM: where the provider does not answer STOP, START and HELP itself, the line does, within limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries as access
from api.audit.rules import SYSTEM, Action, NewEntry
from api.consent import service as consent
from api.consent.keywords import Keyword, confirmation
from api.conversations import message_queries as message_queries
from api.conversations import rules as status_rules
from api.conversations import service as conversations
from api.conversations.message_service import enqueue
from api.conversations.models import InboxRow
from api.inbound.rules import CONFIRMATIONS_COUNTED, may_confirm
from api.kit.database import database_time
from api.kit.phone import is_phone_number, shown_number
from api.lines import queries as lines
from api.lines.models import Line
from api.lines.service import line_settings


@dataclass(frozen=True)
class Confirmation:
    """A keyword that took effect, or asked for help, and the locked conversation that it came in."""

    word: Keyword
    line: Line
    row: InboxRow


async def confirm_keywords(session: AsyncSession, organization_id: UUID, due: Sequence[Confirmation]) -> list[NewEntry]:
    """Queue the confirmations of lines that answer keywords themselves; each leaves past the opt-in gate.

    It is part of the transaction that applied the keyword, so a repeated webhook confirms nothing again. Their numbers
    are locked: what the day's earlier confirmations were stays true until this commits.
    """
    due = await _from_outside(session, organization_id, due)
    if not due:
        return []
    entries: list[NewEntry] = []
    organization = await access.organization(session, organization_id)
    at = await database_time(session)
    sent = await message_queries.answers_since(
        session, organization_id, list({each.row.number.id for each in due}), since=at - CONFIRMATIONS_COUNTED
    )
    for each in due:
        conversation, number = each.row
        if not may_confirm(each.word, sent=sent[number.id]):
            continue
        sent[number.id][each.word] += 1
        settings = line_settings(each.line)
        transition = status_rules.text_goes_out(conversations.state_of(conversation))
        conversations.apply_state(conversation, transition.state, at=at)
        message = await enqueue(
            session,
            each.row,
            line=each.line,
            seq=transition.state.last_seq,
            body=confirmation(
                each.word,
                business_name=settings.business_name or organization.name,
                contact=shown_number(each.line.phone_number, country=organization.country),
                help_text=settings.help_text,
            ),
            media_urls=[],
            check=await consent.check(session, number, each.line),
            sent_by=None,
            answers=each.word,
        )
        entries.append(
            NewEntry(
                Action.MESSAGE_SENT,
                SYSTEM,
                conversation_id=conversation.id,
                message_id=message.id,
                phone_number=number.number,
                details={"seq": message.seq, "segments": message.segments, "answers": each.word.value},
            )
        )
    await session.flush()
    return entries


async def _from_outside(
    session: AsyncSession, organization_id: UUID, due: Sequence[Confirmation]
) -> list[Confirmation]:
    """Those of lines that answer, to phone numbers that are not lines of the business: those would answer in turn."""
    due = [
        each for each in due if line_settings(each.line).answers_keywords and is_phone_number(each.row.number.number)
    ]
    if not due:
        return []
    own = await lines.own_numbers(session, organization_id, [each.row.number.number for each in due])
    return [each for each in due if each.row.number.number not in own]
