"""Bandwidth's requests: who asks, and JSON bodies."""

import hmac
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from simulator.bandwidth.errors import ERRORS, BandwidthError
from simulator.bandwidth.tokens import Tokens
from simulator.carrier import Carrier
from simulator.faults import Facts
from simulator.model import Account
from simulator.rest import Manners, basic_credentials, json_object, word


@dataclass(frozen=True, slots=True)
class Call:
    """A request in an account's name."""

    account: Account
    ids: dict[str, str]
    query: dict[str, str]
    host: str
    json: dict[str, Any]


class BandwidthManners(Manners[Call]):
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def refusal(self, status: int) -> BandwidthError:
        return BandwidthError(status)

    def rejection(self, code: int, status: int | None) -> BandwidthError:
        """A code that is an HTTP status. Requests are never answered with other codes, which are of deliveries."""
        if code not in ERRORS:
            return BandwidthError(400, f"Your request could not be accepted ({code})")
        return BandwidthError(code, status=status)

    def read(self, carrier: Carrier, request: Request, body: bytes) -> Call:
        account = self._account(carrier, request)
        json: dict[str, Any] = {}
        if request.method == "POST":
            content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if content_type != "application/json":
                raise BandwidthError(415)
            try:
                json = json_object(body)
            except ValueError as error:
                raise BandwidthError(400, "The body is not a JSON object") from error
        query, host = dict(request.query_params), request.headers.get("host", "")
        return Call(account=account, ids=request.path_params, query=query, host=host, json=json)

    def facts(self, call: Call) -> Facts:
        given = call.json.get("to")
        recipients = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
        return Facts(
            sender=word(call.json, "from") or call.query.get("sourceTn", ""),
            recipient=next(iter(recipients), "") or call.query.get("destinationTn", ""),
            body=word(call.json, "text"),
        )

    def _account(self, carrier: Carrier, request: Request) -> Account:
        """401 for credentials or a token of nobody, 403 for those of another account."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        account = self._tokens.account(carrier, token) if scheme.lower() == "bearer" else _user(carrier, request)
        if account is None:
            raise BandwidthError(401)
        if account.sid != request.path_params["account_id"]:
            raise BandwidthError(403)
        return account


def _user(carrier: Carrier, request: Request) -> Account | None:
    """The account of an API user."""
    given = ":".join(basic_credentials(request)).encode()
    for account in carrier.state.accounts.values():
        if hmac.compare_digest(given, f"{account.username or account.sid}:{account.auth_token}".encode()):
            return account
    return None
