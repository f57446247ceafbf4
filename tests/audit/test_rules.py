"""The audit chain: what an entry's hash covers."""

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.audit.rules import GENESIS, SYSTEM, Action, Actor, ActorKind, EntryContent

ENTRY = EntryContent(
    previous_hash=GENESIS,
    organization_id=UUID(int=1),
    chain_subject=UUID(int=2),
    chain_number=1,
    id=UUID(int=3),
    at=datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC),
    action="message.sent",
    actor_kind="staff_member",
    actor_id=UUID(int=4),
    actor_name="Māria",
    conversation_id=UUID(int=2),
    message_id=UUID(int=5),
    phone_number="+13125550147",
    details={"seq": 3, "segments": 1},
)


def changed(**columns: Any) -> bytes:
    return replace(ENTRY, **columns).hash()


def test_AUDIT_CHAIN_the_hash_is_sha_256_over_a_documented_spelling() -> None:
    """Stored chains must verify for ever: this spelling may never change."""
    spelling = (
        '["' + "00" * 32 + '",'
        '"00000000-0000-0000-0000-000000000001",'
        '"00000000-0000-0000-0000-000000000002",'
        "1,"
        '"00000000-0000-0000-0000-000000000003",'
        '"2026-03-04T12:00:00.123456+00:00",'
        '"message.sent",'
        '"staff_member",'
        '"00000000-0000-0000-0000-000000000004",'
        '"M\\u0101ria",'
        '"00000000-0000-0000-0000-000000000002",'
        '"00000000-0000-0000-0000-000000000005",'
        '"+13125550147",'
        '{"segments":1,"seq":3}]'
    )
    assert ENTRY.hash() == hashlib.sha256(spelling.encode()).digest()


CHANGES: list[tuple[str, object]] = [
    ("previous_hash", b"\1" * 32),
    ("organization_id", UUID(int=9)),
    ("chain_subject", UUID(int=9)),
    ("chain_number", 2),
    ("id", UUID(int=9)),
    ("at", datetime(2026, 3, 4, 12, 0, 0, 123457, tzinfo=UTC)),
    ("action", "conversation.closed"),
    ("actor_kind", "api_key"),
    ("actor_id", None),
    ("actor_id", UUID(int=9)),
    ("actor_name", "Maria"),
    ("conversation_id", None),
    ("message_id", None),
    ("phone_number", "+13125550148"),
    ("phone_number", None),
    ("phone_number", ""),
    ("details", {}),
    ("details", {"seq": 3, "segments": 2}),
    ("details", {"seq": 3, "segments": 1, "more": None}),
    ("details", {"seq": "3", "segments": 1}),
]


@pytest.mark.parametrize(("field", "value"), CHANGES)
def test_AUDIT_CHAIN_a_change_of_any_column_changes_the_hash(field: str, value: object) -> None:
    assert changed(**{field: value}) != ENTRY.hash()


def test_AUDIT_CHAIN_every_column_is_covered() -> None:
    """The cases above name each column that the hash covers, so a new column cannot be forgotten."""
    assert {name for name, _ in CHANGES} == {field.name for field in fields(EntryContent)}


def test_AUDIT_CHAIN_text_moved_from_one_column_to_the_next_changes_the_hash() -> None:
    assert changed(action="a", actor_kind="bc") != changed(action="ab", actor_kind="c")
    assert changed(actor_name='","x', phone_number="y") != changed(actor_name="", phone_number='x","y')


def test_AUDIT_CHAIN_the_hash_survives_being_stored_and_read() -> None:
    """The database keeps instants, not zones, and JSON without an order of keys."""
    elsewhere = ENTRY.at.astimezone(timezone(timedelta(hours=13)))
    assert changed(at=elsewhere) == ENTRY.hash()
    assert changed(details={"segments": 1, "seq": 3}) == ENTRY.hash()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.text(max_size=20))
def test_AUDIT_CHAIN_any_details_hash_the_same_after_a_journey_through_json(details: dict[str, Any], name: str) -> None:
    stored = json.loads(json.dumps(details))
    assert changed(details=stored, actor_name=name) == changed(details=details, actor_name=name)


def test_AUDIT_WHAT_the_actions_of_the_specification_have_their_names() -> None:
    assert {
        "message.sent",
        "conversation.opened",
        "conversation.closed",
        "conversation.unread",
        "conversation.viewed",
    } <= {action.value for action in Action}


def test_an_actor_crosses_the_wire_with_kind_id_and_name() -> None:
    assert {kind.value for kind in ActorKind} == {"staff_member", "api_key", "phone_number", "system"}
    assert Actor(ActorKind.STAFF_MEMBER, UUID(int=1), "Maria").as_json() == {
        "kind": "staff_member",
        "id": "00000000-0000-0000-0000-000000000001",
        "name": "Maria",
    }
    assert SYSTEM.as_json() == {"kind": "system", "id": None, "name": "Messenger"}
