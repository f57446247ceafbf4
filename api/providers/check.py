"""Asking a provider what is set there: what every adapter's check has in common."""

from typing import Any
from urllib.parse import urldefrag, urlsplit

import httpx

from api.providers.http import CONNECTION_FAILURES
from api.providers.port import (
    CredentialsState,
    ProviderUnreachable,
    WebhookCheck,
    WebhookFinding,
    WebhookState,
)

TIMEOUT_SECONDS = 10.0
"""A person waits for the answer."""

ALONG_WITH_EVERY_TEXT = WebhookFinding(WebhookState.SET, "Nothing to set: this address goes along with every text.")
"""Of providers that are told with each text where to report on it."""


async def ask(client: httpx.AsyncClient, url: str, **request: Any) -> httpx.Response | ProviderUnreachable:
    """The provider's answer, which may be a refusal. Never raises for anything the network or the provider does."""
    try:
        response = await client.get(url, timeout=TIMEOUT_SECONDS, **request)
    except CONNECTION_FAILURES as error:
        return ProviderUnreachable(f"The provider could not be reached ({type(error).__name__}).")
    if response.status_code == 429:
        return ProviderUnreachable("The provider asked for a slower pace. Check again in a minute.")
    if not (200 <= response.status_code < 300 or 400 <= response.status_code < 500):
        return ProviderUnreachable(f"The provider answered {response.status_code}. Check again in a few minutes.")
    return response


def accepted(inbound: WebhookFinding, status: WebhookFinding = ALONG_WITH_EVERY_TEXT) -> WebhookCheck:
    return WebhookCheck(CredentialsState.ACCEPTED, inbound, status)


def refused(response: httpx.Response) -> WebhookCheck:
    """What is known after an answer that is neither a success nor about something that is not there."""
    if response.status_code in (401, 403):
        return refused_credentials()
    unknown = cannot_tell(f"The provider answered {response.status_code} to the question.")
    return WebhookCheck(CredentialsState.CANNOT_TELL, unknown, unknown)


def refused_credentials() -> WebhookCheck:
    unknown = cannot_tell("The provider does not say without the right credentials.")
    return WebhookCheck(CredentialsState.REFUSED, unknown, unknown)


def cannot_tell(detail: str) -> WebhookFinding:
    return WebhookFinding(WebhookState.CANNOT_TELL, detail)


def missing(detail: str) -> WebhookFinding:
    return WebhookFinding(WebhookState.MISSING, detail)


def compared(found: str | None, expected: str, *, where: str, mistake: str | None = None) -> WebhookFinding:
    """The address that is set, held against ours. `mistake` says what is wrong although the address is right."""
    if found is None:
        return missing(f"No address is set {where}.")
    if not is_same_address(found, expected):
        return WebhookFinding(WebhookState.ELSEWHERE, f"Another address is set {where}.", found)
    if mistake is not None:
        return WebhookFinding(WebhookState.ELSEWHERE, mistake, found)
    return WebhookFinding(WebhookState.SET, f"The address is set {where}.")


def is_same_address(found: str, expected: str) -> bool:
    """Signatures cover the address as it is spelled, so only what is never signed or spelled both ways may differ:
    what is behind `#` (how often Twilio tries), and a scheme's standard port."""
    return _without_standard_port(urldefrag(found).url) == _without_standard_port(expected)


def _without_standard_port(url: str) -> str:
    try:
        parts = urlsplit(url)
        standard = {"https": 443, "http": 80}.get(parts.scheme)
        return parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl() if parts.port == standard else url
    except ValueError:
        return url
