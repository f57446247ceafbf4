"""OPTIN-CONFIRM: where the provider does not answer STOP, START and HELP itself, the line does, within limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import queries as access
from api.consent import service as consent
from api.consent.keywords import Keyword, confirmation
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch, state_of
from api.conversations.message_rules import OutgoingText
from api.conversations.models import InboxRow
from api.conversations.rules import text_goes_out
from api.inbound.rules import CONFIRMATIONS_COUNTED, may_confirm
from api.kit.phone import is_phone_number, shown_number
from api.lines import service as lines
from api.lines.models import Line
from api.lines.service import line_settings


@dataclass(frozen=True)
class Confirmation:
    """A keyword that took effect, or asked for help, and the locked conversation that it came in."""

    word: Keyword
    line: Line
    row: InboxRow


async def confirm_keywords(session: AsyncSession, batch: Batch, due: Sequence[Confirmation]) -> None:
    """Queue the confirmations of lines that answer keywords themselves, whatever the opt-in check says.

    It is part of the transaction that applies the keywords, so a repeated webhook confirms nothing again. Their numbers
    are locked, so the day's earlier confirmations do not change before it commits.
    """
    organization_id = batch.organization_id
    due = await _from_outside(session, organization_id, due)
    if not due:
        return
    organization = await access.organization(session, organization_id)
    sent = await conversations.answers_since(
        session, organization_id, list({each.row.number.id for each in due}), since=batch.at - CONFIRMATIONS_COUNTED
    )
    for each in due:
        conversation, number = each.row
        if not may_confirm(each.word, sent=sent[number.id]):
            continue
        sent[number.id][each.word] += 1
        settings = line_settings(each.line)
        body = confirmation(
            each.word,
            business_name=settings.business_name or organization.name,
            contact=shown_number(each.line.phone_number, country=organization.country),
            help_text=settings.help_text,
        )
        check = await consent.check(session, number, each.line)
        text = OutgoingText(body=body, check=check, sent_by=None, answers=each.word)
        batch.queue(each.row, text, text_goes_out(state_of(conversation)))


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
