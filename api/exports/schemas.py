"""What crosses the wire of the exports' routes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.audit.rules import Actor
from api.exports.queries import ExportRow
from api.exports.rules import ExportFormat, ExportKind, ExportState, NewExport
from api.kit.phone import NumberOrSender, is_erased
from api.kit.request_models import RequestModel
from api.kit.times import Moment


class _ExportIn(RequestModel):
    format: ExportFormat
    """NDJSON has every field, CSV is for spreadsheets, HTML is a page to print."""


class ConversationExportIn(_ExportIn):
    kind: Literal[ExportKind.CONVERSATION]
    """A conversation."""
    conversation_id: UUID

    def new(self) -> NewExport:
        return NewExport(kind=self.kind, format=self.format, conversation_id=self.conversation_id)


class PhoneNumberExportIn(_ExportIn):
    kind: Literal[ExportKind.PHONE_NUMBER]
    """A person's data request. It needs an administrator."""
    phone_number: NumberOrSender
    """The number, with all of its conversations."""

    def new(self) -> NewExport:
        return NewExport(kind=self.kind, format=self.format, phone_number=self.phone_number)


class RangeExportIn(_ExportIn):
    kind: Literal[ExportKind.RANGE]
    """A time range. It needs an administrator."""
    since: Annotated[Moment, Field(alias="from", description="The first moment.")]
    until: Annotated[
        Moment | None,
        Field(
            alias="to",
            description="The first moment after: at most 366 days after `from`. Without it, when the export begins.",
        ),
    ] = None
    line_id: UUID | None = None
    """The messages, notes and entries of this line's conversations alone."""

    def new(self) -> NewExport:
        return NewExport(kind=self.kind, format=self.format, since=self.since, until=self.until, line_id=self.line_id)


ExportIn = Annotated[ConversationExportIn | PhoneNumberExportIn | RangeExportIn, Field(discriminator="kind")]


class ExportProgress(BaseModel):
    done: int
    """Rows that are written."""
    total: int | None
    """Rows in all, as counted when it began; null before."""


class ExportOut(BaseModel):
    """An export: a job that writes a file."""

    model_config = ConfigDict(title="Export")

    id: UUID
    kind: ExportKind
    """What is exported."""
    format: ExportFormat
    """The format of its file."""
    conversation_id: UUID | None
    phone_number: str | None
    """Of the kind `phone_number`, and that of a conversation; null for a range, and once the number was erased."""
    from_: Annotated[datetime | None, Field(alias="from", description="The first moment of a range; else null.")]
    to: datetime | None
    """Rows of before this moment are in it. Null until it begins, unless it was asked for."""
    line_id: UUID | None
    state: ExportState
    """`expired`: its file was deleted."""
    progress: ExportProgress
    """How far it is."""
    size: int | None
    """Bytes of its file; null until it is done."""
    sha256: str | None
    """SHA-256 of its file in hexadecimal; null until it is done."""
    error: str | None
    """Why it failed or why its file was deleted, in words for the front desk."""
    created_by: Actor
    """Who asked for it."""
    created_at: datetime
    finished_at: datetime | None
    """When it was done, or ended without a file."""
    expires_at: datetime | None
    """When its file is deleted: 7 days after it was done."""

    @classmethod
    def of(cls, row: ExportRow) -> "ExportOut":
        job = row.job
        is_known = row.phone_number is not None and not is_erased(row.phone_number)
        author = Actor.stored(job.created_by)
        assert author is not None
        return cls.model_validate(
            {
                "id": job.id,
                "kind": job.kind,
                "format": job.format,
                "conversation_id": job.conversation_id,
                "phone_number": row.phone_number if is_known else None,
                "from": job.since,
                "to": job.until,
                "line_id": job.line_id,
                "state": job.state,
                "progress": ExportProgress(done=job.done, total=job.total),
                "size": job.size if job.sha256 is not None else None,
                "sha256": job.sha256.hex() if job.sha256 is not None else None,
                "error": job.error,
                "created_by": author,
                "created_at": job.created_at,
                "finished_at": job.finished_at,
                "expires_at": job.expires_at,
            }
        )
