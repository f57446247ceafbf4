"""What crosses the wire of the verification."""

from pydantic import BaseModel

from api.audit.rules import BrokenEntry, EntryCount


class AuditVerification(BaseModel):
    whole: bool
    """Whether every entry is as it was written, and none is missing."""
    entries: int | None
    """The count of verified entries, if the log is whole."""
    erased: int | None
    """How many of them were erased on request: their hashes are verified, their personal details are gone."""
    broken: BrokenEntry | None
    """The first broken entry; null if the log is whole."""

    @classmethod
    def of(cls, result: EntryCount | BrokenEntry) -> "AuditVerification":
        if isinstance(result, EntryCount):
            return cls(whole=True, entries=result, erased=result.erased, broken=None)
        return cls(whole=False, entries=None, erased=None, broken=result)
