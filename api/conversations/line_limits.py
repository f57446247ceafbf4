"""What a line takes of one text, and what staff are told before they text a number from it."""

from dataclasses import dataclass

from api.conversations.message_rules import MAX_MEDIA
from api.kit.phone import country_of
from api.lines.models import Line
from api.lines.rules import NZ_NOTICE, recipient_pays
from api.providers.registry import send_limits


@dataclass(frozen=True)
class TextLimits:
    segments: int | None
    """The most parts of a text without files; None if the provider limits characters only."""
    attachments: int
    """Files of a text."""
    attachment_bytes: int
    """Of a text's files together: what the carriers of the line deliver."""


def text_limits(line: Line) -> TextLimits:
    limits = send_limits(line.provider)
    return TextLimits(
        segments=limits.segments,
        attachments=min(limits.media, MAX_MEDIA),
        attachment_bytes=limits.media_bytes.of(line.kind),
    )


def notice_of(line: Line, number: str) -> str | None:
    """A warning to staff before they text this number from this line (NZ-NOTICE)."""
    return NZ_NOTICE if recipient_pays(line_kind=line.kind, recipient_country=country_of(number)) else None
