"""The opt-in check and its explanation, as pure decisions (OPTIN-* of the product's rules)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from api.directory.rules import OptInSource, OptInState, OwnerKind, RefusalCause
from api.kit.countries import COUNTRY_NAMES
from api.kit.phone import SHORT_CODE, country_of, is_erased, is_phone_number, one_spelling
from api.kit.times import rfc3339
from api.lines.rules import SandboxNote


class Reason(StrEnum):
    """Why a number may or may not be texted, strongest first (OPTIN-EXPLAIN)."""

    NOT_A_PHONE_NUMBER = "not_a_phone_number"
    """RECV-SENDER. The strongest reason: no consent changes it."""
    STOPPED = "stopped"
    OPTED_OUT = "opted_out"
    NOT_OPTED_IN = "not_opted_in"
    NO_RECORD = "no_record"
    LINE_BLOCKED = "line_blocked"
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    ALLOWED = "allowed"


CONSUMER_INITIATED = "consumer_initiated"
"""The note of a check that is allowed because the number, on no record, has texted this line."""


@dataclass(frozen=True)
class Removal:
    """How a refusal lost its record (OPTIN-REMOVED)."""

    refusal_id: UUID
    cause: RefusalCause
    at: datetime
    by: dict[str, Any] | None


@dataclass(frozen=True)
class Instance:
    """A phone record that holds the number; with `removal`, a refusal that outlived its record."""

    phone_record_id: UUID | None
    kind: OwnerKind | None
    owner_id: UUID | None
    owner_name: str
    contact_name: str | None
    state: OptInState
    changed_at: datetime | None
    changed_by: dict[str, Any] | None
    source: OptInSource | None
    archived: bool
    phone_number: str | None = None
    """The other spelling under which the record holds the number (NUMBER-ONE); None if it holds the number itself."""
    removal: Removal | None = None

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

    def as_json(self) -> dict[str, Any]:
        """As messages store it and the API shows it."""
        removal = self.removal
        return {
            "phone_record_id": _text(self.phone_record_id),
            "kind": self.kind.value if self.kind else None,
            "owner_id": _text(self.owner_id),
            "owner_name": self.owner_name,
            "contact_name": self.contact_name,
            "state": self.state.value,
            "changed_at": rfc3339(self.changed_at),
            "changed_by": self.changed_by,
            "source": self.source.value if self.source else None,
            "archived": self.archived,
            "blocks": self.blocks,
            "phone_number": self.phone_number,
            "refusal_id": _text(removal.refusal_id) if removal else None,
            "removed": removal.cause.value if removal else None,
            "removed_at": rfc3339(removal.at) if removal else None,
            "removed_by": removal.by if removal else None,
        }


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)


@dataclass(frozen=True)
class OptInCheck:
    """The decision, and what it was made from."""

    phone_number: str
    reason: Reason
    note: str | None
    """`CONSUMER_INITIATED`, the number's country if the line may not text it, or a `SandboxNote`."""
    stopped_at: datetime | None
    instances: Sequence[Instance]
    stopped_as: str | None = None
    """The other spelling that was stopped; None if the number itself was."""

    @property
    def allowed(self) -> bool:
        return self.reason is Reason.ALLOWED

    def as_json(self) -> dict[str, Any]:
        """As messages store it and the API shows it."""
        return {
            "phone_number": self.phone_number,
            "allowed": self.allowed,
            "reason": self.reason.value,
            "note": self.note,
            "stopped_at": rfc3339(self.stopped_at),
            "stopped_as": self.stopped_as,
            "instances": [instance.as_json() for instance in self.instances],
        }


@dataclass(frozen=True)
class LineFit:
    """What of the line counts for one number."""

    enabled: bool = True
    texts_country: bool = True
    sandbox: SandboxNote | None = None
    """Why a sandbox line may not text a real number, or a real line a test number."""


def check_opt_in(
    *,
    phone_number: str,
    stopped_at: datetime | None,
    instances: Sequence[Instance],
    has_texted_line: bool,
    line: LineFit,
    stopped_as: str | None = None,
) -> OptInCheck:
    """OPTIN-ALL: a phone number, not stopped, and every record that holds the number opted in.

    A number on no living record may be answered if it texted this line first (OPTIN-UNKNOWN-SENDER); an archived
    record that is opted in counts for nothing.
    """
    blocking = {instance.state for instance in instances if instance.blocks}
    living = any(not instance.archived and instance.removal is None for instance in instances)
    note: str | None = None
    if not is_phone_number(phone_number):
        reason = Reason.NOT_A_PHONE_NUMBER
    elif stopped_at is not None:
        reason = Reason.STOPPED
    elif OptInState.OPTED_OUT in blocking:
        reason = Reason.OPTED_OUT
    elif OptInState.UNKNOWN in blocking:
        reason = Reason.NOT_OPTED_IN
    elif not living and not has_texted_line:
        reason = Reason.NO_RECORD
    elif not line.enabled:
        reason = Reason.LINE_BLOCKED
    elif line.sandbox is not None:
        reason, note = Reason.LINE_BLOCKED, line.sandbox.value
    elif not line.texts_country:
        reason = Reason.COUNTRY_NOT_ALLOWED
        note = country_of(phone_number)
    else:
        reason = Reason.ALLOWED
        note = None if living else CONSUMER_INITIATED
    return OptInCheck(
        phone_number=phone_number,
        reason=reason,
        note=note,
        stopped_at=stopped_at,
        instances=list(instances),
        stopped_as=stopped_as,
    )


OUT_OF_SERVICE = "This line is out of service, so nothing can be sent from it."

LINE_BLOCKED_SENTENCES: Mapping[str | None, str] = MappingProxyType(
    {
        SandboxNote.TEST_LINE: "A sandbox line texts only its test numbers.",
        SandboxNote.TEST_NUMBER: "This is a test number: only a sandbox line texts it.",
    }
)
"""By the check's note."""


def explanation(check: OptInCheck) -> str:
    """A sentence for staff that names what blocks."""
    blockers = [instance for instance in check.instances if instance.blocks]
    match check.reason:
        case Reason.NOT_A_PHONE_NUMBER:
            return not_a_phone_number(check.phone_number)
        case Reason.STOPPED:
            spelled = f" as {check.stopped_as}" if check.stopped_as else ""
            return f"The person at this number texted STOP{spelled}, so it can't be texted until they text START."
        case Reason.OPTED_OUT:
            return _opted_out([each for each in blockers if each.state is OptInState.OPTED_OUT])
        case Reason.NOT_OPTED_IN:
            return f"{_names(blockers)} never opted in, so this number can't be texted."
        case Reason.NO_RECORD:
            return "This number is on no family or staff record and has not texted this line, so it can't be texted."
        case Reason.LINE_BLOCKED:
            return LINE_BLOCKED_SENTENCES.get(check.note, OUT_OF_SERVICE)
        case Reason.COUNTRY_NOT_ALLOWED:
            country = COUNTRY_NAMES.get(check.note or "", "other countries")
            return f"This line may not text numbers in {country}. An administrator can allow it in the line's settings."
        case Reason.ALLOWED:
            return "This number can be texted."


def not_a_phone_number(sender: str) -> str:
    """A sentence for staff: why this sender can't be texted."""
    if is_erased(sender):
        return "This number was erased, so it can't be texted from here."
    today = one_spelling(sender)
    if today is not None:
        return f"{sender} is an old spelling of {today}. Text {today} instead."
    shown = f"“{sender[:40]}…”" if len(sender) > 41 else f"“{sender}”"
    kind = "a short code, not a phone number" if SHORT_CODE.match(sender) else "not a phone number"
    return f"{shown} is {kind}, so it can't be texted from here."


def _opted_out(blockers: Sequence[Instance]) -> str:
    """The records that opted out; then how the latest refusal without a record lost it."""
    sentences: list[str] = []
    records = [each for each in blockers if each.removal is None]
    if records:
        sentences.append(f"{_names(records)} opted out, so this number can't be texted.")
    removals = [(each.removal.at, each) for each in blockers if each.removal is not None]
    if removals:
        _, latest = max(removals, key=lambda pair: pair[0])
        sentences.append(f"This number {_was_on(latest)}, and had opted out, so it can't be texted.")
    return " ".join(sentences)


def _was_on(refusal: Instance) -> str:
    """OPTIN-REMOVED: "was on the Castillo family, removed by Noah on 3 May 2026"."""
    removal = refusal.removal
    assert removal is not None
    owner = refusal.owner_name
    if refusal.kind is OwnerKind.FAMILY:
        owner = f"the {owner}" if owner.casefold().endswith("family") else f"the {owner} family"
    happened = {
        RefusalCause.REMOVED: "removed",
        RefusalCause.RENUMBERED: "given another number",
        RefusalCause.RESET: "set to never asked",
    }[removal.cause]
    by = removal.by["name"] if removal.by else "somebody"
    return f"was on {owner}, {happened} by {by} on {removal.at.day} {removal.at:%B %Y}"


def _names(instances: Sequence[Instance]) -> str:
    names = list(dict.fromkeys(_name(each) for each in instances))
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} others"
    return " and ".join(names) if len(names) < 3 else f"{names[0]}, {names[1]} and {names[2]}"


def _name(instance: Instance) -> str:
    marks = [f"with {instance.phone_number}"] if instance.phone_number else []
    marks += ["archived"] if instance.archived else []
    return instance.owner_name + (f" ({', '.join(marks)})" if marks else "")
