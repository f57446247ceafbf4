"""The tools of the MCP server, as operations of openapi.json: what it reads, and the two kinds of draft that it writes.

A tool takes the operation's parameters and the fields of its body as arguments, under the document's own schemas.
"""

from collections.abc import Iterator
from typing import Any

READ = [
    "list_conversations",
    "get_conversation",
    "get_thread",
    "get_conversation_context",
    "list_scheduled_texts",
    "get_message",
    "search_messages",
    "search_notes",
    "indicator",
    "sending_status",
    "find_recipients",
    "get_recipient",
    "get_phone_number",
    "check_opt_in",
    "check_opt_ins",
    "list_families",
    "get_family",
    "get_family_by_external_id",
    "list_staff_members",
    "list_classes",
    "list_saved_replies",
    "list_lines",
    "get_line",
    "list_broadcasts",
    "get_broadcast",
    "list_audit_entries",
    "list_conversation_audit_entries",
    "me",
]
DRAFT: dict[str, dict[str, Any]] = {
    "propose_reply": {
        "operation": "add_note",
        "description": (
            "Propose a reply as an internal note of the conversation. It is never sent: a staff member reads it, and "
            "sends a text of their own or none. `body` is the wording of the reply; the note begins with "
            "'Proposed reply:'. `mentions` are ids of staff members who are told of it."
        ),
        "without": [],
        "prefix": {"body": "Proposed reply:\n"},
    },
    "draft_mass_text": {
        "operation": "create_broadcast",
        "description": (
            "Write the draft of a mass text. Nothing is sent, and no time is set: a staff member looks at its preview "
            "in Messenger Center, and confirms or cancels it there."
        ),
        "without": ["send_at", "attachments"],
        "prefix": {},
    },
}


def tools(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Each as `tool`, as the protocol lists it, and `request`: what it asks of the API."""
    drafts = {each["operation"]: (name, each) for name, each in DRAFT.items()}
    written: dict[str, dict[str, Any]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operation_id = operation["operationId"]
            name, draft = drafts.get(operation_id, (operation_id, None))
            if draft is not None or operation_id in READ:
                written[name] = _tool(document, name, path, method, operation, draft)
    return [written[name] for name in (*READ, *DRAFT)]


def _tool(
    document: dict[str, Any], name: str, path: str, method: str, operation: dict[str, Any], draft: dict[str, Any] | None
) -> dict[str, Any]:
    parameters = operation.get("parameters", ())
    given = {place: [each for each in parameters if each["in"] == place] for place in ("path", "query")}
    properties = {
        each["name"]: each["schema"] | {"description": each["description"]}
        for each in (*given["path"], *given["query"])
    }
    required = [each["name"] for each in (*given["path"], *given["query"]) if each.get("required")]
    fields = _fields(document, operation)
    kept = {field: each for field, each in fields[0].items() if draft is None or field not in draft["without"]}
    clash = set(properties) & set(kept)
    assert not clash, f"{name}: parameters and body both have {clash}"
    schema = {
        "type": "object",
        "properties": properties | kept,
        "required": required + [field for field in fields[1] if field in kept],
        "additionalProperties": False,
    }
    return {
        "tool": {
            "name": name,
            "title": name.replace("_", " ").capitalize(),
            "description": draft["description"] if draft else f"{operation['summary']}. {operation['description']}",
            "inputSchema": _with_definitions(document, schema),
            "annotations": {"readOnlyHint": draft is None, "destructiveHint": False, "openWorldHint": False},
        },
        "request": {
            "method": method.upper(),
            "path": path,
            "in_path": [each["name"] for each in given["path"]],
            "in_query": [each["name"] for each in given["query"]],
            "in_body": sorted(kept),
            "prefix": draft["prefix"] if draft else {},
            "takes_key": any(each["name"] == "Idempotency-Key" for each in parameters),
        },
    }


def _fields(document: dict[str, Any], operation: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The properties of the JSON body, and which of them are required."""
    if "requestBody" not in operation:
        return {}, []
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema["properties"], schema.get("required", [])


def _with_definitions(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every other one that it names, in `$defs`."""
    definitions: dict[str, Any] = {}
    waiting = list(_names(schema))
    while waiting:
        name = waiting.pop()
        if name not in definitions:
            definitions[name] = document["components"]["schemas"][name]
            waiting += _names(definitions[name])
    whole = schema | ({"$defs": {name: definitions[name] for name in sorted(definitions)}} if definitions else {})
    moved: dict[str, Any] = _moved(whole)
    return moved


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].rpartition("/")[2]
        for each in part.values():
            yield from _names(each)
    elif isinstance(part, list):
        for each in part:
            yield from _names(each)


def _moved(part: Any) -> Any:
    """The same with references to `$defs`. A discriminator, which is OpenAPI's own, is left out."""
    if isinstance(part, dict):
        kept = {name: each for name, each in part.items() if name != "discriminator"}
        return {name: _of_defs(each) if _is_ref(name, each) else _moved(each) for name, each in kept.items()}
    return [_moved(each) for each in part] if isinstance(part, list) else part


def _is_ref(name: str, value: Any) -> bool:
    return name == "$ref" and isinstance(value, str)


def _of_defs(ref: str) -> str:
    return f"#/$defs/{ref.rpartition('/')[2]}"
