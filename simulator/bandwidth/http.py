"""Bandwidth's requests: who asks, and JSON bodies."""

import hmac
from dataclasses import dataclass, field
from typing import Any

from simulator.bandwidth.errors import BandwidthError, rejected
from simulator.bandwidth.tokens import Tokens
from simulator.carrier import Carrier
from simulator.faults import Facts
from simulator.model import Account
from simulator.network import Refusals
from simulator.rest import Manners, Request, basic_credentials, json_object, retry_after


@dataclass(frozen=True, slots=True)
class Call:
    """A request in an account's name."""

    account: Account
    ids: dict[str, str]
    query: dict[str, str]
    host: str
    json: dict[str, Any] = field(default_factory=dict)


class BandwidthManners(Manners[Call]):
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.refusals = Refusals(
            too_many=lambda seconds: BandwidthError(429).reply(*retry_after(seconds)),
            server_error=lambda status: BandwidthError(status).reply(),
            rejected=lambda code, status: rejected(code, status).reply(),
            too_large=lambda: BandwidthError(413).reply(),
        )

    def read(self, carrier: Carrier, request: Request) -> Call:
        account = self._account(carrier, request)
        json: dict[str, Any] = {}
        if request.method == "POST":
            content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if content_type != "application/json":
                raise BandwidthError(415)
            try:
                json = json_object(request.body)
            except (ValueError, RecursionError) as error:
                raise BandwidthError(400, "The body is not a JSON object") from error
        host = request.headers.get("host", "")
        return Call(account=account, ids=request.ids, query=request.query, host=host, json=json)

    def facts(self, call: Call) -> Facts:
        given = call.json.get("to")
        recipients = given if isinstance(given, list) else []

        def words(value: object) -> str:
            return value if isinstance(value, str) else ""

        return Facts(
            sender=words(call.json.get("from")) or call.query.get("sourceTn", ""),
            recipient=next(map(words, recipients), "") or call.query.get("destinationTn", ""),
            body=words(call.json.get("text")),
        )

    def _account(self, carrier: Carrier, request: Request) -> Account:
        """401 for credentials or a token of nobody, 403 for those of another account."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        account = self._tokens.account(carrier, token) if scheme.lower() == "bearer" else _user(carrier, request)
        if account is None:
            raise BandwidthError(401)
        if account.sid != request.ids["account_id"]:
            raise BandwidthError(403)
        return account


def _user(carrier: Carrier, request: Request) -> Account | None:
    """The account of an API user."""
    given = ":".join(basic_credentials(request)).encode()
    for account in carrier.state.accounts.values():
        if hmac.compare_digest(given, f"{account.username or account.sid}:{account.auth_token}".encode()):
            return account
    return None
