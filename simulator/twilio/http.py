"""Twilio's requests: who asks, forms, and lists in pages."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.carrier import Carrier
from simulator.faults import Facts
from simulator.model import Account
from simulator.rest import Manners, basic_credentials
from simulator.twilio.errors import TwilioError
from simulator.twilio.resources import VERSION, Document


@dataclass(frozen=True, slots=True)
class Call:
    """A request in an account's name."""

    account: Account
    sids: dict[str, str]
    query: dict[str, str]
    form: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str:
        return next((value for key, value in self.form if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.form if key == name and value]


class TwilioManners(Manners[Call]):
    def refusal(self, status: int) -> TwilioError:
        return TwilioError({413: 20413, 429: 20429, 503: 20503}.get(status, 20500), status=status)

    def rejection(self, code: int, status: int | None) -> TwilioError:
        return TwilioError(code, status=status)

    def read(self, carrier: Carrier, request: Request, body: bytes) -> Call:
        return Call(
            account=self.account(carrier, request),
            sids=request.path_params,
            query=dict(request.query_params),
            form=parse_qsl(body.decode(errors="replace"), keep_blank_values=True),
        )

    def account(self, carrier: Carrier, request: Request) -> Account:
        """The account whose SID and token were given, which is also the one of the path where the path has one."""
        user, password = basic_credentials(request)
        account = carrier.state.accounts.get(user)
        if account is None or request.path_params.get("account_sid", user) != user:
            raise TwilioError(20003)
        if not hmac.compare_digest(password.encode(), account.auth_token.encode()):
            raise TwilioError(20003)
        return account

    def facts(self, call: Call) -> Facts:
        sender = call.get("From") or call.get("MessagingServiceSid") or call.query.get("From", "")
        return Facts(sender=sender, recipient=call.get("To") or call.query.get("To", ""), body=call.get("Body"))


class OpenToAll(TwilioManners):
    """Pictures: anybody who knows the address may read it, unless the settings ask for credentials."""

    def account(self, carrier: Carrier, request: Request) -> Account:
        account = carrier.state.accounts.get(request.path_params["account_sid"])
        if account is None or carrier.settings.media_auth:
            return super().account(carrier, request)
        return account


def page(call: Call, path: str, key: str, found: Iterable[tuple[str, Document]]) -> Response:
    """One page of a list. The next page's token names the last item of this one, so that pages do not shift
    while messages arrive; `Page` alone counts from the start."""
    size = _number(call.query.get("PageSize"), default=50, least=1, most=1000)
    page = _number(call.query.get("Page"), default=0, least=0, most=1_000_000)
    after = call.query.get("PageToken", "").removeprefix("PA")
    items = iter(found)
    if after:
        for sid, _ in items:
            if sid == after:
                break
    else:
        for _ in range(page * size):
            if next(items, None) is None:
                break
    shown: list[tuple[str, Document]] = []
    more = False
    for item in items:
        if len(shown) == size:
            more = True
            break
        shown.append(item)
    base = f"/{VERSION}/Accounts/{call.account.sid}/{path}"
    kept = {k: v for k, v in call.query.items() if k not in ("Page", "PageSize", "PageToken")}

    def uri(number: int, **more_query: str) -> str:
        return f"{base}?{urlencode({**kept, 'PageSize': str(size), 'Page': str(number), **more_query})}"

    return JSONResponse(
        {
            key: [document for _, document in shown],
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(len(shown) - 1, 0),
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1, PageToken=f"PA{shown[-1][0]}") if more else None,
            "previous_page_uri": uri(page - 1) if page else None,
            "uri": uri(page),
        }
    )


def _number(value: str | None, *, default: int, least: int, most: int) -> int:
    try:
        return default if not value else min(max(int(value), least), most)
    except ValueError as error:
        raise TwilioError(20001, f"{value!r} is not a number") from error


def not_found(call: Call, path: str) -> TwilioError:
    resource = f"/{VERSION}/Accounts/{call.account.sid}{path}"
    return TwilioError(20404, f"The requested resource {resource} was not found")
