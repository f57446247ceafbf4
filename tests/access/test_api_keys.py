"""API keys: shown once, stored hashed, listed by prefix and last use, revocable."""

from datetime import UTC, datetime, timedelta

from tests.access.payloads import new_person
from tests.support.world import World

API = "/api/v1"


async def create(world: World, **changes: object) -> dict[str, str]:
    response = await world.admin.post(f"{API}/api-keys", json={"name": "Help desk", "permissions": [], **changes})
    assert response.status_code == 201, response.text
    created: dict[str, str] = response.json()
    return created


async def test_a_key_is_shown_once_and_stored_hashed(world: World) -> None:
    created = await create(world, permissions=["sms_logs"])

    listed = (await world.admin.get(f"{API}/api-keys")).json()["items"][0]

    assert "key" not in listed
    assert created["key"].startswith(f"{listed['prefix']}_")
    assert listed["id"] == created["id"]
    secret = created["key"].rpartition("_")[2]
    ((everything,),) = await world.rows("SELECT string_agg(api_keys::text, ' ') FROM api_keys")
    assert secret not in everything
    ((written,),) = await world.rows("SELECT string_agg(details::text, ' ') FROM audit_entries")
    assert secret not in written


async def test_a_repeated_request_gets_the_same_key_which_is_stored_encrypted(world: World) -> None:
    headers = {"Idempotency-Key": "one"}
    new = {"name": "Help desk", "permissions": []}
    first = await world.admin.post(f"{API}/api-keys", json=new, headers=headers)
    again = await world.admin.post(f"{API}/api-keys", json=new, headers=headers)

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    ((stored,),) = await world.rows("SELECT answer::text FROM idempotency_keys")
    assert first.json()["key"].rpartition("_")[2] not in stored


async def test_a_key_shows_its_name_and_when_it_was_last_used(world: World) -> None:
    created = await create(world, permissions=["mass_text"])
    assert created["last_used_at"] is None

    me = (await world.service.client(key=created["key"]).get(f"{API}/me")).json()

    assert me["staff_member"] is None
    assert me["permissions"] == ["mass_text"]
    assert me["is_admin"] is False
    assert (await world.admin.get(f"{API}/api-keys")).json()["items"][0]["last_used_at"] is not None


async def test_a_revoked_key_stops_at_the_next_request_and_stays_listed(world: World) -> None:
    created = await create(world)
    client = world.service.client(key=created["key"])
    assert (await client.get(f"{API}/me")).status_code == 200

    for _ in range(2):
        assert (await world.admin.delete(f"{API}/api-keys/{created['id']}")).status_code == 204

    assert (await client.get(f"{API}/me")).status_code == 401
    assert (await world.admin.get(f"{API}/api-keys")).json()["items"][0]["revoked_at"] is not None
    assert (await world.audited()).count("api_key.revoked") == 1


async def test_a_key_ends_when_it_expires(world: World) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    client = world.service.client(key=(await create(world, expires_at=soon))["key"])
    assert (await client.get(f"{API}/me")).status_code == 200

    await world.rows("UPDATE api_keys SET expires_at = now() RETURNING id")

    assert (await client.get(f"{API}/me")).status_code == 401


async def test_an_invalid_or_out_of_range_time_is_refused(world: World) -> None:
    far = ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z"]
    for expires_at in (*far, "2030-01-01T00:00:00", "soon", 10**20):
        new = {"name": "Key", "permissions": [], "expires_at": expires_at}
        response = await world.admin.post(f"{API}/api-keys", json=new)
        assert (expires_at, response.status_code) == (expires_at, 422)
        assert response.json()["errors"][0]["pointer"] == "/expires_at"


async def test_every_valid_time_is_stored(world: World) -> None:
    for expires_at in ("9998-12-31T23:59:59+00:00", "2030-01-01T00:00:00+13:00"):
        created = await create(world, expires_at=expires_at)
        kept = datetime.fromisoformat(created["expires_at"].replace("Z", "+00:00"))
        assert kept == datetime.fromisoformat(expires_at)


async def test_a_key_acts_under_its_own_name(world: World) -> None:
    client = world.service.client(key=(await create(world, name="Billing", permissions=["directory"]))["key"])

    await client.post(f"{API}/families", json={"name": "New", "contacts": []})

    ((kind, name),) = await world.rows(
        "SELECT actor_kind, actor_name FROM audit_entries WHERE action = 'family.created'"
    )
    assert (kind, name) == ("api_key", "Billing")


async def test_keys_are_listed_newest_first_a_page_at_a_time(world: World) -> None:
    made = [(await create(world, name=f"Key {n}"))["id"] for n in range(3)]

    first = (await world.admin.get(f"{API}/api-keys", params={"limit": 2})).json()
    await create(world, name="Meanwhile")
    second = (await world.admin.get(f"{API}/api-keys", params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


# What a key may do.


async def test_PERM_ADMIN_a_key_with_administration_does_what_an_administrator_does(world: World) -> None:
    key = world.service.client(key=(await create(world, permissions=["administration"]))["key"])

    me = (await key.get(f"{API}/me")).json()
    synced = await key.put(f"{API}/staff-members/by-external-id/S-1", json=new_person())
    exported = await key.get(f"{API}/audit-entries/export.csv")
    renamed = await key.patch(f"{API}/lines/{world.line_id}", json={"label": "Desk"})

    assert (me["is_admin"], me["staff_member"]) == (True, None)
    assert me["permissions"] == ["sms_logs", "mass_text", "mass_text_any_hour", "directory", "administration"]
    assert [each.status_code for each in (synced, exported, renamed)] == [201, 200, 200]
    assert (await world.service.client(key=(await create(world))["key"]).get(f"{API}/audit-entries")).status_code == 403


async def test_a_key_gives_administration_to_no_other_key_and_changes_none_that_has_it(world: World) -> None:
    powerful = await create(world, permissions=["administration"])
    other = await create(world, permissions=["administration"])
    plain = await create(world)
    key = world.service.client(key=powerful["key"])

    refused = [
        await key.post(f"{API}/api-keys", json={"name": "More", "permissions": ["administration"]}),
        await key.patch(f"{API}/api-keys/{plain['id']}", json={"permissions": ["administration"]}),
        await key.patch(f"{API}/api-keys/{other['id']}", json={"expires_at": None, "name": "Mine"}),
        await key.post(f"{API}/api-keys/{other['id']}/rotate", json={}),
    ]

    assert [each.status_code for each in refused] == [403] * 4
    assert {each.json()["type"] for each in refused} == {"/problems/forbidden"}
    assert "Only a person" in refused[0].json()["detail"]
    made = await key.post(f"{API}/api-keys", json={"name": "Less", "permissions": ["directory"]})
    assert (made.status_code, made.json()["created_by"]) == (201, None)
    assert (await key.post(f"{API}/api-keys/{plain['id']}/rotate", json={})).status_code == 201


async def test_administration_is_no_permission_of_a_person(world: World) -> None:
    refused = await world.admin.post(f"{API}/staff-members", json={**new_person(), "permissions": ["administration"]})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/permissions/0"
    assert "is_admin" in refused.json()["detail"]
    me = (await world.admin.get(f"{API}/me")).json()
    assert (me["is_admin"], "administration" in me["permissions"]) == (True, False)


# How long it is valid.


async def test_an_end_in_the_past_is_refused(world: World) -> None:
    past = {"expires_at": (datetime.now(UTC) - timedelta(seconds=5)).isoformat()}
    key = await create(world)

    made = await world.admin.post(f"{API}/api-keys", json={"name": "Key", "permissions": [], **past})
    changed = await world.admin.patch(f"{API}/api-keys/{key['id']}", json=past)

    for refused in (made, changed):
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/expires_at")
    assert (await world.admin.get(f"{API}/api-keys/{key['id']}")).json()["expires_at"] is None


async def test_a_changed_key_has_its_new_permissions_at_the_next_request(world: World) -> None:
    key = await create(world)
    client = world.service.client(key=key["key"])
    soon = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)

    change = {"name": "Desk", "permissions": ["sms_logs"], "expires_at": soon.isoformat()}
    changed = await world.admin.patch(f"{API}/api-keys/{key['id']}", json=change)
    again = await world.admin.patch(f"{API}/api-keys/{key['id']}", json=change)

    assert (changed.status_code, changed.json()["name"], changed.json()["permissions"]) == (200, "Desk", ["sms_logs"])
    assert again.json() == changed.json() == (await world.admin.get(f"{API}/api-keys/{key['id']}")).json()
    assert (await client.get(f"{API}/conversations")).status_code == 200
    ((details,),) = await world.rows("SELECT details - 'salt' FROM audit_entries WHERE action = 'api_key.updated'")
    assert details == {
        "api_key_id": key["id"],
        "name": "Desk",
        "before": {"name": "Help desk", "permissions": [], "expires_at": None},
        "after": {"name": "Desk", "permissions": ["sms_logs"], "expires_at": soon.strftime("%Y-%m-%dT%H:%M:%SZ")},
    }
    ended = await world.admin.patch(f"{API}/api-keys/{key['id']}", json={"expires_at": None})
    assert ended.json()["expires_at"] is None


async def test_a_key_that_has_ended_is_neither_changed_nor_rotated(world: World) -> None:
    key = f"{API}/api-keys/{(await create(world))['id']}"
    assert (await world.admin.delete(key)).status_code == 204

    for refused in (
        await world.admin.patch(key, json={"expires_at": None}),
        await world.admin.post(f"{key}/rotate", json={}),
    ):
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    assert (await world.admin.get(key)).json()["is_valid"] is False


async def test_a_rotated_key_is_valid_beside_the_new_one_until_the_chosen_time(world: World) -> None:
    expires_at = datetime.now(UTC) + timedelta(days=90)
    old = await create(world, permissions=["sms_logs"], expires_at=expires_at.isoformat())
    until = datetime.now(UTC) + timedelta(days=2)

    new = await world.admin.post(f"{API}/api-keys/{old['id']}/rotate", json={"old_key_valid_until": until.isoformat()})

    assert new.status_code == 201, new.text
    assert (new.json()["replaces_id"], new.json()["permissions"]) == (old["id"], ["sms_logs"])
    lifetime = datetime.fromisoformat(new.json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < lifetime < timedelta(days=91)
    clients = [world.service.client(key=each["key"]) for each in (old, new.json())]
    assert [(await each.get(f"{API}/me")).status_code for each in clients] == [200, 200]
    shown = (await world.admin.get(f"{API}/api-keys/{old['id']}")).json()
    assert datetime.fromisoformat(shown["expires_at"]) == until
    await world.rows(f"UPDATE api_keys SET expires_at = now() WHERE id = '{old['id']}' RETURNING id")
    assert [(await each.get(f"{API}/me")).status_code for each in clients] == [401, 200]


async def test_rotation_without_a_time_ends_the_old_key_and_a_repeat_makes_one_key(world: World) -> None:
    old = await create(world)
    headers = {"Idempotency-Key": "rotate"}

    made = [await world.admin.post(f"{API}/api-keys/{old['id']}/rotate", json={}, headers=headers) for _ in range(2)]

    assert made[0].json() == made[1].json()
    assert (await world.service.client(key=old["key"]).get(f"{API}/me")).status_code == 401
    assert (await world.audited()).count("api_key.rotated") == 1


async def test_a_rotation_overlaps_for_seven_days_at_most(world: World) -> None:
    old = await create(world)
    for wrong in (timedelta(days=7, minutes=1), timedelta(seconds=-5)):
        until = (datetime.now(UTC) + wrong).isoformat()
        refused = await world.admin.post(f"{API}/api-keys/{old['id']}/rotate", json={"old_key_valid_until": until})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/old_key_valid_until")
    assert (await world.service.client(key=old["key"]).get(f"{API}/me")).status_code == 200


async def test_a_key_rotates_itself_with_an_overlap(world: World) -> None:
    old = await create(world, permissions=["administration"])
    client = world.service.client(key=old["key"])
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    at_once = await client.post(f"{API}/api-keys/{old['id']}/rotate", json={})
    rotated = await client.post(f"{API}/api-keys/{old['id']}/rotate", json={"old_key_valid_until": until})

    assert at_once.status_code == 422, "An answer that is lost would lock it out."
    assert rotated.status_code == 201
    assert rotated.json()["created_by"]["id"] == str(world.staff_ids["admin"])


async def test_a_key_shows_that_its_maker_is_archived_and_ends_with_them_if_it_is_set_to(world: World) -> None:
    await world.admin.patch(f"{API}/staff-members/{world.staff_ids['maria']}", json={"is_admin": True})
    new = {"name": "Sync", "permissions": [], "ends_with_creator": True}
    ends = (await world.maria.post(f"{API}/api-keys", json=new)).json()
    stays = (await world.maria.post(f"{API}/api-keys", json={**new, "ends_with_creator": False})).json()
    clients = [world.service.client(key=each["key"]) for each in (ends, stays)]
    assert [(await each.get(f"{API}/me")).status_code for each in clients] == [200, 200]

    await world.admin.post(f"{API}/staff-members/{world.staff_ids['maria']}/archive")

    shown = (await world.admin.get(f"{API}/api-keys/{ends['id']}")).json()
    assert shown["created_by"] == {"id": str(world.staff_ids["maria"]), "name": "Maria", "archived": True}
    assert (shown["is_valid"], shown["revoked_at"]) == (False, None)
    assert [(await each.get(f"{API}/me")).status_code for each in clients] == [401, 200]
    await world.admin.patch(f"{API}/api-keys/{ends['id']}", json={"ends_with_creator": False})
    assert (await clients[0].get(f"{API}/me")).status_code == 200


async def test_a_key_that_a_key_made_ends_with_nobody(world: World) -> None:
    key = world.service.client(key=(await create(world, permissions=["administration"]))["key"])

    refused = await key.post(f"{API}/api-keys", json={"name": "X", "permissions": [], "ends_with_creator": True})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/ends_with_creator")
