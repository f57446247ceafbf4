"""The parts of a received message: words, a layout, or a file."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from api.kit.text import made_storable
from api.providers.port import MediaItem

MAX_FILES = 10
"""Files of one message that are kept: as many as a message may have at any of the providers."""

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "png": "image/png",
        "gif": "image/gif",
        "webp": "image/webp",
        "heic": "image/heic",
        "mp4": "video/mp4",
        "3gp": "video/3gpp",
        "mov": "video/quicktime",
        "mp3": "audio/mpeg",
        "amr": "audio/amr",
        "m4a": "audio/mp4",
        "pdf": "application/pdf",
        "vcf": "text/vcard",
        "txt": "text/plain",
    }
)


def bare_type(content_type: str) -> str:
    """A content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def suffix(url: str) -> str:
    """The part of an address's path after the last dot, in lower case."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return path.rpartition(".")[2].lower()


def is_layout(content_type: str, url: str) -> bool:
    """Whether a part is the layout of a picture message (SMIL), which the sender's phone adds by itself."""
    return "smil" in bare_type(content_type) or suffix(url) in {"smil", "smi"}


def media_items(parts: Iterable[tuple[str | None, str | None]]) -> Sequence[MediaItem]:
    """The files among a message's parts, each an address and its content type.

    A part without an address is left out. A content type that the provider does not name is told by the address.
    """
    files: list[MediaItem] = []
    for url, content_type in parts:
        if url and not is_layout(content_type or "", url):
            kind = content_type or _TYPES.get(suffix(url), "application/octet-stream")
            files.append(MediaItem(url=made_storable(url), content_type=made_storable(kind)))
    return files[:MAX_FILES]
