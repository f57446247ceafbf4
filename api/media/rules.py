"""Pure rules of the media room: what a file is, whether it is kept, how it is shown, and when it is tried again."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

MAX_ATTEMPTS = 12
"""Over some six hours, which outlasts an outage and a mistyped password. Bandwidth keeps files for two days."""


class Reason(StrEnum):
    """Why a file is not shown."""

    ADDRESS = "address"
    TOO_LARGE = "too_large"
    GONE = "gone"
    KIND = "kind"
    EMPTY = "empty"
    NOT_FETCHED = "not_fetched"


WORDS = {
    Reason.ADDRESS: "The address that came with it is not one of the provider's, so it was not fetched.",
    Reason.TOO_LARGE: "It is larger than 5 MB.",
    Reason.GONE: "The provider no longer has it.",
    Reason.KIND: "It is neither a picture nor another kind of file that is safe to open.",
    Reason.EMPTY: "It is empty.",
    Reason.NOT_FETCHED: "The provider did not hand it over, however often it was asked.",
}
"""For the front desk."""


def retry_after(attempts: int) -> timedelta | None:
    """How long a file that could not be fetched waits for its next try; None: it is given up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return timedelta(seconds=min(5 * 4 ** (attempts - 1), 3600))


@dataclass(frozen=True)
class Kind:
    content_type: str
    suffix: str
    inline: bool = False
    """Shown in place. Only raster pictures are: nothing in them can run."""


JPEG = Kind("image/jpeg", "jpg", inline=True)
PNG = Kind("image/png", "png", inline=True)
GIF = Kind("image/gif", "gif", inline=True)
WEBP = Kind("image/webp", "webp", inline=True)
HEIC = Kind("image/heic", "heic")
PDF = Kind("application/pdf", "pdf")
VCARD = Kind("text/vcard", "vcf")
MP4 = Kind("video/mp4", "mp4")
THREE_GP = Kind("video/3gpp", "3gp")
QUICKTIME = Kind("video/quicktime", "mov")
M4A = Kind("audio/mp4", "m4a")
MP3 = Kind("audio/mpeg", "mp3")
AMR = Kind("audio/amr", "amr")
OGG = Kind("audio/ogg", "ogg")
WAV = Kind("audio/wav", "wav")

KINDS = {
    kind.content_type: kind
    for kind in (JPEG, PNG, GIF, WEBP, HEIC, PDF, VCARD, MP4, THREE_GP, QUICKTIME, M4A, MP3, AMR, OGG, WAV)
}

_STARTS = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", PDF),
    (b"#!AMR", AMR),
    (b"OggS", OGG),
    (b"ID3", MP3),
    (b"\xff\xfb", MP3),
    (b"\xff\xf3", MP3),
    (b"\xff\xf2", MP3),
)
"""First bytes: of pictures as the WHATWG's MIME Sniffing Standard has them, of the rest as their formats do."""

_RIFF = {b"WEBP": WEBP, b"WAVE": WAV}
_BRANDS = (
    ((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), HEIC),
    ((b"qt  ",), QUICKTIME),
    ((b"3gp", b"3g2"), THREE_GP),
    ((b"M4A", b"M4B"), M4A),
)
"""Of an ISO base media file (ISO/IEC 14496-12): its major brand, in bytes 8 to 12. Any other is MP4."""


def kind_of(content: bytes) -> Kind | None:
    """What its first bytes say it is, whatever anybody calls it. None: nothing that is kept.

    Text, HTML, SVG, scripts, archives and programs are none of these.
    """
    for start, kind in _STARTS:
        if content.startswith(start):
            return kind
    if content.startswith(b"RIFF"):
        return _RIFF.get(content[8:12])
    if content[4:8] == b"ftyp":
        return next((kind for brands, kind in _BRANDS if content[8:12].startswith(brands)), MP4)
    first_line = content[:16].removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].strip()
    return VCARD if first_line.upper() == b"BEGIN:VCARD" else None


@dataclass(frozen=True)
class Keep:
    content_type: str


@dataclass(frozen=True)
class Refuse:
    reason: Reason


@dataclass(frozen=True)
class TryAgain:
    wait: timedelta


Decision = Keep | Refuse | TryAgain


def judge_content(content: bytes) -> Keep | Refuse:
    if not content:
        return Refuse(Reason.EMPTY)
    kind = kind_of(content)
    return Keep(kind.content_type) if kind is not None else Refuse(Reason.KIND)


def judge_failure(attempts: int) -> Refuse | TryAgain:
    wait = retry_after(attempts)
    return TryAgain(wait) if wait is not None else Refuse(Reason.NOT_FETCHED)


def disposition(content_type: str, *, position: int) -> str:
    """`Content-Disposition` of a kept file, under a name of ours."""
    kind = KINDS[content_type]
    name = "picture" if content_type.startswith("image/") else "file"
    shown = "inline" if kind.inline else "attachment"
    return f'{shown}; filename="{name}-{position + 1}.{kind.suffix}"'
