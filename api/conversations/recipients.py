"""To whom a new text can go, and on which line (TO-NAME, LINE-CHOICE)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.consent import service as consent
from api.consent.rules import OptInCheck
from api.conversations import queries
from api.conversations.models import Conversation
from api.conversations.recipient_rules import Named, RecipientKind, ranked
from api.directory.finding import find_records
from api.directory.named import named_number, named_numbers
from api.kit.phone import is_phone_number
from api.lines.choice_rules import LineReason
from api.lines.defaults import ChosenLine, choosable_lines
from api.lines.models import Line

MAX_RECIPIENTS = 20

CANDIDATES = 40
"""Records of each kind that are ranked."""


@dataclass(frozen=True)
class Recipient:
    named: Named
    check: OptInCheck
    """For the line."""
    line: Line
    line_reason: LineReason
    newest: Conversation | None
    """The newest conversation with the number, on whatever line."""
    newest_line: Line | None


async def find_recipients(session: AsyncSession, principal: Principal, text: str) -> list[Recipient]:
    """Numbers of living records with that name or number, the closest first; and the typed number, if it is one.

    Raises `Conflict` if the organization has no line.
    """
    organization_id = principal.organization_id
    families, staff_members = await find_records(session, organization_id, text, limit=CANDIDATES)
    found = ranked(text, families, staff_members, limit=MAX_RECIPIENTS)
    (typed,) = await named_numbers(session, organization_id, [text])
    if isinstance(typed, str) and is_phone_number(typed) and all(each.phone_number != typed for each in found):
        found = [_number(typed), *found][:MAX_RECIPIENTS]
    return await _recipients(session, organization_id, found, line_id=None)


async def recipient(session: AsyncSession, principal: Principal, given: str, *, line_id: UUID | None) -> Recipient:
    """One number: the line that a text to it goes out on, and why; or what holds for the line that is given.

    Raises `Invalid` if it is not a number, `NotFound` for a line of another organization, and `Conflict` if there is
    no line.
    """
    number = await named_number(session, principal.organization_id, given, pointer="/path/number")
    (found,) = await _recipients(session, principal.organization_id, [_number(number)], line_id=line_id)
    return found


def _number(number: str) -> Named:
    return Named(RecipientKind.NUMBER, None, None, None, number, None)


async def _recipients(
    session: AsyncSession, organization_id: UUID, found: Sequence[Named], *, line_id: UUID | None
) -> list[Recipient]:
    """Read with a fixed number of statements."""
    lines = await choosable_lines(session, organization_id)
    newest = await queries.newest_by_number(session, organization_id, {each.phone_number for each in found})
    chosen = [
        ChosenLine(lines.require(line_id), LineReason.CHOSEN)
        if line_id is not None
        else lines.choose(each.phone_number, newest=_line_of(newest.get(each.phone_number)))
        for each in found
    ]
    pairs = [(each.phone_number, choice.line) for each, choice in zip(found, chosen, strict=True)]
    checks = await consent.check_pairs(session, organization_id, pairs)
    return [
        Recipient(
            named=each,
            check=check,
            line=choice.line,
            line_reason=choice.reason,
            newest=(conversation := newest.get(each.phone_number)),
            newest_line=lines.by_id[conversation.line_id] if conversation is not None else None,
        )
        for each, choice, check in zip(found, chosen, checks, strict=True)
    ]


def _line_of(conversation: Conversation | None) -> UUID | None:
    return conversation.line_id if conversation is not None else None
