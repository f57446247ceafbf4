"""Telnyx's requests: who asks, JSON bodies, and the key under which one may be repeated."""

import contextlib
import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from simulator.carrier import Carrier
from simulator.faults import Facts
from simulator.model import Account
from simulator.rest import Manners, json_object, word
from simulator.telnyx.errors import TelnyxError

_KEY = re.compile(r"[A-Za-z0-9_:-]{1,255}")


@dataclass(frozen=True, slots=True)
class Call:
    """A request in an account's name."""

    account: Account
    ids: dict[str, str]
    query: dict[str, str]
    json: dict[str, Any]
    key: str | None
    """The Idempotency-Key together with the account, method and path; None if the request has no key."""

    fingerprint: str
    """A digest of the query and of the body's bytes."""

    def text(self, name: str) -> str:
        """A field that must be a string; empty if it is missing. Raises TelnyxError."""
        value = self.json.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise TelnyxError(10015, f"'{name}' must be a string.", pointer=f"/{name}")
        return value


class TelnyxManners(Manners[Call]):
    def __init__(self) -> None:
        self._under_way: set[str] = set()

    def refusal(self, status: int) -> TelnyxError:
        if status == 413:
            return TelnyxError(10015, "The request is too large.", status=413)
        return TelnyxError(10011 if status == 429 else 10007, status=status)

    def rejection(self, code: int, status: int | None) -> TelnyxError:
        return TelnyxError(code, status=status)

    def read(self, carrier: Carrier, request: Request, body: bytes) -> Call:
        account = _account(carrier, request)
        try:
            json = json_object(body) if request.method == "POST" else {}
        except ValueError as error:
            raise TelnyxError(10015) from error
        given = request.headers.get("idempotency-key")
        if given is not None and _KEY.fullmatch(given) is None:
            raise TelnyxError(
                10015, "Idempotency-Key must be 1 to 255 letters, digits, hyphens, underscores or colons."
            )
        query = dict(request.query_params)
        asked = repr(sorted(query.items())).encode() + b"\n" + body
        return Call(
            account=account,
            ids=request.path_params,
            query=query,
            json=json,
            key=None if given is None else f"{account.sid} {request.method} {request.scope['path']} {given}",
            fingerprint=hashlib.sha256(asked).hexdigest(),
        )

    def facts(self, call: Call) -> Facts:
        sender = word(call.json, "from") or word(call.json, "messaging_profile_id")
        return Facts(sender=sender, recipient=word(call.json, "to"), body=word(call.json, "text"))

    def occupy(self, call: Call) -> AbstractContextManager[None]:
        return contextlib.nullcontext() if call.key is None else self._alone(call.key)

    @contextlib.contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Raises TelnyxError while another request with this key is being answered."""
        if key in self._under_way:
            raise TelnyxError(10012, "A request with this Idempotency-Key is still being processed.", status=409)
        self._under_way.add(key)
        try:
            yield
        finally:
            self._under_way.remove(key)


def _account(carrier: Carrier, request: Request) -> Account:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given:
        for account in carrier.state.accounts.values():
            if hmac.compare_digest(given.encode(), account.auth_token.encode()):
                return account
    raise TelnyxError(10009)
