"""The public contract: what page 3 names exists in that shape, and what the document says is what the service does."""

import json
import tempfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from api.access.dependencies import SESSION_COOKIE
from api.app import create_app
from tests.access.needs import NEEDS
from tests.access.route_requests import body_of
from tests.access.rows import Rows
from tests.support import postgres
from tests.support.contract_requests import RowsBehind, register_files
from tests.support.reliability import FULL, size
from tests.support.service import ORIGIN, service_settings
from tests.support.threaded import ThreadedServer, threaded_server
from tests.support.world import World

API = "/api/v1"

DOCUMENT: dict[str, Any] = create_app(
    service_settings(tempfile.gettempdir()), database_url="postgresql+asyncpg://nowhere/nothing"
).api.openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]

# Shapes.

SHAPES = {
    "Conversation": "id line_id phone_number display_name status unread_messages last_seq seen_seq last_message"
    " last_message_at holders assignee reminder not_sent waiting_since created_at updated_at",
    "ConversationDetail": "id opt_in_check viewers",
    "LastMessage": "seq direction preview created_at status",
    "Holder": "kind id name contact_name phone_record_id",
    "Viewer": "staff_member_id name since",
    "Message": "id conversation_id seq direction body media status sent_by segments encoding provider_message_id error"
    " created_at provider_time sent_at delivered_at",
    "MessageDetail": "id timeline opt_in_check",
    "MessageError": "code title",
    "Media": "url content_type",
    "TimelineEvent": "at status source code detail",
    "OptInCheck": "phone_number allowed reason note stopped_at instances",
    "OptInInstance": "phone_record_id kind owner_id owner_name contact_name state changed_at changed_by source archived"
    " blocks",
    "AuditEntry": "id at action actor conversation_id message_id phone_number details chain",
    "AuditActor": "kind id name",
    "AuditChainLink": "subject number hash",
    "Family": "id external_id name archived contacts",
    "Contact": "id name relation phone_records",
    "StaffMember": "id external_id name email permissions is_admin archived phone_records",
    "PhoneRecord": "id phone_number label opt_in",
    "OptIn": "state source changed_at changed_by",
    "Line": "id label phone_number kind country provider settings webhook_urls health",
    "Me": "staff_member organization permissions is_admin",
    "Indicator": "unread_messages open_conversations not_sent_conversations mine_conversations"
    " unassigned_conversations later_conversations",
    "Reminder": "at unless_answered set_by due",
    "ApiKeyCreated": "id key name permissions",
    "Problem": "type title status detail instance",
    "ValidationProblem": "errors",
    "NotAllowedToTextProblem": "check",
    "NewMessagesProblem": "missed",
    "FieldError": "pointer detail",
}

VALUES = {
    "MessageStatus": "received queued sending sent delivered undelivered failed unknown",
    "Status": "unread open closed",
    "Direction": "inbound outbound",
    "Encoding": "GSM-7 UCS-2",
    "Reason": "not_a_phone_number stopped opted_out not_opted_in no_record line_blocked country_not_allowed allowed",
    "OptInState": "opted_in opted_out unknown",
    "OptInSource": "portal staff verbal import keyword provider",
    "OwnerKind": "family staff_member",
    "ActorKind": "staff_member api_key phone_number system",
    "Permission": "sms_logs mass_text mass_text_any_hour directory administration",
    "BroadcastState": "draft scheduled sending paused sent cancelled",
    "RecipientState": "waiting queued sending unknown sent delivered failed skipped cancelled",
    "LineKind": "long_code toll_free short_code",
    "ProviderName": "twilio telnyx bandwidth plivo sandbox simulator",
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_the_contract_has_its_fields(name: str) -> None:
    assert set(SHAPES[name].split()) <= set(SCHEMAS[name]["properties"])


@pytest.mark.parametrize("name", VALUES)
def test_every_enum_of_the_contract_has_its_values(name: str) -> None:
    assert set(VALUES[name].split()) == set(SCHEMAS[name]["enum"])


def references(part: Any) -> Iterator[str]:
    """The names of every schema that `part` refers to."""
    if isinstance(part, dict):
        if part.get("$ref", "").startswith("#/components/schemas/"):
            yield part["$ref"].rpartition("/")[2]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def reachable(part: Any) -> set[str]:
    found: set[str] = set()
    waiting = set(references(part))
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= set(references(SCHEMAS[name])) - found
    return found


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_field_of_an_answer_is_required() -> None:
    """Output models have no defaults: every field is required, and null where it has no value."""
    answers = [operation["responses"] for _, _, operation in operations()]
    optional = {
        name: sorted(set(SCHEMAS[name]["properties"]) - set(SCHEMAS[name].get("required", [])))
        for name in reachable(answers)
        if "properties" in SCHEMAS[name] and set(SCHEMAS[name]["properties"]) != set(SCHEMAS[name].get("required", []))
    }
    assert optional == {}


def test_credentials_and_passwords_are_in_no_answer() -> None:
    answers = reachable([operation["responses"] for _, _, operation in operations()])
    secret = {"credentials", "password", "password_hash", "auth_token", "key_hash", "token"}
    assert {name: secret & set(SCHEMAS[name].get("properties", {})) for name in answers} == {
        name: set() for name in answers
    }


def test_every_list_has_items_and_a_cursor_and_takes_a_limit_and_a_cursor() -> None:
    pages = [
        (path, operation)
        for method, path, operation in operations()
        if method == "GET"
        for name in references(operation["responses"].get("200", {}).get("content", {}))
        if name.endswith("Page") or name == "Thread"
    ]
    assert len(pages) >= 7
    for path, operation in pages:
        parameters = {each["name"]: each["schema"] for each in operation["parameters"]}
        # Programs come back to the log with the id of an event.
        assert {"limit", "after" if path == f"{API}/events" else "cursor"} <= set(parameters), path
        assert (parameters["limit"]["minimum"], parameters["limit"]["maximum"]) == (1, 200), path
        assert parameters["limit"]["default"] == 50, path


def test_every_error_answer_is_declared_as_a_problem() -> None:
    for method, path, operation in operations():
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], (method, path, status)
        if path.startswith(API):
            assert {"503"} <= set(operation["responses"]), (method, path)
            assert path == f"{API}/session" or {"401", "403"} <= set(operation["responses"]), (method, path)


def test_every_POST_that_creates_takes_an_idempotency_key() -> None:
    creating = {"families", "staff-members", "lines", "api-keys", "conversations", "messages", "retry", "media"}
    creating |= {"broadcasts", "send", "audiences", "additions", "webhook-endpoints", "import"}
    for method, path, operation in operations():
        if method == "POST" and path.rpartition("/")[2] in creating:
            names = {each["name"] for each in operation.get("parameters", [])}
            assert "Idempotency-Key" in names, path


# Problems.


async def a_problem(response: httpx.Response, status: int, type_: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == type_
    assert problem["status"] == status
    assert problem["title"]
    assert problem["instance"] == response.request.url.path
    assert {"type", "title", "status", "detail", "instance"} <= set(problem)
    return problem


async def test_every_kind_of_error_is_a_problem_of_its_type(world: World) -> None:
    nobody, admin = world.other_client(), world.admin
    await world.text("+13125550101", "Hello?")
    conversation = f"{API}/conversations/{(await world.conversation('+13125550101'))['id']}"
    as_json = {"Content-Type": "application/json"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    families = f"{API}/families"

    for body in (b"{", b'{"name": "\xff"}', b"\x00", b"[" * 100_000, b"nonsense"):
        await a_problem(await admin.post(families, content=body, headers=as_json), 400, "/problems/unreadable")
    await a_problem(await nobody.get(f"{API}/me"), 401, "/problems/not-signed-in")
    refused = await a_problem(await world.noah.get(f"{API}/indicator"), 403, "/problems/permission-required")
    assert refused["permission"] == "sms_logs"
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for path in (f"{API}/nowhere", f"{API}/families/", f"{API}//families", "/webhooks/nowhere", f"{API}/a/b/c"):
            await a_problem(await admin.request(method, path), 404, "/problems/not-found")
    stale = await a_problem(
        await admin.post(f"{conversation}/close", json={"seen_seq": 0}), 409, "/problems/new-messages"
    )
    assert [message["seq"] for message in stale["missed"]] == [1]
    too_large = await admin.post(families, content=b" " * (1024 * 1024 + 1), headers=as_json)
    await a_problem(too_large, 413, "/problems/too-large")
    for headers in (form, {"Content-Type": "text/plain"}, {"Content-Type": "nonsense"}, {}):
        response = await admin.post(families, content=b'{"name": "X", "contacts": []}', headers=headers)
        await a_problem(response, 415, "/problems/unsupported-media-type")
    invalid = await a_problem(await admin.post(families, json={"name": 5}), 422, "/problems/validation")
    assert {error["pointer"] for error in invalid["errors"]} == {"/name", "/contacts"}
    assert all(error["detail"] for error in invalid["errors"])


async def test_a_body_of_unknown_length_is_limited_too(world: World) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 65536

    headers = {"Content-Type": "application/json"}
    response = await world.admin.post(f"{API}/families", content=endless(), headers=headers)
    await a_problem(response, 413, "/problems/too-large")


async def test_an_unknown_method_is_405_with_the_methods_of_the_path(world: World) -> None:
    for method, path, allowed in (
        ("DELETE", f"{API}/indicator", "GET, HEAD, OPTIONS"),
        ("GET", f"{API}/session", "DELETE, OPTIONS, POST"),
        ("PUT", f"{API}/families", "GET, HEAD, OPTIONS, POST"),
        ("DELETE", f"{API}/lines/{world.line_id}", "GET, HEAD, OPTIONS, PATCH"),
        ("GET", f"/webhooks/simulator/{world.line_id}/inbound", "POST"),
        ("POST", "/anything", "GET, HEAD, OPTIONS"),
        # No message has the id `search`, and no conversation the id `bulk`.
        ("PATCH", f"{API}/messages/search", "GET, HEAD, OPTIONS"),
        ("GET", f"{API}/conversations/bulk", "OPTIONS, POST"),
        ("PUT", f"{API}/conversations/bulk", "OPTIONS, POST"),
    ):
        response = await world.admin.request(method, path)
        await a_problem(response, 405, "/problems/method-not-allowed")
        assert (path, response.headers["allow"]) == (path, allowed)


@pytest.mark.reliability
async def test_R9_text_that_cannot_be_stored_is_refused_in_every_field(world: World) -> None:
    """NUL and lone surrogates, as value and as name, in every place of every body."""
    rows = await Rows.create(world)
    tried = 0
    for name in NEEDS:
        body = body_of(name, rows)
        if body is None:
            continue
        method, _, path = name.partition(" ")
        for hostile in ("a\x00b", "\ud800", "a\udfffb"):
            for spoilt in spoil(body, hostile):
                content = json.dumps(spoilt).encode()
                headers = {"Content-Type": "application/json"}
                response = await world.admin.request(method, path.format(**rows.ids), content=content, headers=headers)
                assert response.status_code in {200, 201, 404, 409, 422}, f"{name} {content!r}: {response.text}"
                if spoilt.keys() == body.keys():
                    assert response.status_code == 422, f"{name} {content!r}: {response.text}"
                tried += 1
    assert tried > 60
    for path in ("families", "staff-members"):
        assert (await world.admin.get(f"{API}/{path}", params={"q": "a\x00b"})).status_code == 422
    for path in ("conversations", "opt-in-checks"):
        assert (await world.admin.get(f"{API}/{path}", params={"phone_number": "\x00"})).status_code == 422
    for path in ("/%00", f"{API}/%00", f"{API}/families/%00", "/" + "x" * 5000, f"{API}/families/%ED%A0%80"):
        assert (await world.admin.get(path)).status_code < 500, path


def spoil(value: Any, hostile: str) -> Iterator[Any]:
    """The same value with one of its texts replaced, at every place in turn; and with one more, hostile, name."""
    if isinstance(value, str):
        yield hostile
    elif isinstance(value, list):
        for index, each in enumerate(value):
            for spoilt in spoil(each, hostile):
                yield [*value[:index], spoilt, *value[index + 1 :]]
    elif isinstance(value, dict):
        for key, each in value.items():
            for spoilt in spoil(each, hostile):
                yield {**value, key: spoilt}
        yield {**value, hostile: "x"}


# Schemathesis (R6): the service does what its document says, whatever is asked of it.

register_files()


# 404, 409, 410 and 412 tell of rows that are or are not there. If-Match is compared before the body is read. Without
# it where it is required, the answer is 428 (RFC 6585).
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "410", "412", "429", "5xx"]
REJECTED = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "428", "429", "5xx"]

schema = schemathesis.openapi.from_dict(
    DOCUMENT,
    config=SchemathesisConfig.from_dict(
        {
            "seed": 1,
            # No schema tells a tag that is made up from one that the record has: 412, as 404 and 409.
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ACCEPTED},
                "negative_data_rejection": {"expected-statuses": REJECTED},
                "missing_required_header": {"expected-statuses": REJECTED},
            },
            "phases": {"coverage": {"enabled": FULL}},
            "generation": {
                "max-examples": size(quick=5, full=50),
                "deterministic": True,
                "database": "none",
                # Each request is the administrator's. Who may do what is tested in tests/access.
                "with-security-parameters": False,
            },
        }
    ),
)
"""Every operation. `GET /events` is asked as JSON: the stream of the same address never ends."""


@pytest.fixture(scope="module")
def server(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedServer]:
    clone = postgres.clone_database(template)
    with threaded_server(clone, tmp_path_factory.mktemp("contract")) as running:
        yield running
    postgres.drop_database(clone)


@pytest.fixture(scope="module")
def rows(server: ThreadedServer) -> RowsBehind:
    return server.run(RowsBehind.create(server.world))


@pytest.mark.reliability
@schema.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_R6_the_service_conforms_to_its_openapi_document(
    case: schemathesis.Case[Any], server: ThreadedServer, rows: RowsBehind
) -> None:
    client = server.world.admin
    if (case.method, case.path) == ("DELETE", f"{API}/session"):
        # Each of these ends its session: not the one that everything else is asked with.
        client = server.world.other_client()
        assert server.run(server.world.sign_in(client, "ada@gym.test", rows.password)).status_code == 200
    server.run(rows.put_into(case))
    response = case.call(
        base_url=server.url,
        headers={"Origin": ORIGIN, "Accept": "application/json"},
        cookies={SESSION_COOKIE: client.cookies[SESSION_COOKIE]},
        **rows.files_of(case),
    )
    server.run(rows.learn(case, response))
    case.validate_response(response)
