"""Who of an audience gets a mass text, and why each other one does not: a pure decision (MASS-WHO).

Candidates come record by record. Each is decided once:

| the candidate | outcome |
| --- | --- |
| is a record without a number | `no_number` |
| is a number that was decided through an earlier record | `duplicate` |
| is a later number of a family, where the first who may be texted is enough | `another_contact` |
| is a number that may not be texted | that reason |
| any other | gets the text |
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from api.broadcasts.rules import LeftOut
from api.directory.rules import OwnerKind


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number on a record of the audience; without a number, a record that has none."""

    kind: OwnerKind | None
    """None: the number was given by itself."""
    owner_id: UUID | None
    phone_number_id: UUID | None
    number: str | None
    person: str | None = None
    """The name of the contact or staff member."""
    refused: str | None = None
    """Why the number may not be texted."""
    is_shared: bool = True
    """Another candidate may have the same number."""


@dataclass(frozen=True, slots=True)
class Outcome:
    candidate: Candidate
    reason: str | None
    """Why it is left out; None: it gets the text."""

    @property
    def decides(self) -> bool:
        """The number is a recipient, or is left out itself. Of each number one outcome decides."""
        return self.reason not in {LeftOut.DUPLICATE, LeftOut.ANOTHER_CONTACT}


class Sifter:
    """Decides the records of one audience, in order. It remembers which shared numbers were decided."""

    def __init__(self, *, first_only: bool) -> None:
        """`first_only`: of a family, the first number that may be texted is enough."""
        self._first_only = first_only
        self._texted: set[str | UUID] = set()
        self._left_out: set[str | UUID] = set()

    def decide(self, record: Sequence[Candidate]) -> Iterable[Outcome]:
        """The outcome of each candidate of one record, in the order of its contacts and numbers."""
        is_served = False
        for each in record:
            key = each.phone_number_id or each.number
            if key is None:
                yield Outcome(each, LeftOut.NO_NUMBER)
            elif is_served and self._first_only and each.kind is OwnerKind.FAMILY:
                yield Outcome(each, LeftOut.DUPLICATE if self._is_decided(key) else LeftOut.ANOTHER_CONTACT)
            elif self._is_decided(key):
                is_served |= key in self._texted
                yield Outcome(each, LeftOut.DUPLICATE)
            elif each.refused is not None:
                self._remember(each, key, self._left_out)
                yield Outcome(each, each.refused)
            else:
                self._remember(each, key, self._texted)
                is_served = True
                yield Outcome(each, None)

    @staticmethod
    def _remember(candidate: Candidate, key: str | UUID, decided: set[str | UUID]) -> None:
        if candidate.is_shared:
            decided.add(key)

    def _is_decided(self, key: str | UUID) -> bool:
        return key in self._texted or key in self._left_out
