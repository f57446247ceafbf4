"""What crosses the wire in the consent room."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.audit.schemas import AuditActor
from api.consent.rules import OptInCheck, Reason
from api.directory.rules import OptInSource, OptInState, OwnerKind
from api.directory.schemas import NumberOrSender
from api.kit.errors import Conflict, ProblemBody
from api.kit.text import Body


class OptInInstance(BaseModel):
    phone_record_id: UUID
    kind: OwnerKind
    owner_id: UUID
    owner_name: str
    contact_name: str | None
    state: OptInState
    changed_at: datetime | None
    changed_by: AuditActor | None
    source: OptInSource | None
    archived: bool
    blocks: bool
    phone_number: str | None
    """The other spelling of the number that the record holds; null where it is the number that was asked about."""


class OptInCheckOut(BaseModel):
    model_config = ConfigDict(title="OptInCheck")

    phone_number: str
    allowed: bool
    reason: Reason
    note: str | None
    stopped_at: datetime | None
    stopped_as: str | None
    """The other spelling of the number that was stopped; null where it is the number itself."""
    instances: list[OptInInstance]

    @classmethod
    def stored(cls, decision: dict[str, Any]) -> "OptInCheckOut":
        """A decision as it was stored with a message; an earlier version knew of no other spellings."""
        instances = [{"phone_number": None} | each for each in decision["instances"]]
        return cls.model_validate({"stopped_as": None} | decision | {"instances": instances})

    @classmethod
    def of(cls, check: OptInCheck) -> "OptInCheckOut":
        return cls(
            phone_number=check.phone_number,
            allowed=check.allowed,
            reason=check.reason,
            note=check.note,
            stopped_at=check.stopped_at,
            stopped_as=check.stopped_as,
            instances=[
                OptInInstance(
                    phone_record_id=each.phone_record_id,
                    kind=each.kind,
                    owner_id=each.owner_id,
                    owner_name=each.owner_name,
                    contact_name=each.contact_name,
                    state=each.state,
                    changed_at=each.changed_at,
                    changed_by=AuditActor(**each.changed_by) if each.changed_by else None,
                    source=each.source,
                    archived=each.archived,
                    blocks=each.blocks,
                    phone_number=each.phone_number,
                )
                for each in check.instances
            ],
        )


class OptInChange(BaseModel):
    """`wording` is what the person was shown or told, if anything."""

    state: OptInState
    source: OptInSource
    wording: Annotated[Body, StringConstraints(max_length=2000)] | None = None
    note: Annotated[Body, StringConstraints(max_length=2000)] | None = None


class OptInChecksIn(BaseModel):
    """Without `line_id`, the oldest line in service."""

    phone_numbers: Annotated[list[NumberOrSender], Field(max_length=1000)]
    line_id: UUID | None = None


class OptInChecks(BaseModel):
    """One check for each number asked about, in that order."""

    items: list[OptInCheckOut]


class NotAllowedToTextBody(ProblemBody):
    model_config = ConfigDict(extra="allow", title="NotAllowedToTextProblem")

    check: OptInCheckOut


class NotAllowedToText(Conflict):
    """OPTIN-ALL refused it. The answer carries the check, which names what blocks."""

    type, title = "/problems/not-allowed-to-text", "This number may not be texted"
    body_model = NotAllowedToTextBody
