"""Lines: what an administrator sets up, and what is never shown again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from api.delivery.sender import Sender
from api.inbound.later import add_later
from tests.support import postgres
from tests.support.business import AUTH_TOKEN
from tests.support.service import ORIGIN, Service, service_settings
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"
TWILIO = {"account_sid": "AC" + "1" * 32, "auth_token": "very secret"}


def line_body(**changes: object) -> dict[str, Any]:
    return {
        "label": "Camp",
        "phone_number": "(312) 555-0188",
        "kind": "long_code",
        "country": "US",
        "provider": "twilio",
        "credentials": TWILIO,
        **changes,
    }


async def create(world: World, **changes: object) -> dict[str, Any]:
    response = await world.admin.post(f"{API}/lines", json=line_body(**changes))
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


async def last_changes(world: World) -> dict[str, Any]:
    """What the newest audit entry says of a line's change."""
    ((changes,),) = await world.rows(
        "SELECT details->'changes' FROM audit_entries WHERE action = 'line.updated' ORDER BY at DESC LIMIT 1"
    )
    told: dict[str, Any] = changes
    return told


async def test_a_line_says_where_its_webhooks_go(world: World) -> None:
    line = await create(world)
    base = f"{ORIGIN}/webhooks/twilio/{line['id']}"
    assert line["phone_number"] == "+13125550188"
    assert line["webhook_urls"] == {"inbound": f"{base}/inbound", "status": f"{base}/status"}
    assert line["settings"] == {
        "messages_per_second": None,
        "answers_keywords": False,
        "business_name": None,
        "help_text": None,
        "countries": ["US"],
        "texts_per_day": 20_000,
        "texts_per_person_per_day": 5_000,
    }
    assert (line["enabled"], line["health"]) == (True, None)
    assert (await world.daniel.get(f"{API}/lines/{line['id']}")).json() == line
    assert line in (await world.daniel.get(f"{API}/lines")).json()["items"]


async def test_credentials_are_written_and_never_read(world: World) -> None:
    line = await create(world)
    path = f"{API}/lines/{line['id']}"
    for given, changed in (
        ({**TWILIO, "auth_token": "also secret"}, ["auth_token"]),
        ({"account_sid": "AC" + "2" * 32, "auth_token": "also secret"}, ["account_sid"]),
        ({**TWILIO, "messaging_service_sid": "MG" + "3" * 32}, ["account_sid", "auth_token", "messaging_service_sid"]),
    ):
        assert (await world.admin.patch(path, json={"credentials": given})).status_code == 200
        assert await last_changes(world) == {"credentials": {"changed": changed}}
    before = await world.audited()
    assert (await world.admin.patch(path, json={"credentials": given})).status_code == 200
    assert await world.audited() == before, "nothing was changed"

    for path in (f"{API}/lines", f"{API}/lines/{line['id']}"):
        answer = (await world.admin.get(path)).text
        assert "secret" not in answer
        assert "credentials" not in answer
    ((entries,),) = await world.rows("SELECT string_agg(details::text, ' ') FROM audit_entries")
    assert "secret" not in entries
    stored = await world.rows("SELECT sealed_credentials FROM lines")
    assert all(b"secret" not in sealed and AUTH_TOKEN.encode() not in sealed for (sealed,) in stored)
    assert (await world.audited())[-1] == "line.updated"


async def test_a_line_is_changed_in_what_is_named_and_the_change_is_told(world: World) -> None:
    line = await create(world)
    path = f"{API}/lines/{line['id']}"
    settings = {"messages_per_second": 10.0, "answers_keywords": True, "business_name": "Tumble", "help_text": None}

    changed = await world.admin.patch(path, json={"label": "Summer camp", "settings": settings})

    assert changed.json() == {**line, "label": "Summer camp", "settings": {**line["settings"], **settings}}
    changes = await last_changes(world)
    assert changes["label"] == {"from": "Camp", "to": "Summer camp"}
    assert changes["settings"]["to"] == settings


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"label": ""}, "/label"),
    ({"phone_number": "12"}, "/phone_number"),
    ({"phone_number": "12345678"}, "/phone_number"),
    ({"kind": "carrier_pigeon"}, "/kind"),
    ({"country": "us"}, "/country"),
    ({"country": "USA"}, "/country"),
    ({"provider": "nonsense"}, "/provider"),
    ({"credentials": {}}, "/credentials/auth_token"),
    ({"credentials": {"account_sid": TWILIO["account_sid"]}}, "/credentials/auth_token"),
    ({"credentials": {**TWILIO, "auth_token": ""}}, "/credentials/auth_token"),
    ({"credentials": {**TWILIO, "extra": "x"}}, "/credentials/extra"),
    ({"credentials": {**TWILIO, "account_sid": "AC1"}}, "/credentials/account_sid"),
    ({"credentials": {**TWILIO, "messaging_service_sid": "MG"}}, "/credentials/messaging_service_sid"),
    ({"settings": {"messages_per_second": 0}}, "/settings/messages_per_second"),
    ({"settings": {"messages_per_second": 1001}}, "/settings/messages_per_second"),
    ({"settings": {"surprise": 1}}, "/settings/surprise"),
    ({"settings": {"help_text": "x" * 321}}, "/settings/help_text"),
]


async def test_what_is_not_valid_is_refused_with_a_pointer_to_it(world: World) -> None:
    before = await world.table_sizes()
    for changes, pointer in REFUSED:
        response = await world.admin.post(f"{API}/lines", json=line_body(**changes))
        assert (changes, response.status_code) == (changes, 422)
        assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert await world.table_sizes() == before


TELNYX = {
    "api_key": "KEY1",
    "public_key": "A" * 43 + "=",
    "messaging_profile_id": "40017c1f-0000-4000-8000-000000000001",
}
BANDWIDTH = {
    "account_id": "9900000",
    "application_id": "93de2206-9669-4e07-948d-329f4b722ee2",
    "username": "u",
    "password": "p",
    "callback_username": "c",
    "callback_password": "d",
}


async def test_OPTIN_CONFIRM_a_line_answers_keywords_where_its_provider_does_not_unless_told_otherwise(
    world: World,
) -> None:
    for number, (provider, credentials, answers) in enumerate(
        [("telnyx", TELNYX, False), ("bandwidth", BANDWIDTH, True), ("bandwidth", BANDWIDTH, False)]
    ):
        told = {"settings": {"answers_keywords": False}} if number == 2 else {}
        line = await create(
            world, phone_number=f"+1312555018{number}", provider=provider, credentials=credentials, **told
        )
        assert line["settings"]["answers_keywords"] is answers
        assert line["webhook_urls"]["inbound"] == f"{ORIGIN}/webhooks/{provider}/{line['id']}/inbound"
    path = f"{API}/lines/{line['id']}"
    for settings, answers in (({"help_text": "Call us."}, True), ({"answers_keywords": False}, False)):
        changed = await world.admin.patch(path, json={"settings": settings})
        assert changed.json()["settings"]["answers_keywords"] is answers
    for provider, credentials in (("telnyx", TELNYX), ("bandwidth", BANDWIDTH)):
        for name in credentials.keys() - {"messaging_profile_id"}:
            lacking = {key: value for key, value in credentials.items() if key != name}
            refused = await world.admin.post(f"{API}/lines", json=line_body(provider=provider, credentials=lacking))
            assert refused.status_code == 422
            assert [error["pointer"] for error in refused.json()["errors"]] == [f"/credentials/{name}"]


async def test_a_bandwidth_line_has_an_api_credential_or_an_api_user_and_may_change_to_the_other(world: World) -> None:
    api_user = {"username", "password"}
    others = {name: value for name, value in BANDWIDTH.items() if name not in api_user}
    credential = {**others, "client_id": "CLI-1", "client_secret": "very secret"}
    for given, wrong in (
        (others, ["client_id", "client_secret"]),
        ({**others, "client_id": "CLI-1"}, ["client_secret"]),
        ({**others, "client_secret": "s"}, ["client_id"]),
        ({**BANDWIDTH, "client_id": "CLI-1"}, ["client_id", "password", "username"]),
        ({**BANDWIDTH, **credential}, ["client_id", "client_secret", "password", "username"]),
    ):
        refused = await world.admin.post(f"{API}/lines", json=line_body(provider="bandwidth", credentials=given))
        assert refused.status_code == 422
        assert sorted(each["pointer"] for each in refused.json()["errors"]) == [
            f"/credentials/{name}" for name in wrong
        ]
        assert "very secret" not in refused.text
    line = await create(world, provider="bandwidth", credentials=BANDWIDTH)
    changed = await world.admin.patch(f"{API}/lines/{line['id']}", json={"credentials": credential})
    assert changed.status_code == 200
    assert "very secret" not in changed.text
    assert (await last_changes(world))["credentials"] == {
        "changed": ["client_id", "client_secret", "password", "username"]
    }


async def test_a_number_is_one_line(world: World) -> None:
    await create(world)
    response = await world.admin.post(f"{API}/lines", json=line_body(phone_number="+1 312 555 0188"))
    assert response.status_code == 409


async def test_NZ_NOTICE_a_short_code_line_in_new_zealand_says_what_its_texts_cost(world: World) -> None:
    line = await create(world, phone_number="4777", kind="short_code", country="NZ")
    assert line["phone_number"] == "4777"
    assert "New Zealand" in line["notice"]
    assert (await create(world))["notice"] is None


async def test_lines_are_listed_oldest_first_a_page_at_a_time(world: World) -> None:
    made = [str(world.line_id)]
    made += [(await create(world, phone_number=f"+1312555018{n}"))["id"] for n in range(3)]

    listed: list[str] = []
    params: dict[str, str] = {"limit": "2"}
    while True:
        page = (await world.daniel.get(f"{API}/lines", params=params)).json()
        listed += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]

    assert listed == made


async def test_a_line_taken_out_of_service_no_longer_is_the_one_meant(world: World) -> None:
    second = await create(world, provider="simulator")
    await world.family("Rivera", "+13125550101")
    await world.admin.patch(f"{API}/lines/{world.line_id}", json={"enabled": False})

    started = await world.maria.post(f"{API}/conversations", json={"phone_number": "+13125550101"})

    assert started.status_code == 201
    assert started.json()["line_id"] == second["id"]


async def test_production_has_no_lines_at_the_simulator(clone: postgres.Database, tmp_path: Path) -> None:
    """Neither new ones, nor do those that there are send or receive."""
    async with Service.running(service_settings(tmp_path), clone) as service:
        world = await World.create(service)
        await world.text(PARENT, "Hello?")
    settings = service_settings(
        tmp_path,
        environment="production",
        secret_key="k" * 32,
        secret_key_previous="a key for tests",
        trusted_proxies="none",
    )
    async with Service.running(settings, clone) as service:
        in_production = replace(world, service=service)
        admin = service.client()
        admin.cookies = world.admin.cookies
        refused = await admin.post(f"{API}/lines", json=line_body(provider="simulator"))
        webhook = await in_production.post_webhook("inbound", {"MessageSid": "SM2", "From": PARENT, "Body": "Hello?"})
        sender = Sender(
            service.database,
            service.providers,
            service.secret_box,
            settings,
            add_later=add_later,
            wake=lambda: None,
        )
        conversation = (await admin.get(f"{API}/conversations")).json()["items"][0]["id"]
        sent = (await admin.post(f"{API}/conversations/{conversation}/messages", json={"body": "Yes"})).json()
        await sender.send_due()
        await sender.stop()
        message = (await admin.get(f"{API}/messages/{sent['id']}")).json()

    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"pointer": "/provider", "detail": "The carrier simulator is not for production: give the line a provider."}
    ]
    assert webhook.status_code == 404
    assert message["status"] == "failed"
    assert message["error"]["title"] == "The carrier simulator is not for production: give the line a provider."
