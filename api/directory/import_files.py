"""The temporary files of an import: the upload, what was read of it, and the report on its rows."""

import asyncio
import codecs
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.directory.import_changes import Outcome
from api.directory.import_rows import Entry, Record, Refused, RowError
from api.directory.rules import OwnerKind
from api.directory.schemas import ImportItem, ImportOutcome, ImportRefused
from api.kit.errors import PROBLEM_JSON, FieldError, Invalid, Unreadable

BATCH = 500
"""Records stored with one set of statements; a transaction of its own where the import may be partial."""

IN_MEMORY = 1024 * 1024
"""Bytes of a temporary file before it lies on the disk."""

NEEDS_ADMINISTRATOR = "Importing staff members needs the administrator role. Ask an administrator for it."


def temporary_file() -> IO[bytes]:
    return SpooledTemporaryFile(max_size=IN_MEMORY)  # Whoever asks for it closes it.


async def spool(chunks: AsyncIterator[bytes], file: IO[bytes]) -> None:
    """Take in the upload. Raises `Unreadable` at the first byte that is not UTF-8, `Invalid` when there is nothing."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    waiting = bytearray()
    before, lines = 0, 1

    def take(data: bytes, *, final: bool) -> None:
        nonlocal before, lines
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(data, final)
        except UnicodeDecodeError as error:
            offset = before - pending + error.start
            line = lines + data[: max(0, error.start - pending)].count(b"\n")
            raise Unreadable(
                f"The file is not UTF-8: byte {offset} (counted from 0), in line {line}, does not belong there. "
                "Save it as UTF-8; spreadsheet programs call it “CSV UTF-8”."
            ) from None
        before += len(data)
        lines += data.count(b"\n")
        file.write(data)

    async for chunk in chunks:
        waiting += chunk
        if len(waiting) >= IN_MEMORY // 4:
            await asyncio.to_thread(take, bytes(waiting), final=False)
            waiting.clear()
    take(bytes(waiting), final=True)
    if before == 0:
        raise Invalid([("", "The file is empty.")])


class Report:
    """What came of each row, in the order of the file. Holds the items of the answer in a temporary file."""

    def __init__(self) -> None:
        self._file = temporary_file()
        self._first = True
        self.committed = False
        self.counts = dict.fromkeys(ImportOutcome, 0)

    @property
    def failed(self) -> int:
        return self.counts[ImportOutcome.FAILED]

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    def clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._first = True
        self.counts = dict.fromkeys(ImportOutcome, 0)

    def close(self) -> None:
        self._file.close()

    def add(self, record: Record, outcome: Outcome) -> None:
        row = record.rows[0] if outcome.row is None else outcome.row
        errors = [RowError(row, *each) for each in outcome.errors]
        self._add(record.rows, outcome.outcome, record.kind, outcome.id, record.external_id, errors)

    def refuse(self, refused: Refused) -> None:
        self._add(refused.rows, ImportOutcome.FAILED, refused.kind, None, refused.external_id, refused.errors)

    def _add(
        self,
        rows: Sequence[int],
        outcome: ImportOutcome,
        kind: OwnerKind | None,
        record_id: UUID | None,
        external_id: str | None,
        errors: Sequence[RowError],
    ) -> None:
        by_row: dict[int, list[FieldError]] = {}
        for row, pointer, detail in errors:
            by_row.setdefault(row, []).append(FieldError(pointer=pointer, detail=detail))
        for row in rows:
            own = by_row.get(row, [])
            if errors and not own:
                own = [FieldError(pointer="", detail=f"Row {errors[0].row}, of the same record, failed.")]
            item = ImportItem(row=row, outcome=outcome, kind=kind, id=record_id, external_id=external_id, errors=own)
            self._file.write((b"" if self._first else b",") + item.model_dump_json().encode())
            self._first = False
        self.counts[outcome] += len(rows)

    def summary(self) -> dict[str, Any]:
        counted = (ImportOutcome.CREATED, ImportOutcome.UPDATED, ImportOutcome.UNCHANGED, ImportOutcome.FAILED)
        counts = {outcome.value: self.counts[outcome] for outcome in counted}
        return {"committed": self.committed, "rows": self.rows, **counts}

    async def body(self, fields: dict[str, Any]) -> AsyncIterator[bytes]:
        """The answer: `fields`, the summary and the items, a piece at a time."""
        head = json.dumps({**fields, **self.summary()})
        yield f'{head[:-1]}, "items": ['.encode()
        self._file.seek(0)
        while piece := await asyncio.to_thread(self._file.read, 64 * 1024):
            yield piece
        yield b"]}"


class ReportResponse(StreamingResponse):
    """Sends a report and closes it: as the answer 200, or as the problem that refused the file at `instance`."""

    def __init__(self, report: Report, *, instance: str) -> None:
        if report.committed:
            fields: dict[str, Any] = {}
            super().__init__(report.body(fields), media_type="application/json")
        else:
            detail = f"{report.failed:,} of {report.rows:,} rows cannot be stored, so none was."
            fields = ImportRefused(detail).body(instance=instance)
            super().__init__(report.body(fields), ImportRefused.status, media_type=PROBLEM_JSON)
        self._report = report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._report.close()


@dataclass
class Plan:
    """The file as read: each record as it is wanted, or why it is refused, and what they concern together."""

    file: IO[bytes]
    rows: int = 0
    failed: bool = False
    names_staff: bool = False
    families: list[str] = field(default_factory=list)
    staff_members: list[str] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)

    def take(self, entries: Iterator[Entry], *, may_import_staff: bool, partial: bool) -> bool:
        """Read some more. False at the end of the file."""
        taken = 0
        for entry in islice(entries, BATCH):
            taken += 1
            self.rows += len(entry.rows)
            self.names_staff |= entry.kind is OwnerKind.STAFF_MEMBER
            refused = _refusal(entry, may_import_staff=may_import_staff)
            if refused is not None:
                self.failed = True
                self.file.write(b"-" + json.dumps(refused).encode() + b"\n")
            elif isinstance(entry, Record):
                self.file.write(b"+" + entry.encoded().encode() + b"\n")
                if not partial:
                    self._concern(entry)
        return taken == BATCH

    def _concern(self, record: Record) -> None:
        if record.external_id is not None:
            (self.families if record.kind is OwnerKind.FAMILY else self.staff_members).append(record.external_id)
        self.numbers.update(record.all_numbers())

    def batch(self) -> list[Entry]:
        """The next entries of the plan, from where its file stands."""
        return [_entry(line) for line in islice(self.file, BATCH)]


def _refusal(entry: Entry, *, may_import_staff: bool) -> Refused | None:
    if entry.kind is OwnerKind.STAFF_MEMBER and not may_import_staff:
        return Refused(
            entry.rows, entry.kind, entry.external_id, [RowError(entry.rows[0], "/kind", NEEDS_ADMINISTRATOR)]
        )
    return entry if isinstance(entry, Refused) else None


def _entry(line: bytes) -> Entry:
    text = line[1:].decode()
    if line[:1] == b"+":
        return Record.decoded(text)
    rows, kind, external_id, errors = json.loads(text)
    return Refused(rows, OwnerKind(kind) if kind else None, external_id, [RowError(*each) for each in errors])
