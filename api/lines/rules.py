"""What a line is, as values."""

from enum import StrEnum

from api.providers.port import CredentialsState, ProviderUnreachable, WebhookCheck, WebhookState

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


class LineState(StrEnum):
    """What a check of a line came to."""

    READY = "ready"
    NEEDS_ATTENTION = "needs_attention"
    CANNOT_TELL = "cannot_tell"
    UNREACHABLE = "unreachable"


def verdict(check: WebhookCheck | ProviderUnreachable) -> tuple[LineState, str]:
    """The worst of what was found, and that in words."""
    if isinstance(check, ProviderUnreachable):
        return LineState.UNREACHABLE, check.detail
    if check.credentials is CredentialsState.REFUSED:
        return LineState.NEEDS_ATTENTION, "The provider refused this line's credentials."
    findings = (check.inbound, check.status)
    for finding in findings:
        if finding.state in (WebhookState.MISSING, WebhookState.ELSEWHERE):
            return LineState.NEEDS_ATTENTION, finding.detail
    for finding in findings:
        if finding.state is WebhookState.CANNOT_TELL:
            return LineState.CANNOT_TELL, finding.detail
    return LineState.READY, "The provider sends this line's texts here."
