"""Opt-in checks of many entries at once: an entry that cannot be read does not refuse the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from api.consent import service
from api.consent.rules import OptInCheck, Reason
from api.directory.named import named_numbers
from api.kit.phone import MAX_SENDER, InvalidPhoneNumberError, NumberOrSender
from api.lines.models import Line

_ENTRY: TypeAdapter[str] = TypeAdapter(NumberOrSender)


@dataclass(frozen=True)
class CheckedEntry:
    check: OptInCheck
    """Of an entry that cannot be read: `not_a_phone_number`, under the beginning of its text."""
    error: str | None
    """Why the entry cannot be read, for people."""


async def check_entries(
    session: AsyncSession, organization_id: UUID, entries: Sequence[str], line: Line
) -> list[CheckedEntry]:
    """The check of each entry, in their order. An entry is a number as people type it, or a sender that has texted."""
    refused = {index: error for index, entry in enumerate(entries) if (error := _unreadable(entry)) is not None}
    readable = [index for index in range(len(entries)) if index not in refused]
    read = await named_numbers(session, organization_id, [entries[index] for index in readable])
    numbers: dict[int, str] = {}
    for index, each in zip(readable, read, strict=True):
        if isinstance(each, InvalidPhoneNumberError):
            refused[index] = str(each)
        else:
            numbers[index] = each
    checks = await service.check_numbers(session, organization_id, list(numbers.values()), line)
    checked = {index: CheckedEntry(check, None) for index, check in zip(numbers, checks, strict=True)}
    unread = {index: CheckedEntry(_not_a_number(entries[index]), error) for index, error in refused.items()}
    return [(checked | unread)[index] for index in range(len(entries))]


def _unreadable(entry: str) -> str | None:
    """Why the text cannot be a number or a sender at all."""
    try:
        _ENTRY.validate_python(entry)
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return None


def _not_a_number(entry: str) -> OptInCheck:
    shown = entry[:MAX_SENDER]
    return OptInCheck(phone_number=shown, reason=Reason.NOT_A_PHONE_NUMBER, note=None, stopped_at=None, instances=())
