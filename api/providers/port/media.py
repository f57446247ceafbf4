"""Values of fetching a file that a received message names."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class FetchedMedia:
    """A file as it came. Its kind is read from its bytes, not from the content type of the answer."""

    content: bytes


class MediaRefusal(StrEnum):
    """Why a file is refused for good."""

    ADDRESS = "address"
    """The address, or a redirect, is not on a host of the provider's files."""
    TOO_LARGE = "too_large"
    GONE = "gone"
    """The provider has no such file."""


@dataclass(frozen=True)
class MediaRefused:
    reason: MediaRefusal
    detail: str


@dataclass(frozen=True)
class MediaUnavailable:
    """The file could not be fetched now. It may be tried again."""

    detail: str
    is_unauthorized: bool = False
    """The provider refused the line's credentials."""


MediaOutcome = FetchedMedia | MediaRefused | MediaUnavailable

MAX_MEDIA_BYTES = 5 * 1024 * 1024
"""Bytes of one file: Twilio's limit of a whole message, and more than Telnyx or Bandwidth deliver."""
