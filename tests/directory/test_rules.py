"""What a conversation is called, and which searches mean a number."""

from uuid import uuid4

import pytest

from api.directory.rules import Holder, OptInSource, OptInState, OwnerKind, display_name

NUMBER = "(312) 555-0147"


def holder(name: str, *, archived: bool = False) -> Holder:
    return Holder(
        kind=OwnerKind.FAMILY,
        id=uuid4(),
        name=name,
        contact_name=None,
        phone_record_id=uuid4(),
        archived=archived,
    )


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], NUMBER),
        (["Okafor"], "Okafor"),
        (["Okafor", "Okafor"], "Okafor"),
        (["Okafor", "Reyes"], "Okafor and Reyes"),
        (["Okafor", "Reyes", "Cho"], "Okafor and 2 others"),
        (["Okafor", "Reyes", "Cho", "Reyes"], "Okafor and 2 others"),
        (["Okafor", "Reyes", "Cho", "Lund"], "Okafor and 3 others"),
    ],
)
def test_a_conversation_is_called_by_the_names_on_its_number(names: list[str], shown: str) -> None:
    assert display_name([holder(name) for name in names], phone_number=NUMBER) == shown


def test_an_archived_record_names_a_conversation_only_when_no_living_one_does() -> None:
    archived, living = holder("Okafor", archived=True), holder("Reyes")
    assert display_name([archived, living], phone_number=NUMBER) == "Reyes"
    assert display_name([archived], phone_number=NUMBER) == "Okafor"


def test_the_words_of_opt_in() -> None:
    """An opt-in state is one of three; a change names one of six sources (OPTIN-EVIDENCE)."""
    assert {state.value for state in OptInState} == {"opted_in", "opted_out", "unknown"}
    assert {source.value for source in OptInSource} == {"portal", "staff", "verbal", "import", "keyword", "provider"}
    assert {kind.value for kind in OwnerKind} == {"family", "staff_member"}
