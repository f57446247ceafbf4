"""The gate before sign-ins: who is served, who waits, who is turned away. And what nothing else has to wait for."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from pwdlib.exceptions import UnknownHashError

from api.access import gate as gates
from api.access import passwords
from api.access.errors import GateFull
from api.access.gate import WAITING, WAITING_PER_DEVICE, WAITING_PER_SOURCE, SignInGate
from tests.support.stack import eventually
from tests.support.world import World

API = "/api/v1"
PASSWORDS = passwords._passwords
"""Those of production: during the tests, cheaper ones take their place."""


class SlowPasswords:
    """A hasher that takes as long as the test wants, and says how many work at once."""

    def __init__(self) -> None:
        self.at_once = 0
        self.most_at_once = 0
        self.begun = 0
        self.go_on = threading.Event()
        self.asked: list[str] = []

    def verify(self, password: str, stored: str) -> bool:
        self.begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.asked.append(stored)
        assert self.go_on.wait(60)
        self.at_once -= 1
        return False

    def hash(self, password: str) -> str:
        self.verify(password, "new")
        return "$argon2id$nothing-matches"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowPasswords]:
    slow = SlowPasswords()
    monkeypatch.setattr(passwords, "_passwords", slow)
    yield slow
    slow.go_on.set()


async def hold(gate: SignInGate, address: str = "192.0.2.1", device: str | None = None) -> AsyncExitStack:
    stack = AsyncExitStack()
    await stack.enter_async_context(gate.turn(address=address, device=device))
    return stack


async def queued(gate: SignInGate, count: int, *, device: bool = False) -> list["asyncio.Task[AsyncExitStack]"]:
    """As many who wait, each from an address or device of its own."""
    tasks = [
        asyncio.create_task(hold(gate, f"192.0.2.{number}", f"device {number}" if device else None))
        for number in range(count)
    ]
    await asyncio.sleep(0)
    return tasks


async def test_sign_ins_are_served_one_at_a_time_in_order_of_arrival() -> None:
    gate = SignInGate()
    first = await hold(gate)
    waiting = await queued(gate, 3)

    for each in waiting:
        assert not each.done()
        await first.aclose()
        first = await each
    await first.aclose()

    await (await hold(gate)).aclose()


async def test_a_full_queue_refuses() -> None:
    gate = SignInGate()
    held = await hold(gate)
    waiting = await queued(gate, WAITING)

    with pytest.raises(GateFull):
        await hold(gate, "203.0.113.1")

    await held.aclose()
    served = await waiting[0]
    another = asyncio.create_task(hold(gate, "203.0.113.1"))
    await asyncio.sleep(0)
    assert not another.done(), "a place is free again"
    for each in (*waiting[1:], another):
        await served.aclose()
        served = await each
    await served.aclose()


@pytest.mark.parametrize(("device", "places"), [(None, WAITING_PER_SOURCE), ("a device", WAITING_PER_DEVICE)])
async def test_one_source_cannot_fill_the_queue(device: str | None, places: int) -> None:
    gate = SignInGate()
    held = await hold(gate)
    waiting = [asyncio.create_task(hold(gate, "192.0.2.1", device)) for _ in range(places)]
    await asyncio.sleep(0)

    with pytest.raises(GateFull):
        await hold(gate, "192.0.2.1", device)
    other = asyncio.create_task(hold(gate, "192.0.2.2", device and "another"))
    await asyncio.sleep(0)
    assert not other.done()

    for each in (*waiting, other):
        await held.aclose()
        held = await each
    await held.aclose()


async def test_a_known_device_is_served_before_a_flood_of_strangers() -> None:
    gate = SignInGate()
    held = await hold(gate)
    strangers = await queued(gate, WAITING)
    known = asyncio.create_task(hold(gate, "203.0.113.1", "Ada's laptop"))
    await asyncio.sleep(0)

    await held.aclose()

    served = await known
    assert not any(each.done() for each in strangers)
    for each in strangers:
        await served.aclose()
        served = await each
    await served.aclose()


async def test_a_cancelled_wait_passes_its_turn_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = SignInGate()
    held = await hold(gate)
    leaving, staying = await queued(gate, 2)
    leaving.cancel()
    await asyncio.sleep(0)
    await held.aclose()
    held = await staying

    # One who is given the place in the moment of giving up passes it on.
    (torn, last) = await queued(gate, 2)
    await held.aclose()
    torn.cancel()
    await (await last).aclose()

    held = await hold(gate)
    monkeypatch.setattr(gates, "WAIT_SECONDS", 0.01)
    with pytest.raises(GateFull):
        await hold(gate)
    await held.aclose()
    await (await hold(gate)).aclose()


async def test_a_flood_hashes_one_password_at_a_time_and_holds_no_connection(world: World, slow: SlowPasswords) -> None:
    """Nothing of a business waits meanwhile, and who is too many is told when to come back."""
    client = world.other_client()
    many = WAITING_PER_SOURCE + 20
    tries = [asyncio.create_task(world.sign_in(client, f"{number}@gym.test")) for number in range(many)]

    async def one_is_checked() -> bool:
        return slow.begun > 0 and sum(each.done() for each in tries) == many - WAITING_PER_SOURCE - 1

    await eventually(one_is_checked, "one is checked and the others wait or were turned away")
    busy = await world.rows(
        "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'messenger'"
        " AND pid <> pg_backend_pid() AND state <> 'idle' AND query NOT LIKE 'LISTEN%'"
    )
    served = await asyncio.gather(*(world.daniel.get(f"{API}/conversations") for _ in range(20)))
    begun_meanwhile = slow.begun
    slow.go_on.set()
    answers = await asyncio.gather(*tries)

    assert busy == []
    assert {response.status_code for response in served} == {200}
    assert begun_meanwhile == 1
    assert slow.most_at_once == 1
    turned_away = [response for response in answers if response.status_code == 429]
    assert len(turned_away) == many - WAITING_PER_SOURCE - 1
    assert {response.json()["type"] for response in turned_away} == {"/problems/rate-limited"}
    assert all(int(response.headers["retry-after"]) >= 1 for response in turned_away)
    assert {response.status_code for response in answers} == {401, 429}


async def test_a_password_that_is_set_is_hashed_with_no_transaction_open(world: World, slow: SlowPasswords) -> None:
    new = {"name": "Zoe", "email": "zoe@gym.test", "password": "a long password", "permissions": []}
    maria = f"{API}/staff-members/{world.staff_ids['maria']}"
    for method, path, body in (
        ("POST", f"{API}/staff-members", new),
        ("PATCH", maria, {"password": "a long password"}),
        ("PUT", f"{API}/staff-members/by-external-id/1", {**new, "email": "yan@gym.test"}),
    ):
        slow.begun = 0
        slow.go_on.clear()
        setting = asyncio.create_task(world.admin.request(method, path, json=body))

        async def is_hashed() -> bool:
            return slow.begun > 0

        await eventually(is_hashed, "the password is hashed")
        open_ones = await world.rows(
            "SELECT query FROM pg_stat_activity"
            " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
        )
        slow.go_on.set()
        answer = await setting
        assert (method, open_ones, answer.is_success) == (method, [], True)


async def test_every_refused_sign_in_checks_a_hash_of_the_same_cost(world: World, slow: SlowPasswords) -> None:
    slow.go_on.set()
    await world.rows(
        "UPDATE staff_members SET password_hash = :real WHERE id = :id RETURNING id",
        real=passwords.UNKNOWN_ACCOUNT.replace("Ynd2", "Abcd"),
        id=world.staff_ids["admin"],
    )
    for slug, email in (
        (world.slug, "ada@gym.test"),
        (world.slug, "nobody@gym.test"),
        (world.slug, "maria@gym.test"),
        ("no-such-business", "ada@gym.test"),
    ):
        body = {"organization": slug, "email": email, "password": "wrong"}
        await world.other_client().post(f"{API}/session", json=body)

    parameters = [stored.rpartition("$")[0].rpartition("$")[0] for stored in slow.asked]
    assert parameters == [passwords.UNKNOWN_ACCOUNT.rpartition("$")[0].rpartition("$")[0]] * 4


def test_the_hash_for_unknown_accounts_costs_as_much_as_any_and_matches_nothing() -> None:
    made = PASSWORDS.hash("a password")
    assert made.split("$")[:4] == passwords.UNKNOWN_ACCOUNT.split("$")[:4]
    assert not PASSWORDS.verify("a password", passwords.UNKNOWN_ACCOUNT)
    with pytest.raises(UnknownHashError):
        PASSWORDS.verify("a password", "nonsense")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have the priority of their process")
async def test_hashing_has_one_thread_of_lower_priority() -> None:
    def thread() -> tuple[int, int]:
        return threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0)

    found = {await passwords._in_thread(thread) for _ in range(5)}

    assert len(found) == 1
    assert found.pop()[1] > thread()[1]
