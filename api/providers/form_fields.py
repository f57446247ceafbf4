"""Forms from outside."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote_to_bytes

MAX_FIELDS = 500
"""Of a form that is read. Twilio's have some thirty."""

FormFields = Sequence[tuple[str, str]]


def form_fields(body: bytes, *, max_fields: int | None = MAX_FIELDS) -> FormFields:
    """Every field in order, empty ones too, as `parse_qsl` reads them. Raises `ValueError`: not UTF-8, or too many.

    Nearly every form is ASCII with little to decode in it, which takes a third of the library's time.
    """
    if not body.isascii():
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=max_fields)
    if max_fields is not None and body.count(b"&") >= max_fields:
        raise ValueError("Max number of fields exceeded")
    fields: list[tuple[str, str]] = []
    for field in body.decode("ascii").replace("+", " ").split("&"):
        if not field:
            continue
        name, _, value = field.partition("=")
        if "%" in field:
            name, value = _decoded(name), _decoded(value)
        fields.append((name, value))
    return fields


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "replace") if "%" in text else text
