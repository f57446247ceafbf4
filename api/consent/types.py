"""Wire models that other slices embed in their own: a check, its instances, a refusal."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.audit.rules import Actor
from api.consent.rules import Instance, OptInCheck, Reason
from api.directory.rules import OptInSource, OptInState, OwnerKind, RefusalCause
from api.kit.errors import ProblemBody


class OptInInstance(BaseModel):
    """A phone record that holds the number; or a refusal that outlived its record (OPTIN-REMOVED).

    A refusal has no `phone_record_id`, and the names of the time when the record was removed. `kind` and `owner_id` are
    null if its owner is not known any more.
    """

    phone_record_id: UUID | None
    kind: OwnerKind | None
    owner_id: UUID | None
    owner_name: str
    contact_name: str | None
    state: OptInState
    changed_at: datetime | None
    changed_by: Actor | None
    source: OptInSource | None
    archived: bool
    blocks: bool
    phone_number: str | None
    """The other spelling under which the record holds the number; null if it holds the number itself."""
    refusal_id: UUID | None
    removed: RefusalCause | None
    removed_at: datetime | None
    removed_by: Actor | None

    @classmethod
    def of(cls, instance: Instance) -> "OptInInstance":
        return cls.model_validate(instance.as_json())


class OptInCheckOut(BaseModel):
    model_config = ConfigDict(title="OptInCheck")

    phone_number: str
    allowed: bool
    reason: Reason
    note: str | None
    stopped_at: datetime | None
    stopped_as: str | None
    """The other spelling that was stopped; null if the number itself was."""
    instances: list[OptInInstance]

    @classmethod
    def of(cls, check: OptInCheck) -> "OptInCheckOut":
        return cls.model_validate(check.as_json())

    @classmethod
    def stored(cls, decision: dict[str, Any]) -> "OptInCheckOut":
        """The check that a message stores. Earlier versions stored fewer fields."""
        instances = [dict.fromkeys(OptInInstance.model_fields) | each for each in decision["instances"]]
        return cls.model_validate({"stopped_as": None} | decision | {"instances": instances})


class RefusalOut(BaseModel):
    """An opt-out that stayed with the number after its record was gone (OPTIN-REMOVED), standing or lifted."""

    model_config = ConfigDict(title="Refusal", from_attributes=True)

    id: UUID
    kind: OwnerKind | None
    owner_id: UUID | None
    owner_name: str
    contact_name: str | None
    changed_at: datetime | None
    changed_by: Actor | None
    source: OptInSource | None
    removed: Annotated[RefusalCause, Field(validation_alias="cause")]
    removed_at: datetime
    removed_by: Actor | None
    lifted_at: datetime | None
    lifted_by: Actor | None
    lift_reason: str | None
    replaced_by: UUID | None
    """The phone record whose consent replaced it."""


class NotAllowedToTextBody(ProblemBody):
    model_config = ConfigDict(extra="allow", title="NotAllowedToTextProblem")

    check: OptInCheckOut
