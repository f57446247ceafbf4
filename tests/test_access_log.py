"""The request id on every answer, in problems, log lines and the outbox; and one line about each request."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog

from api.access_log import MAX_USER_AGENT_CHARACTERS
from api.kit.request_context import MAX_REQUEST_ID_CHARACTERS
from api.logging import configure_logging
from tests.support.server import serving
from tests.support.service import service_settings
from tests.support.world import World

API = "/api/v1"
PARENT = "+13125550101"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, world: World) -> Iterator["Lines"]:
    configure_logging(service_settings(".", log_level="info", log_format="json"))
    # A logger keeps the level that it was first used with.
    monkeypatch.setattr("api.access_log.log", structlog.get_logger("api.access_log"))
    yield Lines(capsys)
    configure_logging(service_settings(".", log_level="error"))


class Lines:
    """The log since it was last read."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def read(self, event: str) -> list[dict[str, Any]]:
        written = [json.loads(line) for line in self._captured.readouterr().err.splitlines()]
        return [line for line in written if line["event"] == event]


HOSTILE = (
    "",
    "a b",
    "a\tb",
    'x","level":"error',
    "ä".encode("latin-1").decode("latin-1"),
    "../../etc/passwd",
    PARENT,
    "-x",
    "a" * (MAX_REQUEST_ID_CHARACTERS + 1),
)


async def test_a_well_formed_request_id_is_kept_and_any_other_is_replaced(world: World) -> None:
    for given in ("a", "0195a1b2-0000-7000-8000-000000000000", "Root.1_x-9", "a" * MAX_REQUEST_ID_CHARACTERS):
        answer = await world.other_client().get("/healthz", headers={"X-Request-ID": given})
        assert answer.headers.get_list("x-request-id") == [given]
    for given in HOSTILE:
        headers = {b"X-Request-ID": given.encode("latin-1")}
        made = (await world.other_client().get("/healthz", headers=headers)).headers["x-request-id"]
        assert made != given
        assert len(made) == 36
    twice = [("X-Request-ID", "one"), ("X-Request-ID", "two")]
    assert (await world.other_client().get("/healthz", headers=twice)).headers["x-request-id"] not in {"one", "two"}


async def test_every_answer_has_a_request_id_and_every_problem_says_it(world: World) -> None:
    nobody, path = world.other_client(), f"/webhooks/simulator/{world.line_id}/inbound"
    answers = [
        await nobody.get("/"),
        await nobody.get("/assets/nothing.js"),
        await nobody.get(f"{API}/nothing"),
        await nobody.get(f"{API}/me"),
        await world.admin.post(f"{API}/families", content=b"x" * 2_000_000),
        await world.admin.get(f"{API}/families?limit=x"),
        await world.admin.post("/healthz"),
        await world.post_webhook("inbound", {"MessageSid": "SM1"}, token="forged"),
        await nobody.post(path, content=b"x" * 300_000),
        await nobody.get("/webhooks/nowhere"),
        await nobody.head("/healthz"),
    ]
    for answer in answers:
        (request_id,) = answer.headers.get_list("x-request-id")
        if answer.headers.get("content-type") == "application/problem+json":
            assert answer.json()["request_id"] == request_id
    assert {answer.status_code for answer in answers} >= {401, 403, 404, 405, 413, 422}
    world.service.app.free_requests["api"] = 0
    busy = await nobody.get(f"{API}/me")
    assert (busy.status_code, busy.json()["request_id"]) == (503, busy.headers["x-request-id"])


async def test_answers_of_the_server_itself_have_a_request_id(world: World) -> None:
    async with serving(world) as url:
        host, port = url.removeprefix("http://").split(":")
        for sent in (b"this is not HTTP\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 70_000):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent)
            head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
            writer.close()
            (request_id,) = [line[14:] for line in head.split("\r\n") if line.startswith("x-request-id: ")]
            assert json.loads(body)["request_id"] == request_id


async def test_a_request_has_one_line_with_who_made_it_and_no_path(world: World, lines: Lines) -> None:
    agent = f"Mozilla/5.0 {PARENT} \x07" + "x" * 500
    headers = {"X-Request-ID": "from-proxy", "User-Agent": agent}
    path = f"{API}/phone-numbers/%2B{PARENT[1:]}?secret=1"
    status = (await world.admin.get(path, headers=headers)).status_code
    (line,) = lines.read("request")
    assert (line["request_id"], line["method"], line["status"]) == ("from-proxy", "GET", status)
    assert line["route"] == f"{API}/phone-numbers/{{number}}"
    assert (line["principal"], line["principal_id"]) == ("staff_member", str(world.staff_ids["admin"]))
    assert line["organization_id"] == str(world.organization_id)
    assert line["ms"] > 0
    assert line["bytes"] > 0
    assert line["client"] == "127.0.0.1"
    assert line["user_agent"].startswith("Mozilla/5.0 +…01 xxx")
    assert len(line["user_agent"]) <= MAX_USER_AGENT_CHARACTERS
    everything = json.dumps(line)
    assert PARENT[1:] not in everything
    assert "secret" not in everything


async def test_probes_are_quiet_webhooks_are_lines_and_refusals_are_counted(world: World, lines: Lines) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        await world.other_client().get(path)
    assert lines.read("request") == []
    await world.text(PARENT, "Is Mia in the 4 pm class?")
    (line,) = lines.read("request")
    assert (line["route"], line["status"]) == ("/webhooks/{provider}/{line_id}/inbound", 200)
    assert (line["principal"], line["principal_id"]) == ("line", str(world.line_id))
    await world.post_webhook("inbound", {"MessageSid": "SM1"}, token="forged")
    metrics = (await world.other_client().get("/metrics")).text
    assert 'messenger_webhook_refusals_total{reason="not-authentic"}' in metrics


async def test_a_stream_has_a_line_at_its_start_and_one_at_its_end(world: World, lines: Lines) -> None:
    async with serving(world) as url, httpx.AsyncClient(base_url=url, cookies=world.daniel.cookies) as client:
        async with client.stream("GET", f"{API}/events") as stream:
            request_id = stream.headers["x-request-id"]
            (started,) = lines.read("request.stream_started")
            assert started["request_id"] == request_id
            assert started["principal"] == "staff_member"
        world.service.state.hub.close_all()
    (ended,) = lines.read("request")
    assert (ended["request_id"], ended["status"], ended["route"]) == (request_id, 200, f"{API}/events")
