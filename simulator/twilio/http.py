"""Twilio's requests: who asks, forms, and lists in pages."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from simulator.carrier import Carrier
from simulator.faults import Facts
from simulator.model import Account
from simulator.network import Refusals, Reply
from simulator.rest import Manners, Request, basic_credentials, json_reply, retry_after
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
    def __init__(self) -> None:
        self.refusals = Refusals(
            too_many=lambda seconds: TwilioError(20429).reply(*retry_after(seconds)),
            server_error=_server_error,
            rejected=lambda code, status: TwilioError(code, status=status).reply(),
            too_large=lambda: TwilioError(20413, "Request entity too large", status=413).reply(),
        )

    def read(self, carrier: Carrier, request: Request) -> Call:
        return Call(
            account=self.account(carrier, request),
            sids=request.ids,
            query=request.query,
            form=parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True),
        )

    def account(self, carrier: Carrier, request: Request) -> Account:
        """The account whose SID and token were given, which is also the one of the path where the path has one."""
        user, password = basic_credentials(request)
        account = carrier.state.accounts.get(user)
        if account is None or request.ids.get("account_sid", user) != user:
            raise TwilioError(20003)
        if not hmac.compare_digest(password.encode(), account.auth_token.encode()):
            raise TwilioError(20003)
        return account

    def facts(self, call: Call) -> Facts:
        sender = call.get("From") or call.get("MessagingServiceSid") or call.query.get("From", "")
        return Facts(sender=sender, recipient=call.get("To") or call.query.get("To", ""), body=call.get("Body"))


class OpenToAll(TwilioManners):
    """Pictures: whoever knows the address may read it, unless the account asks for credentials there too."""

    def account(self, carrier: Carrier, request: Request) -> Account:
        account = carrier.state.accounts.get(request.ids["account_sid"])
        if account is None or carrier.settings.media_auth:
            return super().account(carrier, request)
        return account


def _server_error(status: int) -> Reply:
    return TwilioError(20503 if status == 503 else 20500, status=status).reply()


def page(call: Call, path: str, key: str, found: Iterable[tuple[str, Document]]) -> Reply:
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

    return json_reply(
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
