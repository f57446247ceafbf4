"""Reading an import: its rows become records, or refusals that say what is wrong with which row. Pure.

A row is a record of the CSV file after its header, or a line of the NDJSON file; both are counted from 1. What a row
leaves out (an empty cell, a missing key, null) stays as it is stored; for a new record it has its default.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import IO, Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from api.access.rules import LEGACY_SPELLINGS, Permission
from api.directory.rules import OptInSource, OptInState, OwnerKind
from api.directory.schemas import MAX_RECORDS, Email, ExternalId, Name, Number, SettableSource, Short
from api.kit.errors import TooLarge
from api.kit.phone import InvalidPhoneNumberError, parse_phone_number
from api.kit.text import made_storable

MAX_LINE = 1024 * 1024
"""Characters of one line."""

MAX_ROWS = 100_000

MAX_ERRORS_OF_ROW = 20


class WantedNumber(NamedTuple):
    number: str
    """E.164."""
    label: str | None
    state: str | None
    source: str | None
    row: int
    """Where the file says the state, and so where an error about it belongs: its row, and the pointer into that."""
    pointer: str


class WantedContact(NamedTuple):
    name: str
    relation: str | None
    numbers: list[WantedNumber] | None


class Record(NamedTuple):
    """One family or staff member as the file wants it. None is what the file leaves as it is."""

    rows: list[int]
    kind: OwnerKind
    external_id: str | None
    name: str
    contacts: list[WantedContact] | None
    """Of a family."""
    numbers: list[WantedNumber] | None
    """Of a staff member."""
    email: str | None
    permissions: list[str] | None
    is_admin: bool | None

    def all_numbers(self) -> list[str]:
        groups = [self.numbers or []] + [contact.numbers or [] for contact in self.contacts or []]
        return [each.number for group in groups for each in group]

    def encoded(self) -> str:
        return json.dumps(self, separators=(",", ":"))

    @classmethod
    def decoded(cls, text: str) -> "Record":
        rows, kind, external_id, name, contacts, numbers, *rest = json.loads(text)
        return cls(
            rows,
            OwnerKind(kind),
            external_id,
            name,
            None if contacts is None else [WantedContact(who, what, _numbers(group)) for who, what, group in contacts],
            _numbers(numbers),
            *rest,
        )


def _numbers(values: list[list[Any]] | None) -> list[WantedNumber] | None:
    return None if values is None else [WantedNumber(*each) for each in values]


class RowError(NamedTuple):
    row: int
    pointer: str
    """`/column` of a CSV row, or a JSON pointer into an NDJSON line."""
    detail: str


class Refused(NamedTuple):
    """Rows of one record that cannot be stored. A row without an error of its own is refused for another's."""

    rows: list[int]
    kind: OwnerKind | None
    external_id: str | None
    errors: list[RowError]


Entry = Record | Refused


# What a row may hold, in the shape of an NDJSON line.


def _current_spelling(value: object) -> object:
    """PERM-LEGACY: the former spellings mean today's permission, and several may mean the same one."""
    if not isinstance(value, list):
        return value
    spelled = [LEGACY_SPELLINGS.get(each, each) if isinstance(each, str) else each for each in value]
    return [each for index, each in enumerate(spelled) if each not in spelled[:index]] if len(spelled) < 20 else spelled


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OptInRow(_Row):
    state: OptInState
    source: SettableSource = OptInSource.IMPORT


class PhoneRecordRow(_Row):
    phone_number: Number
    label: Short | None = None
    opt_in: OptInRow | None = None


class ContactRow(_Row):
    name: Name
    relation: Short | None = None
    phone_records: Annotated[list[PhoneRecordRow], Field(max_length=MAX_RECORDS)] | None = None


class FamilyRow(_Row):
    external_id: ExternalId | None = None
    name: Name
    contacts: Annotated[list[ContactRow], Field(max_length=MAX_RECORDS)] | None = None


class StaffMemberRow(_Row):
    external_id: ExternalId | None = None
    name: Name
    email: Email
    permissions: Annotated[
        Annotated[list[Permission], Field(max_length=len(Permission))] | None, BeforeValidator(_current_spelling)
    ] = None
    is_admin: bool | None = None
    phone_records: Annotated[list[PhoneRecordRow], Field(max_length=MAX_RECORDS)] | None = None


Place = Callable[[tuple[str | int, ...]], tuple[int, str]]
"""Where a value stands in the file: its row, and a pointer in that."""


def record_of(data: dict[str, Any], kind: OwnerKind, rows: list[int], *, place: Place, country: str) -> Entry:
    try:
        row = (FamilyRow if kind is OwnerKind.FAMILY else StaffMemberRow).model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)[:MAX_ERRORS_OF_ROW]
        errors = [RowError(*place(each["loc"]), _sentence(each["type"], each["loc"], each["msg"])) for each in details]
        return Refused(rows, kind, shown_id(data.get("external_id")), errors)
    problems: list[RowError] = []
    contacts: list[WantedContact] | None = None
    numbers: list[WantedNumber] | None = None
    if isinstance(row, FamilyRow):
        if row.contacts is not None:
            contacts = [
                WantedContact(
                    each.name,
                    each.relation,
                    _parsed(each.phone_records, ("contacts", index), place, country, problems),
                )
                for index, each in enumerate(row.contacts)
            ]
    else:
        numbers = _parsed(row.phone_records, (), place, country, problems)
    if problems:
        return Refused(rows, kind, row.external_id, problems[:MAX_ERRORS_OF_ROW])
    staff = row if isinstance(row, StaffMemberRow) else None
    permissions = (
        None if staff is None or staff.permissions is None else sorted(each.value for each in staff.permissions)
    )
    return Record(
        rows=rows,
        kind=kind,
        external_id=row.external_id,
        name=row.name,
        contacts=contacts,
        numbers=numbers,
        email=staff.email if staff else None,
        permissions=permissions,
        is_admin=staff.is_admin if staff else None,
    )


def _parsed(
    records: list[PhoneRecordRow] | None,
    prefix: tuple[str | int, ...],
    place: Place,
    country: str,
    problems: list[RowError],
) -> list[WantedNumber] | None:
    if records is None:
        return None
    wanted: dict[str, WantedNumber] = {}
    for index, record in enumerate(records):
        where = (*prefix, "phone_records", index, "phone_number")
        try:
            number = parse_phone_number(record.phone_number, country=country)
        except InvalidPhoneNumberError as error:
            problems.append(RowError(*place(where), str(error)))
            continue
        if number in wanted:
            problems.append(RowError(*place(where), "This number stands here twice."))
        state, source = (record.opt_in.state.value, record.opt_in.source.value) if record.opt_in else (None, None)
        said_at = place((*prefix, "phone_records", index, "opt_in", "state"))
        wanted[number] = WantedNumber(number, record.label, state, source, *said_at)
    return list(wanted.values())


def _sentence(error_type: str, location: tuple[str | int, ...], message: str) -> str:
    if error_type == "extra_forbidden":
        if location == ("password",):
            return "Passwords are not imported: set one on the staff member's own record."
        return "There is no such field here."
    message = message.removeprefix("Value error, ")
    return message[:1].upper() + message[1:].rstrip(".") + "."


def shown_id(value: object) -> str | None:
    return made_storable(value)[:200] if isinstance(value, str) and value else None


def kind_of(value: object) -> OwnerKind | None:
    with suppress(ValueError):
        return OwnerKind(value) if isinstance(value, str) else None
    return None


def unknown_kind(value: object) -> str:
    shown = f"“{made_storable(value)[:40]}” is no kind of record. " if isinstance(value, str) and value else ""
    return f"{shown}Use family or staff_member."


# Lines.


def lines_of(file: IO[bytes], *, newline: str) -> Iterator[str]:
    """The lines of a UTF-8 file, with or without a byte order mark. Of one past `MAX_LINE`, that much and one more.

    The file is closed with them.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline=newline)
    while line := text.readline(MAX_LINE + 1):
        rest = line
        while len(rest) > MAX_LINE and not rest.endswith("\n"):
            rest = text.readline(MAX_LINE + 1)
        yield line


def require_room(row: int) -> None:
    """Raises `TooLarge` for a row past the last that is taken."""
    if row > MAX_ROWS:
        raise TooLarge(f"A file may have at most {MAX_ROWS:,} rows. Import it in parts.")


# NDJSON.


def read_ndjson(file: IO[bytes], *, country: str) -> Iterator[Entry]:
    """One object a line. Blank lines are passed over, and counted."""
    for row, line in enumerate(lines_of(file, newline="\n"), start=1):
        require_room(row)
        if line.strip():
            yield _record_of_line(line, row, country=country)


def _record_of_line(line: str, row: int, *, country: str) -> Entry:
    if len(line) > MAX_LINE:
        return Refused([row], None, None, [RowError(row, "", f"A line may have at most {MAX_LINE:,} characters.")])
    try:
        data = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        where = f", at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        return Refused([row], None, None, [RowError(row, "", f"This line is not a JSON object{where}.")])
    if not isinstance(data, dict):
        return Refused([row], None, None, [RowError(row, "", "Each line must be one JSON object.")])
    given = data.pop("kind", None)
    kind = kind_of(given)
    if kind is None:
        errors = [RowError(row, "/kind", unknown_kind(given))]
        return Refused([row], None, shown_id(data.get("external_id")), errors)
    return record_of(data, kind, [row], place=lambda location: (row, _pointer(location)), country=country)


def _no_number(name: str) -> None:
    raise ValueError(name)


def _pointer(location: tuple[str | int, ...]) -> str:
    parts = (made_storable(str(part))[:100].replace("~", "~0").replace("/", "~1") for part in location)
    return "".join(f"/{part}" for part in parts)


def distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Refuses a record that has the external id or the email address of an earlier one of the file."""
    by_external_id: dict[tuple[OwnerKind, str], int] = {}
    by_email: dict[str, int] = {}
    for entry in entries:
        if isinstance(entry, Record):
            row = entry.rows[0]
            refused: list[RowError] = []
            if entry.external_id is not None:
                first = by_external_id.setdefault((entry.kind, entry.external_id), row)
                if first != row:
                    detail = f"Row {first} has this external id too. The rows of one record must stand together."
                    refused.append(RowError(row, "/external_id", detail))
            if entry.email is not None:
                first = by_email.setdefault(entry.email.lower(), row)
                if first != row:
                    refused.append(RowError(row, "/email", f"Row {first} has this email address too."))
            if refused:
                yield Refused(entry.rows, entry.kind, entry.external_id, refused)
                continue
        yield entry
