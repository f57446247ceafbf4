"""A worker dies at every named point, and what docs/reliability.md says is what happens (SEND-NEVER-TWICE)."""

import re
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from api.delivery.claim import Claim, claim_due
from api.delivery.settle import settle
from api.kit.crash_points import CrashPoint, arm
from api.kit.secrets import SecretBox
from api.providers.port import OutcomeUnknown
from api.providers.registry import Providers
from api.settings import SettingsError
from tests.support import postgres
from tests.support.service import service_settings
from tests.support.stack import Stack, eventually

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).resolve().parents[2]
PARENT = "+13125550150"

State = tuple[str, str | None]
"""The message's status, and the state of its outbox entry."""


@dataclass(frozen=True)
class Case:
    leaves: State
    posted: int
    """How often the carrier has the text."""
    ends: str
    starts: str = "queued"
    """queued; sending: posted by a worker that then vanished, its lease over; unknown: due for reconciliation."""


SENDING = ("sending", "sending")
UNKNOWN = ("unknown", "unknown")

CASES = {
    CrashPoint.CLAIM_BEFORE_COMMIT: Case(("queued", "queued"), 1, "sent"),
    CrashPoint.CLAIM_COMMITTED: Case(SENDING, 0, "unknown"),
    CrashPoint.POST_WRITTEN: Case(SENDING, 1, "delivered"),
    CrashPoint.POST_ANSWERED: Case(SENDING, 1, "delivered"),
    CrashPoint.SETTLE_BEFORE_COMMIT: Case(SENDING, 1, "delivered"),
    CrashPoint.SETTLE_COMMITTED: Case(("sent", None), 1, "sent"),
    CrashPoint.EXPIRE_BEFORE_COMMIT: Case(SENDING, 1, "delivered", starts="sending"),
    CrashPoint.EXPIRE_COMMITTED: Case(UNKNOWN, 1, "delivered", starts="sending"),
    CrashPoint.RECONCILE_CLAIM_BEFORE_COMMIT: Case(UNKNOWN, 1, "delivered", starts="unknown"),
    CrashPoint.RECONCILE_CLAIM_COMMITTED: Case(UNKNOWN, 1, "delivered", starts="unknown"),
    CrashPoint.RECONCILE_ANSWERED: Case(UNKNOWN, 1, "delivered", starts="unknown"),
    CrashPoint.RECONCILE_SETTLE_BEFORE_COMMIT: Case(UNKNOWN, 1, "delivered", starts="unknown"),
    CrashPoint.RECONCILE_SETTLE_COMMITTED: Case(("delivered", None), 1, "delivered", starts="unknown"),
}


@dataclass
class Sending:
    """One conversation of a business whose worker is the test's to start."""

    stack: Stack
    maria: httpx.AsyncClient
    conversation_id: str

    async def queue(self, body: str) -> UUID:
        sent = await self.maria.post(f"/api/v1/conversations/{self.conversation_id}/messages", json={"body": body})
        assert sent.status_code == 201, sent.text
        return UUID(sent.json()["id"])

    async def state(self, message_id: UUID) -> State:
        statement = text("SELECT m.status, o.state FROM messages m LEFT JOIN outbox o ON o.id = m.id WHERE m.id = :id")
        async with self.stack.database.transaction() as session:
            status, entry = (await session.execute(statement, {"id": message_id})).one()
        return status, entry

    async def reconciliations_of(self, message_id: UUID) -> int:
        async with self.stack.database.transaction() as session:
            asked = await session.execute(text("SELECT attempts FROM outbox WHERE id = :id"), {"id": message_id})
        return asked.scalar_one_or_none() or 0

    async def due_now(self, state: str) -> None:
        """A lease's time, or the time until a reconciliation, has passed; whoever sends is told."""
        async with self.stack.database.transaction() as session:
            await session.execute(text("UPDATE outbox SET due_at = now() WHERE state = :state"), {"state": state})
            await session.execute(text("SELECT pg_notify('messenger_outbox', '[{}]')"))

    async def posted(self, body: str) -> int:
        return sum(message["body"] == body for message in await self.stack.handed_over())

    async def post_and_vanish(self) -> Claim:
        """As a worker that claims and posts, and dies before it stores the answer."""
        stack = self.stack
        settings = service_settings(ROOT, simulator_port=int(stack.environment["MESSENGER_SIMULATOR_PORT"]))
        providers = Providers(settings)
        (claimed,) = await claim_due(
            stack.database,
            stack.business.organization_id,
            secrets=SecretBox(settings.resolved_secret_key()),
            public_base_url=stack.api_url,
            lease=timedelta(minutes=1),
        )
        provider = providers.get(claimed.provider)
        assert provider is not None
        await provider.send(claimed.line, claimed.message)
        await providers.close()
        return claimed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sending(template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sending]:
    clone = postgres.clone_database(template)
    async with Stack.running(clone, tmp_path_factory.mktemp("stack")) as stack, stack.staff("maria") as maria:
        stack.kill("worker")
        await stack.reports_nothing()
        await stack.handset_texts(PARENT, "Hello?")
        found: list[str] = []

        async def arrived() -> bool:
            items = (await maria.get("/api/v1/conversations")).json()["items"]
            found.extend(each["id"] for each in items)
            return bool(items)

        await eventually(arrived, "the parent's text has arrived")
        yield Sending(stack, maria, found[0])
    postgres.drop_database(clone)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("point", list(CrashPoint))
async def test_SEND_NEVER_TWICE_a_worker_that_dies_at_this_point_leaves_what_is_documented(
    sending: Sending, point: CrashPoint
) -> None:
    case = CASES[point]
    stack, body = sending.stack, f"for {point}"
    message_id = await sending.queue(body)
    if case.starts != "queued":
        claimed = await sending.post_and_vanish()
        if case.starts == "unknown":
            await settle(stack.database, claimed, OutcomeUnknown("The connection broke."))
        await sending.due_now(case.starts)

    stack.start("worker", MESSENGER_CRASH_AT=point)

    assert await stack.died("worker") == -signal.SIGKILL
    assert await sending.state(message_id) == case.leaves

    await sending.due_now("sending")
    stack.start("worker")

    async def ended() -> bool:
        status, entry = await sending.state(message_id)
        if entry == "unknown" and case.ends != "unknown":
            await sending.due_now("unknown")
        if case.ends == "unknown":
            return (status, entry) == UNKNOWN and await sending.reconciliations_of(message_id) > 0
        return entry is None

    if case.ends == "unknown":
        await eventually(lambda: _is(sending, message_id, UNKNOWN), "it is unknown")
        await sending.due_now("unknown")
    await eventually(ended, f"it ends {case.ends}")
    status, _ = await sending.state(message_id)
    assert (status, await sending.posted(body)) == (case.ends, case.posted)
    assert await stack.handed_over_twice() == []
    stack.kill("worker")
    await _forget(sending, message_id)


async def _is(sending: Sending, message_id: UUID, state: State) -> bool:
    return await sending.state(message_id) == state


async def _forget(sending: Sending, message_id: UUID) -> None:
    """Otherwise it would be reconciled during the next point's test."""
    async with sending.stack.database.transaction() as session:
        await session.execute(text("DELETE FROM outbox WHERE id = :id"), {"id": message_id})


def test_every_point_is_in_the_code_once_in_the_document_and_driven_here() -> None:
    documented = re.findall(r"^\| `([a-z_.]+)` \|", (ROOT / "docs" / "reliability.md").read_text(), re.MULTILINE)
    passed = re.findall(
        r"\breached\(CrashPoint\.(\w+)\)", "".join(path.read_text() for path in (ROOT / "api").rglob("*.py"))
    )
    assert documented == [point.value for point in CrashPoint]
    assert sorted(passed) == sorted(point.name for point in CrashPoint)
    assert list(CASES) == list(CrashPoint)


def test_a_point_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"MESSENGER_CRASH_AT: there is no point claim\.never; use one of claim"):
        arm("claim.never")
