"""Wire models of erasures."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.audit.rules import Actor
from api.kit.request_models import RequestModel
from api.kit.text import Reason
from api.retention.models import Erasure


class EraseIn(RequestModel):
    """`reason` stays in the audit log: write no name and no number into it."""

    reason: Reason
    """Why it is erased. It is kept."""


class ErasureCounts(BaseModel):
    """What was erased so far, and what stayed."""

    conversations: int = 0
    """Closed, and left as marks."""
    cancelled: int = 0
    """Texts that were queued and were not sent."""
    texts: int = 0
    """Texts that were emptied."""
    notes: int = 0
    """Internal notes that were emptied."""
    files: int = 0
    """Files that were deleted."""
    raw_events: int = 0
    """Inbound events whose raw content was deleted."""
    audit_entries: int = 0
    """Audit entries that lost their personal details."""
    answers: int = 0
    """Answers stored for repeated requests."""
    import_rows: int = 0
    """Rows of imports that were emptied."""
    phone_records: int = 0
    """Phone records that were removed."""
    staff_records: int = 0
    """Phone records of staff members. They stay in the directory, without this number."""
    contacts: int = 0
    """Contacts that held no other number, and are gone with their names."""
    families: int = 0
    """Families that had no other contact, and have lost their names."""
    refusals_kept: int = 0
    """Refusals that stay, as a keyed hash of the number."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class ErasureOut(BaseModel):
    """The erasure of a number. It does not say which: nothing does any more."""

    model_config = ConfigDict(title="Erasure")

    id: UUID
    state: Literal["running", "done"]
    """Whether it is finished."""
    stage: str
    """What is being erased now."""
    counts: ErasureCounts
    """What was erased so far."""
    requested_by: Actor
    """Who asked for it."""
    reason: str
    """Why it was asked for."""
    created_at: datetime
    finished_at: datetime | None
    """When it was done; null while it runs."""

    @classmethod
    def of(cls, erasure: Erasure) -> "ErasureOut":
        requested_by = Actor.stored(erasure.requested_by)
        assert requested_by is not None
        return cls(
            id=erasure.id,
            state="running" if erasure.finished_at is None else "done",
            stage=erasure.stage,
            counts=ErasureCounts.model_validate(erasure.counts),
            requested_by=requested_by,
            reason=erasure.reason,
            created_at=erasure.created_at,
            finished_at=erasure.finished_at,
        )
