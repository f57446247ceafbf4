"""The providers' own figures: asked of the carrier simulator, which names them as the providers do."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from api.costs.figures import fetch_figures, take_due_lines
from api.providers.registry import Providers
from simulator.app import create_server
from tests.prices.test_prices import MOM, balance, cost_of, on_credits, report, send, set_prices, settle
from tests.providers.peer import NO_CERTIFICATES
from tests.simulator.conftest import FAST, running
from tests.support.business import ACCOUNT_SID, AUTH_TOKEN, LINE_NUMBER
from tests.support.service import service_settings
from tests.support.world import World


@pytest.fixture(scope="module")
def carrier_url() -> Iterator[str]:
    with running(create_server(FAST)) as url:
        yield url


class Carrier:
    """The world's business at a simulated Twilio."""

    def __init__(self, world: World, url: str) -> None:
        self.world = world
        self.url = url
        self.providers = Providers(service_settings("unused", simulator_port=urlsplit(url).port))

    async def control(self, method: str, path: str, **body: object) -> None:
        async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
            answer = await client.request(method, f"{self.url}/control{path}", json=body or None)
        assert answer.is_success, answer.text

    async def post(self) -> None:
        """What is queued leaves, and the carrier has sent it."""
        for claim in await self.world.claims():
            provider = self.providers.get(claim.provider)
            assert provider is not None
            await settle(self.world, [claim], await provider.send(claim.line, claim.message))
        await self.control("GET", "/idle?seconds=10")
        # As if the texts were older than what is left to their next report.
        await self.world.rows("UPDATE messages SET created_at = now() - interval '5 minutes' RETURNING id")

    async def fetch(self) -> int:
        """One round of a worker."""
        database, secrets = self.world.service.database, self.world.service.secret_box
        lines = await take_due_lines(database, self.providers, interval=timedelta(0))
        return sum([await fetch_figures(database, line, providers=self.providers, secrets=secrets) for line in lines])


@pytest.fixture
async def carrier(world: World, carrier_url: str) -> AsyncIterator[Carrier]:
    carrier = Carrier(world, carrier_url)
    await carrier.control("DELETE", "/state")
    await carrier.control("PUT", f"/accounts/{ACCOUNT_SID}", wire="twilio", auth_token=AUTH_TOKEN)
    await carrier.control("PUT", f"/lines/{LINE_NUMBER}", account_sid=ACCOUNT_SID)
    await world.rows("UPDATE lines SET created_at = now() - interval '1 day' RETURNING id")
    await world.family("Rivera", MOM)
    yield carrier
    await carrier.providers.close()


async def test_COST_the_providers_figure_is_fetched_once(carrier: Carrier) -> None:
    world = carrier.world
    message_id = await send(world, body="a" * 161)
    await carrier.post()
    assert await cost_of(world, message_id) is None

    assert await carrier.fetch() == 1
    assert await carrier.fetch() == 0

    # Without a price list, and with the minus sign that Twilio gives.
    assert await cost_of(world, message_id) == {"amount": "0.0158", "currency": "USD", "source": "provider"}


async def test_COST_the_providers_figure_takes_the_place_of_the_price_list_and_of_its_credits(carrier: Carrier) -> None:
    world = carrier.world
    await set_prices(world, {"currency": "USD", "prices": [{"country": "US", "text": "0.01", "picture": "0.02"}]})
    await on_credits(world, "1")
    message_id = await send(world)
    await carrier.post()
    assert await balance(world) == "0.99"

    assert await carrier.fetch() == 1

    assert (await cost_of(world, message_id))["source"] == "provider"
    assert await balance(world) == "0.9921"
    # A report afterwards leaves the figure.
    await report(world, message_id, "delivered")
    assert (await cost_of(world, message_id))["amount"] == "0.0079"
    assert await balance(world) == "0.9921"


async def test_COST_a_line_that_was_asked_is_not_due_at_once(carrier: Carrier) -> None:
    database = carrier.world.service.database

    assert len(await take_due_lines(database, carrier.providers, interval=timedelta(hours=1))) == 1
    assert await take_due_lines(database, carrier.providers, interval=timedelta(hours=1)) == []


async def test_COST_a_provider_that_cannot_be_asked_is_asked_again(carrier: Carrier) -> None:
    world = carrier.world
    message_id = await send(world)
    await carrier.post()
    await carrier.control("PUT", "/faults", rules=[{"where": "list", "kind": "status_5xx", "next_n": 1}])

    assert await carrier.fetch() == 0
    assert await cost_of(world, message_id) is None
    assert await carrier.fetch() == 1
