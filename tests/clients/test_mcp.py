"""The MCP server as a process, spoken to over stdio: it reads the service and writes drafts, and sends nothing."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from jsonschema import Draft202012Validator
from mcp import Client, StdioServerParameters
from messenger_center_client import MessengerClient, iterate, models
from messenger_center_mcp import server

from tests.clients.conftest import Running
from tests.support.postgres import PROJECT
from tests.support.relay import relay_to
from tests.support.stack import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

COMMAND = ["-m", "messenger_center_mcp"]
PATHS = ":".join(str(PROJECT / "clients" / name / "src") for name in ("python", "mcp"))
DOCUMENT = json.loads((PROJECT / "openapi.json").read_text())
WRITES = {"add_note", "create_broadcast", "check_opt_ins"}
SENDS = {
    *("send_message", "send_first_message", "send_scheduled_text", "change_message", "retry_message"),
    *("start_conversation", "send_broadcast", "resume_broadcast", "retry_broadcast", "approve_broadcast"),
    *("act_on_conversations", "change_away", "receive_sandbox_text"),
}
PARENT = "+13125550181"


@asynccontextmanager
async def assistant(url: str, key: str) -> AsyncIterator[Client]:
    environment = {"PYTHONPATH": PATHS, "MESSENGER_URL": url, "MESSENGER_API_KEY": key}
    async with Client(StdioServerParameters(command=sys.executable, args=COMMAND, env=environment)) as client:
        yield client


async def ask(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    (text,) = result.content
    assert text.type == "text"
    assert json.loads(text.text) == result.structured_content
    return result.structured_content


async def is_refused(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    (text,) = result.content
    assert text.type == "text"
    return text.text


def operations() -> dict[str, tuple[str, str]]:
    """By id: method, and a path with something in it."""
    found = {}
    for path, methods in DOCUMENT["paths"].items():
        for method, each in methods.items():
            found[each["operationId"]] = (method.upper(), re.sub(r"\{[^}]+\}", str(UUID(int=7)), path))
    return found


async def test_no_operation_that_sends_is_reachable(running: Running) -> None:
    async with assistant(running.url, running.key) as client:
        listed = (await client.list_tools()).tools
    requests = {name: each["request"] for name, each in server.catalogue().items()}
    assert [each.name for each in listed] == list(requests)
    ids = {
        (method.upper(), path): each["operationId"]
        for path, methods in DOCUMENT["paths"].items()
        for method, each in methods.items()
    }
    reached = {ids[each["method"], each["path"]] for each in requests.values()}
    assert set(operations()) > SENDS
    assert not reached & SENDS
    assert {each for each in reached if operations()[each][0] != "GET"} == WRITES
    for each in listed:
        assert each.annotations is not None
        assert each.annotations.read_only_hint is (each.name not in {"propose_reply", "draft_mass_text"})
        assert each.input_schema["additionalProperties"] is False
        assert not {"send_at", "scheduled_at"} & set(each.input_schema["properties"])
        Draft202012Validator.check_schema(each.input_schema)
        refs = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(each.input_schema)))
        assert refs <= {f"#/$defs/{name}" for name in each.input_schema.get("$defs", ())}
    readme = (PROJECT / "clients" / "mcp" / "README.md").read_text()
    rows = "".join(line for line in readme.splitlines(keepends=True) if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", rows)) == set(requests)


async def test_the_guard_lets_no_other_request_through() -> None:
    for operation_id, (method, path) in operations().items():
        request = httpx.Request(method, f"https://sms.example.com{path}?limit=1")
        if method == "GET" or operation_id in WRITES:
            await server.guard(request)
        else:
            with pytest.raises(server.NotAllowed):
                await server.guard(request)
    for path in ("conversations/../messages", "conversations/x/../notes", "broadcasts/%2e%2e/messages", "broadcasts/"):
        with pytest.raises(server.NotAllowed):
            await server.guard(httpx.Request("POST", f"https://sms.example.com/api/v1/{path}"))


async def test_an_assistant_reads_and_drafts_and_nothing_leaves(running: Running) -> None:
    with MessengerClient(running.url, running.key) as staff:
        record = models.PhoneRecordRow(phone_number=PARENT, opt_in=models.OptInRow(state="opted_in"))
        contact = models.ContactRow(name="Ana Duarte", phone_records=[record])
        row = models.FamilyRow(kind="family", external_id="M/1", name="Duarte", contacts=[contact])
        staff.import_families_and_staff_members(body=models.ImportRows(rows=[row]))
        await running.stack.handset_texts(PARENT, "When does class start?")

        async def came() -> bool:
            return bool(list(iterate(staff.list_conversations, phone_number=PARENT)))

        await eventually(came, "the text is in the inbox")
        before = len(await running.stack.handed_over())
        async with assistant(running.url, running.key) as client:
            (conversation,) = (await ask(client, "list_conversations", phone_number=PARENT, limit=5))["items"]
            found = conversation["id"]
            assert "When does class start?" in json.dumps(await ask(client, "get_thread", conversation_id=found))
            assert (await ask(client, "check_opt_in", phone_number=PARENT))["allowed"] is True
            checks = await ask(client, "check_opt_ins", phone_numbers=[PARENT])
            assert PARENT in json.dumps(checks)
            family = await ask(client, "get_family_by_external_id", external_id="M/1")
            assert family["name"] == "Duarte"
            assert (await ask(client, "list_lines"))["items"]
            note = await ask(client, "propose_reply", conversation_id=found, body="At 5:30 in Studio 2.")
            assert note["body"] == "Proposed reply:\nAt 5:30 in Studio 2."
            draft = await ask(
                client, "draft_mass_text", name="Snow", body="No class today.", audience={"staff_members": {}}
            )
            assert draft["state"] == "draft"
            audit = await ask(client, "list_conversation_audit_entries", conversation_id=found)
            assert "note.added" in {each["action"] for each in audit["items"]}

            assert "/problems/not-found" in await is_refused(
                client, "get_conversation", conversation_id=str(UUID(int=1))
            )
            assert "conversation_id" in await is_refused(
                client, "propose_reply", conversation_id="../../messages", body="x"
            )
            late = {"name": "Snow", "body": "No class.", "audience": {}, "send_at": "2030-01-01T00:00:00Z"}
            assert "send_at" in await is_refused(client, "draft_mass_text", **late)
            assert "no tool send_message" in await is_refused(client, "send_message", conversation_id=found, body="x")
        assert len(await running.stack.handed_over()) == before
        assert (staff.get_broadcast(UUID(draft["id"]))).state == "draft"


async def test_a_key_without_the_permission_is_told_so(running: Running) -> None:
    with MessengerClient(running.url, running.key) as staff:
        made = staff.create_api_key(body=models.ApiKeyIn(name="Assistant", permissions=["sms_logs"]))
    async with assistant(running.url, made.key) as client:
        assert (await ask(client, "list_conversations"))["items"] is not None
        assert "/problems/permission-required" in await is_refused(client, "list_audit_entries")


async def test_what_is_not_the_service_is_said(running: Running) -> None:
    with relay_to(running.url) as relay:
        async with assistant(relay.url, running.key) as client:
            relay.answers = [(200, {"Content-Type": "text/html"}), (301, {"Location": "https://sms.example.com/"})]
            assert "is MESSENGER_URL the service's address?" in await is_refused(client, "list_lines")
            assert "has moved to https://sms.example.com/" in await is_refused(client, "list_lines")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "set MESSENGER_URL and MESSENGER_API_KEY"),
        (
            {"MESSENGER_URL": "sms.example.com", "MESSENGER_API_KEY": "mc_1"},
            "base_url is the address of the service, such as https://sms.example.com, not 'sms.example.com'.",
        ),
    ],
)
async def test_it_says_what_is_not_set_or_wrong(given: dict[str, str], message: str) -> None:
    pipe = asyncio.subprocess.PIPE
    environment = {"PYTHONPATH": PATHS, **given}
    process = await asyncio.create_subprocess_exec(sys.executable, *COMMAND, env=environment, stderr=pipe)
    output = (await process.communicate())[1].decode()
    assert (process.returncode, output) == (2, f"messenger-center-mcp: {message}\n")
