"""Pure rules of files that are uploaded to be sent: kinds, sizes, quotas, and the refusals in words."""

from dataclasses import dataclass
from datetime import timedelta

from api.media.rules import (
    AMR,
    AVIF,
    GIF,
    HEIC,
    JPEG,
    M4A,
    MP3,
    MP4,
    OGG,
    PDF,
    PNG,
    QUICKTIME,
    THREE_GP,
    VCARD,
    WEBP,
    Kind,
    kind_of,
)

MAX_UPLOAD_BYTES = 16 * 1024 * 1024
"""Of a picture as a phone's camera makes it. It is made smaller before it is stored."""

MAX_FILE_BYTES = 600_000
"""Of any other file, which is sent as it is. Providers advise no more: larger ones reach some carriers only."""

MAX_NAME = 100
"""Characters of a file name that are stored."""

KEEP_UNSENT = timedelta(days=1)

MAX_UNSENT = 60
"""Unsent files of one person or API key."""

MAX_UNSENT_OF_ORGANIZATION = 600

PICTURES = {kind.content_type: kind for kind in (JPEG, PNG, GIF, WEBP, AVIF)}
"""Kinds that are decoded and made anew: without place and camera, upright, and small enough for carriers."""

AS_IT_IS = {kind.content_type: kind for kind in (PDF, VCARD, MP4, THREE_GP, QUICKTIME, M4A, MP3, AMR, OGG)}

HEIC_WORDS = (
    "This picture is in the format HEIC, which other phones can't show. Choose “Most Compatible” in the camera's "
    "settings, or take a screenshot of it and add that."
)
KIND_WORDS = "This kind of file can't be texted. Pictures, PDFs, contact cards, sound and video can."
EMPTY_WORDS = "This file is empty."


@dataclass(frozen=True)
class Picture:
    """To be made anew."""

    kind: Kind


@dataclass(frozen=True)
class File:
    """To be sent as it is."""

    kind: Kind


@dataclass(frozen=True)
class NotSendable:
    words: str
    is_too_large: bool = False


def judge_upload(content: bytes) -> Picture | File | NotSendable:
    """Decide by the bytes, never by the name or the declared type."""
    if not content:
        return NotSendable(EMPTY_WORDS)
    kind = kind_of(content)
    if kind is HEIC:
        return NotSendable(HEIC_WORDS)
    if kind is not None and kind.content_type in PICTURES:
        return Picture(kind)
    if kind is None or kind.content_type not in AS_IT_IS:
        return NotSendable(KIND_WORDS)
    if len(content) > MAX_FILE_BYTES:
        sizes = f"This file is {len(content) / 1000:,.0f} kB. Carriers deliver up to {MAX_FILE_BYTES / 1000:,.0f} kB"
        return NotSendable(f"{sizes}. Texts can link to larger ones.", is_too_large=True)
    return File(kind)


def stored_name(given: str, kind: Kind) -> str:
    """The last part of a file name, without control characters, or a name by the kind if nothing is left."""
    last = given.replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in last if character.isprintable()).strip()[:MAX_NAME]
    return kept or f"file.{kind.suffix}"
