"""Telnyx's requests: who asks, JSON bodies, and the key under which one may be repeated."""

import contextlib
import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from simulator.carrier import Carrier
from simulator.faults import Facts
from simulator.model import Account
from simulator.network import Refusals
from simulator.rest import Manners, Request, json_object, retry_after
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
    """Names the operation among all of the account's at this path; None where the request gave no key."""

    fingerprint: str
    """The same for a request with the same query and, byte by byte, the same body."""

    def text(self, name: str) -> str:
        """A field that has to be a string; empty where it is left out. Raises TelnyxError."""
        value = self.json.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise TelnyxError(10015, f"'{name}' must be a string.", pointer=f"/{name}")
        return value


class TelnyxManners(Manners[Call]):
    def __init__(self) -> None:
        self._under_way: set[str] = set()
        self.refusals = Refusals(
            too_many=lambda seconds: TelnyxError(10011).reply(*retry_after(seconds)),
            server_error=lambda status: TelnyxError(10007, status=status).reply(),
            rejected=lambda code, status: TelnyxError(code, status=status).reply(),
            too_large=lambda: TelnyxError(10015, "The request is too large.", status=413).reply(),
        )

    def read(self, carrier: Carrier, request: Request) -> Call:
        account = _account(carrier, request)
        json: dict[str, Any] = {}
        if request.method == "POST":
            try:
                json = json_object(request.body)
            except (ValueError, RecursionError) as error:
                raise TelnyxError(10015) from error
        given = request.headers.get("idempotency-key")
        if given is not None and _KEY.fullmatch(given) is None:
            raise TelnyxError(
                10015, "Idempotency-Key must be 1 to 255 letters, digits, hyphens, underscores or colons."
            )
        asked = repr(sorted(request.query.items())).encode() + b"\n" + request.body
        return Call(
            account=account,
            ids=request.ids,
            query=request.query,
            json=json,
            key=None if given is None else f"{account.sid} {request.method} {request.path} {given}",
            fingerprint=hashlib.sha256(asked).hexdigest(),
        )

    def facts(self, call: Call) -> Facts:
        def words(name: str) -> str:
            value = call.json.get(name)
            return value if isinstance(value, str) else ""

        return Facts(sender=words("from") or words("messaging_profile_id"), recipient=words("to"), body=words("text"))

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
