"""What a valid body holds where no JSON schema can say it: times to come, rows that are there, fields that agree."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from api.conversations.message_rules import MAX_MEDIA
from tests.access.needs import API

Body = dict[str, Any]

CREDENTIALS = {
    "twilio": {"account_sid": f"AC{'0' * 32}", "auth_token": "t"},
    "telnyx": {"api_key": "k", "public_key": f"{'A' * 43}="},
    "bandwidth": {
        "account_id": "1",
        "application_id": "93de2206-9669-4e07-948d-329f4b722ee2",
        "client_id": "c",
        "client_secret": "s",
        "callback_username": "u",
        "callback_password": "p",
    },
    "plivo": {"auth_id": f"MA{'0' * 18}", "auth_token": "t"},
    "simulator": {"account_sid": "AC1", "auth_token": "t"},
    "sandbox": {},
}
"""By provider. The document describes them at `GET /providers`, not in the schema of a line."""

SANDBOX_NUMBER = "+17855550191"


def fit(method: str, path: str, body: Any, ids: Mapping[str, str]) -> Any:
    """The body of an operation, made to hold what its schema cannot ask for. `ids`: of rows that are there."""
    if not isinstance(body, dict):
        return body
    fitting = FITTED.get(f"{method} {path.removeprefix(API)}")
    return fitting(_of_rows(body, ids)) if fitting is not None else body


def _of_rows(body: Body, ids: Mapping[str, str]) -> Body:
    """Without ids of contacts, students and phone records, which are the record's own, and with the id of a class."""
    for name in ("contacts", "students", "phone_records", "rows", "classes"):
        for each in body.get(name) or ():
            if name == "classes" and each.get("id") is not None:
                each["id"] = ids["class_id"]
            elif name != "rows":
                each.pop("id", None)
            _of_rows(each, ids)
    return body


def ahead(**apart: float) -> str:
    return (datetime.now(UTC) + timedelta(**apart)).isoformat()


def _line(body: Body) -> Body:
    number = {"phone_number": SANDBOX_NUMBER, "kind": "long_code"} if body["provider"] == "sandbox" else {}
    return body | number | {"credentials": CREDENTIALS[body["provider"]]}


def _changed_line(body: Body) -> Body:
    """Of a line of the simulator, the default for a country that it may text."""
    if body.get("credentials"):
        body["credentials"] = CREDENTIALS["simulator"]
    if body.get("default_for"):
        body["default_for"] = ((body.get("settings") or {}).get("countries") or [])[:1]
    return body


def _prices(body: Body) -> Body:
    """A price for each country."""
    return body | {"prices": list({each["country"]: each for each in body["prices"]}.values())}


def _credits(body: Body) -> Body:
    """Off: with credits that are used up the texts of other requests would wait."""
    return body | {"is_on": False}


def _added_credits(body: Body) -> Body:
    """An amount that the balance can hold after all others."""
    return body | {"amount": body["amount"][:5].rstrip(".") if float(body["amount"][:5]) else "1"}


def _hours(body: Body) -> Body:
    """Spans that follow each other."""
    return body | {"hours": body["hours"] and {day: _spans(len(spans)) for day, spans in body["hours"].items()}}


def _spans(number: int) -> list[dict[str, str]]:
    return [{"opens": f"{8 + 2 * each:02}:00", "closes": f"{9 + 2 * each:02}:30"} for each in range(number)]


def _mass_text_hours(body: Body) -> Body:
    """On a day at least."""
    fitted = _hours(body) if "hours" in body else body
    hours = fitted.get("hours")
    return fitted | {"hours": {"monday": _spans(1)}} if hours is not None and not any(hours.values()) else fitted


def _quiet_hours(body: Body) -> Body:
    hours = body.get("quiet_hours")
    if hours and hours["since"] == hours["until"]:
        return body | {"quiet_hours": hours | {"until": "12:34" if hours["since"] != "12:34" else "12:35"}}
    return body


def _export(body: Body) -> Body:
    if body["kind"] != "range":
        return body
    return body | {"from": ahead(days=-100)} | ({"to": ahead(days=-1)} if body.get("to") else {})


def _family(body: Body) -> Body:
    numbers = _numbers()
    for contact in body.get("contacts") or ():
        _renumber(contact, numbers)
    return body


def _staff_member(body: Body) -> Body:
    _renumber(body, _numbers())
    return body


def _rows(body: Body) -> Body:
    """Each record once, and nobody who signs in already."""
    fitted = {"family": _family, "staff_member": _staff_member}
    for number, row in enumerate(body["rows"]):
        if row.get("external_id") is not None:
            row["external_id"] += f"-{number}"
        if "email" in row:
            row["email"] = f"{uuid4().hex}@{row['email'].rpartition('@')[2][:200]}"
    return body | {"rows": [fitted[row["kind"]](row) for row in body["rows"]]}


def _numbers() -> Iterator[str]:
    return (f"+1312555{each:04}" for each in count(2000))


def _renumber(owner: Body, numbers: Iterator[str]) -> None:
    """A number for each record: none stands in a body twice."""
    for record in owner.get("phone_records") or ():
        record["phone_number"] = next(numbers)


def _files(linked: str) -> Callable[[Body], Body]:
    """As many files as a text takes, those that it links to and those that were uploaded together. Both are given, or
    what a draft had before would count."""

    def fitted(body: Body) -> Body:
        if not body.get(linked) and not body.get("attachments"):
            return body
        uploaded = body.get("attachments") or []
        return body | {linked: (body.get(linked) or [])[: MAX_MEDIA - len(uploaded)], "attachments": uploaded}

    return fitted


def _no_replaced_refusals(body: Body) -> Body:
    return body | {"replaces_refusals": []}


FITTED: dict[str, Callable[[Body], Body]] = {
    "POST /lines": _line,
    "PATCH /lines/{line_id}": _changed_line,
    "PUT /lines/{line_id}/prices": _prices,
    "PUT /credits": _credits,
    "POST /credits/additions": _added_credits,
    "PUT /organization/away": _hours,
    "PATCH /organization/mass-text": _mass_text_hours,
    "PUT /me/notifications": _quiet_hours,
    "POST /exports": _export,
    "POST /families": _family,
    "PATCH /families/{family_id}": _family,
    "PUT /families/by-external-id/{external_id}": _family,
    "POST /staff-members": _staff_member,
    "PATCH /staff-members/{staff_member_id}": _staff_member,
    "PUT /staff-members/by-external-id/{external_id}": _staff_member,
    "POST /directory/import": _rows,
    "PUT /phone-records/{phone_record_id}/opt-in": _no_replaced_refusals,
    "POST /broadcasts": _files("media"),
    "PATCH /broadcasts/{broadcast_id}": _files("media"),
    "POST /messages": _files("media_urls"),
    "PATCH /messages/{message_id}": _files("media_urls"),
    "POST /conversations/{conversation_id}/messages": _files("media_urls"),
}
