"""Plivo's requests and refusals: HTTP Basic authentication, JSON bodies, and a sentence for each refusal."""

import hmac
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from simulator.carrier import Carrier
from simulator.faults import Facts
from simulator.model import Account
from simulator.rest import Manners, RefusedError, basic_credentials, json_object, word

SENTENCES = {
    400: "The request is not valid",
    401: "Could not verify your access level for that URL. You have to login with proper credentials",
    404: "The requested resource was not found",
    413: "The request is too large",
    429: "Too many requests",
    500: "Internal server error",
    503: "The service is not available",
}


class PlivoError(RefusedError):
    def __init__(self, status: int, sentence: str | None = None) -> None:
        sentence = sentence or SENTENCES.get(status, SENTENCES[500])
        super().__init__(status, {"api_id": "simulated", "error": sentence})


@dataclass(frozen=True, slots=True)
class Call:
    """A request in an account's name."""

    account: Account
    ids: dict[str, str]
    json: dict[str, Any]

    def text(self, name: str) -> str:
        """A field that must be a string; empty if it is missing. Raises PlivoError."""
        value = self.json.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise PlivoError(400, f"{name} must be a string")
        return value


class PlivoManners(Manners[Call]):
    def refusal(self, status: int) -> PlivoError:
        return PlivoError(status)

    def rejection(self, code: int, status: int | None) -> PlivoError:
        """A code that is an HTTP status. Requests are never answered with other codes."""
        if code not in SENTENCES:
            return PlivoError(400, f"The request was refused ({code})")
        return PlivoError(status or code, SENTENCES[code])

    def read(self, carrier: Carrier, request: Request, body: bytes) -> Call:
        user, password = basic_credentials(request)
        account = carrier.state.accounts.get(user)
        if account is None or request.path_params["auth_id"] != user:
            raise PlivoError(401)
        if not hmac.compare_digest(password.encode(), account.auth_token.encode()):
            raise PlivoError(401)
        try:
            json = json_object(body) if request.method == "POST" else {}
        except ValueError as error:
            raise PlivoError(400, "The body is not a JSON object") from error
        return Call(account=account, ids=request.path_params, json=json)

    def facts(self, call: Call) -> Facts:
        return Facts(sender=word(call.json, "src"), recipient=word(call.json, "dst"), body=word(call.json, "text"))
