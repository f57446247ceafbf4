"""R4: webhooks forged or altered in every field, header, order and encoding, judged by the providers' own SDKs.

Whatever an SDK accepts is accepted, whatever it refuses is refused; and what is refused changes nothing.
"""

import base64
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import pytest

from tests.providers.dialects import DIALECTS, every_dialect
from tests.providers.dialects.dialect import BASE, Arriving, Dialect, Reporting, Webhook, line_of
from tests.providers.peer import NO_CERTIFICATES, Peer
from tests.providers.wire import Wire
from tests.support.reliability import Progress, figure, seed, size
from tests.support.service import ORIGIN
from tests.support.world import World

Forgery = Callable[[Webhook, Random, Dialect], Webhook]

TEXTS = ["", "STOP", "Is class on? 🤸", "100% & a+b=c", "\r\n", "ümlaut", "x" * 1600, "\x00", '{"a": 1}']


def authentic(dialect: Dialect, chance: Random, *, inbound: str, status: str) -> Webhook:
    number = f"+1312555{chance.randrange(10_000):04}"
    if chance.random() < 0.5:
        media = [("https://media.example.com/1.jpg", "image/jpeg")] * chance.randrange(3)
        arriving = Arriving(f"message-{chance.randrange(99)}", number, chance.choice(TEXTS), media)
        return dialect.arrival(arriving, url=inbound)
    reporting = Reporting(chance.choice(list(dialect.words)), f"message-{chance.randrange(99)}", number)
    return dialect.report(reporting, url=status)


# Forgeries of any protocol.


def another_accounts(webhook: Webhook, _chance: Random, dialect: Dialect) -> Webhook:
    return dialect.signed_by_another(webhook.url, webhook.body)


def oddly_signed(webhook: Webhook, chance: Random, dialect: Dialect) -> Webhook:
    return dialect.oddly_signed(webhook, chance)


def signed_for_something_else(webhook: Webhook, chance: Random, dialect: Dialect) -> Webhook:
    other = authentic(dialect, chance, inbound=f"{BASE}/inbound", status=f"{BASE}/status")
    return replace(webhook, headers=other.headers)


def signature_header(webhook: Webhook, chance: Random, dialect: Dialect) -> Webhook:
    name = chance.choice(list(dialect.signature_headers))
    value = webhook.headers.get(name, "")
    at = chance.randrange(len(value) + 1)
    letter = chr(chance.choice([0, 32, 61, 65, 0x7F, 0xE9, chance.randrange(0x100)]))
    changed = [
        None,
        "",
        f"{value} ",
        f" {value}",
        value[:at] + letter + value[at:],
        value[:at] + letter + value[at + 1 :],
    ]
    changed += [value[:at], value[at:], value.lower(), value.upper(), value * 2, f'"{value}"', value[::-1]]
    return webhook.with_header(name, chance.choice(changed))


def content_type_header(webhook: Webhook, chance: Random, _dialect: Dialect) -> Webhook:
    kinds = [
        None,
        "",
        "text/plain",
        "application/json",
        "APPLICATION/X-WWW-FORM-URLENCODED; x=y",
        "multipart/form-data",
    ]
    return webhook.with_header("content-type", chance.choice(kinds))


def address(webhook: Webhook, chance: Random, _dialect: Dialect) -> Webhook:
    url = webhook.url
    changed = [f"{url}/", f"{url}?x=1", f"{url}?", f"{url}#x", url.replace("inbound", "status"), url.upper()]
    changed += [
        url.replace("https", "http"),
        url.replace("example.com", "example.org"),
        url.replace("/line", "/line/.."),
    ]
    return replace(webhook, url=chance.choice(changed))


def bytes_of_the_body(webhook: Webhook, chance: Random, _dialect: Dialect) -> Webhook:
    body, at = webhook.body, chance.randrange(len(webhook.body) + 1)
    letter = bytes([chance.choice([0, 32, 38, 43, 0x0A, 0xC3, 0xFF, chance.randrange(0x100)])])
    changed = [b"", body[:at], body[at:], body + letter, letter + body, body[:at] + letter + body[at:], body * 2]
    changed += [body[:at] + letter + body[at + 1 :], body.upper(), body.strip() + b"\n", b"\xef\xbb\xbf" + body]
    changed += [base64.b64encode(body), body.decode("utf-8", "replace").encode("utf-16"), body.replace(b" ", b"")]
    return replace(webhook, body=chance.choice(changed))


def fields_of_the_body(webhook: Webhook, chance: Random, _dialect: Dialect) -> Webhook:
    """Added, left out, doubled, changed, in another order, or only spelled differently."""
    try:
        changed = _other_json(json.loads(webhook.body), chance)
    except ValueError:
        changed = _other_form(parse_qsl(webhook.body.decode("utf-8", "replace"), keep_blank_values=True), chance)
    return replace(webhook, body=changed)


def _other_form(fields: list[tuple[str, str]], chance: Random) -> bytes:
    at = chance.randrange(len(fields)) if fields else 0
    name, value = fields[at] if fields else ("a", "b")
    match chance.randrange(7):
        case 0:
            fields = fields[:at] + fields[at + 1 :]
        case 1:
            fields = [*fields, (chance.choice(["More", "OptOutType", name]), chance.choice(["", "STOP", value]))]
        case 2:
            fields = [*fields[:at], (name, chance.choice([value + "x", value.strip("1 "), ""])), *fields[at + 1 :]]
        case 3:
            fields = [*fields[:at], (name.swapcase(), value), *fields[at + 1 :]]
        case 4:
            chance.shuffle(fields)
        case 5:
            return "&".join(f"{quote(key, safe='')}={quote(each, safe='')}" for key, each in fields).encode()
        case _:
            return urlencode(fields).lower().encode()
    return urlencode(fields).encode()


def _other_json(document: Any, chance: Random) -> bytes:
    match chance.randrange(5):
        case 0:
            return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        case 1:
            return json.dumps(document, sort_keys=True, indent=1).encode()
        case _:
            return json.dumps(_changed(document, chance)).encode()


def _changed(document: Any, chance: Random) -> Any:
    """One place of it is changed, added or left out."""
    if isinstance(document, list) and document:
        at = chance.randrange(len(document))
        return [*document[:at], _changed(document[at], chance), *document[at + 1 :]]
    if isinstance(document, dict) and document:
        name = chance.choice(list(document))
        match chance.randrange(4):
            case 0:
                return {key: each for key, each in document.items() if key != name}
            case 1:
                return {**document, "more": chance.choice(TEXTS)}
            case _:
                return {**document, name: _changed(document[name], chance)}
    return chance.choice([*TEXTS, None, 5, document])


FORGERIES: list[Forgery] = [
    another_accounts,
    oddly_signed,
    oddly_signed,
    signed_for_something_else,
    signature_header,
    content_type_header,
    address,
    bytes_of_the_body,
    fields_of_the_body,
]


def forged(
    dialect: Dialect, chance: Random, *, inbound: str = f"{BASE}/inbound", status: str = f"{BASE}/status"
) -> tuple[Webhook, str]:
    """A webhook with up to three things done to it, and what they are."""
    webhook = authentic(dialect, chance, inbound=inbound, status=status)
    done = [chance.choice(FORGERIES) for _ in range(chance.choice([0, 1, 1, 1, 1, 2, 3]))]
    for forgery in done:
        webhook = forgery(webhook, chance, dialect)
    return webhook, " + ".join(each.__name__ for each in done) or "authentic"


@pytest.mark.reliability
@every_dialect
def test_R4_RECV_AUTHENTIC_on_every_forgery_we_say_what_the_providers_own_sdk_says(dialect: Dialect) -> None:
    drawn_from = seed()
    chance = Random(drawn_from)
    total = size(quick=600, full=20_000 // len(DIALECTS) + 1)
    progress = Progress(f"R4 {dialect.name}", total=total)
    provider = dialect.provider(httpx.AsyncClient(verify=NO_CERTIFICATES), "http://127.0.0.1:1")
    verdicts: Counter[bool] = Counter()
    for number in range(total):
        webhook, done = forged(dialect, chance)
        verdict = dialect.judged_authentic(webhook)
        ours = provider.is_authentic(line_of(dialect), webhook.request)
        assert ours is verdict, f"MESSENGER_SEED={drawn_from}: {done}: {webhook}"
        verdicts[verdict] += 1
        progress.at(number + 1)
    assert min(verdicts.values()) > total // 20, "it would prove nothing if one verdict were always right"
    figure("R4", provider=dialect.name, judged=total, accepted=verdicts[True], refused=verdicts[False], disagreed=0)


@pytest.mark.reliability
@every_dialect
async def test_R4_RECV_AUTHENTIC_nothing_forged_changes_anything(dialect: Dialect, world: World, peer: Peer) -> None:
    drawn_from = seed()
    chance = Random(drawn_from)
    wire = await Wire.laid(world, dialect, peer)
    urls = wire.line["webhook_urls"]
    before = await world.table_sizes()
    total = size(quick=60, full=2_000)
    progress = Progress(f"R4 {dialect.name}, whole service", total=total)
    refused = 0
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=world.service.app, raise_app_exceptions=False), base_url=ORIGIN
    ) as carrier:
        while refused < total:
            webhook, done = forged(dialect, chance, inbound=urls["inbound"], status=urls["status"])
            parts = urlsplit(webhook.url)
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            # What counts is the address that the service was told, whatever the request says.
            if dialect.judged_authentic(replace(webhook, url=ORIGIN + path)):
                continue
            headers = [(name.encode(), value.encode("latin-1")) for name, value in webhook.headers.items()]
            response = await carrier.post(path, content=webhook.body, headers=headers)
            assert response.status_code in {403, 404, 405, 422}, f"MESSENGER_SEED={drawn_from}: {done}: {webhook}"
            refused += 1
            progress.at(refused)
        await world.settled()
        assert await world.table_sizes() == before, f"MESSENGER_SEED={drawn_from}"

    await wire.arrives("What is authentic comes in.")
    figure("R4-service", provider=dialect.name, forged=refused, changed=0)
