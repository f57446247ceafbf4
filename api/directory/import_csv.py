"""Reading an import in CSV: where rows end, and which rows are one record. Pure."""

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO, Any

from api.directory.import_rows import (
    MAX_ERRORS_OF_ROW,
    MAX_LINE,
    Entry,
    Refused,
    RowError,
    kind_of,
    lines_of,
    record_of,
    require_room,
    shown_id,
    unknown_kind,
)
from api.directory.rules import OptInSource, OwnerKind
from api.kit.errors import Invalid
from api.kit.folding import fold_name
from api.kit.text import made_storable

COLUMNS = (
    *("kind", "external_id", "name", "contact_name", "relation", "phone_number", "label"),
    *("opt_in_state", "opt_in_source", "email", "permissions", "is_admin"),
)
REQUIRED_COLUMNS = ("kind", "name")
OF_STAFF_ONLY = ("email", "permissions", "is_admin")
OF_FAMILIES_ONLY = ("contact_name", "relation")

MAX_ROWS_OF_RECORD = 500
"""Rows with one external id."""


class _LineTooLong(Exception):
    """The quotes of what follows cannot be told any more."""


def read_csv(file: IO[bytes], *, country: str) -> Iterator[Entry]:
    """RFC 4180, with commas or semicolons. Raises `Invalid` for a header that does not fit.

    Consecutive rows of one kind and external id are one record. Empty rows are passed over, and counted.
    """
    lines = lines_of(file, newline="")
    header, delimiter = _header(next((line for line in lines if line.strip()), ""))
    reader = csv.reader(_bounded(lines), delimiter=delimiter, strict=True)
    row = 0
    group = _Group()
    while True:
        row += 1
        require_room(row)
        read_before = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            break
        except (csv.Error, _LineTooLong) as error:
            yield from group.taken(country=country)
            spans = reader.line_num - read_before
            ends = isinstance(error, _LineTooLong) or spans > 1
            yield Refused([row], None, None, [RowError(row, "", _broken(error, spans, ends=ends))])
            if ends:
                return
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            yield from group.taken(country=country)
            detail = f"This row has {len(cells)} cells, and the header {len(header)}. Are its quotes in order?"
            yield Refused([row], None, None, [RowError(row, "", detail)])
            continue
        values = dict.fromkeys(COLUMNS, "") | dict(zip(header, map(str.strip, cells), strict=True))
        if not group.continues_with(values):
            yield from group.taken(country=country)
        group.add(row, values)
    yield from group.taken(country=country)


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if len(line) > MAX_LINE:
            raise _LineTooLong
        yield line


def _broken(error: Exception, spans: int, *, ends: bool) -> str:
    if isinstance(error, _LineTooLong):
        return f"A line may have at most {MAX_LINE:,} characters. Nothing after this row was read."
    if ends:
        return (
            f"A quoted cell that begins in this row does not end as it should within {spans} lines. "
            "Nothing after it was read."
        )
    return f"This row cannot be read as CSV: {error}."


def _header(line: str) -> tuple[list[str], str]:
    """The names of the columns and what separates them. Raises `Invalid`, naming every column that does not fit."""
    best: tuple[list[str], str] = ([], ",")
    for delimiter in (",", ";"):
        with suppress(csv.Error, StopIteration):
            names = [name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter, strict=True))]
            if not best[0] or len(set(names) & set(COLUMNS)) > len(set(best[0]) & set(COLUMNS)):
                best = names, delimiter
    names, delimiter = best
    known = f"The columns are: {', '.join(COLUMNS)}."
    problems = [
        (f"/columns/{index}", f"There is no column “{made_storable(name)[:60]}”. {known}")
        for index, name in enumerate(names[:200])
        if name not in COLUMNS
    ]
    problems += [
        (f"/columns/{index}", f"The column “{name}” stands here twice.")
        for index, name in enumerate(names[:200])
        if name in COLUMNS and name in names[:index]
    ]
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        problems.append(("/columns", f"The first row must name the column {' and the column '.join(missing)}. {known}"))
    if problems:
        raise Invalid(problems[:MAX_ERRORS_OF_ROW])
    return names, delimiter


class _Group:
    """Consecutive CSV rows of one record."""

    def __init__(self) -> None:
        self._key: tuple[str, str] | None = None
        self._rows: list[int] = []
        self._values: list[dict[str, str]] = []

    def continues_with(self, values: dict[str, str]) -> bool:
        return self._key is not None and self._key == _key(values)

    def add(self, row: int, values: dict[str, str]) -> None:
        self._key = _key(values)
        self._rows.append(row)
        if len(self._rows) <= MAX_ROWS_OF_RECORD:
            self._values.append(values)

    def taken(self, *, country: str) -> Iterator[Entry]:
        """The record of the rows, if there are any; then there are none."""
        rows, values = self._rows, self._values
        self._key, self._rows, self._values = None, [], []
        if len(rows) > MAX_ROWS_OF_RECORD:
            detail = f"One record may have at most {MAX_ROWS_OF_RECORD} rows."
            yield Refused(rows, None, None, [RowError(rows[0], "/external_id", detail)])
        elif rows:
            yield _record_of_rows(rows, values, country=country)


def _key(values: dict[str, str]) -> tuple[str, str] | None:
    return (values["kind"].lower(), values["external_id"]) if values["external_id"] else None


def _record_of_rows(rows: list[int], values: list[dict[str, str]], *, country: str) -> Entry:
    kind = kind_of(values[0]["kind"].lower())
    external_id = values[0]["external_id"]
    if kind is None:
        errors = [RowError(rows[0], "/kind", unknown_kind(values[0]["kind"]))]
        return Refused(rows, None, shown_id(external_id), errors)
    problems: list[RowError] = []
    places: dict[tuple[str | int, ...], tuple[int, str]] = {(): (rows[0], "")}
    data: dict[str, Any] = {"external_id": external_id or None}
    if external_id:
        places["external_id",] = rows[0], "/external_id"
    own = ("name", *OF_STAFF_ONLY) if kind is OwnerKind.STAFF_MEMBER else ("name",)
    for column in own:
        given = [(row, cells[column]) for row, cells in zip(rows, values, strict=True) if cells[column]]
        places[column,] = given[0][0] if given else rows[0], f"/{column}"
        problems += [
            RowError(row, f"/{column}", f"Rows of one record must agree, and row {given[0][0]} says otherwise.")
            for row, value in given
            if value != given[0][1]
        ]
        if given:
            data[column] = _permissions(given[0][1]) if column == "permissions" else given[0][1]
    foreign = OF_FAMILIES_ONLY if kind is OwnerKind.STAFF_MEMBER else OF_STAFF_ONLY
    whose = "Only a family has this." if kind is OwnerKind.STAFF_MEMBER else "Only a staff member has this."
    problems += [
        RowError(row, f"/{column}", whose)
        for row, cells in zip(rows, values, strict=True)
        for column in foreign
        if cells[column]
    ]
    holders = _Holders(kind, places, problems)
    for row, cells in zip(rows, values, strict=True):
        holders.add(row, cells)
    data |= holders.data()
    if problems:
        return Refused(rows, kind, shown_id(external_id), problems[:MAX_ERRORS_OF_ROW])

    def place(location: tuple[str | int, ...]) -> tuple[int, str]:
        while location not in places:
            location = location[:-1]
        return places[location]

    return record_of(data, kind, rows, place=place, country=country)


def _permissions(cell: str) -> list[str]:
    words = [word for word in re.split(r"[|;,\s]+", cell.lower()) if word]
    return [] if words == ["none"] else words


class _Holders:
    """Builds the contacts or the phone records of one record from its rows, and remembers where each stood."""

    def __init__(
        self,
        kind: OwnerKind,
        places: dict[tuple[str | int, ...], tuple[int, str]],
        problems: list[RowError],
    ) -> None:
        self._of_family = kind is OwnerKind.FAMILY
        self._places = places
        self._problems = problems
        self._contacts: list[dict[str, Any]] = []
        self._records: list[dict[str, Any]] = []

    def data(self) -> dict[str, Any]:
        if self._of_family:
            return {"contacts": self._contacts} if self._contacts else {}
        return {"phone_records": self._records} if self._records else {}

    def add(self, row: int, cells: dict[str, str]) -> None:
        if (cells["label"] or cells["opt_in_state"]) and not cells["phone_number"]:
            detail = "Give the number that the label or the opt_in_state is about."
            self._problems.append(RowError(row, "/phone_number", detail))
        if not self._of_family:
            if cells["phone_number"]:
                self._add_record(self._records, (), row, cells)
            return
        if not cells["contact_name"]:
            if cells["relation"] or cells["phone_number"]:
                self._problems.append(
                    RowError(row, "/contact_name", "Name the contact of the family that this is about.")
                )
            return
        index = self._contact(row, cells)
        if cells["phone_number"]:
            records = self._contacts[index].setdefault("phone_records", [])
            self._add_record(records, ("contacts", index), row, cells)

    def _contact(self, row: int, cells: dict[str, str]) -> int:
        """The place of the row's contact: the one of the same name and, where the row says it, the same relation."""
        # José and Jose may be two people; one of them, written with another kind of space, is not.
        spelling = fold_name(cells["contact_name"], keep_accents=True)
        for index, contact in enumerate(self._contacts):
            same_name = spelling == fold_name(contact["name"], keep_accents=True)
            if same_name and cells["relation"] in {"", contact["relation"]}:
                return index
        index = len(self._contacts)
        self._contacts.append({"name": cells["contact_name"], "relation": cells["relation"] or None})
        self._places["contacts", index] = row, "/contact_name"
        self._places["contacts", index, "relation"] = row, "/relation"
        return index

    def _add_record(
        self, records: list[dict[str, Any]], prefix: tuple[str | int, ...], row: int, cells: dict[str, str]
    ) -> None:
        where = (*prefix, "phone_records", len(records))
        record: dict[str, Any] = {"phone_number": cells["phone_number"], "label": cells["label"] or None}
        if cells["opt_in_state"]:
            source = cells["opt_in_source"].lower() or OptInSource.IMPORT.value
            record["opt_in"] = {"state": cells["opt_in_state"].lower(), "source": source}
        records.append(record)
        self._places[where] = row, "/phone_number"
        self._places[*where, "label"] = row, "/label"
        self._places[*where, "opt_in"] = row, "/opt_in_state"
        self._places[*where, "opt_in", "source"] = row, "/opt_in_source"
