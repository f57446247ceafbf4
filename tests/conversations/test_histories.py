"""R8: any history of texts, tabs, people and clocks leaves the service where the product's rules say.

Each history runs through the API, the journal and PostgreSQL, in a business of its own, and is compared after every
step with a model that shares no code with the service.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from api.access.rules import Permission
from api.audit import service as audit
from api.conversations import viewing
from tests.support import conversation_model as model
from tests.support import postgres, reliability
from tests.support.business import LINE_NUMBER
from tests.support.clock import Clock, stop_clock
from tests.support.service import Service, service_settings
from tests.support.world import World

API = "/api/v1"
NUMBERS = ("+13125550101", "+13125550102")
TABS = {("maria", "left"): uuid4(), ("maria", "right"): uuid4(), ("daniel", "only"): uuid4()}
LEASE_SECONDS, DEADLINE_SECONDS = 30, 20

Result = TypeVar("Result")


class Laboratory:
    """The service over a database whose clock stands still, in a loop of its own: hypothesis is not async."""

    def __init__(self, loop: asyncio.AbstractEventLoop, service: Service, clock: Clock) -> None:
        self._loop = loop
        self.service = service
        self.clock = clock

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


@contextmanager
def laboratory(clone: postgres.Database, folder: Path) -> Iterator[Laboratory]:
    start = stop_clock(clone)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="laboratory")
    thread.start()
    options = service_settings(folder, viewer_lease_seconds=LEASE_SECONDS, seen_deadline_seconds=DEADLINE_SECONDS)
    running = Service.running(options, clone)
    try:
        service = asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(60)
        try:
            yield Laboratory(loop, service, Clock(service.database, start))
        finally:
            asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


which = st.sampled_from(NUMBERS)
tabs = st.sampled_from(sorted(TABS))
seqs = st.one_of(st.integers(0, 3), st.integers(-2, 1).map(lambda back: ("last", back)))
"""A `seq`, or an offset from the last one. An offset beyond the last is a `seq` that does not exist."""


class Histories(RuleBasedStateMachine):
    laboratory: Laboratory
    progress: reliability.Progress
    histories = 0

    @initialize()
    def begin(self) -> None:
        self.world, self.key = self.laboratory.run(self._open())
        self.known: dict[str, model.Conversation] = {}
        self.ids: dict[str, str] = {}
        for number in NUMBERS:
            self.texts_arrive(number, 1)

    async def _open(self) -> tuple[World, httpx.AsyncClient]:
        world = await World.create(self.laboratory.service)
        return world, await world.api_key(*Permission)

    @property
    def now(self) -> datetime:
        return self.laboratory.clock.now

    def path(self, number: str) -> str:
        return f"{API}/conversations/{self.ids[number]}"

    def seq(self, number: str, choice: int | tuple[str, int]) -> int:
        if isinstance(choice, int):
            return choice
        return max(0, len(self.known[number].texts) + choice[1])

    def ask(self, by: str, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        client: httpx.AsyncClient = self.key if by == "key" else getattr(self.world, by)
        return self.laboratory.run(client.request(method, path, json=body))

    # Steps.

    @rule(number=which, count=st.sampled_from([1, 1, 2]))
    def texts_arrive(self, number: str, count: int) -> None:
        self.laboratory.run(self._texts(number, count))
        if number not in self.known:
            self.known[number] = model.Conversation(
                timedelta(seconds=LEASE_SECONDS), timedelta(seconds=DEADLINE_SECONDS)
            )
            self.ids[number] = self.laboratory.run(self.world.conversation(number))["id"]
        self.known[number].arrives(count=count, now=self.now)

    async def _texts(self, number: str, count: int) -> None:
        for _ in range(count):
            sid = f"SM{uuid4().hex}"
            fields = {"MessageSid": sid, "From": number, "To": LINE_NUMBER, "Body": "Hello?", "NumMedia": "0"}
            assert (await self.world.post_webhook("inbound", fields)).status_code == 200
        await self.world.settled()

    @rule(number=which, tab=tabs, upto=seqs)
    def a_tab_shows_it(self, number: str, tab: tuple[str, str], upto: int | tuple[str, int]) -> None:
        person, _ = tab
        seq = self.seq(number, upto)
        answer = self.ask(person, "PUT", f"{self.path(number)}/viewers/{TABS[tab]}", {"seen_seq": seq})
        assert answered(answer) == self.known[number].view(*tab, seq, now=self.now)
        if answer.status_code == 200:
            assert datetime.fromisoformat(answer.json()["expires_at"]) == self.now + timedelta(seconds=LEASE_SECONDS)

    @rule(number=which, tab=tabs, pauses=st.lists(st.sampled_from([1, 9, 19]), min_size=1, max_size=3), upto=seqs)
    def a_parent_goes_on_before_it(
        self, number: str, tab: tuple[str, str], pauses: list[int], upto: int | tuple[str, int]
    ) -> None:
        """Text after text arrives while a tab shows it, which confirms some of them in the end."""
        self.a_tab_shows_it(number, tab, ("last", 0))
        for seconds in pauses:
            self.texts_arrive(number, 1)
            self.the_clock_moves(seconds)
        self.a_tab_shows_it(number, tab, upto)

    @rule(number=which, tab=tabs)
    def a_tab_leaves_it(self, number: str, tab: tuple[str, str]) -> None:
        assert self.ask(tab[0], "DELETE", f"{self.path(number)}/viewers/{TABS[tab]}").status_code == 204
        self.known[number].leave(*tab)

    @rule(number=which, by=st.sampled_from(["maria", "daniel"]), seen=seqs)
    def somebody_closes_it(self, number: str, by: str, seen: int | tuple[str, int]) -> None:
        seq = self.seq(number, seen)
        answer = self.ask(by, "POST", f"{self.path(number)}/close", {"seen_seq": seq})
        assert answered(answer) == self.known[number].close(seq)

    @rule(number=which, by=st.sampled_from(["maria", "daniel"]))
    def somebody_reopens_it(self, number: str, by: str) -> None:
        answer = self.ask(by, "POST", f"{self.path(number)}/reopen")
        assert answered(answer) == self.known[number].reopen()

    @rule(
        number=which,
        by=st.sampled_from(["maria", "admin", "key"]),
        seen=st.one_of(st.none(), seqs),
        close=st.sampled_from([False, False, True]),
    )
    def somebody_replies(self, number: str, by: str, seen: int | tuple[str, int] | None, close: bool) -> None:
        seq = None if seen is None else self.seq(number, seen)
        body = {"body": "Yes", "seen_seq": seq, "close": close}
        answer = self.ask(by, "POST", f"{self.path(number)}/messages", body)
        expected = self.known[number].reply(by, by_key=by == "key", seen_seq=seq, close=close)
        if isinstance(expected, model.Standing):
            assert (answer.status_code, answer.json()["seq"]) == (201, expected.last_seq)
        else:
            assert answered(answer) == expected

    @rule(seconds=st.sampled_from([1, 9, 10, 19.999, 20, 20, 30, 31, 40, -5, -45, 3600]))
    def the_clock_moves(self, seconds: float) -> None:
        """A tab that crashed or lost its network does not renew its lease meanwhile."""
        self.laboratory.run(self.laboratory.clock.step(seconds))

    @rule()
    def the_sweeper_comes_by(self) -> None:
        self.laboratory.run(self._sweep())
        for each in self.known.values():
            each.sweep(self.now)
            missed = [text for text in each.unseen if each.status == "open" and (text.due or self.now) <= self.now]
            assert not missed, "no message is left unseen in an open conversation past its deadline"

    async def _sweep(self) -> None:
        async with self.laboratory.service.database.transaction() as session:
            await viewing.sweep(session, self.world.organization_id)

    # What is asserted after each step.

    @invariant()
    def the_service_is_where_the_rules_are(self) -> None:
        found = self.laboratory.run(self._look())
        names = {str(staff_id): name for name, staff_id in self.world.staff_ids.items()}
        shown = {
            row["phone_number"]: (
                standing(row),
                {names[each["staff_member_id"]]: datetime.fromisoformat(each["since"]) for each in row["viewers"]},
            )
            for row in found["list"]
        }
        assert shown == {number: (each.standing, each.viewers(self.now)) for number, each in self.known.items()}
        assert found["indicator"] == model.indicator(self.known.values())
        by_number = {UUID(conversation_id): number for number, conversation_id in self.ids.items()}
        assert {by_number[row[0]]: row[1] for row in found["deadlines"]} == {
            number: each.seen_deadline for number, each in self.known.items()
        }
        trails: dict[str, list[str]] = {number: [] for number in self.known}
        for conversation_id, action in found["trail"]:
            trails[by_number[conversation_id]].append(action)
        assert trails == {number: each.trail for number, each in self.known.items()}

    async def _look(self) -> dict[str, Any]:
        organization = {"id": self.world.organization_id}
        return {
            "list": (await self.world.daniel.get(f"{API}/conversations")).json()["items"],
            "indicator": await self.world.indicator(),
            "deadlines": await self.world.rows(
                "SELECT id, seen_deadline FROM conversations WHERE organization_id = :id", **organization
            ),
            "trail": await self.world.rows(
                "SELECT chain_subject, action FROM audit_entries"
                " WHERE organization_id = :id AND conversation_id IS NOT NULL ORDER BY chain_number",
                **organization,
            ),
        }

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        assert isinstance(self.laboratory.run(self._verified()), int), "AUDIT-CHAIN: every chain is whole"
        Histories.histories += 1
        self.progress.at(Histories.histories)

    async def _verified(self) -> object:
        async with self.laboratory.service.database.transaction() as session:
            return await audit.verify(session, self.world.organization_id)


def standing(row: dict[str, Any]) -> model.Standing:
    return model.Standing(row["status"], row["last_seq"], row["seen_seq"], row["unread_messages"])


def answered(response: httpx.Response) -> model.Answer:
    """The answer of the model."""
    match response.status_code:
        case 200:
            return standing(response.json())
        case 409:
            assert response.json()["type"] == "/problems/new-messages"
            return model.Refused(tuple(message["seq"] for message in response.json()["missed"]))
        case 422:
            assert [each["pointer"] for each in response.json()["errors"]] == ["/seen_seq"]
            return model.Unknown()
        case other:
            raise AssertionError(f"{other}: {response.text}")


@pytest.mark.reliability
@pytest.mark.timeout(reliability.size(quick=120, full=7_200))
def test_R8_any_history_leaves_the_service_where_the_rules_are(clone: postgres.Database, tmp_path: Path) -> None:
    total, number = reliability.size(quick=4, full=1_000), reliability.seed()
    print(f"MESSENGER_SEED={number}")
    Histories.progress = reliability.Progress("R8", total=total)
    options = settings(
        max_examples=total,
        stateful_step_count=reliability.size(quick=15, full=40),
        deadline=None,
        database=None,
        # Shrinking a failure runs it hundreds of times. The histories of `make test` are short enough to read.
        phases=[Phase.generate, Phase.shrink] if reliability.FULL else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with laboratory(clone, tmp_path) as Histories.laboratory:
        run_state_machine_as_test(seed(number)(Histories), settings=options)
    reliability.figure("R8", histories=Histories.histories, seed=number)
