"""API keys: shown once, stored hashed, listed by prefix and last use, revocable."""

from datetime import UTC, datetime, timedelta

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
    for expires_at in ("9998-12-31T23:59:59+00:00", "0002-01-01T00:00:00+00:00", "2030-01-01T00:00:00+13:00"):
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
