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
    """Null for a refusal whose record is gone."""
    kind: OwnerKind | None
    """Whose record it is: of a family or of a staff member."""
    owner_id: UUID | None
    """The family or staff member."""
    owner_name: str
    """The name of the family or staff member."""
    contact_name: str | None
    """The contact of the family; null for a staff member."""
    state: OptInState
    """The opt-in state of the record. A refusal is opted out."""
    changed_at: datetime | None
    """When the state was last changed."""
    changed_by: Actor | None
    """Who changed the state last."""
    source: OptInSource | None
    """How the state is known."""
    archived: bool
    """Whether the record's owner is archived."""
    blocks: bool
    """Whether this instance is a reason not to text the number."""
    phone_number: str | None
    """The other spelling under which the record holds the number; null if it holds the number itself."""
    refusal_id: UUID | None
    """The refusal, to lift it; null for a record."""
    removed: RefusalCause | None
    """Why the record of a refusal is gone; null for a record."""
    removed_at: datetime | None
    """When the record of a refusal went."""
    removed_by: Actor | None
    """Who removed the record of a refusal."""

    @classmethod
    def of(cls, instance: Instance) -> "OptInInstance":
        return cls.model_validate(instance.as_json())


class OptInCheckOut(BaseModel):
    model_config = ConfigDict(title="OptInCheck")

    phone_number: str
    """The number, in E.164."""
    allowed: bool
    """Whether the number may be texted now."""
    reason: Reason
    """Why it may or may not be texted."""
    note: str | None
    """What belongs to the reason: the country that the line does not text, say."""
    stopped_at: datetime | None
    """When the holder of the number texted STOP; null if the number is not stopped."""
    stopped_as: str | None
    """The other spelling that was stopped; null if the number itself was."""
    instances: list[OptInInstance]
    """Every record and refusal that counts, also those that do not block."""

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
    """The id that lifting it takes."""
    kind: OwnerKind | None
    """Whose record it was: of a family or of a staff member."""
    owner_id: UUID | None
    """The family or staff member who had the record."""
    owner_name: str
    """The owner's name when the record was removed."""
    contact_name: str | None
    """The contact's name when the record was removed; null for a staff member."""
    changed_at: datetime | None
    """When the record was opted out."""
    changed_by: Actor | None
    """Who opted it out."""
    source: OptInSource | None
    """How the opt-out came to be known."""
    removed: Annotated[RefusalCause, Field(validation_alias="cause")]
    """Why the record is gone."""
    removed_at: datetime
    """When the record went."""
    removed_by: Actor | None
    """Who removed the record."""
    lifted_at: datetime | None
    """When it was lifted; null while it blocks the number."""
    lifted_by: Actor | None
    """Who lifted it."""
    lift_reason: str | None
    """The administrator's reason; null if consent replaced it."""
    replaced_by: UUID | None
    """The phone record whose consent replaced it."""


class NotAllowedToTextBody(ProblemBody):
    model_config = ConfigDict(extra="allow", title="NotAllowedToTextProblem")

    check: OptInCheckOut
    """Why the number may not be texted."""
