"""What a line is, as values."""

from enum import StrEnum

NEW_ZEALAND = "NZ"

NZ_NOTICE = (
    "Carriers serving New Zealand apply a standard fee for receiving SMS messages from a short code, "
    "billed at the same rate as sending a message."
)
"""The product's own words (NZ-NOTICE)."""


class LineKind(StrEnum):
    LONG_CODE = "long_code"
    TOLL_FREE = "toll_free"
    SHORT_CODE = "short_code"


def recipient_pays(*, line_kind: str, recipient_country: str | None) -> bool:
    """NZ-NOTICE: New Zealand numbers are charged for receiving a short-code text."""
    return line_kind == LineKind.SHORT_CODE and recipient_country == NEW_ZEALAND
