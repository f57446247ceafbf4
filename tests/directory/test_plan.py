"""The plan of a change: values in, rows out."""

from dataclasses import replace
from uuid import uuid4

import pytest

from api.access.rules import Permission, Principal, PrincipalKind
from api.directory.plan import Author, Conflicting, LacksPermission, NotPlanned, Plan, plan_record
from api.directory.rules import (
    GivenOptIn,
    ImportOutcome,
    OptInSource,
    OptInState,
    OwnerKind,
    Place,
    RefusalCause,
    StoredContact,
    StoredFamily,
    StoredOptIn,
    StoredPhoneRecord,
    StoredStaffMember,
    WantedContact,
    WantedPhoneRecord,
    WantedRecord,
)
from api.directory.schemas import FamilyPatch
from api.directory.wanted import wanted_record

ANA, BEN = "+13125550142", "+13125550143"
KEEPER = Principal(
    PrincipalKind.STAFF_MEMBER, uuid4(), uuid4(), "Olga", frozenset({Permission.DIRECTORY}), False, uuid4()
)
AUTHOR = Author(KEEPER, may_change_staff=False)
RECORD = StoredPhoneRecord(uuid4(), ANA, "mobile", 0, StoredOptIn(OptInState.OPTED_OUT))
FAMILY = StoredFamily(uuid4(), "F-1", "Rivera", False, [StoredContact(uuid4(), "Ana", "mother", 0, [RECORD])])
ADMINISTRATOR = StoredStaffMember(KEEPER.id, "S-1", "Olga", "olga@gym.test", ["directory"], True, False, [])


def wanted(*records: WantedPhoneRecord, name: str | None = None, contact: str = "Ana") -> WantedRecord:
    contacts = [WantedContact(contact, None, records, Place("/contacts/0"))]
    return WantedRecord(OwnerKind.FAMILY, FAMILY.id, name=name, contacts=contacts, keeps_details=True)


def phone_record(number: str, **changes: object) -> WantedPhoneRecord:
    record = WantedPhoneRecord(number, Place("/contacts/0/phone_records/0"))
    return replace(record, **changes)  # type: ignore[arg-type]


def test_an_unchanged_record_plans_nothing() -> None:
    plan, planned = plan_record(wanted(phone_record(ANA)), FAMILY, author=AUTHOR, emails={})

    assert plan == Plan()
    assert planned.outcome is ImportOutcome.UNCHANGED


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (wanted(), RefusalCause.REMOVED),
        (wanted(phone_record(ANA), contact="Somebody"), RefusalCause.REMOVED),
        (wanted(phone_record(BEN)), RefusalCause.REMOVED),
        (wanted(phone_record(BEN, id=RECORD.id)), RefusalCause.RENUMBERED),
    ],
)
def test_OPTIN_REMOVED_a_refusal_stays_with_its_number(change: WantedRecord, cause: RefusalCause) -> None:
    plan, planned = plan_record(change, FAMILY, author=AUTHOR, emails={})

    assert plan.refusals == ((cause, RECORD.id),)
    assert plan.opt_ins == ()
    assert ANA in plan.numbers
    assert planned.outcome is ImportOutcome.UPDATED


@pytest.mark.parametrize("state", [OptInState.OPTED_IN, OptInState.UNKNOWN])
def test_OPTIN_WHO_the_directory_permission_alone_plans_no_consent(state: OptInState) -> None:
    change = wanted(phone_record(ANA, opt_in=GivenOptIn(state, OptInSource.VERBAL)))

    with pytest.raises(LacksPermission) as refused:
        plan_record(change, FAMILY, author=AUTHOR, emails={})

    assert refused.value.permission is Permission.SMS_LOGS
    assert refused.value.place.pointer == "/contacts/0/phone_records/0"


def test_PERM_DIRECTORY_and_PERM_ADMIN_are_checked_in_every_plan() -> None:
    nobody = Author(replace(KEEPER, permissions=frozenset()), may_change_staff=False)
    with pytest.raises(LacksPermission) as family:
        plan_record(wanted(), FAMILY, author=nobody, emails={})
    with pytest.raises(LacksPermission) as person:
        plan_record(WantedRecord(OwnerKind.STAFF_MEMBER, name="Jo"), None, author=AUTHOR, emails={})

    assert (family.value.permission, person.value.permission) == (Permission.DIRECTORY, None)


@pytest.mark.parametrize("change", [{"is_admin": False}, {"archived": True}])
def test_PERM_ADMIN_nobody_takes_the_administrator_role_from_themselves(change: dict[str, bool]) -> None:
    change_of_role = replace(WantedRecord(OwnerKind.STAFF_MEMBER, ADMINISTRATOR.id), **change)  # type: ignore[arg-type]

    with pytest.raises(Conflicting):
        plan_record(change_of_role, ADMINISTRATOR, author=Author(KEEPER, may_change_staff=True), emails={})


def test_an_id_that_is_not_the_familys_is_not_planned() -> None:
    unknown = phone_record(ANA, id=uuid4())
    with pytest.raises(NotPlanned) as refused:
        plan_record(wanted(unknown), FAMILY, author=AUTHOR, emails={})

    assert refused.value.place == unknown.place


def test_a_refused_id_of_a_body_is_named_by_its_pointer() -> None:
    record = {"id": str(uuid4()), "phone_number": ANA}
    body = FamilyPatch.model_validate({"contacts": [{"name": "Ana", "phone_records": [record]}]})

    (contact,) = wanted_record(OwnerKind.FAMILY, body, country="US").contacts or ()

    assert [each.place.pointer for each in contact.phone_records or ()] == ["/contacts/0/phone_records/0/id"]
    assert contact.place.pointer == "/contacts/0/id"
