"""A line of any provider's in the running service, with the provider's end of it in the test's hands."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from api.delivery.claim import Claim, claim_due
from api.delivery.reconcile import Reconciliation, claim_unknown, settle_reconciliation
from api.delivery.settle import settle
from api.providers.port import SendOutcome
from tests.providers.dialects.dialect import LINE_NUMBER, PARENT, Arriving, Dialect, Reporting, Webhook
from tests.providers.peer import Peer
from tests.support.service import ORIGIN
from tests.support.world import World


@dataclass
class Wire:
    world: World
    dialect: Dialect
    line: dict[str, Any]
    peer: Peer

    @classmethod
    async def laid(cls, world: World, dialect: Dialect, peer: Peer, **settings: object) -> "Wire":
        """A new line of the provider's, set up as an administrator does."""
        new = {
            "label": f"Line {uuid4().hex[:6]}",
            "phone_number": LINE_NUMBER,
            "kind": "long_code",
            "country": "US",
            "provider": dialect.name.value,
            "credentials": dict(dialect.credentials),
            **({"settings": settings} if settings else {}),
        }
        response = await world.admin.post("/api/v1/lines", json=new)
        assert response.status_code == 201, response.text
        return cls(world, dialect, response.json(), peer)

    # What the provider does.

    async def post(self, webhook: Webhook) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.world.service.app, raise_app_exceptions=False), base_url=ORIGIN
        ) as carrier:
            response = await carrier.post(webhook.url, content=webhook.body, headers=dict(webhook.headers))
        await self.world.settled()
        return response

    async def arrives(self, text: str, *, message_id: str | None = None) -> None:
        """A parent's text; it is applied when this returns."""
        arriving = Arriving(message_id or f"theirs-{uuid4().hex[:8]}", text=text)
        response = await self.post(self.dialect.arrival(arriving, url=self.line["webhook_urls"]["inbound"]))
        assert response.status_code == 200, response.text

    async def reports(
        self, word: str, message_id: str, *, ref: str | None = None, error_code: str | None = None
    ) -> None:
        """What became of a text of ours; it is applied when this returns. `ref` is our message's id."""
        reporting = Reporting(word, message_id, error_code=error_code, ref=UUID(ref) if ref else None)
        response = await self.post(self.dialect.report(reporting, url=self.line["webhook_urls"]["status"]))
        assert response.status_code == 200, response.text

    # What the service does.

    async def queues(self, body: str = "See you at five!") -> str:
        """A reply of Maria's to the parent that waits to leave; its id."""
        started = await self.world.maria.post(
            "/api/v1/conversations", json={"phone_number": PARENT, "line_id": self.line["id"]}
        )
        sent = await self.world.maria.post(
            f"/api/v1/conversations/{started.json()['id']}/messages", json={"body": body}
        )
        assert sent.status_code == 201, sent.text
        message_id: str = sent.json()["id"]
        return message_id

    async def claims(self) -> list[Claim]:
        return await claim_due(
            self.world.service.database,
            self.world.organization_id,
            secrets=self.world.service.secret_box,
            public_base_url=ORIGIN,
            lease=timedelta(minutes=5),
        )

    async def sends(self, claim: Claim) -> SendOutcome:
        """As a worker: the claimed message is posted to the peer, and what came of it is written."""
        provider = self.world.service.providers.get(claim.provider)
        assert provider is not None
        outcome = await provider.send(claim.line, claim.message)
        await settle(self.world.service.database, claim, outcome)
        return outcome

    async def delivers(self) -> int:
        """Everything that is due leaves. Returns how many messages that were."""
        claims = await self.claims()
        for claim in claims:
            await self.sends(claim)
        return len(claims)

    async def reconciliations(self) -> list[Reconciliation]:
        """Claim the unknown outcomes that are due."""
        return await claim_unknown(
            self.world.service.database,
            self.world.organization_id,
            secrets=self.world.service.secret_box,
            public_base_url=ORIGIN,
        )

    async def reconciles(self) -> int:
        """As a worker, later: reconcile every unknown outcome. Returns how many messages that were."""
        await self.world.rows("UPDATE outbox SET due_at = now() RETURNING id")
        reconciliations = await self.reconciliations()
        for each in reconciliations:
            provider = self.world.service.providers.get(each.provider)
            assert provider is not None
            outcome = await provider.reconcile(each.line, each.message)
            await settle_reconciliation(self.world.service.database, each, outcome)
        return len(reconciliations)

    # What is seen.

    async def message(self, message_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.world.daniel.get(f"/api/v1/messages/{message_id}")).json()
        return found

    async def status(self, message_id: str) -> tuple[str, str | None]:
        """The message's status, and the code of its error."""
        found = await self.message(message_id)
        return found["status"], found["error"] and found["error"]["code"]

    async def check(self) -> str:
        """Why the parent may be texted, or may not."""
        asked = {"phone_number": PARENT, "line_id": self.line["id"]}
        reason: str = (await self.world.maria.get("/api/v1/opt-in-checks", params=asked)).json()["reason"]
        return reason

    async def thread(self) -> list[str]:
        conversation = await self.world.conversation(PARENT)
        return [message["body"] for message in await self.world.thread(conversation["id"])]
