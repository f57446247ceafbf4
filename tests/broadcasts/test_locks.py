"""Mass texts that touch many rows, or rows that others lock. Every test watches the order of locks (decision 0006)."""

from datetime import UTC, datetime, timedelta

from tests.broadcasts.test_broadcasts import claim_all, confirm, do, recipients, shown, two, work
from tests.support.broadcasts import BROADCASTS, new_broadcast
from tests.support.world import World

__all__ = ["two"]

MOM, DAD = "+13125550101", "+13125550102"


async def test_MASS_WHO_thousands_of_new_numbers_are_locked_at_once(two: World) -> None:
    strangers = [f"+1312{6_000_000 + index:07}" for index in range(1_200)]
    broadcast_id = await new_broadcast(two.maria, *strangers, MOM)
    preview = await do(two, broadcast_id, "preview")
    assert {each["reason"]: each["count"] for each in preview["left_out"]} == {"no_record": 1_200}
    confirmed = await confirm(two, broadcast_id)
    assert (confirmed["recipients"], confirmed["left_out"]) == (1, {"no_record": 1_200})


async def test_MASS_HOURS_what_no_hours_allow_any_more_waits_and_keeps_nobody_from_going_on(two: World) -> None:
    broadcast_id = await new_broadcast(two.maria, audience={"families": {}})
    await confirm(two, broadcast_id)
    await work(two)
    await two.rows("UPDATE broadcasts SET any_hour_reason = NULL WHERE id = :id RETURNING id", id=broadcast_id)
    await two.rows("UPDATE outbox SET not_after = now() - interval '1 second' RETURNING id")
    at_night = {"hours": {"monday": [{"opens": "03:00", "closes": "05:00"}]}}
    assert (
        await two.admin.patch("/api/v1/organization/mass-text", json=at_night, headers={"If-Match": "*"})
    ).status_code == 200

    await work(two)
    assert await two.claims() == []
    due = [row[0] for row in await two.rows("SELECT due_at FROM outbox")]
    assert all(timedelta(hours=23) < each - datetime.now(UTC) for each in due)
    # The hours are changed again: they go.
    assert (
        await two.admin.patch("/api/v1/organization/mass-text", json={"hours": None}, headers={"If-Match": "*"})
    ).status_code == 200
    await two.rows("UPDATE outbox SET not_after = now() - interval '1 second' RETURNING id")
    await work(two)
    after = [row[0] for row in await two.rows("SELECT due_at FROM outbox")]
    assert all(each - datetime.now(UTC) < timedelta(hours=15) for each in after)
    await do(two, broadcast_id, "cancel")
    await work(two)
    assert await claim_all(two) == []
    assert (await shown(two, broadcast_id))["counts"] == {"cancelled": 2}
    listed = (await two.maria.get(BROADCASTS)).json()["items"]
    assert [each["counts"] for each in listed] == [{"cancelled": 2}]


async def test_ERASE_a_number_that_a_draft_and_a_confirmed_mass_text_name(two: World) -> None:
    draft = await new_broadcast(two.maria, MOM, DAD)
    confirmed = await new_broadcast(two.maria, MOM, DAD)
    await confirm(two, confirmed)
    erased = await two.admin.post(f"/api/v1/phone-numbers/{MOM}/erase", json={"reason": "Asked by letter."})
    assert erased.status_code == 200, erased.text
    await work(two)
    assert (await shown(two, draft))["audience"]["numbers"] == [DAD]
    states = sorted((await recipients(two, confirmed)).values(), key=str)
    assert states == [("queued", None), ("skipped", "not_a_phone_number")]
    assert [claim.message.to for claim in await claim_all(two)] == [DAD]
