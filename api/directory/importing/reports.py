"""The report of an import: what came of each row, in the order of the file. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.directory.importing.rows import Readable, Refused, RowError
from api.directory.plan import LacksPermission, NotPlanned, Planned
from api.directory.rules import ImportOutcome, OwnerKind

COUNTED = (ImportOutcome.CREATED, ImportOutcome.UPDATED, ImportOutcome.UNCHANGED, ImportOutcome.FAILED)


@dataclass(frozen=True)
class RecordResult:
    """What came of one record: consecutive rows of the file."""

    rows: Sequence[int]
    kind: OwnerKind | None
    external_id: str | None
    outcome: ImportOutcome
    record_id: UUID | None = None
    errors: Sequence[RowError] = ()

    @classmethod
    def refused(cls, entry: Refused) -> "RecordResult":
        return cls(entry.rows, entry.kind, entry.external_id, ImportOutcome.FAILED, errors=entry.errors)

    @classmethod
    def not_stored(cls, entry: Readable) -> "RecordResult":
        return cls(entry.rows, entry.kind, entry.external_id, ImportOutcome.NOT_STORED)

    @classmethod
    def failed(cls, entry: Readable, detail: str) -> "RecordResult":
        errors = [RowError(entry.rows[0], "", detail)]
        return cls(entry.rows, entry.kind, entry.external_id, ImportOutcome.FAILED, errors=errors)

    @classmethod
    def of(cls, entry: Readable, planned: Planned | NotPlanned) -> "RecordResult":
        if isinstance(planned, Planned):
            return cls(entry.rows, entry.kind, entry.external_id, planned.outcome, planned.id)
        row = entry.rows[0] if planned.place.row is None else planned.place.row
        errors = [RowError(row, planned.place.pointer, _detail(planned))]
        return cls(entry.rows, entry.kind, entry.external_id, ImportOutcome.FAILED, errors=errors)


def _detail(refused: NotPlanned) -> str:
    if not isinstance(refused, LacksPermission):
        return refused.detail
    if refused.permission is None:
        return "Importing staff members needs the administrator role. Ask an administrator for it."
    return f"This needs the {refused.permission.label} permission. Ask an administrator for it."


def counts_of(results: Iterable[RecordResult]) -> dict[ImportOutcome, int]:
    """Rows by outcome."""
    counts: Counter[ImportOutcome] = Counter()
    for result in results:
        counts[result.outcome] += len(result.rows)
    return {outcome: counts[outcome] for outcome in COUNTED}


@dataclass(frozen=True)
class Report:
    """Of an import that was answered at once."""

    committed: bool
    records: Sequence[RecordResult]

    @property
    def rows(self) -> int:
        return sum(len(each.rows) for each in self.records)

    @property
    def counts(self) -> dict[ImportOutcome, int]:
        return counts_of(self.records)
