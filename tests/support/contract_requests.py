"""What schemathesis sends where a JSON schema cannot say what is right: files, and the ids of rows that are there."""

import csv
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation

from tests.access.needs import API
from tests.access.rows import PARENT, Rows, new_class, new_endpoint, new_note, new_reply, saved_view
from tests.support.broadcasts import new_audience, new_broadcast
from tests.support.business import PASSWORD
from tests.support.contract_bodies import ahead, fit
from tests.support.media import PNG, upload
from tests.support.world import World

NAMES = st.text(alphabet="Aeiñß字 -',\"0", max_size=20).map(lambda text: f"N{text.strip()}")
FAMILIES = st.fixed_dictionaries({"kind": st.just("family"), "name": NAMES})


def csv_file(families: list[dict[str, str]]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, ["kind", "name"])
    writer.writeheader()
    writer.writerows(families)
    return written.getvalue().encode()


def ndjson_file(families: list[dict[str, str]]) -> bytes:
    return "".join(f"{json.dumps(family)}\n" for family in families).encode()


def register_files() -> None:
    """Files of each media type that the service reads. No schema of bytes has their grammar."""
    some = st.lists(FAMILIES, min_size=1, max_size=3)
    schemathesis.openapi.media_type("text/csv", some.map(csv_file))
    schemathesis.openapi.media_type("application/x-ndjson", some.map(ndjson_file))


class RowsBehind:
    """Puts into generated requests what the service knows: the ids of rows that are there, numbers, cursors, addresses.

    What was generated to be refused stays as it is.
    """

    def __init__(self, world: World, rows: Rows) -> None:
        self.world = world
        self.ids = dict(rows.ids)
        self.cursors: dict[tuple[str, Any, bool], str] = {}
        self.password = PASSWORD
        self.upload_id: str | None = None
        """Of a file that no text has yet."""

    @classmethod
    async def create(cls, world: World) -> "RowsBehind":
        return cls(world, await Rows.create(world))

    async def put_into(self, case: schemathesis.Case[Any]) -> None:
        meta = case.meta
        assert meta is not None
        if not meta.is_negative_at(ParameterLocation.PATH):
            for name in set(case.path_parameters) & set(self.ids):
                case.path_parameters[name] = self.ids[name]
        if not meta.is_negative_at(ParameterLocation.QUERY):
            self._put_into_query(case)
        if not meta.is_negative_at(ParameterLocation.HEADER) and "Idempotency-Key" in case.headers:
            # Another request under a key that was used is refused.
            case.headers["Idempotency-Key"] = str(uuid4())
        if meta.is_negative_at(ParameterLocation.BODY):
            if case.path == f"{API}/directory/import":
                # A partial import takes any row, and answers which were wrong.
                case.query.pop("partial", None)
        elif case.media_type == "application/json":
            body = fit(case.method, case.path, self._known("", case.body), self.ids)
            if isinstance(body, dict):
                await self._put_into_fields(body)
            case.body = body

    @staticmethod
    def files_of(case: schemathesis.Case[Any]) -> dict[str, Any]:
        """For `case.call`: a picture in place of the bytes that were drawn, which are none."""
        assert case.meta is not None
        if case.path != f"{API}/media" or case.meta.is_negative_at(ParameterLocation.BODY):
            return {}
        return {"files": {"file": ("picture.png", PNG, "image/png")}}

    def _put_into_query(self, case: schemathesis.Case[Any]) -> None:
        query = case.query
        for name in ("phone_number", "staff_member_id", "line_id"):
            if name in query:
                query[name] = self._known(name, query[name])
        if query.get("cursor") is not None:
            known = self.cursors.get(self._list(case))
            query.pop("cursor") if known is None else query.update(cursor=known)
        if str(query.get("from") or "") >= str(query.get("to") or "\uffff"):
            del query["to"]
        if case.path in {f"{API}/usage", f"{API}/usage/export.csv"}:
            # At most 400 days.
            query.pop("from", None)
        for names in ALTERNATIVES:
            for name in [each for each in names if query.get(each) is not None][1:]:
                del query[name]
        if "metadata" in query:
            # Each key once.
            query["metadata"] = list({each.partition(":")[0]: each for each in query["metadata"]}.values())
        if query.get("status") == "closed":
            # Nobody waits in a closed conversation.
            query.pop("sort", None)
        if case.path.endswith("/search"):
            query["q"] = f"a {query['q']}"[:100]

    async def _put_into_fields(self, body: dict[str, Any]) -> None:
        """Files that were uploaded in place of the ids that were drawn, and a password that differs from the last."""
        if body.get("attachments"):
            if self.upload_id is None:
                uploaded = await upload(self.world.admin)
                assert uploaded.status_code == 201, uploaded.text
                self.upload_id = uploaded.json()["id"]
            body["attachments"] = [self.upload_id]
            for name in {"media", "media_urls"} & body.keys():
                # A text takes ten of both.
                body[name] = body[name] and body[name][:9]
        if body.get("new_password") == self.password:
            body["new_password"] = f"another {self.password[:100]}"

    def _known(self, name: str, value: Any) -> Any:
        """The value, with what stands in fields of these names replaced."""
        if isinstance(value, dict):
            return {key: self._known(key, each) for key, each in value.items()}
        if name == "seen_seq" and isinstance(value, int | float):
            return min(value, 1)
        if isinstance(value, list):
            return [self._known(name, each) for each in value]
        if not isinstance(value, str):
            return value
        if name in FUTURE:
            return ahead(days=1 + len(value) % 6)
        if name in COLLEAGUES:
            return str(self.world.staff_ids["maria"])
        if name == "current_password":
            return self.password
        if name in self.ids:
            return self.ids[name]
        choices = KNOWN.get(name)
        return choices[len(value) % len(choices)] if choices else value

    async def learn(self, case: schemathesis.Case[Any], response: schemathesis.Response) -> None:
        """Remember the cursor of a page and the password, and make anew what was deleted."""
        body: Any = case.body
        is_done = response.status_code < 300 and response.request.method != "OPTIONS"
        if case.path == f"{API}/me/password" and is_done:
            self.password = body["new_password"]
        if is_done and isinstance(body, dict) and body.get("attachments"):
            self.upload_id = None
        if case.method == "DELETE" and response.status_code == 204:
            await self._renew(case.path.rpartition("/")[2].strip("{}"))
        if case.method != "GET" or response.status_code != 200:
            return
        if response.headers["content-type"][0].startswith("application/json"):
            answer = response.json()
            if isinstance(answer, dict) and answer.get("next_cursor"):
                self.cursors[self._list(case)] = answer["next_cursor"]

    @staticmethod
    def _list(case: schemathesis.Case[Any]) -> tuple[str, Any, bool]:
        return case.path, case.query.get("sort"), "updated_since" in case.query

    async def _renew(self, name: str) -> None:
        if name == "webhook_endpoint_id":
            self.ids |= await new_endpoint(self.world)
        elif name == "note_id":
            self.ids[name] = await new_note(self.world.admin, self.ids["conversation_id"])
        elif name in MAKERS:
            self.ids[name] = await MAKERS[name](self.world)


FUTURE = frozenset({"at", "send_at", "expires_at", "old_key_valid_until"})
COLLEAGUES = frozenset({"mentions", "staff_member_id"})
"""Fields of bodies that name people who have SMS Logs."""
ALTERNATIVES = (
    ("before_seq", "after_seq", "around_seq", "cursor"),
    ("before", "after", "around", "cursor"),
    ("updated_since", "q"),
    ("updated_since", "sort"),
)
"""Query parameters of which one is given: OpenAPI cannot say it of parameters."""

KNOWN = {
    "phone_number": [PARENT, "(312) 555-0142", "312-555-0143"],
    "phone_numbers": [PARENT, "(312) 555-0142", "312-555-0143"],
    "countries": ["US", "CA", "GB"],
    "default_for": ["US", "CA", "GB"],
    "country": ["US"],
    "time": ["17:30", "5:30 pm"],
    "url": ["http://127.0.0.1:9/webhooks"],
    "url_template": ["https://x.test/{external_id}", "HTTPS://x.test:1/?q={name}&n={phone_number}#{family_id}"],
    "endpoint": ["https://fcm.googleapis.com/one", "https://fcm.googleapis.com/two"],
    "media": ["https://example.com/picture.png"],
    "media_urls": ["https://example.com/picture.png"],
}
"""Values of fields whose rule no pattern tells: one of them is chosen by the length of what was generated."""

MAKERS: dict[str, Callable[[World], Awaitable[str]]] = {
    "class_id": new_class,
    "saved_reply_id": lambda world: new_reply(world.admin, "organization"),
    "broadcast_id": lambda world: new_broadcast(world.admin, PARENT),
    "audience_id": lambda world: new_audience(world.admin, PARENT),
    "view_id": lambda world: saved_view(world.admin),
}
