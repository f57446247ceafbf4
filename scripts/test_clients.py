"""What is generated of openapi.json for the clients."""

import ast
from pathlib import Path

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


def test_every_operation_is_a_method_of_both_clients() -> None:
    make_clients()
    from messenger_center_client import AsyncMessengerClient, MessengerClient

    for client in (MessengerClient, AsyncMessengerClient):
        missing = clients.operation_ids() - set(dir(client))
        # The stream is not read, and webhooks are posted by providers.
        assert missing == {"events", "receive_message", "receive_status"}
