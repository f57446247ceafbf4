"""The Python client against the service, through a network that loses answers."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from messenger_center_client import (
    VERSION,
    AsyncMessengerClient,
    File,
    IdempotencyConflict,
    MessengerClient,
    NewMessages,
    NotAllowedToText,
    NotFound,
    NotModified,
    NotSignedIn,
    PreconditionFailed,
    PreconditionRequired,
    ProblemError,
    Retries,
    UnexpectedAnswer,
    ValidationError,
    aiterate,
    apages,
    etag,
    iterate,
    models,
    pages,
)

from tests.clients.conftest import Running
from tests.support.certificates import self_signed
from tests.support.relay import Relay, relay_to

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

QUICK = Retries(first_wait=0.01)
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def client(running: Running) -> Iterator[MessengerClient]:
    with MessengerClient(running.url, running.key) as each:
        yield each


@pytest.fixture
def relay(running: Running) -> Iterator[Relay]:
    with relay_to(running.url) as each:
        yield each


def family(number: int) -> models.FamilyIn:
    record = models.PhoneRecordIn(
        phone_number=f"+1312555{number:04d}", opt_in=models.OptInIn(state="opted_in", source="portal")
    )
    return models.FamilyIn(
        name=f"Family {number}", contacts=[models.ContactIn(name=f"Parent {number}", phone_records=[record])]
    )


async def test_a_key_and_the_version_go_with_each_request(running: Running, relay: Relay) -> None:
    with MessengerClient(f"{relay.url}/", running.key, name="Portal/2.1") as client:
        assert client.list_providers()
    (seen,) = relay.seen
    assert seen.headers["authorization"] == f"Bearer {running.key}"
    assert seen.headers["user-agent"] == f"Portal/2.1 messenger-center-client-python/{VERSION}"


async def test_an_answer_that_is_lost_is_asked_for_again_under_the_same_key(running: Running, relay: Relay) -> None:
    with MessengerClient(relay.url, running.key, retries=QUICK) as client:
        relay.loses = 2
        made = client.create_family(body=family(100))
        found = list(iterate(client.list_families, q="+13125550100"))
    assert [each.id for each in found] == [made.id], "It was created once."
    keys = [each.headers["idempotency-key"] for each in relay.seen if each.method == "POST"]
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_two_calls_have_two_keys_and_a_key_of_the_caller_is_kept(running: Running, relay: Relay) -> None:
    with MessengerClient(relay.url, running.key) as client:
        first = client.create_family(body=family(101))
        second = client.create_family(body=family(102), idempotency_key="mine")
        again = client.create_family(body=family(102), idempotency_key="mine")
        with pytest.raises(IdempotencyConflict) as caught:
            client.create_family(body=family(103), idempotency_key="mine")
    assert first.id != second.id == again.id
    assert caught.value.status == 422
    assert [each.headers["idempotency-key"] for each in relay.seen][1:] == ["mine"] * 3


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_the_client_waits_as_it_is_told_to(running: Running, relay: Relay, status: int) -> None:
    with MessengerClient(relay.url, running.key, retries=QUICK) as client:
        relay.answers = [(status, {"Retry-After": "1"})]
        began = datetime.now(UTC)
        assert client.indicator().unread_messages >= 0
        assert datetime.now(UTC) - began >= timedelta(seconds=1)


async def test_retries_end(running: Running, relay: Relay) -> None:
    with MessengerClient(relay.url, running.key, retries=Retries(most=2, first_wait=0.01)) as client:
        relay.answers = [(503, {})] * 3
        with pytest.raises(ProblemError) as caught:
            client.indicator()
        assert (caught.value.status, caught.value.type) == (503, "about:blank")
        assert len(relay.seen) == 3
        relay.answers = [(429, {"Retry-After": "3600"})]
        with pytest.raises(ProblemError, match="429"):
            client.indicator()
        assert len(relay.seen) == 4, "It does not wait for an hour."


async def test_what_may_not_happen_twice_is_not_repeated(running: Running, relay: Relay) -> None:
    with MessengerClient(relay.url, running.key, retries=QUICK) as client:
        made = client.create_family(body=family(104))
        relay.loses = 1
        with pytest.raises(httpx.TransportError):
            client.update_family(made.id, body=models.FamilyPatch(name="Another name"))
        assert client.get_family(made.id).name == "Another name"
    assert [each.method for each in relay.seen] == ["POST", "PATCH", "GET"]


async def test_nobody_listens(running: Running) -> None:
    with (
        MessengerClient("http://127.0.0.1:9", running.key, retries=QUICK) as client,
        pytest.raises(httpx.ConnectError),
    ):
        client.indicator()


async def test_an_authority_of_ones_own_is_trusted(running: Running, tmp_path: Path) -> None:
    serving, trusting = self_signed("localhost", tmp_path)
    with relay_to(running.url, tls=serving) as relay:
        with MessengerClient(relay.url, running.key, verify=trusting) as client:
            assert client.list_providers()
        async with AsyncMessengerClient(relay.url, running.key, verify=trusting) as other:
            assert await other.list_providers()
        with (
            MessengerClient(relay.url, running.key, retries=Retries(most=0)) as strict,
            pytest.raises(httpx.ConnectError, match="certificate"),
        ):
            strict.list_providers()
    assert len(relay.seen) == 2


async def test_a_problem_is_an_error_of_its_type(running: Running, client: MessengerClient) -> None:
    with pytest.raises(ValidationError) as invalid:
        client.create_family(body=models.FamilyIn(name="", contacts=[]))
    assert [each.pointer for each in invalid.value.errors] == ["/name"]
    assert invalid.value.status == 422
    assert invalid.value.request_id
    assert invalid.value.request_id in str(invalid.value)

    with pytest.raises(NotFound) as nowhere:
        client.get_family(UUID(int=0))
    assert nowhere.value.type == "/problems/not-found"

    with pytest.raises(NotAllowedToText) as refused:
        client.start_conversation(body=models.ConversationIn(phone_number="+13125550998"))
    assert (refused.value.check.allowed, refused.value.check.reason) == (False, "no_record")

    with MessengerClient(running.url, "mc_nobody") as nobody, pytest.raises(NotSignedIn) as unknown:
        nobody.me()
    assert unknown.value.status == 401


async def test_texts_that_came_meanwhile_are_in_the_error(running: Running, client: MessengerClient) -> None:
    await running.stack.handset_texts("+13125550105", "Are you open?")
    (conversation,) = await wait_for(client, phone_number="+13125550105")
    with pytest.raises(NewMessages) as stale:
        client.close_conversation(conversation.id, body=models.CloseIn(seen_seq=0))
    assert [each.body for each in stale.value.missed] == ["Are you open?"]


async def wait_for(client: MessengerClient, *, phone_number: str) -> list[models.Conversation]:
    until = datetime.now(UTC) + timedelta(seconds=60)
    while not (found := list(iterate(client.list_conversations, phone_number=phone_number))):
        assert datetime.now(UTC) < until
    return found


async def test_a_list_is_an_iterator_over_its_pages(running: Running, relay: Relay) -> None:
    with MessengerClient(relay.url, running.key) as client:
        made = {client.create_family(body=family(number)).id for number in range(110, 117)}
        relay.seen.clear()
        listed = [each.id for each in iterate(client.list_families, limit=3)]
    assert len(listed) == len(set(listed))
    assert made <= set(listed)
    assert len(relay.seen) == -(-len(listed) // 3), "Each page is asked for once."
    async with AsyncMessengerClient(running.url, running.key) as other:
        assert [each.id async for each in aiterate(other.list_families, limit=4)] == listed


async def test_a_list_goes_on_at_a_cursor_that_was_kept(client: MessengerClient, running: Running) -> None:
    for number in range(130, 135):
        client.create_family(body=family(number))
    whole = [each.id for each in iterate(client.list_families, limit=2)]
    listing = pages(client.list_families, limit=2)
    first = next(listing)
    listing.close()
    assert first.next_cursor is not None
    rest = [each.id for each in iterate(client.list_families, limit=2, cursor=first.next_cursor)]
    assert [each.id for each in first.items] + rest == whole
    async with AsyncMessengerClient(running.url, running.key) as other:
        sizes = [len(page.items) async for page in apages(other.list_families, limit=2)]
    assert sum(sizes) == len(whole)
    assert set(sizes[:-1]) == {2}
    events = [each.id for each in iterate(client.events, limit=3)]
    assert [each.id for each in iterate(client.events, limit=3, after=str(events[0]))] == events[1:]


async def test_a_change_of_what_was_read_is_refused_once_it_has_changed(client: MessengerClient) -> None:
    made = client.create_family(body=family(140))
    read = client.get_family(made.id)
    assert etag(read) is not None
    assert etag(made) is etag(object()) is None
    with pytest.raises(NotModified):
        client.get_family(made.id, if_none_match=str(etag(read)))
    changed = client.update_family(made.id, body=models.FamilyPatch(name="Once"), if_match=etag(read))
    assert changed.name == "Once"
    with pytest.raises(PreconditionFailed) as stale:
        client.update_family(made.id, body=models.FamilyPatch(name="Twice"), if_match=etag(read))
    assert stale.value.current is not None
    assert models.Family.from_dict(stale.value.current).name == "Once"
    assert stale.value.etag == etag(client.get_family(made.id)) != etag(read)
    again = client.update_family(made.id, body=models.FamilyPatch(name="Twice"), if_match=stale.value.etag)
    assert again.name == "Twice"
    with pytest.raises(PreconditionRequired):
        client.http.put("/api/v1/organization/links", json={"links": []})


async def test_times_have_a_zone(client: MessengerClient) -> None:
    made = client.create_family(body=family(141))
    assert made.updated_at.utcoffset() == timedelta(0)
    eastern = timezone(timedelta(hours=-5))
    since = [each.id for each in iterate(client.list_families, updated_since=made.updated_at.astimezone(eastern))]
    assert since == [made.id]
    with pytest.raises(ValidationError) as naive:
        client.list_families(updated_since=made.updated_at.replace(tzinfo=None))
    assert [each.pointer for each in naive.value.errors] == ["/query/updated_since"]


async def test_what_is_not_the_service_is_said(running: Running, relay: Relay) -> None:
    with MessengerClient(relay.url, running.key, retries=QUICK) as client:
        relay.answers = [(200, {"Content-Type": "text/html"})]
        with pytest.raises(UnexpectedAnswer, match="base_url"):
            client.indicator()
        relay.answers = [(301, {"Location": "https://sms.example.com/api/v1/families"})]
        with pytest.raises(UnexpectedAnswer, match=r"moved to https://sms\.example\.com"):
            client.create_family(body=family(142))
    assert len(relay.seen) == 2
    async with AsyncMessengerClient(relay.url, running.key, retries=QUICK) as other:
        relay.answers = [(200, {})]
        with pytest.raises(UnexpectedAnswer):
            await other.indicator()


async def test_a_call_ends_in_its_time(running: Running, relay: Relay) -> None:
    with MessengerClient(relay.url, running.key, retries=Retries(first_wait=0.2, within=0.3)) as client:
        relay.answers = [(503, {})] * 5
        began = time.monotonic()
        with pytest.raises(ProblemError):
            client.indicator()
        assert time.monotonic() - began < 1
    assert 2 <= len(relay.seen) <= 3


async def test_the_async_client_does_the_same(running: Running, relay: Relay) -> None:
    async with AsyncMessengerClient(relay.url, running.key, retries=QUICK) as client:
        relay.loses = 1
        relay.answers = [(503, {})]
        made = await client.create_family(body=family(120))
        assert (await client.get_family(made.id)).name == "Family 120"
        with pytest.raises(NotFound):
            await client.get_family(UUID(int=0))
    assert len({each.headers["idempotency-key"] for each in relay.seen if each.method == "POST"}) == 1


async def test_an_import_whose_answer_is_lost_is_stored_once(running: Running, relay: Relay) -> None:
    with MessengerClient(relay.url, running.key, retries=QUICK) as client:
        relay.loses = 1
        report = client.import_families_and_staff_members(body=File(BytesIO(b"kind,name\nfamily,Imported once\n")))
        assert isinstance(report, models.ImportReport)
        assert report.created == 1
        assert [each.name for each in iterate(client.list_families, q="Imported once")] == ["Imported once"]
    assert [each.method for each in relay.seen] == ["POST", "POST", "GET"]


async def test_a_file_is_sent_again_whole(running: Running, relay: Relay) -> None:
    pdf = b"%PDF-1.4\n" + b"x" * 200_000 + b"\n%%EOF\n"
    with MessengerClient(relay.url, running.key, retries=QUICK) as client:
        relay.loses = 1
        body = models.UploadMediaBody(file=File(BytesIO(pdf), "long.pdf", "application/pdf"))
        upload = client.upload_media(body=body)
        assert client.get_upload_content(upload.id).payload.read() == pdf
    assert [each.method for each in relay.seen] == ["POST", "POST", "GET"]


async def test_files_go_both_ways(running: Running, client: MessengerClient) -> None:
    pdf = b"%PDF-1.4\n--+++\r\n" + b"x" * 2000 + b"\n%%EOF\n"
    body = models.UploadMediaBody(file=File(BytesIO(pdf), "timetable.pdf", "application/pdf"))
    upload = client.upload_media(body=body)
    assert client.get_upload_content(upload.id).payload.read() == pdf
    twice = [
        client.upload_media(
            body=models.UploadMediaBody(file=File(BytesIO(pdf), "timetable.pdf", "application/pdf")),
            idempotency_key="one-file",
        ).id
        for _ in range(2)
    ]
    assert twice[0] == twice[1] != upload.id
    rows = b"kind,external_id,name\nfamily,C-1,From a file\n"
    report = client.import_families_and_staff_members(body=File(BytesIO(rows)))
    assert isinstance(report, models.ImportReport)
    assert report.created == 1
    async with AsyncMessengerClient(running.url, running.key) as other:
        again = await other.import_families_and_staff_members(body=File(BytesIO(rows)))
    assert isinstance(again, models.ImportReport)
    assert again.created == 0
