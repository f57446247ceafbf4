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

from collections.abc import Iterator, Sequence
from typing import Protocol
from uuid import UUID

from api.broadcasts.rules import LeftOut
from api.directory.rules import OwnerKind


class Candidate(Protocol):
    """A number on a record of the audience; without a number, a record that has none."""

    @property
    def kind(self) -> OwnerKind | None:
        """None: the number was given by itself."""

    @property
    def phone_number_id(self) -> UUID | None: ...

    @property
    def number(self) -> str | None: ...

    @property
    def reason(self) -> str | None:
        """Why the number may not be texted."""

    @property
    def is_shared(self) -> bool:
        """Another candidate may have the same number."""


_BESIDE = frozenset({LeftOut.DUPLICATE, LeftOut.ANOTHER_CONTACT})


def decides(reason: str | None) -> bool:
    """The number is a recipient, or is left out itself. Of each number one outcome decides."""
    return reason not in _BESIDE


class Sifter:
    """Decides the records of one audience, in order. It remembers which shared numbers were decided."""

    def __init__(self, *, first_only: bool) -> None:
        """`first_only`: of a family, the first number that may be texted is enough."""
        self._first_only = first_only
        self._texted: set[str | UUID] = set()
        self._left_out: set[str | UUID] = set()

    def decide(self, record: Sequence[Candidate]) -> Iterator[str | None]:
        """Of each candidate of one record, in the order of its contacts and numbers: why it is left out.

        None: it gets the text.
        """
        is_served = False
        for each in record:
            key = each.phone_number_id or each.number
            if key is None:
                yield LeftOut.NO_NUMBER
            elif is_served and self._first_only and each.kind is OwnerKind.FAMILY:
                yield LeftOut.DUPLICATE if self._is_decided(key) else LeftOut.ANOTHER_CONTACT
            elif self._is_decided(key):
                is_served |= key in self._texted
                yield LeftOut.DUPLICATE
            elif each.reason is not None:
                self._remember(each, key, self._left_out)
                yield each.reason
            else:
                self._remember(each, key, self._texted)
                is_served = True
                yield None

    @staticmethod
    def _remember(candidate: Candidate, key: str | UUID, decided: set[str | UUID]) -> None:
        if candidate.is_shared:
            decided.add(key)

    def _is_decided(self, key: str | UUID) -> bool:
        return key in self._texted or key in self._left_out
