"""A small business to test with, and the means to act as everybody in and around it."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text as sql

from api.access.dependencies import session_cookie
from api.access.rules import Permission
from api.delivery.claim import Claim, claim_due
from api.directory.schemas import FamilyIn
from api.inbound.service import ApplicationBusy
from api.providers.twilio.receive import signature
from api.tables import metadata
from tests.support.business import AUTH_TOKEN, LINE_NUMBER, PASSWORD, Business, create_business
from tests.support.service import ORIGIN, Service


async def new_business(service: Service, *, slug: str | None = None) -> Business:
    return await create_business(service.database, providers=service.providers, secrets=service.secret_box, slug=slug)


@dataclass
class World:
    service: Service
    organization_id: UUID
    slug: str
    line_id: UUID
    admin: httpx.AsyncClient
    maria: httpx.AsyncClient
    """SMS Logs, Mass Text, and Families and Staff: the front desk."""
    daniel: httpx.AsyncClient
    """SMS Logs only."""
    grace: httpx.AsyncClient
    """Mass Text only."""
    olga: httpx.AsyncClient
    """Families and Staff only."""
    noah: httpx.AsyncClient
    """None."""
    staff_ids: dict[str, UUID] = field(default_factory=dict)

    @classmethod
    async def create(cls, service: Service, *, slug: str | None = None) -> "World":
        return cls.of(service, await new_business(service, slug=slug))

    @classmethod
    def of(cls, service: Service, business: Business) -> "World":
        """The world of a business that is in the database already."""
        world = cls(
            service=service,
            organization_id=business.organization_id,
            slug=business.slug,
            line_id=business.line_id,
            admin=service.client(),
            maria=service.client(),
            daniel=service.client(),
            grace=service.client(),
            olga=service.client(),
            noah=service.client(),
            staff_ids=business.staff_ids,
        )
        for name, token in business.tokens.items():
            getattr(world, name).cookies.set(session_cookie(service.settings), token)
        return world

    def other_client(self) -> httpx.AsyncClient:
        """Somebody who has not signed in."""
        return self.service.client()

    async def sign_in(self, client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
        return await client.post(
            "/api/v1/session", json={"organization": self.slug, "email": email, "password": password}
        )

    async def family(
        self, name: str, phone_number: str, *, state: str | None = "opted_in", archived: bool = False
    ) -> dict[str, Any]:
        """A family with one contact holding one number."""
        record: dict[str, Any] = {"phone_number": phone_number}
        if state is not None:
            record["opt_in"] = {"state": state, "source": "portal"}
        new = FamilyIn.model_validate(
            {"name": f"{name} family", "contacts": [{"name": f"Maya {name}", "phone_records": [record]}]}
        )
        response = await self.admin.post("/api/v1/families", json=new.model_dump(mode="json"))
        assert response.status_code == 201, response.text
        family: dict[str, Any] = response.json()
        if archived:
            response = await self.admin.post(f"/api/v1/families/{family['id']}/archive")
            assert response.status_code == 200, response.text
        return family

    async def allow_countries(self, *codes: str) -> None:
        """The countries that the line may text, from now on."""
        response = await self.admin.patch(f"/api/v1/lines/{self.line_id}", json={"settings": {"countries": codes}})
        assert response.status_code == 200, response.text

    async def claims(self) -> list[Claim]:
        """What a worker claims now, to post it."""
        return await claim_due(
            self.service.database,
            self.organization_id,
            secrets=self.service.secret_box,
            public_base_url=ORIGIN,
            lease=timedelta(minutes=5),
        )

    def webhook(
        self, kind: str, fields: dict[str, str], *, token: str = AUTH_TOKEN, query: str = ""
    ) -> tuple[str, bytes, dict[str, str]]:
        """A signed webhook: its address, body and headers."""
        path = f"/webhooks/simulator/{self.line_id}/{kind}{query}"
        signed = signature(token, ORIGIN + path, list(fields.items()))
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signed}
        return path, urlencode(fields).encode(), headers

    async def post_webhook(
        self, kind: str, fields: dict[str, str], *, token: str = AUTH_TOKEN, query: str = ""
    ) -> httpx.Response:
        path, body, headers = self.webhook(kind, fields, token=token, query=query)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.service.app, raise_app_exceptions=False), base_url=ORIGIN
        ) as carrier:
            return await carrier.post(path, content=body, headers=headers)

    async def text(self, sender: str, body: str, *, sid: str | None = None, **more: str) -> str:
        """A parent texts the line; the message is applied when this returns. Returns the carrier's id of it."""
        sid = sid or f"SM{uuid4().hex}"
        fields = {"MessageSid": sid, "From": sender, "To": LINE_NUMBER, "Body": body, "NumMedia": "0", **more}
        response = await self.post_webhook("inbound", fields)
        assert response.status_code == 200, response.text
        await self.settled()
        return sid

    async def settled(self) -> None:
        """Wait until the whole journal has been applied, by whomever."""
        while True:
            try:
                await self.service.apply_journal(self.organization_id)
                return
            except ApplicationBusy:
                await asyncio.sleep(0.01)

    async def conversation(self, phone_number: str) -> dict[str, Any]:
        """The conversation with a number, as a person with SMS Logs sees it in the list."""
        response = await self.daniel.get("/api/v1/conversations", params={"phone_number": phone_number})
        assert response.status_code == 200, response.text
        (found,) = response.json()["items"]
        conversation: dict[str, Any] = found
        return conversation

    async def indicator(self) -> tuple[int, int]:
        """(red, gray)."""
        body = (await self.daniel.get("/api/v1/indicator")).json()
        return body["unread_messages"], body["open_conversations"]

    async def actions(self, conversation_id: str) -> list[str]:
        """The conversation's own audit trail, oldest first, without its number's consent."""
        response = await self.daniel.get(f"/api/v1/conversations/{conversation_id}/audit-entries")
        return [entry["action"] for entry in reversed(response.json()["items"]) if entry["conversation_id"]]

    async def api_key(self, *permissions: Permission) -> httpx.AsyncClient:
        """A client with a new API key of these permissions."""
        response = await self.admin.post(
            "/api/v1/api-keys", json={"name": "Help desk", "permissions": [each.value for each in permissions]}
        )
        assert response.status_code == 201, response.text
        return self.service.client(key=response.json()["key"])

    async def view(
        self, conversation_id: str, seen_seq: int, *, viewer_id: UUID | None = None, by: httpx.AsyncClient | None = None
    ) -> dict[str, Any]:
        """A tab of Maria's, or of somebody else's, shows the conversation up to `seen_seq`."""
        response = await (by or self.maria).put(
            f"/api/v1/conversations/{conversation_id}/viewers/{viewer_id or uuid4()}", json={"seen_seq": seen_seq}
        )
        assert response.status_code == 200, response.text
        viewing: dict[str, Any] = response.json()
        return viewing

    async def thread(self, conversation_id: str) -> list[dict[str, Any]]:
        """The newest messages of a conversation, in order of `seq`."""
        response = await self.daniel.get(f"/api/v1/conversations/{conversation_id}/messages", params={"limit": 200})
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    async def rows(self, statement: str, **parameters: object) -> list[Any]:
        """What a query finds in the database, past the API."""
        async with self.service.database.transaction() as session:
            return list((await session.execute(sql(statement), parameters)).all())

    async def table_sizes(self) -> dict[str, int]:
        """How many rows every table has. Announcements to live streams do not count: they change nothing."""
        counts = " UNION ALL ".join(
            f"SELECT '{table.name}', count(*) FROM {table.name}"
            + (" WHERE type <> 'live.changed'" if table.name == "events" else "")
            for table in metadata.sorted_tables
        )
        return {row[0]: row[1] for row in await self.rows(counts)}

    async def audited(self) -> list[str]:
        """The action of every audit entry of the business, in the order of writing."""
        found = await self.rows(
            "SELECT action FROM audit_entries WHERE organization_id = :id ORDER BY at, id", id=self.organization_id
        )
        return [row[0] for row in found]

    async def settle_as(self, message_id: str, status: str) -> None:
        """What the worker and the provider would have made of a queued message, long since."""
        await self.rows("DELETE FROM outbox WHERE id = :id RETURNING id", id=message_id)
        await self.rows(
            "UPDATE messages SET status = :status WHERE id = :id RETURNING id", id=message_id, status=status
        )
