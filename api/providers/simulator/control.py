"""Client of the carrier simulator's control interface, which sets its accounts and lines up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from api.providers.http import make_client

_BOOKS = 100_000
"""Messages to list: the most that the simulator returns."""

_TEXTS_PER_REQUEST = 1_000


class SimulatorError(Exception):
    """The carrier simulator could not be set up. The message is one line that says why."""


@dataclass(frozen=True)
class SimulatedAccount:
    account_sid: str
    auth_token: str


@dataclass(frozen=True)
class SimulatedLine:
    phone_number: str
    account_sid: str
    label: str
    country: str
    kind: str
    """As of a line: long_code, toll_free or short_code."""
    inbound_url: str
    status_url: str
    messaging_service_sid: str | None = None
    answers_keywords: bool = False
    """We answer STOP, START and HELP, not the carrier."""


@dataclass(frozen=True)
class SimulatedHandset:
    phone_number: str
    name: str
    is_landline: bool = False


@dataclass(frozen=True)
class PastText:
    """A text that was exchanged before. `provider_message_id` is the carrier's name for it."""

    handset: str
    line: str
    from_handset: bool
    body: str
    at: datetime
    provider_message_id: str


async def register_with_simulator(
    *,
    simulator_url: str,
    accounts: Sequence[SimulatedAccount],
    lines: Sequence[SimulatedLine],
    handsets: Sequence[SimulatedHandset],
    texts: Sequence[PastText] = (),
) -> None:
    """Register the service's lines, and handsets for the people who text them. Safe to repeat at every start.

    Accounts and lines are replaced. A handset keeps the state that a person gave it, and a text that the simulator
    knows is left out. Raises `SimulatorError`.
    """
    async with make_client() as client:
        control = _Control(client, f"{simulator_url}/control")
        for account in accounts:
            await control.put(f"accounts/{quote(account.account_sid, safe='')}", {"auth_token": account.auth_token})
        for line in lines:
            await control.put(f"lines/{quote(line.phone_number)}", _line_body(line))
        known = {each["phone_number"]: each["name"] for each in (await control.get("handsets"))["items"]}
        for handset in handsets:
            body = {"name": handset.name}
            if handset.phone_number not in known and handset.is_landline:
                body["state"] = "landline"
            if known.get(handset.phone_number) != handset.name:
                await control.put(f"handsets/{quote(handset.phone_number)}", body)
        if texts:
            books = await control.get(f"messages?limit={_BOOKS}")
            there = {each["message_sid"] for each in books["items"]}
            missing = [_text_body(text) for text in texts if text.provider_message_id not in there]
            for start in range(0, len(missing), _TEXTS_PER_REQUEST):
                await control.post("history", {"texts": missing[start : start + _TEXTS_PER_REQUEST]})


class _Control:
    """Requests to the control interface. Every failure is a `SimulatorError`."""

    def __init__(self, client: httpx.AsyncClient, base: str) -> None:
        self._client = client
        self._base = base

    async def get(self, path: str) -> dict[str, Any]:
        return await self._ask("GET", path, None)

    async def put(self, path: str, body: dict[str, Any]) -> None:
        await self._ask("PUT", path, body)

    async def post(self, path: str, body: dict[str, Any]) -> None:
        await self._ask("POST", path, body)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        asked = f"{method} {self._base}/{path.partition('?')[0]}"
        try:
            response = await self._client.request(method, f"{self._base}/{path}", json=body)
        except httpx.HTTPError as error:
            raise SimulatorError(f"The carrier simulator did not answer {asked} ({type(error).__name__}).") from error
        if not response.is_success:
            raise SimulatorError(f"The carrier simulator answered {response.status_code} to {asked}.")
        answer: dict[str, Any] = response.json()
        return answer


def _line_body(line: SimulatedLine) -> dict[str, Any]:
    return {
        "account_sid": line.account_sid,
        "inbound_url": line.inbound_url,
        "status_url": line.status_url,
        "label": line.label,
        "country": line.country,
        "kind": line.kind,
        "messaging_service_sid": line.messaging_service_sid,
        "keywords": "app" if line.answers_keywords else "carrier",
    }


def _text_body(text: PastText) -> dict[str, Any]:
    return {
        "handset": text.handset,
        "line": text.line,
        "direction": "from_handset" if text.from_handset else "to_handset",
        "body": text.body,
        "at": text.at.isoformat(),
        "message_sid": text.provider_message_id,
    }
