"""Bodies that the API takes, each of something new."""

from typing import Any
from uuid import uuid4


def a_reply() -> dict[str, Any]:
    return {"title": f"Hours {uuid4().hex}", "body": "We open at 3.", "scope": "own"}


def new_person() -> dict[str, Any]:
    return {"name": "New", "email": f"{uuid4().hex}@gym.test", "permissions": []}


def new_number() -> str:
    return f"+1312555{uuid4().int % 10_000:04d}"


def new_line() -> dict[str, Any]:
    credentials = {"account_sid": "AC1", "auth_token": "t"}
    line = {"label": "Two", "phone_number": new_number(), "kind": "long_code", "country": "US"}
    return line | {"provider": "simulator", "credentials": credentials}


def new_browser() -> dict[str, Any]:
    keys = {"p256dh": "B" + "A" * 86, "auth": "A" * 22}
    return {"endpoint": f"https://fcm.googleapis.com/{uuid4()}", "keys": keys}


def a_webhook_endpoint() -> dict[str, Any]:
    """At this machine, where nobody listens."""
    return {"url": "http://127.0.0.1:9/webhooks", "event_types": ["message.received"]}
