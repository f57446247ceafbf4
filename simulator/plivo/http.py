"""Plivo's requests and refusals: HTTP Basic authentication, JSON bodies, and a sentence for each refusal."""

import hmac
from dataclasses import dataclass, field
from typing import Any

from simulator.carrier import Carrier
from simulator.faults import Facts
from simulator.model import Account
from simulator.network import Refusals, Reply
from simulator.rest import Manners, RefusedError, Request, basic_credentials, json_object, json_reply, retry_after

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
        self.status = status
        self.sentence = sentence or SENTENCES.get(status, SENTENCES[500])
        super().__init__(self.sentence)

    def reply(self, *headers: tuple[bytes, bytes]) -> Reply:
        return json_reply({"api_id": "simulated", "error": self.sentence}, *headers, status=self.status)


def rejected(code: int, status: int | None) -> PlivoError:
    """For a code that is an HTTP status, that one. Requests are never answered with other codes."""
    if code not in SENTENCES:
        return PlivoError(400, f"The request was refused ({code})")
    return PlivoError(status or code, SENTENCES[code])


@dataclass(frozen=True, slots=True)
class Call:
    """A request in an account's name."""

    account: Account
    ids: dict[str, str]
    query: dict[str, str]
    json: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field that must be a string; empty if it is missing. Raises PlivoError."""
        value = self.json.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise PlivoError(400, f"{name} must be a string")
        return value


class PlivoManners(Manners[Call]):
    def __init__(self) -> None:
        self.refusals = Refusals(
            too_many=lambda seconds: PlivoError(429).reply(*retry_after(seconds)),
            server_error=lambda status: PlivoError(status).reply(),
            rejected=lambda code, status: rejected(code, status).reply(),
            too_large=lambda: PlivoError(413).reply(),
        )

    def read(self, carrier: Carrier, request: Request) -> Call:
        user, password = basic_credentials(request)
        account = carrier.state.accounts.get(user)
        if account is None or request.ids["auth_id"] != user:
            raise PlivoError(401)
        if not hmac.compare_digest(password.encode(), account.auth_token.encode()):
            raise PlivoError(401)
        json: dict[str, Any] = {}
        if request.method == "POST":
            try:
                json = json_object(request.body)
            except (ValueError, RecursionError) as error:
                raise PlivoError(400, "The body is not a JSON object") from error
        return Call(account=account, ids=request.ids, query=request.query, json=json)

    def facts(self, call: Call) -> Facts:
        def words(name: str) -> str:
            value = call.json.get(name)
            return value if isinstance(value, str) else ""

        return Facts(sender=words("src"), recipient=words("dst"), body=words("text"))
