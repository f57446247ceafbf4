"""Reads CSV files of an import: splits them into rows, and joins the rows of one record. Pure."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any

from pydantic import TypeAdapter, ValidationError

from api.directory.importing.rows import (
    MAX_ERRORS_OF_ROW,
    MAX_LINE,
    Entry,
    Refused,
    RowError,
    entry_of,
    kind_of,
    lines_of,
    require_row_allowed,
    shown_id,
    unknown_kind,
)
from api.directory.rules import OptInSource, OwnerKind, Place
from api.directory.wanted import Location
from api.kit.errors import Invalid
from api.kit.folding import fold_name
from api.kit.metadata import key_of
from api.kit.text import made_storable

COLUMNS = (
    *("kind", "external_id", "name", "contact_name", "relation", "phone_number", "label"),
    *("opt_in_state", "opt_in_source", "email", "permissions", "is_admin"),
    *("location", "notes", "tags"),
    *("student_name", "class_name", "class_days", "class_time", "class_room", "class_coach", "class_location"),
)
METADATA = "metadata."
"""Columns with a key of the metadata begin so. The key keeps its case."""
REQUIRED_COLUMNS = ("kind", "name")
OWN_COLUMNS = {
    OwnerKind.FAMILY: ("name", "location", "notes", "tags"),
    OwnerKind.STAFF_MEMBER: ("name", "email", "permissions", "is_admin", "location", "notes", "tags"),
}
"""Columns of a record itself. Each of its rows may repeat them."""
CLASS_COLUMNS = {
    "class_name": "name",
    "class_days": "weekdays",
    "class_time": "time",
    "class_room": "room",
    "class_coach": "coach",
    "class_location": "location",
}
"""And the fields of a class that they hold."""
ONLY_OF = {
    **dict.fromkeys(("contact_name", "relation", "student_name", *CLASS_COLUMNS), OwnerKind.FAMILY),
    **dict.fromkeys(("email", "permissions", "is_admin"), OwnerKind.STAFF_MEMBER),
}

MAX_ROWS_OF_RECORD = 500
"""Rows with one external id."""


class _LineTooLong(Exception):
    """Reading stops here: where later quoted cells begin and end is not known."""


def read_csv(file: IO[bytes], *, country: str) -> Iterator[Entry]:
    """RFC 4180, with commas or semicolons. Raises `Invalid` for a header that does not fit.

    Consecutive rows of one kind and external id are one record. Empty rows are skipped, and counted.
    """
    lines = lines_of(file, newline="")
    header, delimiter = _header(next((line for line in lines if line.strip()), ""))
    reader = csv.reader(_bounded(lines), delimiter=delimiter, strict=True)
    row = 0
    group = _Group()
    while True:
        row += 1
        require_row_allowed(row)
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
            names = [_column(name) for name in next(csv.reader([line], delimiter=delimiter, strict=True))]
            if not best[0] or len(set(names) & set(COLUMNS)) > len(set(best[0]) & set(COLUMNS)):
                best = names, delimiter
    names, delimiter = best
    known = f"The columns are: {', '.join(COLUMNS)}, and {METADATA}key for a key of the metadata."
    problems = [
        (f"/columns/{index}", f"There is no column “{made_storable(name)[:60]}”. {known}")
        for index, name in enumerate(names[:200])
        if not _is_column(name)
    ]
    problems += [
        (f"/columns/{index}", f"The column “{name}” stands here twice.")
        for index, name in enumerate(names[:200])
        if _is_column(name) and name in names[:index]
    ]
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        problems.append(("/columns", f"The first row must name the column {' and the column '.join(missing)}. {known}"))
    if problems:
        raise Invalid(problems[:MAX_ERRORS_OF_ROW])
    return names, delimiter


def _column(cell: str) -> str:
    name = cell.strip()
    prefix = name[: len(METADATA)].lower()
    return prefix + name[len(METADATA) :] if prefix == METADATA else name.lower()


def _is_column(name: str) -> bool:
    if not name.startswith(METADATA):
        return name in COLUMNS
    try:
        key_of(name.removeprefix(METADATA))
    except ValueError:
        return False
    return True


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
        """The record of the rows, if there are any. Empties the group."""
        rows, values = self._rows, self._values
        self._key, self._rows, self._values = None, [], []
        if len(rows) > MAX_ROWS_OF_RECORD:
            detail = f"One record may have at most {MAX_ROWS_OF_RECORD} rows."
            yield Refused(rows, None, None, [RowError(rows[0], "/external_id", detail)])
        elif rows:
            yield _entry_of_rows(rows, values, country=country)


def _key(values: dict[str, str]) -> tuple[str, str] | None:
    return (values["kind"].lower(), values["external_id"]) if values["external_id"] else None


def _entry_of_rows(rows: list[int], values: list[dict[str, str]], *, country: str) -> Entry:
    kind = kind_of(values[0]["kind"].lower())
    external_id = values[0]["external_id"]
    if kind is None:
        errors = [RowError(rows[0], "/kind", unknown_kind(values[0]["kind"]))]
        return Refused(rows, None, shown_id(external_id), errors)
    record = _RecordOfRows(kind, rows[0], external_id)
    numbered = list(zip(rows, values, strict=True))
    for column in OWN_COLUMNS[kind]:
        record.add_own(column, [(row, cells[column]) for row, cells in numbered if cells[column]])
    for column in values[0]:
        if column.startswith(METADATA):
            record.add_metadata(column, [(row, cells[column]) for row, cells in numbered if cells[column]])
    for row, cells in numbered:
        record.add_holder(row, cells)
        record.add_student(row, cells)
    if record.problems:
        return Refused(rows, kind, shown_id(external_id), record.problems[:MAX_ERRORS_OF_ROW])
    return entry_of(record.data, kind, rows, locate=record.locate, country=country)


def _permissions(cell: str) -> list[str]:
    words = [word for word in re.split(r"[|;,\s]+", cell.lower()) if word]
    return [] if words == ["none"] else words


def _tags(cell: str) -> list[str]:
    """Separated by `|`, `;` or a comma. `none` takes all tags off."""
    tags = [tag.strip() for tag in re.split(r"[|;,]", cell) if tag.strip()]
    return [] if [tag.lower() for tag in tags] == ["none"] else tags


_TRUTH = TypeAdapter(bool)


def _truth(cell: str) -> bool | str:
    """`true`, `yes`, `1` … A text that is neither true nor false stays as it is."""
    try:
        return _TRUTH.validate_python(cell)
    except ValidationError:
        return cell


READERS: dict[str, Callable[[str], bool | str | list[str]]] = {
    "permissions": _permissions,
    "tags": _tags,
    "is_admin": _truth,
}
"""Columns that are no texts."""


class _RecordOfRows:
    """One record of the file in the shape of an NDJSON line, with the place of each of its values."""

    def __init__(self, kind: OwnerKind, first_row: int, external_id: str) -> None:
        self.data: dict[str, Any] = {"external_id": external_id or None}
        self.problems: list[RowError] = []
        self._kind = kind
        self._places: dict[Location, Place] = {(): Place("", first_row)}
        for column in (*OWN_COLUMNS[kind], *(("external_id",) if external_id else ())):
            self._places[column,] = Place(f"/{column}", first_row)

    def locate(self, location: Location) -> Place:
        """The place of a value, or of the nearest value that it is part of."""
        while location not in self._places:
            location = location[:-1]
        return self._places[location]

    def add_own(self, column: str, given: Sequence[tuple[int, str]]) -> None:
        """A column of the record itself, from the rows that have it. Rows of one record must agree."""
        if not given:
            return
        first, value = given[0]
        self._places[column,] = Place(f"/{column}", first)
        read = READERS.get(column)
        self.data[column] = read(value) if read else value
        self._require_agreement(column, given)

    def add_metadata(self, column: str, given: Sequence[tuple[int, str]]) -> None:
        """A column with a key of the metadata. An empty cell leaves the key as it is."""
        if given:
            key = column.removeprefix(METADATA)
            self.data.setdefault("metadata", {})[key] = given[0][1]
            self._places["metadata",] = Place("/metadata", given[0][0])
            self._places["metadata", key] = Place(f"/{column}", given[0][0])
            self._require_agreement(column, given)

    def _require_agreement(self, column: str, given: Sequence[tuple[int, str]]) -> None:
        first, value = given[0]
        detail = f"Rows of one record must agree, and row {first} says otherwise."
        self.problems += [RowError(row, f"/{column}", detail) for row, other in given if other != value]

    def add_holder(self, row: int, cells: dict[str, str]) -> None:
        """The contact or phone record that a row holds, if any."""
        for column, kind in ONLY_OF.items():
            if cells[column] and kind is not self._kind:
                self._refuse(row, column, f"Only a {kind.value.replace('_', ' ')} has this.")
        if (cells["label"] or cells["opt_in_state"]) and not cells["phone_number"]:
            self._refuse(row, "phone_number", "Give the number that the label or the opt_in_state is about.")
        location: Location = ()
        holder = self.data
        if self._kind is OwnerKind.FAMILY:
            if not cells["contact_name"]:
                if cells["relation"] or cells["phone_number"]:
                    self._refuse(row, "contact_name", "Name the contact of the family that this is about.")
                return
            index = self._contact(row, cells)
            location, holder = ("contacts", index), self.data["contacts"][index]
        if cells["phone_number"]:
            self._add_phone_record(holder.setdefault("phone_records", []), location, row, cells)

    def add_student(self, row: int, cells: dict[str, str]) -> None:
        """The student that a row holds, with the class that it holds, if any."""
        about_class = [column for column in CLASS_COLUMNS if cells[column]]
        if not cells["student_name"]:
            if about_class:
                self._refuse(row, "student_name", "Name the student who attends this class.")
            return
        index = self._student(row, cells["student_name"])
        if not cells["class_name"]:
            if about_class:
                self._refuse(row, "class_name", "Name the class that this is about.")
            return
        classes = self.data["students"][index].setdefault("classes", [])
        given: dict[str, Any] = {CLASS_COLUMNS[column]: cells[column] for column in about_class}
        if "weekdays" in given:
            given["weekdays"] = [day for day in re.split(r"[|;,/\s]+", given["weekdays"]) if day]
        if given in classes:
            return
        location = ("students", index, "classes", len(classes))
        classes.append(given)
        self._places[location] = Place("/class_name", row)
        for column, name in CLASS_COLUMNS.items():
            self._places[*location, name] = Place(f"/{column}", row)

    def _student(self, row: int, name: str) -> int:
        """The index of the row's student: the one of the same name."""
        spelling = fold_name(name, keep_accents=True)
        students = self.data.setdefault("students", [])
        for index, student in enumerate(students):
            if fold_name(student["name"], keep_accents=True) == spelling:
                return index
        self._places["students", len(students)] = Place("/student_name", row)
        students.append({"name": name})
        return len(students) - 1

    def _refuse(self, row: int, column: str, detail: str) -> None:
        self.problems.append(RowError(row, f"/{column}", detail))

    def _contact(self, row: int, cells: dict[str, str]) -> int:
        """The index of the row's contact: the one of the same name and, where the row says it, the same relation."""
        # José and Jose may be two people; a name with another kind of space is the same person.
        spelling = fold_name(cells["contact_name"], keep_accents=True)
        contacts = self.data.setdefault("contacts", [])
        for index, contact in enumerate(contacts):
            same_name = spelling == fold_name(contact["name"], keep_accents=True)
            if same_name and cells["relation"] in {"", contact["relation"]}:
                return index
        location = ("contacts", len(contacts))
        contacts.append({"name": cells["contact_name"], "relation": cells["relation"] or None})
        self._places[location] = Place("/contact_name", row)
        self._places[*location, "relation"] = Place("/relation", row)
        return len(contacts) - 1

    def _add_phone_record(
        self, records: list[dict[str, Any]], holder: Location, row: int, cells: dict[str, str]
    ) -> None:
        location = (*holder, "phone_records", len(records))
        record: dict[str, Any] = {"phone_number": cells["phone_number"], "label": cells["label"] or None}
        if cells["opt_in_state"]:
            source = cells["opt_in_source"].lower() or OptInSource.IMPORT.value
            record["opt_in"] = {"state": cells["opt_in_state"].lower(), "source": source}
        if cells["student_name"] and record in records:
            # A row for each student repeats the contact.
            return
        records.append(record)
        self._places[location] = Place("/phone_number", row)
        self._places[*location, "label"] = Place("/label", row)
        self._places[*location, "opt_in"] = Place("/opt_in_state", row)
        self._places[*location, "opt_in", "source"] = Place("/opt_in_source", row)
