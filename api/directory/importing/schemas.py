"""Answers of the import's routes."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.directory.importing.jobs import ImportState
from api.directory.importing.reports import RecordResult, Report
from api.directory.models import Import
from api.directory.rules import ImportOutcome, OwnerKind
from api.kit.errors import FieldError, ProblemBody


class ImportItem(BaseModel):
    """One row: a record of the CSV file after its header, or a line of the NDJSON file, counted from 1.

    `kind` is null where the row does not say it; `id` is the record's, where one is stored.
    """

    row: int
    """Its number, from 1."""
    outcome: ImportOutcome
    """What came of it."""
    kind: OwnerKind | None
    """A family or a staff member. Null where the row does not say it."""
    id: UUID | None
    external_id: str | None
    errors: list[FieldError]
    """What is wrong with it."""

    @classmethod
    def of_record(cls, result: RecordResult) -> "list[ImportItem]":
        """An item for each row of the record."""
        errors: dict[int, list[FieldError]] = {}
        for error in result.errors:
            errors.setdefault(error.row, []).append(FieldError(pointer=error.pointer, detail=error.detail))
        others: list[FieldError] = []
        if result.errors:
            others = [FieldError(pointer="", detail=f"Row {result.errors[0].row}, of the same record, failed.")]
        return [
            cls(
                row=row,
                outcome=result.outcome,
                kind=result.kind,
                id=result.record_id,
                external_id=result.external_id,
                errors=errors.get(row, others),
            )
            for row in result.rows
        ]


class ImportReport(BaseModel):
    """The counts are of rows; several rows of one CSV record have the same outcome."""

    committed: bool
    """Whether anything was stored."""
    rows: int
    """Rows of the file."""
    created: int
    """Rows of new records."""
    updated: int
    """Rows of changed records."""
    unchanged: int
    """Rows of records that were so already."""
    failed: int
    """Rows with an error."""
    items: list[ImportItem]
    """What came of each row, in the order of the file."""

    @classmethod
    def of(cls, report: Report) -> "ImportReport":
        counts = {outcome.value: count for outcome, count in report.counts.items()}
        items = [item for record in report.records for item in ImportItem.of_record(record)]
        return cls(committed=report.committed, rows=report.rows, items=items, **counts)


class ImportRefusedBody(ImportReport, ProblemBody):
    model_config = ConfigDict(extra="allow", title="ImportRefusedProblem")


class ImportJob(BaseModel):
    """An import that a worker runs. The counts are of rows.

    An import that is all or nothing begins as `checking`: `done` rows are checked. Then it is `storing`: `done` rows
    are stored. It ends as `done`; as `refused` if a row failed in the check, so that nothing was stored; or as
    `stopped` if its author may no longer import: what was stored before stays.
    """

    id: UUID
    state: ImportState
    """Where it stands."""
    partial: bool
    """Whether good rows are stored though others fail."""
    rows: int
    """Rows of the file."""
    done: int
    """Rows that are checked or stored."""
    created: int
    """Rows of new records."""
    updated: int
    """Rows of changed records."""
    unchanged: int
    """Rows of records that were so already."""
    failed: int
    """Rows with an error."""
    created_at: datetime
    finished_at: datetime | None
    """When it ended. Null while it runs."""

    @classmethod
    def of(cls, job: Import) -> "ImportJob":
        return cls(
            id=job.id,
            state=ImportState(job.state),
            partial=job.is_partial,
            rows=job.rows,
            done=job.done,
            created=job.created,
            updated=job.updated,
            unchanged=job.unchanged,
            failed=job.failed,
            created_at=job.created_at,
            finished_at=job.finished_at,
        )


class ImportJobReport(ImportJob):
    """The import with a page of its report. While it runs, the report holds the rows that are stored or have failed."""

    items: list[ImportItem]
    """What came of each row of this page, in the order of the file."""
    next_cursor: str | None
    """Leads to the next page. Null if this is the last."""

    @classmethod
    def page(cls, job: Import, results: Iterable[RecordResult], *, next_cursor: str | None) -> "ImportJobReport":
        items = [item for record in results for item in ImportItem.of_record(record)]
        return cls(**dict(ImportJob.of(job)), items=items, next_cursor=next_cursor)
