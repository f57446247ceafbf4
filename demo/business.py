"""The rows of the demo gym: its organization, staff, lines and families, with dates in the past.

The services of `access`, `lines` and `directory` write with the database's clock. This module makes the same rows and
audit entries with given times.
"""

import secrets as random_secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from api.access.models import ApiKey, Organization, StaffMember
from api.access.rules import PERMISSIONS_OF_PEOPLE
from api.audit.rules import SYSTEM, Action, Actor, ActorKind, NewEntry
from api.consent.rules import Instance
from api.directory.models import Contact, Family, PhoneNumber, PhoneRecord
from api.directory.rules import OptInSource, OptInState, OwnerKind
from api.kit.database import Base
from api.kit.ids import new_id
from api.kit.secrets import SecretBox, hash_token
from api.lines.models import Line
from api.lines.rules import LineKind, LineSettings
from api.notes.models import Note, NoteMention
from api.providers.registry import ProviderName
from demo.hours import OpeningHours
from demo.people import (
    DEMO_AGE_DAYS,
    DEMO_NAME,
    DEMO_SIGN_INS,
    FAMILIES,
    LINES,
    STAFF,
    Household,
    Mobile,
    Staff,
)
from demo.school import ABOUT, location_of

Row = TypeVar("Row", bound=Base)


@dataclass
class Held:
    """A phone record with its owner."""

    record: PhoneRecord
    owner: Family | StaffMember
    contact_name: str | None

    def instance(self, at: datetime) -> Instance:
        """The record as the opt-in check saw it at that time."""
        return Instance(
            phone_record_id=self.record.id,
            kind=OwnerKind.FAMILY if isinstance(self.owner, Family) else OwnerKind.STAFF_MEMBER,
            owner_id=self.owner.id,
            owner_name=self.owner.name,
            contact_name=self.contact_name,
            state=OptInState(self.record.opt_in_state),
            changed_at=self.record.opt_in_changed_at,
            changed_by=self.record.opt_in_changed_by,
            source=OptInSource(self.record.opt_in_source) if self.record.opt_in_source else None,
            archived=self.owner.archived_at is not None and self.owner.archived_at <= at,
        )


@dataclass
class Business:
    """Rows that are not stored yet, by their names in the threads, and their audit entries."""

    organization: Organization
    hours: OpeningHours
    now: datetime
    staff: dict[str, StaffMember] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    numbers: dict[str, PhoneNumber] = field(default_factory=dict)
    held: dict[str, list[Held]] = field(default_factory=dict)
    """The records of each number."""
    rows: list[Base] = field(default_factory=list)
    entries: list[tuple[datetime, list[NewEntry]]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    """Stored after the entries, which they refer to."""
    mentions: list[NoteMention] = field(default_factory=list)

    portal: ApiKey = field(init=False)

    @property
    def id(self) -> UUID:
        return self.organization.id

    def actor(self, key: str) -> Actor:
        member = self.staff[key]
        return Actor(ActorKind.STAFF_MEMBER, member.id, member.name)

    @property
    def portal_actor(self) -> Actor:
        return Actor(ActorKind.API_KEY, self.portal.id, self.portal.name)

    def record(self, at: datetime, *entries: NewEntry) -> None:
        if entries:
            self.entries.append((at, list(entries)))

    def add(self, model: type[Row], **columns: Any) -> Row:
        """A new row of the business."""
        row = model(organization_id=self.id, **{"id": new_id(), **columns})
        self.rows.append(row)
        return row

    def number(self, number: str, *, at: datetime) -> PhoneNumber:
        """The row of a number. Makes it at the first call."""
        if number not in self.numbers:
            self.numbers[number] = self.add(PhoneNumber, number=number, created_at=at)
            self.held[number] = []
        return self.numbers[number]


def found_business(
    organization: Organization,
    *,
    hours: OpeningHours,
    now: datetime,
    password_hash: str,
    credentials: dict[str, str],
    secrets: SecretBox,
) -> Business:
    """The gym before its first thread."""
    business = Business(organization=organization, hours=hours, now=now)
    opened = hours.on(now, days_ago=DEMO_AGE_DAYS, minute=0)
    organization.created_at = opened
    created = NewEntry(
        Action.ORGANIZATION_CREATED, SYSTEM, details={"slug": organization.slug, "name": organization.name}
    )
    business.record(opened, created)
    for index, person in enumerate(STAFF):
        at = opened if person.is_admin else hours.on(now, days_ago=person.hired, minute=10 * index)
        _hire(business, person, at=at, password_hash=password_hash)
    for index, (number, label, kind, country) in enumerate(LINES):
        at = hours.on(now, days_ago=DEMO_AGE_DAYS - 2, minute=120 + 5 * index)
        _rent(business, number, label=label, kind=kind, country=country, sealed=secrets.seal(credentials), at=at)
    _connect_portal(business, at=hours.on(now, days_ago=DEMO_AGE_DAYS - 3, minute=150))
    for index, household in enumerate(FAMILIES):
        _enrol(business, household, at=hours.on(now, days_ago=household.joined, minute=180 + 3 * index))
    return business


def _hire(business: Business, person: Staff, *, at: datetime, password_hash: str) -> None:
    email = f"{person.key}@demo.test"
    signs_in = email in {each.email for each in DEMO_SIGN_INS}
    member = business.add(
        StaffMember,
        name=person.name,
        email=email,
        location=location_of(person.key),
        password_hash=password_hash if signs_in else None,
        permissions=sorted(permission.value for permission in person.permissions),
        is_admin=person.is_admin,
        created_at=at,
        updated_at=at,
    )
    business.staff[person.key] = member
    details: dict[str, object] = {"staff_member_id": str(member.id), "name": member.name, "is_admin": member.is_admin}
    if not person.is_admin:
        details["permissions"] = member.permissions
    hirer = SYSTEM if person.is_admin else business.actor("ada")
    entries = [NewEntry(Action.STAFF_MEMBER_CREATED, hirer, details=details)]
    if person.mobile is not None:
        entries += _put_on_record(business, person.mobile, member, by=business.actor("ada"), at=at)
    business.record(at, *entries)


def _rent(
    business: Business, number: str, *, label: str, kind: LineKind, country: str, sealed: bytes, at: datetime
) -> None:
    line = business.add(
        Line,
        label=label,
        phone_number=number,
        kind=kind.value,
        country=country,
        provider=ProviderName.SIMULATOR.value,
        sealed_credentials=sealed,
        settings=LineSettings(answers_keywords=False, business_name=DEMO_NAME).stored(),
        enabled=True,
        created_at=at,
        updated_at=at,
    )
    business.lines[number] = line
    details = {"line_id": str(line.id), "label": label, "provider": line.provider}
    business.record(at, NewEntry(Action.LINE_CREATED, business.actor("ada"), phone_number=number, details=details))


def _connect_portal(business: Business, *, at: datetime) -> None:
    """Adds the API key of the parent portal, which records parents' own choices. Its secret is not kept."""
    key = business.add(
        ApiKey,
        name="Parent portal",
        prefix=f"mc_{random_secrets.token_hex(4)}",
        key_hash=hash_token(random_secrets.token_hex(32)),
        permissions=sorted(permission.value for permission in PERMISSIONS_OF_PEOPLE),
        created_by=business.staff["ada"].id,
        created_at=at,
        last_used_at=business.hours.before(business.now, 30),
    )
    business.portal = key
    details = {"api_key_id": str(key.id), "name": key.name, "permissions": key.permissions}
    business.record(at, NewEntry(Action.API_KEY_CREATED, business.actor("ada"), details=details))


def _enrol(business: Business, household: Household, *, at: datetime) -> None:
    family = business.add(
        Family,
        name=household.name,
        location=location_of(household.name),
        notes=ABOUT.get(household.name),
        created_at=at,
        updated_at=at,
    )
    maria = business.actor("maria")
    details = {"family_id": str(family.id), "name": family.name}
    entries = [NewEntry(Action.FAMILY_CREATED, maria, details=details)]
    for position, guardian in enumerate(household.guardians):
        contact = business.add(
            Contact,
            family_id=family.id,
            name=guardian.name,
            relation=guardian.relation,
            position=position,
        )
        by = business.portal_actor if guardian.mobile.source is OptInSource.PORTAL else maria
        entries += _put_on_record(business, guardian.mobile, family, contact=contact, by=by, at=at)
    business.record(at, *entries)
    if household.left is not None:
        left = business.hours.on(business.now, days_ago=household.left, minute=200)
        family.archived_at = family.updated_at = left
        business.record(left, NewEntry(Action.FAMILY_ARCHIVED, maria, details=details))


def _put_on_record(
    business: Business,
    mobile: Mobile,
    owner: Family | StaffMember,
    *,
    by: Actor,
    at: datetime,
    contact: Contact | None = None,
) -> Iterator[NewEntry]:
    known = mobile.state is not OptInState.UNKNOWN
    record = business.add(
        PhoneRecord,
        phone_number_id=business.number(mobile.number, at=at).id,
        contact_id=contact.id if contact else None,
        staff_member_id=None if contact else owner.id,
        label=mobile.label,
        position=0,
        opt_in_state=mobile.state.value,
        opt_in_source=mobile.source.value if mobile.source and known else None,
        opt_in_changed_at=at if known else None,
        opt_in_changed_by=by.as_json() if known else None,
    )
    business.held[mobile.number].append(Held(record, owner, contact.name if contact else None))
    if known:
        yield opt_in_entry(record, mobile.number, by, before=OptInState.UNKNOWN)


def opt_in_entry(record: PhoneRecord, number: str, actor: Actor, *, before: OptInState) -> NewEntry:
    """OPTIN-EVIDENCE."""
    return NewEntry(
        Action.OPT_IN_CHANGED,
        actor,
        phone_number=number,
        details={
            "phone_record_id": str(record.id),
            "from": before.value,
            "to": record.opt_in_state,
            "source": record.opt_in_source,
        },
    )
