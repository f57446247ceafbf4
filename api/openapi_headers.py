"""The headers of answers in the OpenAPI document."""

from typing import Any

from api.created import MADE_AT

HEADERS: dict[str, dict[str, Any]] = {
    "RequestId": {
        "description": "The id of the request, which the service's log has too.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "What is left of the caller's quota, and in how many seconds it is whole again "
        "(draft-ietf-httpapi-ratelimit-headers-10). Absent where the operator has set no limit.",
        "schema": {"type": "string"},
        "example": '"api-key";r=1199;t=60',
    },
    "RateLimitPolicy": {
        "description": "The caller's quota: how many requests in how many seconds. Absent where there is no limit.",
        "schema": {"type": "string"},
        "example": '"api-key";q=1200;w=60',
    },
    "RetryAfter": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}},
    "WwwAuthenticate": {"description": "`Bearer`: send an API key.", "schema": {"type": "string"}},
    "Location": {
        "description": "The path of what was made.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "IdempotencyReplayed": {
        "description": "`true`: the answer of an earlier request with this `Idempotency-Key`.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}

NAMES = {
    "X-Request-ID": "RequestId",
    "RateLimit": "RateLimit",
    "RateLimit-Policy": "RateLimitPolicy",
    "Retry-After": "RetryAfter",
    "WWW-Authenticate": "WwwAuthenticate",
    "Location": "Location",
    "Idempotency-Replayed": "IdempotencyReplayed",
}


def add_headers(schema: dict[str, Any]) -> None:
    """Name the headers of every answer of the API, in place."""
    schema["components"]["headers"] = HEADERS
    for path, operations in schema["paths"].items():
        if path.startswith("/api/"):
            for method, operation in operations.items():
                _add(f"{method.upper()} {path}", operation)


def _add(route: str, operation: dict[str, Any]) -> None:
    responses: dict[str, dict[str, Any]] = operation["responses"]
    takes_key = any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
    # Every route with a caller is limited, and answers 429.
    is_limited = "429" in responses and "401" in responses
    for status, response in responses.items():
        names = ["X-Request-ID"]
        if is_limited and status not in {"401", "503"}:
            names += ["RateLimit", "RateLimit-Policy"]
        if status in {"429", "503"}:
            names.append("Retry-After")
        if status == "401":
            names.append("WWW-Authenticate")
        if status == "201" and route in MADE_AT:
            names.append("Location")
        if takes_key and status.startswith("2"):
            names.append("Idempotency-Replayed")
        described = {name: {"$ref": f"#/components/headers/{NAMES[name]}"} for name in names}
        response["headers"] = described | response.get("headers", {})
