"""The examples of openapi.json: each request is sent to a real service, and its answer is the example.

Ids, times, secrets and hashes differ; an id that stands in several examples is one id in the answers too. With
`MESSENGER_EXAMPLES=write` the answers are written into `api/openapi_examples.json`.
"""

import json
import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from api.access.rules import Permission
from api.openapi_examples import FILE, Example, examples
from tests.support import postgres
from tests.support.declared_answers import DOCUMENT
from tests.support.service import Service, service_settings
from tests.support.world import World

WRITING = os.environ.get("MESSENGER_EXAMPLES") == "write"

OPAQUE = {
    "id": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    "day": r"\d{4}-\d\d-\d\d",
    "key": r"mc_[0-9a-f]{8}(?:_[0-9a-f]{32}_[0-9a-f]{64})?",
    "secret": r"whsec_[A-Za-z0-9+/=]+",
    "wait": r"\b\d+ seconds\b",
    "sid": r"SM[0-9a-f]{32}",
    "place": r"\d{10}-\d{12}-\d{10,}",
    "text": r"[A-Za-z0-9_=-]{24,}",
}
"""What differs from run to run, by kind. Of what fits several, the first."""
TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in OPAQUE.items()))
MADE_UP = "01a221c0-5e00-7000-8000-"
"""How the ids of examples begin."""
WRITTEN = {
    "time": "2026-11-28T15:30:00.123456Z",
    "day": "2026-11-28",
    "secret": "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw",
}
FILLING = "0b3a1f4e2c5d6879" * 16


@dataclass
class Ids:
    """Which id of an answer stands for which id of an example."""

    real: dict[str, str] = field(default_factory=dict)
    """By the example's."""

    def in_request(self, value: Any) -> Any:
        """What an example says, about the records of this run."""
        if isinstance(value, dict):
            return {name: self.in_request(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.in_request(each) for each in value]
        return self.real.get(value, value) if isinstance(value, str) else value

    def is_same(self, example: str, real: str) -> bool:
        return self.real.setdefault(example, real) == real and list(self.real.values()).count(real) == 1

    def example_of(self, real: str) -> str:
        found = next((example for example, each in self.real.items() if each == real), None)
        if found is None:
            found = real if real.startswith(MADE_UP) else f"{MADE_UP}{len(self.real) + 1:012x}"
            self.real[found] = real
        return found


def differences(example: Any, real: Any, ids: Ids, at: str = "") -> Iterator[str]:
    """Where the answer is not as the example says, as JSON pointers."""
    if isinstance(example, dict) and isinstance(real, dict):
        if example.keys() != real.keys():
            yield f"{at}: other fields: {sorted(example.keys() ^ real.keys())}"
        for name in example.keys() & real.keys():
            yield from differences(example[name], real[name], ids, f"{at}/{name}")
    elif isinstance(example, list) and isinstance(real, list):
        if len(example) != len(real):
            yield f"{at}: {len(real)} items, not {len(example)}"
        for index, (one, other) in enumerate(zip(example, real, strict=False)):
            yield from differences(one, other, ids, f"{at}/{index}")
    elif isinstance(example, str) and isinstance(real, str):
        if not is_same_text(example, real, ids):
            yield f"{at}: {real!r}, not {example!r}"
    elif (type(example), example) != (type(real), real):
        yield f"{at}: {real!r}, not {example!r}"


def is_same_text(example: str, real: str, ids: Ids) -> bool:
    ones, others = list(TOKEN.finditer(example)), list(TOKEN.finditer(real))
    if TOKEN.sub("", example) != TOKEN.sub("", real) or len(ones) != len(others):
        return False
    for one, other in zip(ones, others, strict=True):
        if one.lastgroup != other.lastgroup or (one.lastgroup == "id" and not ids.is_same(one[0], other[0])):
            return False
    return True


def as_example(real: Any, ids: Ids) -> Any:
    """An answer as it is written into the file."""
    if isinstance(real, dict):
        return {name: as_example(each, ids) for name, each in real.items()}
    if isinstance(real, list):
        return [as_example(each, ids) for each in real]
    if isinstance(real, str):
        return TOKEN.sub(lambda token: _written(token, ids), real)
    return real


def _written(token: re.Match[str], ids: Ids) -> str:
    kind = token.lastgroup or ""
    if kind == "id":
        return ids.example_of(token[0])
    if kind == "key":
        return "mc_" + "_".join(FILLING[: len(part)] for part in token[0].split("_")[1:])
    if kind == "place":
        return token[0][:24] + "01795863155186407"
    return WRITTEN.get(kind, FILLING[: len(token[0])] if kind == "text" else token[0])


@pytest.fixture
async def world(clone: postgres.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A business whose people may ask twice a minute. The name of the CRM resolves to a public address."""
    resolve = socket.getaddrinfo

    def resolving(host: Any, *arguments: Any, **options: Any) -> Any:
        return resolve("93.184.216.34" if host == "crm.example.com" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolving)
    settings = service_settings(tmp_path, requests_per_minute_per_person=2)
    async with Service.running(settings, clone) as service:
        yield await World.create(service, slug="tumble")


Asking = Callable[[World, httpx.AsyncClient], Awaitable[httpx.AsyncClient]]
"""Makes what the example is about happen, and returns who asks. It gets the integration's client."""


async def _parent_texts(world: World, key: httpx.AsyncClient) -> httpx.AsyncClient:
    await world.text("+13125550141", "Thank you!", sid="SM" + "0" * 32)
    return key


async def _nobody(world: World, key: httpx.AsyncClient) -> httpx.AsyncClient:
    return world.service.client(key="mc_00000000")


async def _key_without_permissions(world: World, key: httpx.AsyncClient) -> httpx.AsyncClient:
    made = await key.post("/api/v1/api-keys", json={"name": "Other", "permissions": []})
    return world.service.client(key=made.json()["key"])


async def _who_has_asked(world: World, key: httpx.AsyncClient) -> httpx.AsyncClient:
    for _ in range(2):
        assert (await world.maria.get("/api/v1/me")).status_code == 200
    return world.maria


async def _full_service(world: World, key: httpx.AsyncClient) -> httpx.AsyncClient:
    world.service.app.free_requests["api"] = 0
    return key


BEFORE: dict[tuple[str, int], Asking] = {
    ("POST /api/v1/conversations/{conversation_id}/messages", 409): _parent_texts,
    ("GET /api/v1/conversations", 401): _nobody,
    ("GET /api/v1/conversations", 403): _key_without_permissions,
    ("GET /api/v1/conversations", 429): _who_has_asked,
    ("GET /api/v1/conversations", 503): _full_service,
}


async def test_each_request_example_is_answered_as_its_response_example_says(world: World) -> None:
    key, ids, answers = await world.api_key(*Permission), Ids(), []
    for each in examples():
        asking = BEFORE.get((each.operation, each.status))
        answer = await ask(key if asking is None else await asking(world, key), each, ids)
        assert (each.name, answer.status_code) == (each.name, each.status), answer.text
        answers.append(as_example(answer.json(), ids) if WRITING else each.response)
        if not WRITING:
            assert list(differences(each.response, answer.json(), ids)) == [], f"{each.operation}: {each.name}"
    if WRITING:
        stored = json.loads(FILE.read_text())
        written = [each | {"response": answer} for each, answer in zip(stored, answers, strict=True)]
        FILE.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")


async def ask(client: httpx.AsyncClient, example: Example, ids: Ids) -> httpx.Response:
    method, _, path = example.operation.partition(" ")
    return await client.request(
        method,
        path.format_map(ids.in_request(example.path)),
        params=ids.in_request(example.query),
        headers=example.headers,
        json=ids.in_request(example.request),
    )


def test_each_example_is_valid_against_its_schema_and_in_the_document() -> None:
    document = json.loads(DOCUMENT.read_text())
    checked = 0
    for operation in (each for methods in document["paths"].values() for each in methods.values()):
        for content in _contents(operation):
            for name, example in content.get("examples", {}).items():
                schema = {**content["schema"], "components": document["components"]}
                Draft202012Validator(schema).validate(example["value"])
                assert example["summary"], name
                checked += 1
    in_file = [each for each in examples() if each.request is not None and each.status < 400]
    assert checked == len(examples()) + len(in_file), "Of two examples with one key of one answer, the last is kept."


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from each.get("content", {}).values()


def test_every_main_resource_and_problem_has_an_example() -> None:
    made = {each.operation.rpartition("/")[2] for each in examples() if each.status == 201}
    assert made >= {
        *("families", "staff-members", "conversations", "messages", "lines", "api-keys", "saved-replies"),
        *("audiences", "broadcasts", "exports", "webhook-endpoints"),
    }
    assert {each.key for each in examples()} >= {
        *("validation", "not-found", "conflict", "not-signed-in", "permission-required", "not-allowed-to-text"),
        *("new-messages", "idempotency-conflict", "precondition-failed", "rate-limited", "unavailable"),
    }
