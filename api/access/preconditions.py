"""`if_match(get)`: a route that changes a record takes `If-Match`, and compares with what `get` answers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import signature
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request
from pydantic import BaseModel

from api.access.dependencies import SignedIn
from api.kit.database import Session
from api.kit.entity_tags import read_tags
from api.kit.preconditions import Expected, expect
from api.kit.scope import ANSWERS_WITH_RECORD

MAX_CHARACTERS = 4096

DESCRIPTION = (
    "The `ETag` of the record as you have read it: 412 if it has changed since. Several tags may be given; `*` stands "
    "for any; weak tags never match."
)

IfMatchHeader = Annotated[str | None, Header(alias="If-Match", max_length=MAX_CHARACTERS, description=DESCRIPTION)]

Get = Callable[..., Awaitable[BaseModel]]
"""The function of the route that answers GET of the record."""


class IfMatch:
    """A dependency. The service of the route has to call `kit.preconditions.require_unchanged`."""

    def __init__(self, get: Get, *, is_required: bool) -> None:
        self.get = get
        self.is_required = is_required

    async def __call__(
        self, request: Request, principal: SignedIn, session: Session, if_match: IfMatchHeader = None
    ) -> AsyncIterator[None]:
        async def current() -> BaseModel:
            return await self.get(**self._arguments(request, principal=principal, session=session, request=request))

        # The header may have several lines; the parameter has the first.
        given = None if if_match is None else read_tags(request.headers.getlist("if-match"))
        expected = Expected(given, self.is_required, request.method == "PUT", current)
        expect(session, expected)
        if self.answers_with_record(request.method, request.scope["route"].response_model):
            request.scope[ANSWERS_WITH_RECORD] = True
        yield
        if not expected.is_checked and (given is not None or self.is_required):
            raise RuntimeError(f"{request.scope['route'].name} has not compared with If-Match.")

    def answers_with_record(self, method: str, model: object) -> bool:
        """Whether a route that answers with `model` answers as GET does from then on, so that the tag is the same."""
        return method == "PATCH" and model is signature(self.get).return_annotation

    def _arguments(self, asked: Request, **known: object) -> dict[str, Any]:
        """Those of `get`: what is in the path, and what every route gets."""
        found = dict(known)
        for name, value in asked.path_params.items():
            found[name] = UUID(value) if name.endswith("_id") and name != "external_id" else value
        return {name: found[name] for name in signature(self.get).parameters}


def if_match(get: Get, *, is_required: bool = False) -> Any:
    """For the `dependencies=` of a route. `is_required`: 428 without the header."""
    return Depends(IfMatch(get, is_required=is_required), scope="function")
