"""What an answer to a send means where it is not plainly a success or a refusal, whatever the provider."""

from typing import Any

import pytest

from api.providers.bandwidth.errors import ERRORS as BANDWIDTH
from api.providers.outcomes import MAX_WORDS, ErrorTable
from api.providers.plivo.errors import ERRORS as PLIVO
from api.providers.port import Accepted, MessageStatus, NotProcessed, Rejected
from api.providers.registry import ProviderName
from api.providers.telnyx.errors import ERRORS as TELNYX
from api.providers.twilio.errors import ERRORS as TWILIO
from tests.providers.dialects import every_access
from tests.providers.dialects.dialect import PARENT, Dialect
from tests.providers.dialects.telnyx import message_record
from tests.providers.peer import Peer, Start, http
from tests.providers.test_contract_sending import send
from tests.providers.wire import Wire
from tests.support.world import World

# An acceptance that carries a failure.


@every_access
async def test_OPTIN_STOP_an_acceptance_that_carries_an_opt_out_is_a_stop(dialect: Dialect, start: Start) -> None:
    peer = await start(dialect.accepts_failed("theirs-1", dialect.opted_out_code))
    assert await send(dialect, peer.url) == Accepted(
        provider_message_id="theirs-1",
        status=MessageStatus.FAILED,
        code=dialect.opted_out_code,
        title="This person has opted out by texting STOP.",
        opted_out=True,
    )


@every_access
async def test_an_acceptance_that_carries_another_failure_keeps_its_code_and_says_it_in_words(
    dialect: Dialect, start: Start
) -> None:
    peer = await start(dialect.accepts_failed("theirs-1", dialect.landline_code))
    outcome = await send(dialect, peer.url)
    assert isinstance(outcome, Accepted)
    assert (outcome.status, outcome.code, outcome.opted_out) == (MessageStatus.FAILED, dialect.landline_code, False)
    assert outcome.title == "The number cannot receive texts (probably a landline)."


SENT, FAILED, UNDELIVERED = MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.UNDELIVERED
BOTH = [{"code": "40008"}, {"code": "40300"}]

ODD_ACCEPTANCES: list[tuple[str, dict[str, Any], MessageStatus, str | None, bool]] = [
    ("twilio", {"status": "undelivered", "error_code": 30003}, UNDELIVERED, "30003", False),
    ("twilio", {"status": "canceled", "error_code": None}, FAILED, None, False),
    ("twilio", {"status": "failed", "error_code": "21610"}, FAILED, "21610", True),
    ("twilio", {"status": "queued", "error_code": 21610}, FAILED, "21610", True),
    ("twilio", {"status": "queued", "error_code": 0}, SENT, None, False),
    ("twilio", {"status": "failed", "error_code": {"x": 1}}, FAILED, None, False),
    ("telnyx", {"data": message_record("m1", "delivery_failed", code="40001")}, UNDELIVERED, "40001", False),
    ("telnyx", {"data": message_record("m1", "sending_failed")}, FAILED, None, False),
    ("telnyx", {"data": {"id": "m1"}, "errors": [{"code": "40300"}]}, FAILED, "40300", True),
    ("telnyx", {"data": message_record("m1", "sending_failed") | {"errors": BOTH}}, FAILED, "40300", True),
    ("bandwidth", {"errorCode": 4775}, FAILED, "4775", True),
    ("bandwidth", {"errorCode": 0}, SENT, None, False),
    ("bandwidth", {"errorCode": 9902}, SENT, None, False),
    ("plivo", {"message_uuid": ["m1"], "error_code": "000"}, SENT, None, False),
    ("plivo", {"message_uuid": ["m1"], "error_code": 200}, FAILED, "200", True),
    ("plivo", {"message_uuid": "m1"}, SENT, None, False),
]
"""A provider, what it says, and what that means."""


@every_access
async def test_each_spelling_of_a_failure_in_an_acceptance(dialect: Dialect, start: Start) -> None:
    told = [each for each in ODD_ACCEPTANCES if each[0] == dialect.name]
    assert told
    for _, document, status, code, opted_out in told:
        answer = http(202 if dialect.name == "bandwidth" else 201, {"sid": "m1", "id": "m1", **document})
        outcome = await send(dialect, (await start(answer)).url)
        assert isinstance(outcome, Accepted)
        assert (outcome.status, outcome.code, outcome.opted_out) == (status, code, opted_out)
        assert (outcome.title is None) == (code is None)


@pytest.fixture
async def wire(world: World, dialect: Dialect, peer: Peer) -> Wire:
    await world.family("Smith", PARENT)
    return await Wire.laid(world, dialect, peer)


@every_access
async def test_OPTIN_STOP_an_accepted_opt_out_fails_the_text_stops_the_number_and_is_never_retried(wire: Wire) -> None:
    code = wire.dialect.opted_out_code
    wire.peer.answer = wire.dialect.accepts_failed("theirs-1", code)
    message_id = await wire.queues()
    assert await wire.delivers() == 1
    found = await wire.message(message_id)
    assert (found["status"], found["error"]["code"]) == ("failed", code)
    assert found["error"]["title"] == "This person has opted out by texting STOP."
    assert found["provider_message_id"] == "theirs-1"
    assert [step["status"] for step in found["timeline"]][-1] == "failed", "it was never shown as sent"
    assert await wire.check() == "stopped"
    assert await wire.delivers() == 0
    assert await wire.world.rows("SELECT 1 FROM outbox") == []
    stops = await wire.world.rows("SELECT 1 FROM audit_entries WHERE action = 'phone_number.stopped'")
    assert len(stops) == 1


@every_access
async def test_an_accepted_failure_has_its_reason_and_stops_nobody(wire: Wire) -> None:
    wire.peer.answer = wire.dialect.accepts_failed("theirs-1", wire.dialect.landline_code)
    message_id = await wire.queues()
    await wire.delivers()
    assert await wire.status(message_id) == ("failed", wire.dialect.landline_code)
    assert await wire.check() == "allowed"
    assert await wire.delivers() == 0


# A full queue.


TABLES = {
    ProviderName.TWILIO: TWILIO,
    ProviderName.TELNYX: TELNYX,
    ProviderName.BANDWIDTH: BANDWIDTH,
    ProviderName.PLIVO: PLIVO,
}


@every_access
@pytest.mark.parametrize("status", [400, 403, 408, 409, 422, 429, 500, 503])
async def test_a_full_queue_was_never_processed_whatever_the_status_says(
    dialect: Dialect, start: Start, status: int
) -> None:
    for code in sorted(TABLES[dialect.name].never_processed):
        outcome = await send(dialect, (await start(dialect.refuses(status, code))).url)
        assert isinstance(outcome, NotProcessed), code
        assert outcome.code == code
        assert outcome.detail


@every_access
async def test_a_full_queue_is_tried_again_later_and_then_leaves(wire: Wire) -> None:
    wire.peer.answer = wire.dialect.refuses(wire.dialect.queue_full_status, wire.dialect.queue_full_code)
    message_id = await wire.queues()
    assert await wire.delivers() == 1
    assert await wire.status(message_id) == ("sending", None)
    assert await wire.delivers() == 0, "it waits"
    await wire.world.rows("UPDATE outbox SET due_at = now() RETURNING id")
    wire.peer.answer = wire.dialect.accepts("theirs-1")
    assert await wire.delivers() == 1
    assert await wire.status(message_id) == ("sent", None)


# Words.


CODES = {
    ProviderName.TWILIO: (
        "20003 21211 21408 21606 21608 21610 21611 21612 21614 21617 21635 30001 30002 30003 30004 30005 "
        "30006 30007 30008 30010 30017 30018 30019 30022 30023 30024 30027 30032 30033 30034 30035"
    ),
    ProviderName.TELNYX: (
        "10011 40001 40002 40003 40004 40005 40006 40008 40009 40010 40300 40302 40305 40310 40318 40329"
    ),
    ProviderName.BANDWIDTH: (
        "4301 4302 4303 4401 4403 4404 4405 4406 4420 4421 4432 4470 4481 4700 4701 4702 4720 4721 4730 4740 "
        "4750 4751 4770 4773 4775 4780 4781 4795 5100 5500 5600 5650 9902 9999"
    ),
    ProviderName.PLIVO: "10 20 30 40 50 60 70 80 90 100 110 200 201 1000",
}
"""The codes that businesses really get."""


@pytest.mark.parametrize("name", TABLES)
def test_every_code_that_people_get_has_words_that_are_a_sentence(name: ProviderName) -> None:
    titles = TABLES[name].titles
    assert [code for code in CODES[name].split() if code not in titles] == []
    for code, title in titles.items():
        assert title.endswith("."), (code, title)
        assert len(title) <= 200, (code, title)
        assert code not in title, "a front desk has no use for the number"


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_an_unknown_code_has_the_providers_own_words_in_part_else_the_code(table: ErrorTable) -> None:
    assert table.title("98765", "Its own  \n words") == "Its own words"
    long = table.title("98765", "x" * 100_000)
    assert len(long) == MAX_WORDS
    assert long.endswith("…")
    for said in (None, "", " \n"):
        assert table.title("98765", said) == "The provider refused it (error 98765)."


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_OPTIN_KEYWORD_the_code_of_an_opt_out_counts_in_any_case(table: ErrorTable) -> None:
    assert table.is_opt_out(table.opted_out.upper())
    assert table.is_opt_out(table.opted_out.lower())
    assert not table.is_opt_out(None)


@every_access
async def test_a_refusal_of_endless_words_is_kept_in_part(dialect: Dialect, start: Start) -> None:
    outcome = await send(dialect, (await start(dialect.refuses(400, "98765", "long " * 10_000))).url)
    assert isinstance(outcome, Rejected)
    assert len(outcome.title) <= MAX_WORDS
