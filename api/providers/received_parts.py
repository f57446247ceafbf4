"""What the parts of a received message are: words, a layout, or a file."""

from urllib.parse import urlsplit

TEXT = "text/plain"


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
