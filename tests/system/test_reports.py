"""Traces and error reports, received by a real HTTP server. They hold no text and no phone number."""

import gzip
import importlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import asyncpg
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from typer.testing import CliRunner

from api.cli import cli
from api.kit.connection import plain_url
from api.settings import get_settings
from api.startup import StartError
from api.tracing import check_tracing, is_wanted
from tests.support import postgres
from tests.support.stack import Stack, eventually

pytestmark = pytest.mark.timeout(300)

PARENT, BODY = "+13125550101", "Is Mia in the four pm class"
API = "/api/v1"


class Receiver(ThreadingHTTPServer):
    """Takes every POST, and keeps its path and its body, decompressed."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        elif self.headers.get("content-encoding") == "br":
            body = importlib.import_module("brotli").decompress(body)
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_text_and_its_answer_leave_spans_of_every_stage_and_no_content(
    clone: postgres.Database, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    async with Stack.running(clone, tmp_path) as stack, stack.staff("maria") as maria:
        conversation_id = await _conversation(stack, maria)
        await maria.get(f"{API}/phone-numbers/%2B{PARENT[1:]}")
        sent = await maria.post(f"{API}/conversations/{conversation_id}/messages", json={"body": BODY})
        assert sent.status_code == 201

        def names() -> set[str]:
            return {span.name for span in _spans(receiver)}

        async def complete() -> bool:
            return {"webhook", "apply", "claim", "post", "settle"} <= names()

        await eventually(complete, "each stage has a span")

        async def has_request_span() -> bool:
            return any("conversations" in name and name.startswith("POST") for name in names())

        await eventually(has_request_span, "FastAPI's own span is there")
        (post,) = [span for span in _spans(receiver) if span.name == "post"]
        attributes = {each.key: each.value.string_value for each in post.attributes}
        assert attributes["messenger.request_id"] == sent.headers["x-request-id"]
    everything = b"".join(body for _, body in receiver.received)
    assert BODY.encode() not in everything
    assert PARENT[1:].encode() not in everything


async def _conversation(stack: Stack, maria: httpx.AsyncClient) -> str:
    """A parent's text has arrived. The id of its conversation."""
    await stack.handset_texts(PARENT, BODY)

    async def conversations() -> list[dict[str, str]]:
        items: list[dict[str, str]] = (await maria.get(f"{API}/conversations")).json()["items"]
        return items

    async def arrived() -> bool:
        return bool(await conversations())

    await eventually(arrived, "the text has been applied")
    return (await conversations())[0]["id"]


def _spans(receiver: Receiver) -> list[Span]:
    found: list[Span] = []
    for path, body in list(receiver.received):
        assert path == "/v1/traces"
        request = ExportTraceServiceRequest.FromString(body)
        found += [span for each in request.resource_spans for scope in each.scope_spans for span in scope.spans]
    return found


async def test_an_error_is_reported_with_its_place_and_request_and_without_content(
    clone: postgres.Database, tmp_path: Path, receiver: Receiver
) -> None:
    """A table is missing, so a request fails that holds a text and a number in its body, path and variables."""
    dsn = receiver.url.replace("//", "//key@") + "/1"
    async with Stack.running(clone, tmp_path, sentry_dsn=dsn) as stack, stack.staff("maria") as maria:
        conversation_id = await _conversation(stack, maria)
        owner = await asyncpg.connect(plain_url(clone.owner_url))
        await owner.execute("ALTER TABLE outbox RENAME TO hidden_outbox")
        failed = await maria.post(f"{API}/conversations/{conversation_id}/messages", json={"body": BODY})
        await owner.execute("ALTER TABLE hidden_outbox RENAME TO outbox")
        await owner.close()
        assert failed.status_code == 500

        def reported() -> list[str]:
            bodies = [body.decode() for _, body in list(receiver.received)]
            return [body for body in bodies if failed.headers["x-request-id"] in body]

        async def is_reported() -> bool:
            return bool(reported())

        await eventually(is_reported, "the error has been reported")
        (envelope,) = reported()
    event = json.loads(envelope.splitlines()[2])
    assert event["release"].startswith("messenger-center@")
    assert event["environment"] == "development"
    assert event["tags"]["request_id"] == failed.headers["x-request-id"]
    assert event["tags"]["route"] == f"{API}/conversations/{{conversation_id}}/messages"
    types = [each["type"] for each in event["exception"]["values"]]
    assert "ProgrammingError" in types
    everything = "".join(body.decode() for _, body in receiver.received)
    for private in (PARENT, PARENT[1:], BODY, str(stack.business.tokens["maria"]), '"vars"'):
        assert private not in everything
    assert "request" not in event
    assert "user" not in event


def test_traces_are_wanted_where_the_environment_says_where_they_go() -> None:
    assert not is_wanted({})
    assert not is_wanted({"OTEL_SERVICE_NAME": "x"})
    assert is_wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"})
    assert is_wanted({"OTEL_TRACES_EXPORTER": "otlp"})
    assert not is_wanted({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"})
    assert not is_wanted({"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"})


def test_without_their_extras_traces_and_reports_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, clone: postgres.Database, tmp_path: Path
) -> None:
    monkeypatch.setattr("api.startup._is_installed", lambda module: False)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    with pytest.raises(StartError, match=r"pip install 'messenger-center\[otel\]'"):
        check_tracing()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MESSENGER_DATABASE_URL", clone.owner_url)
    monkeypatch.setenv("SENTRY_DSN", "http://key@127.0.0.1:9/1")
    get_settings.cache_clear()
    result = CliRunner().invoke(cli, ["migrate"])
    get_settings.cache_clear()
    assert result.exit_code == 1
    assert "pip install 'messenger-center[sentry]', or unset MESSENGER_SENTRY_DSN" in result.output
