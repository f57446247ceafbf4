"""R11: nothing reaches a number other than the sender, and an opt-out holds under every spelling of its number."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from uuid import uuid4

import httpx
import phonenumbers
import pytest

from api.delivery.claim import claim_due
from api.delivery.settle import Settlement, settle_many
from api.providers.port import Accepted, MessageStatus
from api.providers.registry import ProviderName
from tests.providers.dialects import DIALECTS
from tests.providers.dialects.dialect import Arriving, Dialect
from tests.support.reliability import Progress, figure, seed, size
from tests.support.senders import PLANS, Plan, Sender, senders
from tests.support.service import ORIGIN
from tests.support.world import World

SENDERS = size(quick=40, full=5_000)
BATCH = 80
AT_ONCE = 6


async def lay_lines(world: World, dialects: Sequence[Dialect]) -> dict[tuple[str, ProviderName], str]:
    """For each country and provider a line that answers keywords itself: where its inbound webhooks go."""
    urls: dict[tuple[str, ProviderName], str] = {}
    for plan in PLANS:
        for place, dialect in enumerate(dialects):
            new = {
                "label": f"{plan.country} {dialect.name}",
                "phone_number": f"+{plan.code}{plan.national(10**plan.rest - 1 - place)}",
                "kind": "long_code",
                "country": plan.country,
                "provider": dialect.name.value,
                "credentials": dict(dialect.credentials),
                "settings": {"answers_keywords": True, "business_name": "Tumble", "help_text": "Call us."},
            }
            response = await world.admin.post("/api/v1/lines", json=new)
            assert response.status_code == 201, response.text
            urls[plan.country, dialect.name] = response.json()["webhook_urls"]["inbound"]
    return urls


class Texting:
    """One batch of senders, each with its line, driven through the service."""

    def __init__(
        self, world: World, urls: dict[tuple[str, ProviderName], str], batch: Sequence[tuple[Plan, Sender, Dialect]]
    ) -> None:
        self.world = world
        self.urls = urls
        self.batch = batch
        self.at_once = asyncio.Semaphore(AT_ONCE)
        self.conversations: dict[str, str] = {}

    async def arrive(self, text: str) -> None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.world.service.app, raise_app_exceptions=False), base_url=ORIGIN
        ) as carrier:

            async def post(plan: Plan, sender: Sender, dialect: Dialect) -> None:
                url = self.urls[plan.country, dialect.name]
                webhook = dialect.arrival(Arriving(uuid4().hex, sender.given, text), url=url)
                async with self.at_once:
                    answer = await carrier.post(webhook.url, content=webhook.body, headers=dict(webhook.headers))
                assert answer.status_code == 200, answer.text

            await asyncio.gather(*(post(*each) for each in self.batch))
        await self.world.settled()

    async def reply(self, sender: Sender) -> tuple[int, str]:
        """Maria answers in the conversation that she finds by what the API calls it. The answer's status, and why."""
        name = shown(sender)
        if name not in self.conversations:
            found = await self.world.maria.get("/api/v1/conversations", params={"phone_number": name})
            assert found.status_code == 200, (sender, found.text)
            (conversation,) = found.json()["items"]
            assert conversation["phone_number"] == name
            self.conversations[name] = conversation["id"]
        answer = await self.world.maria.post(
            f"/api/v1/conversations/{self.conversations[name]}/messages", json={"body": f"To {sender.stored[:100]}"}
        )
        return answer.status_code, answer.json()["check"]["reason"] if answer.status_code == 409 else "allowed"

    async def replies(self) -> list[tuple[int, str]]:
        async def reply(sender: Sender) -> tuple[int, str]:
            async with self.at_once:
                return await self.reply(sender)

        return await asyncio.gather(*(reply(sender) for _, sender, _ in self.batch))

    async def leaves(self) -> list[tuple[str, str]]:
        """Everything that is due leaves: to whom, and what it says."""
        gone: list[tuple[str, str]] = []
        while claims := await claim_due(
            self.world.service.database,
            self.world.organization_id,
            secrets=self.world.service.secret_box,
            public_base_url=ORIGIN,
            lease=timedelta(minutes=5),
        ):
            gone += [(claim.message.to, claim.message.body) for claim in claims]
            accepted = [Accepted(f"theirs-{claim.message_id.hex}", MessageStatus.SENT) for claim in claims]
            settlements = [Settlement(claim, outcome) for claim, outcome in zip(claims, accepted, strict=True)]
            await settle_many(self.world.service.database, self.world.organization_id, settlements)
        return gone


def shown(sender: Sender) -> str:
    """What the API calls it. One that is too long to be stored whole keeps a digest."""
    if len(sender.stored) <= 320:
        return sender.stored
    return sender.stored[:287] + "\N{HORIZONTAL ELLIPSIS}" + hashlib.sha256(sender.stored.encode()).hexdigest()[:32]


@pytest.mark.reliability
@pytest.mark.timeout(3600)
async def test_RECV_SENDER_nothing_reaches_another_number_and_an_opt_out_holds_under_every_spelling(
    world: World,
) -> None:
    chance = Random(seed_ := seed())
    print(f"MESSENGER_SEED={seed_}")
    # A provider that leaves out the plus cannot tell every sender apart: `tests/providers` has its cases.
    dialects = [each for each in DIALECTS if each.name is not ProviderName.SIMULATOR and not each.omits_plus]
    assert len(dialects) == 3
    urls = await lay_lines(world, dialects)
    everybody = [(plan, sender, chance.choice(dialects)) for plan, sender in senders(chance, SENDERS)]
    progress = Progress("R11", total=len(everybody))
    people = 0
    for start in range(0, len(everybody), BATCH):
        batch = everybody[start : start + BATCH]
        texting = Texting(world, urls, batch)
        numbers = [sender.number for _, sender, _ in batch if sender.number is not None]
        assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)

        await texting.arrive("Hello")
        for (_, sender, _), answer in zip(batch, await texting.replies(), strict=True):
            expected = (201, "allowed") if sender.number is not None else (409, "not_a_phone_number")
            assert answer == expected, sender
        assert sorted(await texting.leaves()) == sorted((number, f"To {number}") for number in numbers)

        await texting.arrive("HELP")
        assert sorted(to for to, _ in await texting.leaves()) == sorted(numbers)

        await texting.arrive("STOP")
        confirmed = await texting.leaves()
        assert sorted(to for to, _ in confirmed) == sorted(numbers)
        assert all("no more texts" in body for _, body in confirmed)
        stopped = {row[0] for row in await world.rows("SELECT number FROM phone_numbers WHERE stopped_at IS NOT NULL")}
        assert stopped == {shown(sender) for _, sender, _ in everybody[: start + len(batch)]}
        for (_, sender, _), answer in zip(batch, await texting.replies(), strict=True):
            assert answer == (409, "stopped" if sender.number is not None else "not_a_phone_number"), sender

        asked = [spelling for _, sender, _ in batch for spelling in sender.spellings]
        checks = await world.maria.post("/api/v1/opt-in-checks", json={"phone_numbers": asked})
        assert checks.status_code == 200, checks.text
        assert {check["reason"] for check in checks.json()["items"]} == {"stopped"}
        assert await texting.leaves() == []
        people += len(numbers)
        progress.at(start + len(batch))
    figure("R11", senders=len(everybody), people=people, countries=len(PLANS), providers=3, seed=seed_)
