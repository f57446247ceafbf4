"""Reading the number that a request names: as people type it, or as the API itself returned it (RECV-SENDER)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.directory import queries
from api.kit.errors import Invalid
from api.kit.phone import InvalidPhoneNumberError, one_spelling, parse_phone_number


async def named_numbers(
    session: AsyncSession, organization_id: UUID, texts: Sequence[str]
) -> list[str | InvalidPhoneNumberError]:
    """The number of each text as it is stored, or why the text is not a number.

    `+` and the digits of a phone number are that number. Anything else is first looked for exactly as it is, since a
    short code or a name that has texted is known by nothing else; then it is read as dialled in the business's country.
    """
    country = await access.country_of_organization(session, organization_id)
    unsure = [text for text in texts if one_spelling(text) is None]
    known = await queries.phone_numbers(session, organization_id, unsure)
    return [text if text in known else _read(text, country) for text in texts]


def _read(text: str, country: str) -> str | InvalidPhoneNumberError:
    try:
        return parse_phone_number(text, country=country)
    except InvalidPhoneNumberError as error:
        return error


async def named_number(session: AsyncSession, organization_id: UUID, text: str, *, pointer: str) -> str:
    """Raises `Invalid` with the pointer if the text is neither a phone number nor a sender that has texted."""
    (read,) = await named_numbers(session, organization_id, [text])
    if isinstance(read, InvalidPhoneNumberError):
        raise Invalid([(pointer, str(read))])
    return read
