"""The inbox's orders and filters for a team, its saved views, and who is writing."""

import asyncpg
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from api.conversations.inbox_queries import InboxFilter, InboxSort, NobodysOwn, inbox, indicator
from api.conversations.rules import Status
from api.conversations.typing_presence import EVENT_EVERY_SECONDS, TypingLimits
from api.kit.connection import plain_url
from tests.conversations.team import API, PARENT, act, get, listed, send, waiting
from tests.support.world import World

NUMBERS = [f"+1312555020{n}" for n in range(5)]


async def test_whoever_has_waited_longest_comes_first_and_pages_are_stable(world: World) -> None:
    ids = [await waiting(world, number) for number in NUMBERS]
    # The first texts again: it is the newest, and has waited longest all the same.
    await world.text(NUMBERS[0], "Hello??")
    await act(world, "close", ids[2])
    assert (await get(world, ids[2]))["waiting_since"] is None
    await world.family("Rivera", NUMBERS[1])
    await send(world, ids[1])

    assert await listed(world, sort="longest_waiting") == [NUMBERS[0], NUMBERS[3], NUMBERS[4]]
    assert (await listed(world))[:2] == [NUMBERS[1], NUMBERS[0]]
    seen: list[str] = []
    cursor = None
    while True:
        params = {"sort": "longest_waiting", "limit": "1", **({"cursor": cursor} if cursor else {})}
        page = (await world.maria.get(f"{API}/conversations", params=params)).json()
        seen += [item["phone_number"] for item in page["items"]]
        await world.text(NUMBERS[4], "A text between two pages")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [NUMBERS[0], NUMBERS[3], NUMBERS[4]]
    closed = await world.maria.get(f"{API}/conversations", params={"sort": "longest_waiting", "status": "closed"})
    assert closed.status_code == 422


async def test_updated_since_lists_what_has_changed(world: World) -> None:
    first, second = [await waiting(world, number) for number in NUMBERS[:2]]
    since = (await get(world, second))["updated_at"]
    assert await listed(world, updated_since=since) == [NUMBERS[1]]
    await act(world, "assign", first, staff_member_id=str(world.staff_ids["maria"]))
    assert await listed(world, updated_since=since) == [NUMBERS[1], NUMBERS[0]]


FILTERS = [
    (InboxFilter(status=Status.OPEN), InboxSort.NEWEST),
    (InboxFilter(assignee=NobodysOwn.NONE, status=Status.UNREAD), InboxSort.NEWEST),
    (InboxFilter(assignee=NobodysOwn.NONE), InboxSort.NEWEST),
    (InboxFilter(not_sent=True), InboxSort.NEWEST),
    (InboxFilter(later=True), InboxSort.NEWEST),
    (InboxFilter(), InboxSort.LONGEST_WAITING),
    (InboxFilter(status=Status.UNREAD), InboxSort.LONGEST_WAITING),
]


async def test_no_filter_reads_the_whole_inbox(world: World) -> None:
    """Each reads an index in its order, so what it costs does not grow with the business."""
    await _many_conversations(world)
    reads: dict[str, int] = {}
    for narrowed, sort in FILTERS:
        async with world.service.database.transaction() as session:
            before = await _rows_read(session)
            rows = await inbox(session, world.organization_id, narrowed, sort=sort, limit=20)
            assert len(rows) >= 10
            reads[f"{narrowed} {sort}"] = await _rows_read(session) - before
    assert {what: read for what, read in reads.items() if read > 300} == {}

    async with world.service.database.transaction() as session:
        counted = await indicator(session, world.organization_id, staff_member_id=world.staff_ids["maria"])
    assert counted.unread_conversations == 100
    assert (counted.open_conversations, counted.later_conversations) == (50, 50)
    assert (counted.mine_conversations, counted.unassigned_conversations) == (0, 150)
    assert counted.not_sent_conversations == 10


async def _many_conversations(world: World) -> None:
    """4,000: of 40 one is unread and one open, every other of those deferred; ten have a text that was not sent."""
    await world.rows(
        "INSERT INTO phone_numbers (organization_id, id, number) SELECT :id, gen_random_uuid(), '+1415' || n"
        " FROM generate_series(5550000, 5553999) n RETURNING id",
        id=world.organization_id,
    )
    await world.rows(
        "INSERT INTO conversations (organization_id, id, line_id, phone_number_id, status, unread_messages, last_seq,"
        " counted_seq, last_message_at, waiting_since, not_sent, reminder_at) SELECT :id, gen_random_uuid(), :line, id,"
        " CASE n % 40 WHEN 0 THEN 'unread' WHEN 1 THEN 'open' ELSE 'closed' END, (n % 40 = 0)::int, 1, 1,"
        " now() - n * interval '1 min', CASE WHEN n % 40 = 0 THEN now() - n * interval '1 min' END,"
        " (n % 400 = 1)::int, CASE WHEN n % 80 = 1 THEN now() + interval '1 day' END"
        " FROM (SELECT id, row_number() OVER () AS n FROM phone_numbers WHERE number LIKE '+1415%') numbers"
        " RETURNING id",
        id=world.organization_id,
        line=world.line_id,
    )
    owner = await asyncpg.connect(plain_url(world.service.urls.owner_url))
    await owner.execute("ANALYZE conversations, phone_numbers")
    await owner.close()


async def _rows_read(session: AsyncSession) -> int:
    """Rows of conversations and entries of their indexes that this transaction has read."""
    row = await session.execute(
        sql(
            "SELECT sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid))"
            " FROM pg_class WHERE relname = 'conversations' OR relname LIKE 'ix_conversations%'"
        )
    )
    return int(row.scalar_one() or 0)


async def test_a_persons_views_are_ordered_bounded_and_shared_only_if_wanted(world: World) -> None:
    async def names(person: str) -> list[str]:
        return [each["name"] for each in (await getattr(world, person).get(f"{API}/views")).json()["items"]]

    async def save(name: str, **more: object) -> str:
        body = {"name": name, "filter": {"assignee": "me", "sort": "longest_waiting"}, **more}
        created = await world.maria.post(f"{API}/views", json=body)
        assert created.status_code == 201, created.text
        view_id: str = created.json()["id"]
        return view_id

    first, _, third = await save("First"), await save("Second"), await save("Third", shared=True)
    assert (await world.maria.patch(f"{API}/views/{third}", json={"position": 0})).json()["position"] == 0
    assert await names("maria") == ["Third", "First", "Second"]
    assert await names("daniel") == ["Third"]
    assert (await world.daniel.patch(f"{API}/views/{third}", json={"name": "Mine"})).status_code == 404
    assert (await world.daniel.delete(f"{API}/views/{third}")).status_code == 404
    assert (await world.maria.delete(f"{API}/views/{first}")).status_code == 204
    # An administrator clears up what somebody has left behind.
    assert (await world.admin.delete(f"{API}/views/{third}")).status_code == 204
    assert await names("maria") == ["Second"]
    unknown = {"name": "X", "filter": {"line_id": str(world.organization_id)}}
    assert (await world.maria.post(f"{API}/views", json=unknown)).status_code == 404
    for n in range(49):
        await save(f"{n}")
    full = await world.maria.post(f"{API}/views", json={"name": "X", "filter": {}})
    assert full.status_code == 409


async def test_TYPING_is_bounded_and_stores_nothing(world: World) -> None:
    conversation_id = await waiting(world, PARENT)
    before = await world.table_sizes()
    for _ in range(5):
        assert (await world.maria.post(f"{API}/conversations/{conversation_id}/typing")).status_code == 204
    assert await world.table_sizes() == before

    now = 100.0
    limits = TypingLimits(clock=lambda: now)
    who, where = world.staff_ids["maria"], world.organization_id
    assert [limits.allows(who, where) for _ in range(3)] == [True, False, False]
    assert limits.allows(world.staff_ids["daniel"], where)
    now += EVENT_EVERY_SECONDS
    assert limits.allows(who, where)
