"""Authorization at Bandwidth: a bearer token for an API credential, or the name and password of an API user.

Facts: Bandwidth's guide to credentials (address, form and answer of the token endpoint; API users end on 2 December
2026) and its own SDK, which renews a token a minute before it expires; RFC 6749, 4.4 and 5, for what a refusal is.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from api.providers import fields
from api.providers.http import CONNECTION_FAILURES, basic_credentials, json_object, retry_after

TIMEOUT_SECONDS = 10.0
"""For the whole request: a person may be waiting (a check of the line), and a worker holds a claimed message."""

EARLY_SECONDS = 60.0
"""A token is not used in the last minute of its life, or in the second half of a life that is shorter than two."""

UNSAID_LIFE_SECONDS = 300.0
"""The life of a token whose answer names none, which RFC 6749 allows."""

LONGEST_LIFE_SECONDS = 86400.0

REFUSALS = frozenset({"invalid_client", "unauthorized_client", "access_denied"})
"""RFC 6749's errors about the client. Each may come as a 400."""


@dataclass(frozen=True)
class TokenRefused:
    """The credentials were refused. No request was made with them."""


@dataclass(frozen=True)
class TokenUnavailable:
    """No token could be got now. No request was made, and it says nothing of the credentials."""

    detail: str
    retry_after_seconds: float | None = None


NoToken = TokenRefused | TokenUnavailable


@dataclass(frozen=True)
class Token:
    text: str = field(repr=False)
    good_until: float
    """Of the clock of `BandwidthAccess`."""


Pair = tuple[str, str]
Answer = TypeVar("Answer")


class BandwidthAccess:
    """The authorization of requests to Bandwidth. Tokens are kept in memory, by their credentials.

    `token_url` is the whole address. `clock` gives seconds.
    """

    def __init__(
        self, client: httpx.AsyncClient, *, token_url: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._token_url = token_url
        self._clock = clock
        self._tokens: dict[Pair, Token] = {}
        self._asking: dict[Pair, asyncio.Task[Token | NoToken]] = {}

    async def ask(
        self,
        credentials: Mapping[str, str],
        request: Callable[[str], Awaitable[Answer]],
        *,
        is_unauthorized: Callable[[Answer], bool],
    ) -> Answer | NoToken:
        """The answer to `request`, which is called with the `Authorization` to carry. What it raises passes through.

        It is called again with a new token if the first answer is a 401 to a kept token: a 401 proves that nothing was
        done.
        """
        if "client_id" not in credentials:
            return await request(_user_authorization(credentials))
        pair = credentials["client_id"], credentials["client_secret"]
        kept = self._kept(pair)
        if kept is not None:
            answer = await request(f"Bearer {kept.text}")
            if not is_unauthorized(answer):
                return answer
            self._drop(pair, kept)
        token = await self._token(pair)
        return await request(f"Bearer {token.text}") if isinstance(token, Token) else token

    def _kept(self, pair: Pair) -> Token | None:
        kept = self._tokens.get(pair)
        return kept if kept is not None and self._clock() < kept.good_until else None

    def _drop(self, pair: Pair, token: Token) -> None:
        """Forget a token, unless another has replaced it."""
        if self._tokens.get(pair) is token:
            del self._tokens[pair]

    async def _token(self, pair: Pair) -> Token | NoToken:
        """A valid token. Callers that wait for the same credentials share one request."""
        if (kept := self._kept(pair)) is not None:
            return kept
        asking = self._asking.get(pair)
        if asking is None:
            asking = self._asking[pair] = asyncio.create_task(self._ask_for_token(pair))
            asking.add_done_callback(lambda _: self._asking.pop(pair, None))
        # A caller that is cancelled must not cancel the request for the others.
        return await asyncio.shield(asking)

    async def _ask_for_token(self, pair: Pair) -> Token | NoToken:
        asked_at = self._clock()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                response = await self._client.post(
                    self._token_url,
                    content=b"grant_type=client_credentials",
                    headers=[
                        *basic_credentials(*pair).items(),
                        (b"Content-Type", b"application/x-www-form-urlencoded"),
                        (b"Accept", b"application/json"),
                    ],
                    follow_redirects=False,
                )
        except (*CONNECTION_FAILURES, TimeoutError) as error:
            return TokenUnavailable(f"The provider could not be reached for a token ({type(error).__name__}).")
        token = _read(response, asked_at=asked_at)
        if isinstance(token, Token):
            self._tokens = {each: kept for each, kept in self._tokens.items() if asked_at < kept.good_until}
            self._tokens[pair] = token
        return token


def _user_authorization(credentials: Mapping[str, str]) -> str:
    return basic_credentials(credentials["username"], credentials["password"])[b"Authorization"].decode()


def _read(response: httpx.Response, *, asked_at: float) -> Token | NoToken:
    payload = json_object(response)
    status = response.status_code
    if status in (401, 403) or (status == 400 and fields.text(payload, "error") in REFUSALS):
        return TokenRefused()
    if status != 200:
        return TokenUnavailable(f"The provider answered {status} to the request for a token.", retry_after(response))
    text = fields.text(payload, "access_token")
    # RFC 6750, 2.1: a token is printable ASCII. A header carries nothing else.
    if not text or not (text.isascii() and text.isprintable()) or " " in text:
        return TokenUnavailable("The provider's answer to the request for a token has none.")
    seconds = _life(payload)
    return Token(text, asked_at + seconds - min(EARLY_SECONDS, seconds / 2))


def _life(payload: Mapping[str, Any]) -> float:
    """The token's life in seconds, at most a day."""
    said = payload.get("expires_in")
    if not isinstance(said, int | float) or isinstance(said, bool) or not said > 0:
        return UNSAID_LIFE_SECONDS
    return float(min(said, LONGEST_LIFE_SECONDS))
