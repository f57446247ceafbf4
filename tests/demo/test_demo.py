"""The demo gym: consistent in every respect, as if it had happened."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import func, select

from api.access import queries as access_queries
from api.access.gate import SignInGate
from api.access.models import Organization, StaffMember
from api.access.rules import PERMISSIONS_OF_PEOPLE, Permission
from api.access.sign_in import Credentials, sign_in
from api.audit import service as audit
from api.audit.models import AuditEntry
from api.consent import service as consent
from api.consent.models import ConsumerInitiation
from api.consent.rules import CONSUMER_INITIATED, Reason
from api.conversations import inbox_queries
from api.conversations import rules as status_rules
from api.conversations.message_rules import Direction, segments
from api.conversations.models import Conversation, Message, OutboxEntry, TimelineEntry
from api.directory.models import Family, PhoneNumber
from api.inbound.models import InboundEvent
from api.kit.database import Database
from api.kit.secrets import SecretBox
from api.lines.models import Line
from api.providers.registry import Providers
from api.settings import Settings
from demo import DEMO_PASSWORD, DEMO_SIGN_INS, DEMO_SLUG, fill_demo, register_lines, simulator_registration
from demo.hours import OpeningHours
from demo.people import AOTEAROA, FRONT_DESK
from simulator.app import create_server
from simulator.settings import Settings as SimulatorSettings
from tests.support import postgres
from tests.support.service import service_settings
from tests.support.stack import eventually

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture(scope="module")
def filled(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Database]:
    """A database with the demo in it, for the tests that only look at it."""
    clone = postgres.clone_database(template)
    assert asyncio.run(_fill_at(clone.url, service_settings(tmp_path_factory.mktemp("demo")))) is True
    yield clone
    postgres.drop_database(clone)


@pytest.fixture
async def demo(filled: postgres.Database) -> AsyncIterator[Database]:
    database = Database(filled.url, pool_size=2)
    yield database
    await database.close()


async def _fill_at(url: str, settings: Settings) -> bool:
    database = Database(url, pool_size=2)
    try:
        return await _fill(database, settings)
    finally:
        await database.close()


async def _fill(database: Database, settings: Settings) -> bool:
    providers = Providers(settings)
    try:
        return await fill_demo(database, secrets=_secrets(settings), providers=providers)
    finally:
        await providers.close()


def _secrets(settings: Settings) -> SecretBox:
    return SecretBox(settings.resolved_secret_key())


async def _organization(database: Database) -> Organization:
    async with database.transaction() as session:
        organization = await access_queries.organization_by_slug(session, DEMO_SLUG)
    assert organization is not None
    return organization


async def _all(database: Database, table: type[Any]) -> list[Any]:
    async with database.transaction() as session:
        return list(await session.scalars(select(table)))


async def _by_conversation(database: Database) -> dict[UUID, list[Message]]:
    """Each conversation's messages, in order of `seq`."""
    async with database.transaction() as session:
        messages = await session.scalars(select(Message).order_by(Message.seq))
        threads: dict[UUID, list[Message]] = {}
        for message in messages:
            threads.setdefault(message.conversation_id, []).append(message)
        return threads


async def test_the_indicator_says_what_the_rows_say(demo: Database) -> None:
    """IND-RED, IND-GRAY."""
    organization = await _organization(demo)
    async with demo.transaction() as session:
        indicator = await inbox_queries.indicator(session, organization.id, staff_member_id=None)
    conversations: list[Conversation] = await _all(demo, Conversation)
    unread_messages = 0
    threads = await _by_conversation(demo)
    for conversation in conversations:
        if conversation.status == "unread":
            unread_messages += sum(
                message.direction == Direction.INBOUND and message.seq > conversation.seen_seq
                for message in threads[conversation.id]
            )
    statuses = Counter(conversation.status for conversation in conversations)
    assert indicator[:3] == (unread_messages, statuses["unread"], statuses["open"])
    assert indicator[:3] == (9, 6, 7)
    assert statuses["closed"] >= 20


async def test_each_conversation_agrees_with_its_messages(demo: Database) -> None:
    """Numbers without a gap, unread counts, previews, what the list is sorted by."""
    threads = await _by_conversation(demo)
    for conversation in await _all(demo, Conversation):
        thread = threads[conversation.id]
        last = thread[-1]
        assert [message.seq for message in thread] == list(range(1, conversation.last_seq + 1))
        assert all(earlier.created_at < later.created_at for earlier, later in pairwise(thread))
        unseen = [m for m in thread if m.direction == Direction.INBOUND and m.seq > conversation.seen_seq]
        assert len(unseen) == conversation.unread_messages
        assert (conversation.status == "unread") == bool(unseen)
        assert conversation.created_at <= thread[0].created_at
        assert conversation.last_message_at == conversation.last_message_created_at == last.created_at
        assert conversation.last_message_direction == last.direction
        assert conversation.last_message_status == last.status
        assert conversation.last_message_preview == status_rules.preview(last.body, media=len(last.media))
        assert conversation.seen_deadline is None


async def test_the_audit_log_is_whole_and_in_order(demo: Database) -> None:
    """AUDIT-CHAIN; and no entry is dated before the one that it follows."""
    organization = await _organization(demo)
    entries = sorted(await _all(demo, AuditEntry), key=lambda entry: entry.chain_number)
    async with demo.transaction() as session:
        assert await audit.verify(session, organization.id) == len(entries)
    chains: dict[UUID, list[AuditEntry]] = {}
    for entry in entries:
        chains.setdefault(entry.chain_subject, []).append(entry)
    for chain in chains.values():
        assert all(earlier.at <= later.at for earlier, later in pairwise(chain))


async def test_every_message_that_was_sent_is_audited_under_its_sender(demo: Database) -> None:
    """AUDIT-WHAT."""
    senders = {
        entry.message_id: entry.actor_id for entry in await _all(demo, AuditEntry) if entry.action == "message.sent"
    }
    sent = [m for m in await _all(demo, Message) if m.direction == Direction.OUTBOUND]
    assert senders == {message.id: message.sent_by_staff_member_id or message.sent_by_api_key_id for message in sent}
    may_send = {
        member.id
        for member in await _all(demo, StaffMember)
        if member.is_admin or {"sms_logs", "mass_text"} <= set(member.permissions)
    }
    assert {m.sent_by_staff_member_id for m in sent} - {None} <= may_send


async def test_the_trail_of_each_conversation_leads_to_its_status(demo: Database) -> None:
    """AUDIT-WHAT: the last entry that changed the status is the status there is."""
    states = {"conversation.unread": "unread", "conversation.opened": "open", "conversation.closed": "closed"}
    last: dict[UUID, str] = {}
    for entry in sorted(await _all(demo, AuditEntry), key=lambda entry: entry.chain_number):
        if entry.conversation_id is not None and entry.action in states:
            assert last.get(entry.conversation_id) != states[entry.action], "the entry changes nothing"
            last[entry.conversation_id] = states[entry.action]
    assert last == {each.id: each.status for each in await _all(demo, Conversation)}


async def test_the_outbox_and_the_journal_are_empty(demo: Database) -> None:
    assert await _all(demo, OutboxEntry) == []
    assert await _all(demo, InboundEvent) == []
    assert {message.status for message in await _all(demo, Message)} == {"received", "delivered", "undelivered"}


async def test_one_message_failed_at_a_landline(demo: Database) -> None:
    (failed,) = [message for message in await _all(demo, Message) if message.status == "undelivered"]
    assert (failed.error_code, failed.error_title) == (
        "30006",
        "The number cannot receive texts (probably a landline).",
    )
    assert failed.delivered_at is None


async def test_timelines_lead_to_the_status_shown(demo: Database) -> None:
    """SEND-STATUS."""
    async with demo.transaction() as session:
        events = list(await session.scalars(select(TimelineEntry).order_by(TimelineEntry.at, TimelineEntry.id)))
    timelines: dict[UUID, list[str]] = {}
    for event in events:
        timelines.setdefault(event.message_id, []).append(event.status)
    for message in await _all(demo, Message):
        timeline = timelines[message.id]
        assert timeline[-1] == message.status
        if message.direction == Direction.OUTBOUND:
            assert timeline[:3] == ["queued", "sending", "sent"]
            assert message.sent_at is not None
            assert message.opt_in_check is not None
            assert message.opt_in_check["allowed"] is True


async def test_the_past_lies_in_two_weeks_of_opening_hours(demo: Database) -> None:
    for message in await _all(demo, Message):
        local = message.created_at.astimezone(CHICAGO)
        assert message.created_at <= datetime.now(UTC)
        assert datetime.now(UTC) - message.created_at < timedelta(days=17)
        assert local.weekday() != 6
        assert 8 <= local.hour <= 20
    for number in await _all(demo, PhoneNumber):
        assert number.created_at <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("number", "line", "reason", "note", "instances"),
    [
        pytest.param("+13125550102", FRONT_DESK, Reason.ALLOWED, None, 1, id="a family that opted in"),
        pytest.param("+13125550101", FRONT_DESK, Reason.ALLOWED, None, 2, id="a mother who is a coach too"),
        pytest.param("+13125550106", FRONT_DESK, Reason.OPTED_OUT, None, 1, id="a family that opted out"),
        pytest.param("+13125550112", FRONT_DESK, Reason.OPTED_OUT, None, 2, id="one of two families opted out"),
        pytest.param("+13125550150", FRONT_DESK, Reason.NOT_OPTED_IN, None, 1, id="a family that was never asked"),
        pytest.param("+13125550125", FRONT_DESK, Reason.STOPPED, None, 1, id="a mother who texted STOP"),
        pytest.param("+13125550151", FRONT_DESK, Reason.ALLOWED, None, 1, id="a plain request stops nothing"),
        pytest.param("+13125550188", FRONT_DESK, Reason.ALLOWED, CONSUMER_INITIATED, 0, id="a number on no record"),
        pytest.param("+13125550188", AOTEAROA, Reason.NO_RECORD, None, 0, id="it has not texted the other line"),
        pytest.param("+13125550156", FRONT_DESK, Reason.ALLOWED, CONSUMER_INITIATED, 1, id="a family that left"),
        pytest.param("+64215550131", AOTEAROA, Reason.ALLOWED, None, 1, id="a family in New Zealand"),
    ],
)
async def test_each_special_case_of_consent_is_there(
    demo: Database, number: str, line: str, reason: Reason, note: str | None, instances: int
) -> None:
    """OPTIN-ALL, OPTIN-UNKNOWN-SENDER, OPTIN-ARCHIVED, OPTIN-STOP."""
    organization = await _organization(demo)
    async with demo.transaction() as session:
        row = (await session.scalars(select(Line).where(Line.phone_number == line))).one()
        check = await consent.check_number(session, organization.id, number, row)
    assert (check.reason, check.note, len(check.instances)) == (reason, note, instances)


async def test_numbers_that_have_texted_a_line_are_recorded(demo: Database) -> None:
    """OPTIN-UNKNOWN-SENDER."""
    threads = await _by_conversation(demo)
    texted = {
        (conversation.phone_number_id, conversation.line_id)
        for conversation in await _all(demo, Conversation)
        if any(message.direction == Direction.INBOUND for message in threads[conversation.id])
    }
    noted = [(each.phone_number_id, each.line_id) for each in await _all(demo, ConsumerInitiation)]
    assert sorted(noted) == sorted(texted)


async def test_every_kind_of_staff_signs_in(demo: Database) -> None:
    combinations = set()
    for each in DEMO_SIGN_INS:
        given = Credentials(DEMO_SLUG, each.email, DEMO_PASSWORD, address="127.0.0.1")
        signed_in = await sign_in(demo, SignInGate(), given, lifetime=timedelta(hours=1))
        member = signed_in.staff_member
        assert member.name == each.name
        combinations.add((member.is_admin, frozenset(member.permissions)))
    every = [
        frozenset[str](),
        frozenset([Permission.SMS_LOGS.value]),
        frozenset([Permission.MASS_TEXT.value]),
        frozenset({*PERMISSIONS_OF_PEOPLE} - {Permission.MASS_TEXT_ANY_HOUR}),
    ]
    assert combinations == {(True, every[0])} | {(False, permissions) for permissions in every}


async def test_the_texts_are_of_every_kind(demo: Database) -> None:
    messages: list[Message] = await _all(demo, Message)
    assert any("🤒" in message.body for message in messages)
    assert any("ā" in message.body for message in messages)
    assert any("\u0600" <= character <= "\u06ff" for message in messages for character in message.body)
    assert any(message.media for message in messages)
    assert max(message.segments for message in messages if message.encoding == "GSM-7") == 3
    for message in messages:
        counted = segments(message.body)
        assert (message.segments, message.encoding) == (counted.count, counted.encoding)
    families: list[Family] = await _all(demo, Family)
    assert len(families) >= 36
    assert max(len(family.name) for family in families) > 60


async def test_filling_again_changes_nothing(demo: Database, settings: Settings) -> None:
    before = await _counts(demo)
    assert await _fill(demo, settings) is False
    assert await _counts(demo) == before


async def test_two_processes_that_start_at_once_make_one_demo(database: Database, settings: Settings) -> None:
    answers = await asyncio.gather(_fill(database, settings), _fill(database, settings))
    assert sorted(answers) == [False, True]
    organization = await _organization(database)
    async with database.transaction() as session:
        assert isinstance(await audit.verify(session, organization.id), int)


async def _counts(database: Database) -> dict[str, int]:
    tables = (Organization, StaffMember, Family, Conversation, Message, TimelineEntry, AuditEntry, Line)
    async with database.transaction() as session:
        return {
            table.__tablename__: (await session.scalar(select(func.count()).select_from(table))) or 0
            for table in tables
        }


@pytest.mark.parametrize(
    "now",
    [
        pytest.param("2026-03-10T03:00", id="at night"),
        pytest.param("2026-03-08T12:00", id="on a Sunday, hours after the clocks went forward"),
        pytest.param("2026-03-09T09:00", id="as the gym opens"),
        pytest.param("2026-03-07T23:59", id="on a Saturday night"),
    ],
)
def test_history_lies_in_opening_hours_at_any_start_time(now: str) -> None:
    hours, at = OpeningHours(CHICAGO), datetime.fromisoformat(now).replace(tzinfo=CHICAGO)
    moments = [hours.before(at, minutes) for minutes in range(0, 4000, 7)]
    assert moments == sorted(moments, reverse=True)
    for moment in moments:
        local = moment.astimezone(CHICAGO)
        assert moment <= at
        assert local.weekday() != 6
        assert 8 * 60 + 30 <= local.hour * 60 + local.minute <= 20 * 60 + 30


@pytest.fixture
async def carrier(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The simulator, running; a client of its control interface."""
    server = create_server(SimulatorSettings(port=0))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, "the simulator is up")
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/control") as client:
        yield client
    server.should_exit = True
    await serving


async def test_the_simulator_gets_to_know_the_lines_and_the_people(
    demo: Database, filled: postgres.Database, settings: Settings, carrier: httpx.AsyncClient
) -> None:
    at_its_port = settings.model_copy(update={"simulator_port": carrier.base_url.port})
    await register_lines(at_its_port, filled.url)

    lines = {line["phone_number"]: line for line in (await carrier.get("/lines")).json()["items"]}
    row = next(line for line in await _all(demo, Line) if line.phone_number == AOTEAROA)
    assert set(lines) == {FRONT_DESK, AOTEAROA}
    short_code = lines[AOTEAROA]
    assert (short_code["kind"], short_code["country"], short_code["keywords"]) == ("short_code", "NZ", "carrier")
    assert short_code["inbound_url"] == f"{settings.public_base_url}/webhooks/simulator/{row.id}/inbound"

    handsets = {each["phone_number"]: each for each in (await carrier.get("/handsets")).json()["items"]}
    assert handsets["+13125550102"]["name"] == "Ruth Okafor"
    assert handsets["+13125550112"]["name"] == "Carmen Garcia"
    assert handsets["+13125550142"]["state"] == "landline"
    assert handsets["+13125550188"]["name"] == ""
    assert handsets["+13125550102"]["last_text"]["body"] == "They just announced that the schools close early tomorrow"


async def test_registering_again_keeps_what_a_person_did_with_a_handset(
    filled: postgres.Database, settings: Settings, carrier: httpx.AsyncClient
) -> None:
    at_its_port = settings.model_copy(update={"simulator_port": carrier.base_url.port})
    await register_lines(at_its_port, filled.url)
    await carrier.put("/handsets/%2B13125550142", json={"state": "on"})
    await carrier.put("/handsets/%2B13125550102", json={"state": "off"})
    texts = (await carrier.get("/messages", params={"limit": 0})).json()["total"]

    await register_lines(at_its_port, filled.url)

    handsets = {each["phone_number"]: each for each in (await carrier.get("/handsets")).json()["items"]}
    assert handsets["+13125550142"]["state"] == "on"
    assert handsets["+13125550102"]["state"] == "off"
    assert (await carrier.get("/messages", params={"limit": 0})).json()["total"] == texts > 80
    assert (await carrier.get("/webhooks")).json()["posted"] == 0


async def test_a_line_with_unreadable_credentials_does_not_stop_the_others(demo: Database, settings: Settings) -> None:
    registration = await simulator_registration(demo, SecretBox("another key"), settings)
    assert registration.lines == []
    assert registration.accounts == []
    registration = await simulator_registration(demo, _secrets(settings), settings)
    assert len(registration.lines) == 2
    assert len(registration.accounts) == 1
