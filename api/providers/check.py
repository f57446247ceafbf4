"""What every adapter's check has in common: asking the provider, and comparing what is set there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urldefrag, urlsplit

import httpx

from api.providers.http import CONNECTION_FAILURES, json_object
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
"""The status address of a provider that is told with each text where to report on it."""


class CheckEndedError(Exception):
    """A check ended before it read what is set. `result` says all that is known."""

    def __init__(self, result: WebhookCheck | ProviderUnreachable) -> None:
        self.result = result


@dataclass(frozen=True)
class Lookup:
    """Reads the provider's resources for one check."""

    client: httpx.AsyncClient
    headers: Mapping[bytes, bytes]
    """They sign the requests in."""

    async def get(
        self, url: str, *, params: Mapping[str, str] | None = None, missing_detail: str | None = None
    ) -> dict[str, Any]:
        """The JSON object at `url`. Raises `CheckEndedError` for every other answer.

        With `missing_detail`, a 404 is the finding that the address is missing, in these words.
        """
        answer = await ask(self.client, url, params=params, headers=self.headers)
        if isinstance(answer, ProviderUnreachable):
            raise CheckEndedError(answer)
        if answer.status_code == 404 and missing_detail is not None:
            raise CheckEndedError(accepted(missing(missing_detail)))
        if answer.status_code != 200:
            raise CheckEndedError(refused(answer))
        return json_object(answer)


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
    """What is known after an answer other than 200."""
    if response.status_code in (401, 403):
        return refused_credentials()
    unknown = cannot_tell(f"The provider answered {response.status_code} to the question.")
    return WebhookCheck(CredentialsState.CANNOT_TELL, unknown, unknown)


def refused_credentials() -> WebhookCheck:
    unknown = cannot_tell("The provider does not say without the right credentials.")
    return WebhookCheck(CredentialsState.REFUSED, unknown, unknown)


def unreadable() -> WebhookFinding:
    return cannot_tell("The provider's answer could not be read.")


def cannot_tell(detail: str) -> WebhookFinding:
    return WebhookFinding(WebhookState.CANNOT_TELL, detail)


def missing(detail: str) -> WebhookFinding:
    return WebhookFinding(WebhookState.MISSING, detail)


def compared(found: str | None, expected: str, *, where: str, mistake: str | None = None) -> WebhookFinding:
    """Compare the address that is set with ours. `mistake` says what is wrong although the address is right."""
    if found is None:
        return missing(f"No address is set {where}.")
    if not is_same_address(found, expected):
        return WebhookFinding(WebhookState.ELSEWHERE, f"Another address is set {where}.", found)
    if mistake is not None:
        return WebhookFinding(WebhookState.ELSEWHERE, mistake, found)
    return WebhookFinding(WebhookState.SET, f"The address is set {where}.")


def is_same_address(found: str, expected: str) -> bool:
    """Whether a signature over one address fits the other. The part after `#` (how often Twilio tries) is not signed,
    and a scheme's standard port is spelled either way."""
    return _without_standard_port(urldefrag(found).url) == _without_standard_port(expected)


def _without_standard_port(url: str) -> str:
    try:
        parts = urlsplit(url)
        standard = {"https": 443, "http": 80}.get(parts.scheme)
        return parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl() if parts.port == standard else url
    except ValueError:
        return url
