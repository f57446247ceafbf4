"""Reading an import: rows become wanted records, or refusals that say what is wrong with which row. Pure.

A row is a record of the CSV file after its header, or a line of the NDJSON file; both are counted from 1. What a row
leaves out (an empty cell, a missing key, null) stays as it is stored; for a new record it has its default.
"""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO, Annotated, Any, Self

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from api.access.rules import LEGACY_SPELLINGS, Permission
from api.access.types import StaffPermission
from api.directory.fields import (
    MAX_RECORDS,
    MAX_STUDENTS,
    Email,
    ExternalId,
    Location,
    Name,
    Notes,
    SettableSource,
    Tags,
)
from api.directory.rules import OptInSource, OwnerKind, Place, WantedRecord
from api.directory.wanted import ContactIn, Locate, NumbersNotRead, OptInIn, PhoneRecordIn, StudentIn, wanted_record
from api.kit.errors import Invalid, TooLarge
from api.kit.metadata import MetadataChange, MetadataIn
from api.kit.request_models import RequestModel
from api.kit.text import made_storable

MAX_LINE = 1024 * 1024
"""Characters of one line."""

MAX_JSON = 8 * 1024 * 1024
"""Bytes of a JSON document, which is read whole. NDJSON is read line by line."""

MAX_ROWS = 100_000

MAX_ERRORS_OF_ROW = 20


@dataclass(frozen=True, slots=True)
class Readable:
    """Rows of one record that can be stored, as far as the file tells."""

    rows: Sequence[int]
    wanted: WantedRecord

    @property
    def kind(self) -> OwnerKind:
        return self.wanted.kind

    @property
    def external_id(self) -> str | None:
        return self.wanted.external_id


@dataclass(frozen=True, slots=True)
class RowError:
    row: int
    pointer: str
    """`/column` of a CSV row, or a JSON pointer into an NDJSON line."""
    detail: str

    @classmethod
    def at(cls, place: Place, detail: str) -> Self:
        assert place.row is not None
        return cls(place.row, place.pointer, detail)


@dataclass(frozen=True, slots=True)
class Refused:
    """Rows of one record that cannot be stored. A row without an error of its own is refused for another's."""

    rows: Sequence[int]
    kind: OwnerKind | None
    external_id: str | None
    errors: Sequence[RowError]


Entry = Readable | Refused

_WANTED = TypeAdapter(WantedRecord)


def encoded(wanted: WantedRecord) -> str:
    """JSON, for the rows of a job."""
    return _WANTED.dump_json(wanted, exclude_defaults=True).decode()


def decoded(text: str) -> WantedRecord:
    """`encoded`, read back."""
    return _WANTED.validate_json(text)


# What a row may hold, in the shape of an NDJSON line.


MAX_SPELLINGS = 19
"""Permissions of a row, a repeated one and its former spellings included."""


def _current_spelling(value: object) -> object:
    """PERM-LEGACY: the former spellings mean today's permission, and several may mean the same one."""
    if not isinstance(value, list):
        return value
    spelled = [LEGACY_SPELLINGS.get(each, each) if isinstance(each, str) else each for each in value]
    if len(spelled) > MAX_SPELLINGS:
        return spelled
    return [each for index, each in enumerate(spelled) if each not in spelled[:index]]


class OptInRow(OptInIn):
    source: SettableSource = OptInSource.IMPORT


class PhoneRecordRow(PhoneRecordIn):
    opt_in: OptInRow | None = None


class ContactRow(ContactIn):
    phone_records: Annotated[list[PhoneRecordRow], Field(max_length=MAX_RECORDS)] | None = None  # type: ignore[assignment]
    """Their numbers."""


class FamilyRow(RequestModel):
    external_id: ExternalId | None = None
    name: Name
    """The name of the family or the person."""
    contacts: Annotated[list[ContactRow], Field(max_length=MAX_RECORDS)] | None = None
    """The family's contacts."""
    students: Annotated[list[StudentIn], Field(max_length=MAX_STUDENTS)] | None = None
    """Its students, with their classes."""
    tags: Tags | None = None
    """Tags of the record."""
    location: Location | None = None
    """The location that the record belongs to."""
    notes: Notes | None = None
    """What staff have noted about the record."""
    metadata: MetadataIn | None = None
    """Keys of the record's metadata. Others stay; one with null or an empty text is removed."""


class StaffMemberRow(RequestModel):
    external_id: ExternalId | None = None
    name: Name
    """The name of the family or the person."""
    email: Email
    """The address with which they sign in."""
    permissions: Annotated[
        Annotated[
            list[StaffPermission],
            Field(max_length=len(Permission), json_schema_extra={"maxItems": MAX_SPELLINGS}),
        ]
        | None,
        BeforeValidator(_current_spelling),
    ] = None
    """What they may do. The former spellings are understood."""
    is_admin: bool | None = None
    """Whether they are an administrator. In a CSV file it is a text, such as true or no."""
    phone_records: Annotated[list[PhoneRecordRow], Field(max_length=MAX_RECORDS)] | None = None
    """Their numbers."""
    tags: Tags | None = None
    """Tags of the record."""
    location: Location | None = None
    """The location that the record belongs to."""
    notes: Notes | None = None
    """What staff have noted about the record."""
    metadata: MetadataIn | None = None
    """Keys of the record's metadata. Others stay; one with null or an empty text is removed."""


def entry_of(data: dict[str, Any], kind: OwnerKind, rows: Sequence[int], *, locate: Locate, country: str) -> Entry:
    """One record, in the shape of an NDJSON line. `locate` says in which row of the file a value is."""
    problems: Sequence[tuple[Place, str]]
    try:
        given = (FamilyRow if kind is OwnerKind.FAMILY else StaffMemberRow).model_validate(data)
        wanted = wanted_record(kind, given, country=country, locate=locate)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)[:MAX_ERRORS_OF_ROW]
        problems = [(locate(each["loc"]), _sentence(each["type"], each["loc"], each["msg"])) for each in details]
    except NumbersNotRead as error:
        problems = error.problems
    else:
        metadata = None if given.metadata is None else MetadataChange(given.metadata)
        return Readable(rows, replace(wanted, target=wanted.external_id, keeps_details=True, metadata=metadata))
    errors = [RowError.at(place, detail) for place, detail in problems[:MAX_ERRORS_OF_ROW]]
    return Refused(rows, kind, shown_id(data.get("external_id")), errors)


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
    """The lines of a UTF-8 file, with or without a byte order mark. The file is closed with the iterator.

    A line of more than `MAX_LINE` characters is cut one character after them.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline=newline)
    while line := text.readline(MAX_LINE + 1):
        rest = line
        while len(rest) > MAX_LINE and not rest.endswith("\n"):
            rest = text.readline(MAX_LINE + 1)
        yield line


def require_row_allowed(row: int) -> None:
    """Raises `TooLarge` for a row beyond `MAX_ROWS`."""
    if row > MAX_ROWS:
        raise TooLarge(f"A file may have at most {MAX_ROWS:,} rows. Import it in parts.")


# NDJSON and JSON.


def read_ndjson(file: IO[bytes], *, country: str) -> Iterator[Entry]:
    """One object a line. Blank lines are skipped, and counted."""
    for row, line in enumerate(lines_of(file, newline="\n"), start=1):
        require_row_allowed(row)
        if line.strip():
            yield _entry_of_line(line, row, country=country)


def read_json(file: IO[bytes], *, country: str) -> Iterator[Entry]:
    """`{"rows": [...]}`, each row as a line of NDJSON. Raises `Invalid` for another shape, `TooLarge`."""
    file.seek(0)
    content = file.read(MAX_JSON + 1)
    if len(content) > MAX_JSON:
        raise TooLarge(f"A JSON document may have at most {MAX_JSON // 1024**2} MiB. Send NDJSON.")
    try:
        document = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Invalid([("", "This is not a JSON document.")]) from None
    if not isinstance(document, dict) or set(document) != {"rows"} or not isinstance(document["rows"], list):
        raise Invalid([("/rows", 'Send one JSON object, {"rows": [...]}.')])
    for row, data in enumerate(document["rows"], start=1):
        require_row_allowed(row)
        yield _entry_of_object(data, row, country=country)


def _entry_of_line(line: str, row: int, *, country: str) -> Entry:
    if len(line) > MAX_LINE:
        return Refused([row], None, None, [RowError(row, "", f"A line may have at most {MAX_LINE:,} characters.")])
    try:
        data = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        where = f", at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        return Refused([row], None, None, [RowError(row, "", f"This line is not a JSON object{where}.")])
    return _entry_of_object(data, row, country=country)


def _entry_of_object(data: object, row: int, *, country: str) -> Entry:
    if not isinstance(data, dict):
        return Refused([row], None, None, [RowError(row, "", "Each row must be one JSON object.")])
    given = data.pop("kind", None)
    kind = kind_of(given)
    if kind is None:
        errors = [RowError(row, "/kind", unknown_kind(given))]
        return Refused([row], None, shown_id(data.get("external_id")), errors)
    return entry_of(data, kind, [row], locate=lambda location: Place(_pointer(location), row), country=country)


def _no_number(name: str) -> None:
    raise ValueError(name)


def _pointer(location: tuple[str | int, ...]) -> str:
    parts = (made_storable(str(part))[:100].replace("~", "~0").replace("/", "~1") for part in location)
    return "".join(f"/{part}" for part in parts)


def distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Refuses a record with the external id or the email address of an earlier one in the file."""
    by_external_id: dict[tuple[OwnerKind, str], int] = {}
    by_email: dict[str, int] = {}
    for entry in entries:
        if isinstance(entry, Refused):
            yield entry
            continue
        row, wanted = entry.rows[0], entry.wanted
        errors: list[RowError] = []
        if wanted.external_id is not None:
            first = by_external_id.setdefault((wanted.kind, wanted.external_id), row)
            if first != row:
                detail = f"Row {first} has this external id too. The rows of one record must stand together."
                errors.append(RowError(row, "/external_id", detail))
        if wanted.email is not None:
            first = by_email.setdefault(wanted.email.lower(), row)
            if first != row:
                errors.append(RowError(row, "/email", f"Row {first} has this email address too."))
        yield Refused(entry.rows, entry.kind, entry.external_id, errors) if errors else entry
