"""Reading an import, whatever the file holds: every row becomes a record or a refusal in words, and nothing crashes."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.directory.importing.csv_rows import COLUMNS, read_csv
from api.directory.importing.files import spool, temporary_file
from api.directory.importing.rows import MAX_LINE, Entry, Readable, Refused, decoded, distinct, encoded, read_ndjson
from api.directory.rules import OwnerKind
from api.kit.errors import Problem
from tests.directory.test_import import send
from tests.support.world import World

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
CELLS = {
    "kind": st.sampled_from(["family", "staff_member", "Family", "", "person"]),
    "external_id": st.sampled_from(["", "F-1", "F-2", "\x00"]) | TEXT,
    "name": st.sampled_from(["Rivera", ""]) | TEXT,
    "contact_name": st.sampled_from(["", "Ana"]) | TEXT,
    "relation": st.sampled_from(["", "mother"]) | TEXT,
    "phone_number": st.sampled_from(["", "312-555-0142", "+13125550143", "12", "1.3E+10"]) | TEXT,
    "label": st.sampled_from(["", "mobile"]) | TEXT,
    "opt_in_state": st.sampled_from(["", "opted_in", "OPTED_OUT", "unknown", "yes"]) | TEXT,
    "opt_in_source": st.sampled_from(["", "import", "portal", "keyword"]) | TEXT,
    "email": st.sampled_from(["", "a@b", "jo@gym.test"]) | TEXT,
    "permissions": st.sampled_from(["", "none", "sms_logs", "family_sms_logs|mass_text", "root"]) | TEXT,
    "is_admin": st.sampled_from(["", "true", "no", "2"]) | TEXT,
    "location": st.sampled_from(["", "North"]) | TEXT,
    "notes": st.sampled_from(["", "Allergic to nuts"]) | TEXT,
    "tags": st.sampled_from(["", "none", "team|VIP"]) | TEXT,
    "student_name": st.sampled_from(["", "Mia"]) | TEXT,
    "class_name": st.sampled_from(["", "Level 3"]) | TEXT,
    "class_days": st.sampled_from(["", "Tue/thursday", "someday"]) | TEXT,
    "class_time": st.sampled_from(["", "5:30 pm", "17.30", "25:00"]) | TEXT,
    "class_room": st.sampled_from(["", "B"]) | TEXT,
    "class_coach": st.sampled_from(["", "Jo"]) | TEXT,
    "class_location": st.sampled_from(["", "North"]) | TEXT,
    "metadata.CRM id": st.sampled_from(["", "42"]) | TEXT,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = (
    "kind",
    "external_id",
    "name",
    "email",
    "permissions",
    "is_admin",
    "contacts",
    "phone_records",
    "password",
    "students",
    "tags",
    "notes",
    "metadata",
)
RECORD = st.fixed_dictionaries(
    {"kind": st.sampled_from(["family", "staff_member"])},
    optional=dict.fromkeys(KEYS[1:], JSON)
    | {
        "name": st.just("Rivera") | JSON,
        "contacts": st.lists(
            st.fixed_dictionaries({"name": st.just("Ana")}, optional={"phone_records": JSON}), max_size=2
        )
        | JSON,
    },
)


@st.composite
def csv_files(draw: st.DrawFn) -> bytes:
    """Something like a file of ours, now and then damaged."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=draw(st.sampled_from([",", ";"])))
    names = draw(st.permutations(COLUMNS))
    writer.writerow(names)
    for _ in range(draw(st.integers(0, 5))):
        writer.writerow([draw(CELLS[name]) for name in names])
    return damaged(draw, out.getvalue().encode())


@st.composite
def ndjson_files(draw: st.DrawFn) -> bytes:
    values = draw(st.lists(RECORD | JSON, max_size=4))
    return damaged(draw, "\n".join(json.dumps(each) for each in values).encode())


def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    if body and draw(st.booleans()):
        at = draw(st.integers(0, len(body) - 1))
        piece = draw(st.sampled_from([b'"', b"\n", b"\r", b";", b"\x00", b"{", b"\\ud800", b"\xf0\x9f\x98\x80", b""]))
        return body[:at] + piece + body[at + draw(st.integers(0, 3)) :]
    return body


def entries_of(read: Callable[..., Iterator[Entry]], body: bytes) -> list[Entry]:
    return list(distinct(read(io.BytesIO(body), country="US")))


def require_sound(entries: list[Entry]) -> None:
    seen: list[int] = []
    for entry in entries:
        assert entry.rows
        seen += entry.rows
        if isinstance(entry, Readable):
            wanted = entry.wanted
            assert decoded(encoded(wanted)) == wanted
            assert wanted.name
            assert wanted.name.strip()
            assert all(each.number.startswith("+") for each in wanted.all_phone_records())
            assert set(wanted.permissions or []) <= {"sms_logs", "mass_text"}
            assert (wanted.email is not None) == (entry.kind is OwnerKind.STAFF_MEMBER)
        else:
            assert entry.errors
            assert {error.row for error in entry.errors} <= set(entry.rows)
            assert all(error.detail.endswith((".", "?")) for error in entry.errors), entry
    assert seen == sorted(set(seen)), "each row once, in order"


@pytest.mark.reliability
@settings(max_examples=300, deadline=None)
@given(st.one_of(csv_files(), st.binary(max_size=200), TEXT.map(str.encode)))
def test_R9_any_csv_file_becomes_records_and_refusals(body: bytes) -> None:
    try:
        body.decode()
        entries = entries_of(read_csv, body)
    except (UnicodeDecodeError, Problem):
        return
    require_sound(entries)


@pytest.mark.reliability
@settings(max_examples=300, deadline=None)
@given(st.one_of(ndjson_files(), TEXT.map(str.encode)))
def test_R9_any_ndjson_file_becomes_records_and_refusals(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        return
    require_sound(entries_of(read_ndjson, body))


@pytest.mark.reliability
@pytest.mark.parametrize("partial", [False, True])
async def test_R9_no_file_makes_the_service_fail(world: World, *, partial: bool) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(
        st.one_of(
            st.tuples(st.just("text/csv"), csv_files() | st.binary(max_size=60)),
            st.tuples(st.just("application/x-ndjson"), ndjson_files() | st.binary(max_size=60)),
        )
    )
    def check(given_file: tuple[str, bytes]) -> None:
        content_type, body = given_file
        sending = send(world.admin, body, content_type=content_type, partial=partial)
        response = asyncio.run_coroutine_threadsafe(sending, loop).result(60)
        assert response.status_code in {200, 400, 422}, response.text
        assert "It has been noted" not in response.text
        if response.status_code == 200 or response.json()["type"] == "/problems/import-refused":
            report = response.json()
            assert len(report["items"]) == report["rows"]

    await asyncio.to_thread(check)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not a JSON object"),
        ("[1]", "one JSON object"),
        ('"family"', "one JSON object"),
        ('{"kind": "family", "name": NaN}', "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ('{"kind": "family", "name": ' + "9" * 5_000 + "}", "not a JSON object"),
        ('{"name": "X"}', "Use family or staff_member"),
        ('{"kind": "dog", "name": "X"}', "“dog” is no kind"),
        ('{"kind": ["family"], "name": "X"}', "Use family or staff_member"),
        ('{"kind": "family"}', "Field required"),
        ('{"kind": "family", "name": "X\\u0000"}', "NUL"),
        ('{"kind": "family", "name": "\\ud800"}', "."),
        ('{"kind": "family", "name": "X", "contcts": []}', "no such field"),
        ('{"kind": "family", "name": "X", "\\ud800/~": 1}', "unicode"),
        ('{"kind": "family", "name": "X", "a/~\\u0000": 1}', "no such field"),
        ('{"kind": "family", "name": "X", "contacts": [{"name": "A", "phone_records": [{}]}]}', "Field required"),
        ('{"kind": "family", "name": "' + "x" * 201 + '"}', "at most 200"),
        ('{"kind": "family", "name": "' + "x" * MAX_LINE + '"}', "A line may have at most"),
    ],
)
def test_a_broken_line_is_refused_with_a_reason_and_the_next_one_is_read(line: str, words: str) -> None:
    good = '{"kind": "family", "name": "Okafor"}'

    broken, fine = entries_of(read_ndjson, f"{line}\n{good}\n".encode())

    assert isinstance(broken, Refused)
    assert broken.rows == [1]
    assert words in broken.errors[0].detail
    assert isinstance(fine, Readable)
    assert (fine.rows, fine.wanted.name) == ([2], "Okafor")


def test_errors_point_into_the_line() -> None:
    line = {
        "kind": "family",
        "name": "X",
        "contacts": [
            {"name": "A"},
            {"name": "B", "phone_records": [{"phone_number": "312-555-0142"}, {"phone_number": "1"}]},
        ],
    }

    (refused,) = entries_of(read_ndjson, json.dumps(line).encode())

    assert isinstance(refused, Refused)
    assert [error.pointer for error in refused.errors] == ["/contacts/1/phone_records/1/phone_number"]


@pytest.mark.parametrize(
    ("row", "pointer", "words"),
    [
        ("person,,X,,,", "/kind", "Use family or staff_member"),
        ("family,,,,,", "/name", "Field required"),
        ("family,,X\x00,,,", "/name", "NUL"),
        ("family,,X,,312-555-0142,", "/contact_name", "Name the contact"),
        ("family,,X,Ana,,opted_in", "/phone_number", "Give the number"),
        ("family,,X,Ana,12345,", "/phone_number", "possible phone number"),
        ("family,,X,Ana,312-555-0142,perhaps", "/opt_in_state", "opted_in"),
        ("family,,X,Ana,312-555-0142", "", "5 cells, and the header 6"),
        ("family,,X,Ana,312-555-0142,,,", "", "8 cells"),
        ('family,,"X"Y,Ana,,', "", "cannot be read as CSV"),
    ],
)
def test_a_broken_csv_row_is_refused_at_its_cell_and_the_next_one_is_read(row: str, pointer: str, words: str) -> None:
    header = "kind,external_id,name,contact_name,phone_number,opt_in_state"

    broken, fine = entries_of(read_csv, f"{header}\n{row}\nfamily,,Okafor,,,\n".encode())

    assert isinstance(broken, Refused)
    assert [error.pointer for error in broken.errors] == [pointer]
    assert words in broken.errors[0].detail
    assert isinstance(fine, Readable)
    assert (fine.rows, fine.wanted.name) == ([2], "Okafor")


def test_an_unclosed_quote_is_reported_and_reading_stops() -> None:
    body = b'kind,name\nfamily,Okafor\nfamily,"Rivera\nfamily,Brown\nfamily,Chen\n'

    fine, broken = entries_of(read_csv, body)

    assert isinstance(fine, Readable)
    assert isinstance(broken, Refused)
    assert "Nothing after it was read" in broken.errors[0].detail


def test_a_record_of_too_many_rows_is_refused() -> None:
    rows = "".join(f"family,F-1,X,Contact {index}\n" for index in range(501))

    (refused,) = entries_of(read_csv, f"kind,external_id,name,contact_name\n{rows}".encode())

    assert isinstance(refused, Refused)
    assert len(refused.rows) == 501
    assert "at most 500 rows" in refused.errors[0].detail


async def test_the_byte_that_is_not_utf_8_is_found_wherever_the_upload_is_cut() -> None:
    body = "kind,name\nfamily,Zoë\nfamily,".encode() + b"\xff"
    for size in (1, 2, 3, 7, 300_000):

        async def chunks(size: int = size) -> AsyncIterator[bytes]:
            for at in range(0, len(body), size):
                yield body[at : at + size]

        with temporary_file() as file, pytest.raises(Problem, match=f"byte {len(body) - 1} .* in line 3"):
            await spool(chunks(), file)
