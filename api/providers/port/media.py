"""Values of fetching a file that a received message names."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class FetchedMedia:
    """A file as it came. What the other side calls it is nobody's business: its kind is read from its bytes."""

    content: bytes


class MediaRefusal(StrEnum):
    """Why a file is not fetched, however often one tries."""

    ADDRESS = "address"
    """It is not where the provider keeps files, or leads there."""
    TOO_LARGE = "too_large"
    GONE = "gone"
    """The provider has no such file, or no longer."""


@dataclass(frozen=True)
class MediaRefused:
    reason: MediaRefusal
    detail: str


@dataclass(frozen=True)
class MediaUnavailable:
    """It could not be fetched now: it may be tried again."""

    detail: str
    is_unauthorized: bool = False
    """The provider did not take the credentials that were shown to it."""


MediaOutcome = FetchedMedia | MediaRefused | MediaUnavailable

MAX_MEDIA_BYTES = 5 * 1024 * 1024
"""Of one file: what Twilio takes for a whole message, and more than Telnyx or Bandwidth pass on."""
