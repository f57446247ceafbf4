"""Who may be texted, as pure decisions (OPTIN-* of the product's rules)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from api.directory.rules import OptInSource, OptInState, OwnerKind


class Reason(StrEnum):
    """Why a number may or may not be texted, strongest first (OPTIN-EXPLAIN)."""

    STOPPED = "stopped"
    OPTED_OUT = "opted_out"
    NOT_OPTED_IN = "not_opted_in"
    NO_RECORD = "no_record"
    LINE_BLOCKED = "line_blocked"
    ALLOWED = "allowed"


CONSUMER_INITIATED = "consumer_initiated"
"""The note of a check that is allowed only because the number texted this line first."""


@dataclass(frozen=True)
class Instance:
    """One phone record that holds the number."""

    phone_record_id: UUID
    kind: OwnerKind
    owner_id: UUID
    owner_name: str
    contact_name: str | None
    state: OptInState
    changed_at: datetime | None
    changed_by: dict[str, Any] | None
    source: OptInSource | None
    archived: bool

    @property
    def blocks(self) -> bool:
        """OPTIN-ALL and OPTIN-ARCHIVED, as a table."""
        return {
            # (archived, state): blocks
            (False, OptInState.OPTED_IN): False,
            (False, OptInState.UNKNOWN): True,
            (False, OptInState.OPTED_OUT): True,
            (True, OptInState.OPTED_IN): False,
            (True, OptInState.UNKNOWN): False,
            (True, OptInState.OPTED_OUT): True,
        }[self.archived, self.state]


@dataclass(frozen=True)
class OptInCheck:
    """The decision, with everything it was made from."""

    phone_number: str
    reason: Reason
    note: str | None
    stopped_at: datetime | None
    instances: Sequence[Instance]

    @property
    def allowed(self) -> bool:
        return self.reason is Reason.ALLOWED


def check_opt_in(
    *,
    phone_number: str,
    stopped_at: datetime | None,
    instances: Sequence[Instance],
    has_texted_line: bool,
    line_enabled: bool,
) -> OptInCheck:
    """OPTIN-ALL: not stopped, and every record that holds the number opted in.

    A number on no living record may be answered if it texted this line first (OPTIN-UNKNOWN-SENDER); an archived
    record that is opted in counts for nothing.
    """
    blocking = {instance.state for instance in instances if instance.blocks}
    living = any(not instance.archived for instance in instances)
    note: str | None = None
    if stopped_at is not None:
        reason = Reason.STOPPED
    elif OptInState.OPTED_OUT in blocking:
        reason = Reason.OPTED_OUT
    elif OptInState.UNKNOWN in blocking:
        reason = Reason.NOT_OPTED_IN
    elif not living and not has_texted_line:
        reason = Reason.NO_RECORD
    elif not line_enabled:
        reason = Reason.LINE_BLOCKED
    else:
        reason = Reason.ALLOWED
        note = None if living else CONSUMER_INITIATED
    return OptInCheck(
        phone_number=phone_number, reason=reason, note=note, stopped_at=stopped_at, instances=list(instances)
    )


def explanation(check: OptInCheck) -> str:
    """One plain sentence that names what blocks."""
    blockers = [instance for instance in check.instances if instance.blocks]
    match check.reason:
        case Reason.STOPPED:
            return "The person at this number texted STOP, so it can't be texted until they text START."
        case Reason.OPTED_OUT:
            names = _names([each for each in blockers if each.state is OptInState.OPTED_OUT])
            return f"{names} opted out, so this number can't be texted."
        case Reason.NOT_OPTED_IN:
            return f"{_names(blockers)} never opted in, so this number can't be texted."
        case Reason.NO_RECORD:
            return "This number is on no family or staff record and has not texted this line, so it can't be texted."
        case Reason.LINE_BLOCKED:
            return "This line is out of service, so nothing can be sent from it."
        case Reason.ALLOWED:
            return "This number can be texted."


def _names(instances: Sequence[Instance]) -> str:
    names = list(dict.fromkeys(each.owner_name + (" (archived)" if each.archived else "") for each in instances))
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} others"
    return " and ".join(names) if len(names) < 3 else f"{names[0]}, {names[1]} and {names[2]}"
