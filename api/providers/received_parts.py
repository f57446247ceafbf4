"""Kinds of the parts of a received message: words, a layout, or a file."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

TEXT = "text/plain"

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
    """What stands after the last dot of an address's path, in lower case."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return path.rpartition(".")[2].lower()


def is_layout(content_type: str, url: str) -> bool:
    """Whether a part only says how a phone lays a picture message out (SMIL): nothing that anybody sent."""
    return "smil" in bare_type(content_type) or suffix(url) in {"smil", "smi"}


def type_by_suffix(url: str) -> str:
    """For providers that name a file by its address alone."""
    return _TYPES.get(suffix(url), "application/octet-stream")
