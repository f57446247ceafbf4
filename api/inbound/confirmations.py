"""OPTIN-CONFIRM: where the provider does not answer STOP, START and HELP itself, the line does, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries as access
from api.audit.rules import SYSTEM, Action, NewEntry
from api.consent import service as consent
from api.consent.rules import Keyword, confirmation
from api.conversations import rules as status_rules
from api.conversations import service as conversations
from api.conversations.queries import InboxRow
from api.kit.database import database_time
from api.kit.phone import national_format
from api.lines.models import Line
from api.lines.service import line_settings
from api.messages.service import enqueue


@dataclass(frozen=True)
class Confirmation:
    """A keyword that took effect, or asked for help, and the locked conversation that it came in."""

    word: Keyword
    line: Line
    row: InboxRow


async def confirm_keywords(session: AsyncSession, organization_id: UUID, due: Sequence[Confirmation]) -> list[NewEntry]:
    """Queue the confirmations of lines that answer keywords themselves; each leaves past the opt-in gate.

    It is part of the transaction that applied the keyword, so a repeated webhook confirms nothing again.
    """
    entries: list[NewEntry] = []
    answered = [each for each in due if line_settings(each.line).answers_keywords]
    if not answered:
        return entries
    organization = await access.organization(session, organization_id)
    at = await database_time(session)
    for each in answered:
        conversation, number = each.row
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
                contact=national_format(each.line.phone_number),
                help_text=settings.help_text,
            ),
            media_urls=[],
            check=await consent.check(session, number, each.line),
            sent_by=None,
            past_gate=True,
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
