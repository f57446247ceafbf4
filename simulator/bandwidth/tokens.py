"""Tokens in exchange for API credentials. Bandwidth gives them at another host; here all of it is one server."""

import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.bandwidth.errors import BandwidthError
from simulator.carrier import Carrier
from simulator.faults import Facts
from simulator.model import Account
from simulator.rest import Manners, RefusedError, basic_credentials

LIFE_SECONDS = 3600


class Tokens:
    """Those that are good. They end with the process, with their time, and with the credentials that they are for."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[Account, float]] = {}

    def issue(self, account: Account, *, now: float) -> str:
        self._issued = {token: issued for token, issued in self._issued.items() if now < issued[1]}
        token = secrets.token_urlsafe(32)
        self._issued[token] = account, now + LIFE_SECONDS
        return token

    def account(self, carrier: Carrier, token: str) -> Account | None:
        """Whose token it is; None for one that is not good."""
        account, until = self._issued.get(token, (None, 0.0))
        if account is None or carrier.state.clock() >= until:
            return None
        now = carrier.state.accounts.get(account.sid)
        is_same = now is not None and (now.client_id, now.client_secret) == (account.client_id, account.client_secret)
        return now if is_same else None


@dataclass(frozen=True, slots=True)
class TokenCall:
    account: Account


class TokenError(RefusedError):
    """RFC 6749, 5.2."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(status, {"error": error})


class TokenManners(Manners[TokenCall]):
    def refusal(self, status: int) -> BandwidthError:
        return BandwidthError(status)

    def rejection(self, code: int, status: int | None) -> TokenError:
        return TokenError(status or code, "invalid_client")

    def read(self, carrier: Carrier, request: Request, body: bytes) -> TokenCall:
        given = ":".join(basic_credentials(request)).encode()
        account = next(
            (
                account
                for account in carrier.state.accounts.values()
                if account.client_id is not None
                and hmac.compare_digest(given, f"{account.client_id}:{account.client_secret or ''}".encode())
            ),
            None,
        )
        if account is None:
            raise TokenError(401, "invalid_client")
        form = dict(parse_qsl(body.decode(errors="replace")))
        if form.get("grant_type") != "client_credentials":
            raise TokenError(400, "unsupported_grant_type" if "grant_type" in form else "invalid_request")
        return TokenCall(account)

    def facts(self, call: TokenCall) -> Facts:
        return Facts()


def create_token(tokens: Tokens, carrier: Carrier, call: TokenCall) -> Response:
    token = tokens.issue(call.account, now=carrier.state.clock())
    return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": LIFE_SECONDS})
