"""A slice's queries, schemas and endpoints are imported by that slice alone. pyproject.toml has the other contracts."""

import re

import grimp

PRIVATE = re.compile(r"api\..*\b(\w+_)?(queries|schemas|endpoints)")
ROUTERS = re.compile(r"api\..*\b(\w+_)?endpoints")


def violations(graph: grimp.ImportGraph) -> list[tuple[str, str]]:
    return [
        (importer, imported)
        for imported in graph.modules
        if PRIVATE.fullmatch(imported)
        for importer in graph.find_modules_that_directly_import(imported)
        if importer.rpartition(".")[0] != imported.rpartition(".")[0]
        if not (importer == "api.app" and ROUTERS.fullmatch(imported))
    ]


def test_private_modules_of_a_slice_are_imported_by_it_alone() -> None:
    assert violations(grimp.build_graph("api")) == []


def test_an_import_from_another_slice_is_found() -> None:
    graph = grimp.ImportGraph()
    graph.add_import(importer="api.consent.service", imported="api.conversations.message_queries")
    graph.add_import(importer="api.conversations.service", imported="api.conversations.message_queries")
    graph.add_import(importer="api.app", imported="api.conversations.message_endpoints")
    assert violations(graph) == [("api.consent.service", "api.conversations.message_queries")]
