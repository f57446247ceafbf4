"""What is generated of openapi.json for the clients."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import clients
from tests.support.client_packages import make_clients


def test_the_generator_takes_the_whole_document(tmp_path: Path) -> None:
    """Every operation, the import and the live stream included, without a warning."""
    folder = tmp_path / "whole"
    clients.run_generator(clients.DOCUMENT, folder)
    modules = {path.stem for path in folder.glob("api/*/*.py")} - {"__init__"}
    assert clients.operation_ids() == modules
    imports = ast.parse((folder / "api" / "directory" / "import_families_and_staff_members.py").read_text())
    assert {"ImportRows", "File"} <= {node.id for node in ast.walk(imports) if isinstance(node, ast.Name)}


def test_a_warning_of_the_generator_fails(tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    text = clients.DOCUMENT.read_text().replace("application/json", "application/cbor")
    document.write_text(text)
    with pytest.raises(clients.GeneratorWarning, match="cbor"):
        clients.run_generator(document, tmp_path / "whole")


def test_a_kind_that_a_newer_service_adds_has_a_member_in_each_union() -> None:
    document = json.loads(clients.DOCUMENT.read_text())
    schemas = document["components"]["schemas"]
    # A request has only kinds that the client knows.
    pages = {name for name, each in schemas.items() if name.endswith("Page") and "discriminator" in json.dumps(each)}
    assert pages == set(clients.UNKNOWN)
    clients.of_the_python_client(document)
    for page, name in clients.UNKNOWN.items():
        union = schemas[page]["properties"]["items"]["items"]
        assert union["oneOf"][-1] == {"$ref": f"#/components/schemas/{name}"}
        assert union["discriminator"]["propertyName"] in schemas[name]["required"]


def test_every_operation_is_a_method_of_both_clients() -> None:
    make_clients()
    from messenger_center_client import AsyncMessengerClient, MessengerClient

    for client in (MessengerClient, AsyncMessengerClient):
        missing = clients.operation_ids() - set(dir(client))
        # Those are posted by providers.
        assert missing == {"receive_message", "receive_status"}


def test_every_operation_is_in_the_postman_collection(tmp_path: Path) -> None:
    make_clients()
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    for each in (first, second):
        clients.write_collection(each)
    assert first.read_bytes() == second.read_bytes()
    collection = json.loads(first.read_text())
    assert collection["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert collection["auth"] == {
        "type": "bearer",
        "bearer": [{"key": "token", "type": "string", "value": "{{apiKey}}"}],
    }
    assert {each["key"] for each in collection["variable"]} == {"baseUrl", "apiKey"}
    document = json.loads(clients.DOCUMENT.read_text())
    wanted = {
        (method.upper(), path.replace("{", ":").replace("}", "")): operation.get("security") == []
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    found = {}
    for item in requests_of(collection["item"]):
        request = item["request"]
        assert request["url"]["host"] == ["{{baseUrl}}"]
        found[request["method"], "/" + "/".join(request["url"]["path"])] = request["auth"] == {"type": "noauth"}
        assert request["auth"] in (None, {"type": "noauth"})
        keys = [each["value"] for each in request["header"] if each["key"] == "Idempotency-Key"]
        assert keys in ([], ["{{$guid}}"])
    assert found == wanted


def requests_of(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        if "item" in item:
            yield from requests_of(item["item"])
        else:
            yield item
