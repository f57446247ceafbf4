"""Pure rules of files: the type, whether it is stored, how it is shown, when a fetch is retried."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from api.conversations.message_rules import MAX_WORDS
from api.providers.received_parts import bare_type

MAX_ATTEMPTS = 12
"""Attempts take about six hours: longer than most outages. Bandwidth keeps files for two days."""


class Reason(StrEnum):
    """Why a file is not stored."""

    ADDRESS = "address"
    TOO_LARGE = "too_large"
    GONE = "gone"
    KIND = "kind"
    EMPTY = "empty"
    NOT_FETCHED = "not_fetched"
    LAYOUT = "layout"
    ERASED = "erased"


WORDS = {
    Reason.ADDRESS: "The address that came with it is not one of the provider's, so it was not fetched.",
    Reason.TOO_LARGE: "It is larger than 5 MB.",
    Reason.GONE: "The provider no longer has it.",
    Reason.KIND: "It is neither a picture nor another kind of file that is safe to open.",
    Reason.EMPTY: "It is empty.",
    Reason.NOT_FETCHED: "The provider did not hand it over, however often it was asked.",
    Reason.ERASED: "It was erased.",
    Reason.LAYOUT: "It only says how a phone lays the message out.",
}
"""The reasons, in words for the front desk."""


@dataclass(frozen=True)
class Kind:
    content_type: str
    suffix: str
    inline: bool = False
    """Whether a browser shows it in place. Only raster pictures: they contain no scripts."""


JPEG = Kind("image/jpeg", "jpg", inline=True)
PNG = Kind("image/png", "png", inline=True)
GIF = Kind("image/gif", "gif", inline=True)
WEBP = Kind("image/webp", "webp", inline=True)
HEIC = Kind("image/heic", "heic")
AVIF = Kind("image/avif", "avif")
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
TEXT = Kind("text/plain", "txt")

KINDS = {
    kind.content_type: kind
    for kind in (JPEG, PNG, GIF, WEBP, HEIC, AVIF, PDF, VCARD, MP4, THREE_GP, QUICKTIME, M4A, MP3, AMR, OGG, WAV, TEXT)
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
"""First bytes: of pictures by the WHATWG's MIME Sniffing Standard, of other files by their formats."""

_RIFF = {b"WEBP": WEBP, b"WAVE": WAV}
_ANY_PICTURE = (b"mif1", b"msf1")
"""Brands of any picture. The file's other brands tell the kind."""

_BRANDS = (
    ((b"avif", b"avis"), AVIF),
    ((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), HEIC),
    ((b"qt  ",), QUICKTIME),
    ((b"3gp", b"3g2", b"3gr", b"3gs", b"3ge", b"3gg"), THREE_GP),
    ((b"M4A", b"M4B", b"M4P"), M4A),
    (
        (b"iso", b"mp4", b"mp7", b"avc1", b"av01", b"hvc1", b"hev1", b"M4V", b"MSNV", b"mmp4", b"dash", b"f4v", b"F4V"),
        MP4,
    ),
    (_ANY_PICTURE, HEIC),
)
"""Brands of an ISO base media file (ISO/IEC 14496-12), as the registration authority lists them (mp4ra.org): the
beginnings of the brands of each kind. The first kind with a brand of the file counts."""

_MAX_BRANDS = 32
"""Compatible brands that are read."""


def kind_of(content: bytes) -> Kind | None:
    """The kind by the first bytes; the declared type does not matter. None for text, HTML, SVG, scripts, archives and
    programs: they are not stored."""
    for start, kind in _STARTS:
        if content.startswith(start):
            return kind
    if content.startswith(b"RIFF"):
        return _RIFF.get(content[8:12])
    if content[4:8] == b"ftyp":
        return _kind_of_brands(content)
    first_line = content[:16].removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].strip()
    return VCARD if first_line.upper() == b"BEGIN:VCARD" else None


def _kind_of_brands(content: bytes) -> Kind | None:
    """The kind by the major brand, or by all brands if that does not tell it. None if no brand is known."""
    end = min(int.from_bytes(content[:4]), 16 + 4 * _MAX_BRANDS, len(content) - 3)
    major, compatible = content[8:12], [content[at : at + 4] for at in range(16, end, 4)]
    by_major = None if major in _ANY_PICTURE else _first_kind([major])
    return by_major or _first_kind([major, *compatible])


def _first_kind(brands: Sequence[bytes]) -> Kind | None:
    return next((kind for starts, kind in _BRANDS if any(brand.startswith(starts) for brand in brands)), None)


_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")


def words_in(content: bytes) -> str | None:
    """The file as text: UTF-8, UTF-16 with a byte order mark, or Windows-1252. None if it is binary."""
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return None if _NOT_TEXT.search(text) else text


def is_layout(content: bytes) -> bool:
    """Whether it is a SMIL document. Declarations and comments may precede its element."""
    head = words_in(content[:4096])
    if head is None:
        return False
    rest = head.lower().strip()
    for _ in range(8):
        for start, end in (("<?", "?>"), ("<!--", "-->"), ("<!", ">")):
            if rest.startswith(start):
                rest = rest.partition(end)[2].lstrip()
                break
        else:
            break
    return rest.startswith("<smil") and not rest[5:6].isalnum()


@dataclass(frozen=True)
class Keep:
    content_type: str


@dataclass(frozen=True)
class Words:
    """The part is text of the message, not a file."""

    text: str


@dataclass(frozen=True)
class Refuse:
    reason: Reason


@dataclass(frozen=True)
class TryAgain:
    wait: timedelta


Decision = Keep | Words | Refuse | TryAgain


def judge_content(content: bytes, *, declared_type: str = "") -> Keep | Words | Refuse:
    """Decide by the bytes. Text belongs to the message only if the provider declares it as text."""
    if not content:
        return Refuse(Reason.EMPTY)
    if is_layout(content):
        return Refuse(Reason.LAYOUT)
    kind = kind_of(content)
    if bare_type(declared_type) == TEXT.content_type and kind is not VCARD:
        text = words_in(content)
        if text is not None:
            return Words(text) if len(text) <= MAX_WORDS else Keep(TEXT.content_type)
    return Keep(kind.content_type) if kind is not None else Refuse(Reason.KIND)


def judge_failure(attempts: int) -> Refuse | TryAgain:
    """Decide after a failed attempt. `attempts` includes it."""
    if attempts >= MAX_ATTEMPTS:
        return Refuse(Reason.NOT_FETCHED)
    return TryAgain(timedelta(seconds=min(5 * 4 ** (attempts - 1), 3600)))


def disposition(content_type: str, *, position: int) -> str:
    """`Content-Disposition` of a stored file for a browser. Only raster pictures are shown in place."""
    return file_header(content_type, position=position, shown="inline" if KINDS[content_type].inline else "attachment")


def file_header(content_type: str, *, position: int, shown: str) -> str:
    """`Content-Disposition` with a file name that we give."""
    name = "picture" if content_type.startswith("image/") else "file"
    return f'{shown}; filename="{name}-{position + 1}.{KINDS[content_type].suffix}"'
