"""Sandbox lines and families at their test numbers."""

from typing import Any

import httpx

SANDBOX_NUMBER = "+17855550190"


def sandbox_body(phone_number: str = SANDBOX_NUMBER, **more: Any) -> dict[str, Any]:
    return {
        "label": "Sandbox",
        "phone_number": phone_number,
        "kind": "long_code",
        "country": "US",
        "provider": "sandbox",
        "credentials": {},
        **more,
    }


async def sandbox_line(admin: httpx.AsyncClient, phone_number: str = SANDBOX_NUMBER) -> dict[str, Any]:
    made = await admin.post("/api/v1/lines", json=sandbox_body(phone_number))
    assert made.status_code == 201, made.text
    line: dict[str, Any] = made.json()
    return line
