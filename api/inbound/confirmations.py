"""OPTIN-CONFIRM: if the provider does not answer STOP, START and HELP itself, the line does, within limits."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.consent import service as consent
from api.consent.keywords import Keyword, confirmation
from api.conversations import service as conversations
from api.conversations.lifecycle import Batch, state_of
from api.conversations.message_rules import OutgoingText
from api.conversations.models import InboxRow
from api.conversations.rules import text_goes_out
from api.inbound.rules import CONFIRMATIONS_COUNTED, may_confirm
from api.kit.phone import shown_number
from api.lines import service as lines
from api.lines.models import Line


@dataclass(frozen=True)
class Confirmation:
    """A keyword that took effect, or HELP, from a phone number, and the locked conversation it came in."""

    word: Keyword
    row: InboxRow


async def confirm_keywords(session: AsyncSession, batch: Batch, due: Sequence[Confirmation]) -> None:
    """Queue the confirmations of lines that answer keywords themselves. The opt-in check does not stop them.

    They are part of the transaction that applies the keyword, so a repeated webhook confirms nothing again. The phone
    numbers are locked, so that the count of the last day's confirmations stays true until this commits.
    """
    if not due:
        return
    organization_id = batch.organization_id
    by_id = await lines.lines_by_ids(session, organization_id, list({each.row.conversation.line_id for each in due}))
    wanted = [(each, by_id[each.row.conversation.line_id]) for each in due]
    wanted = [(each, line) for each, line in wanted if lines.line_settings(line).answers_keywords]
    # A line of the same business would answer the confirmation in turn.
    own = await lines.own_numbers(session, organization_id, [each.row.number.number for each, _ in wanted])
    wanted = [(each, line) for each, line in wanted if each.row.number.number not in own]
    if not wanted:
        return
    organization = await access.organization(session, organization_id)
    sent = await conversations.answers_since(
        session,
        organization_id,
        list({each.row.number.id for each, _ in wanted}),
        since=batch.at - CONFIRMATIONS_COUNTED,
    )
    checks = await consent.check_many(session, organization_id, [(each.row.number, line) for each, line in wanted])
    for (each, line), check in zip(wanted, checks, strict=True):
        conversation, number = each.row
        if not may_confirm(each.word, sent=sent[number.id]):
            continue
        sent[number.id][each.word] += 1
        body = _words(each.word, line, business_name=organization.name, country=organization.country)
        text = OutgoingText(body=body, check=check, sent_by=None, answers=each.word)
        batch.queue(each.row, text, text_goes_out(state_of(conversation)))


def _words(word: Keyword, line: Line, *, business_name: str, country: str) -> str:
    settings = lines.line_settings(line)
    return confirmation(
        word,
        business_name=settings.business_name or business_name,
        contact=shown_number(line.phone_number, country=country),
        help_text=settings.help_text,
    )
