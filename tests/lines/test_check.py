"""Checking a line: the provider is asked what is set there, and the answer is kept until the line changes."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.lines.rules import LineState, verdict
from api.providers.port import (
    CredentialsState,
    ProviderUnreachable,
    WebhookCheck,
    WebhookFinding,
    WebhookState,
)
from api.settings import Settings
from simulator.app import create_server
from tests.simulator.conftest import FAST, running
from tests.support.service import service_settings
from tests.support.world import World

ACCOUNT = "AC" + "1" * 32
NUMBER = "+13125550188"


@pytest.fixture(scope="module")
def carrier_url() -> Iterator[str]:
    with running(create_server(FAST)) as url:
        yield url


@pytest.fixture
def settings(tmp_path: object, carrier_url: str) -> Settings:
    return service_settings(tmp_path, twilio_api_url=carrier_url)


class Checked:
    """A Twilio line, and what is set for it at the carrier."""

    def __init__(self, world: World, carrier: httpx.AsyncClient, line: dict[str, Any]) -> None:
        self.world = world
        self.carrier = carrier
        self.path = f"/api/v1/lines/{line['id']}"
        self.inbound: str = line["webhook_urls"]["inbound"]

    @classmethod
    async def made(cls, world: World, carrier: httpx.AsyncClient) -> "Checked":
        await carrier.put(f"/control/accounts/{ACCOUNT}", json={"auth_token": "right"})
        line = {
            "label": "Camp",
            "phone_number": NUMBER,
            "kind": "long_code",
            "country": "US",
            "provider": "twilio",
            "credentials": {"account_sid": ACCOUNT, "auth_token": "right"},
        }
        return cls(world, carrier, (await world.admin.post("/api/v1/lines", json=line)).json())

    async def at_the_carrier(self, inbound_url: str | None) -> None:
        line = {"account_sid": ACCOUNT, "inbound_url": inbound_url}
        assert (await self.carrier.put(f"/control/lines/{NUMBER}", json=line)).is_success

    async def check(self) -> dict[str, Any]:
        response = await self.world.admin.post(f"{self.path}/check")
        assert response.status_code == 200, response.text
        health: dict[str, Any] = response.json()
        return health

    async def kept(self) -> dict[str, Any] | None:
        health: dict[str, Any] | None = (await self.world.daniel.get(self.path)).json()["health"]
        return health


@pytest.fixture
async def line(world: World, carrier_url: str) -> Any:
    async with httpx.AsyncClient(base_url=carrier_url) as carrier:
        yield await Checked.made(world, carrier)


async def test_what_the_provider_has_set_is_told_and_kept(line: Checked) -> None:
    assert await line.kept() is None
    elsewhere = "https://elsewhere.example.com/sms"
    for url, state, found in (
        (None, "needs_attention", "missing"),
        (elsewhere, "needs_attention", "elsewhere"),
        (line.inbound, "ready", "set"),
    ):
        await line.at_the_carrier(url)
        health = await line.check()
        assert (health["state"], health["credentials_state"], health["inbound"]["state"]) == (state, "accepted", found)
        assert health["inbound"]["address"] == (elsewhere if url == elsewhere else None)
        assert health["status"]["state"] == "set"
        assert await line.kept() == health


async def test_new_credentials_need_a_new_check(line: Checked) -> None:
    await line.at_the_carrier(line.inbound)
    await line.check()
    wrong = {"account_sid": ACCOUNT, "auth_token": "wrong"}
    assert (await line.world.admin.patch(line.path, json={"credentials": wrong})).json()["health"] is None
    health = await line.check()
    assert (health["state"], health["credentials_state"]) == ("needs_attention", "refused")
    assert "wrong" not in str(health)
    assert (await line.world.admin.patch(line.path, json={"label": "Summer"})).json()["health"] == health


def finding(state: WebhookState) -> WebhookFinding:
    return WebhookFinding(state, f"it is {state}")


@pytest.mark.parametrize(
    ("credentials", "inbound", "status", "state"),
    [
        ("accepted", "set", "set", "ready"),
        ("accepted", "missing", "set", "needs_attention"),
        ("accepted", "elsewhere", "cannot_tell", "needs_attention"),
        ("accepted", "cannot_tell", "missing", "needs_attention"),
        ("accepted", "cannot_tell", "set", "cannot_tell"),
        ("accepted", "set", "cannot_tell", "cannot_tell"),
        ("cannot_tell", "cannot_tell", "cannot_tell", "cannot_tell"),
        ("refused", "cannot_tell", "cannot_tell", "needs_attention"),
    ],
)
def test_a_line_is_as_ready_as_the_worst_of_what_was_found(
    credentials: str, inbound: str, status: str, state: str
) -> None:
    check = WebhookCheck(CredentialsState(credentials), finding(WebhookState(inbound)), finding(WebhookState(status)))
    assert verdict(check)[0] == state


def test_a_provider_out_of_reach_is_no_fault_of_the_line() -> None:
    assert verdict(ProviderUnreachable("It slept.")) == (LineState.UNREACHABLE, "It slept.")
