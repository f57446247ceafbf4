"""A text from a test number to a sandbox line, made by a request instead of a phone."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access.rules import Principal
from api.audit import service as audit
from api.audit.rules import Action, NewEntry
from api.inbound import queries
from api.inbound.models import InboundEvent
from api.inbound.queries import JournalRow
from api.inbound.replay import require_event
from api.kit.errors import Conflict, Invalid
from api.kit.ids import new_id
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number
from api.lines.service import require_line
from api.providers.sandbox.numbers import COUNTRY, is_test_number
from api.providers.sandbox.receive import text_event

NOT_A_TEST_NUMBER = "Use one of the test numbers that GET /providers names."


async def receive_test_text(
    session: AsyncSession, principal: Principal, line_id: UUID, *, phone_number: str, body: str
) -> InboundEvent:
    """Add the text to the journal, where it is pending until it is applied like any other.

    Raises `NotFound` for the line, `Conflict` if it is no sandbox line, and `Invalid` if the number is no test number.
    """
    organization_id = principal.organization_id
    line = await require_line(session, organization_id, line_id)
    if not line.is_sandbox:
        raise Conflict("Only a sandbox line receives test texts.")
    sender = _test_number(phone_number)
    message_id = f"sandbox-{new_id()}"
    event = text_event(message_id, sender=sender, body=body)
    await queries.add_to_journal(session, [JournalRow(organization_id, line.id, line.provider, event, None)])
    stored = await queries.event_of_provider(session, organization_id, line.provider, message_id)
    entry = NewEntry(
        Action.SANDBOX_TEXT_RECEIVED,
        principal.actor,
        phone_number=sender,
        details={"line_id": str(line.id), "label": line.label, "event_id": str(stored)},
    )
    await audit.record(session, organization_id, entry)
    return await require_event(session, organization_id, stored)


def _test_number(typed: str) -> str:
    """Raises `Invalid`."""
    try:
        number = parse_phone_number(typed, country=COUNTRY)
    except InvalidPhoneNumberError as error:
        raise Invalid([("/phone_number", str(error))]) from None
    if not is_test_number(number):
        raise Invalid([("/phone_number", NOT_A_TEST_NUMBER)])
    return number
