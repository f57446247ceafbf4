"""Storing the demo gym, in one transaction, once."""

import secrets as random_secrets
from collections.abc import Sequence
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import service as access
from api.access.models import Organization
from api.access.passwords import hash_password
from api.audit import service as audit
from api.audit.rules import Action
from api.kit.database import Base, Database, database_time
from api.kit.ids import new_id
from api.kit.secrets import SecretBox, secret_box
from api.providers.registry import ProviderName, Providers
from api.settings import Settings
from demo.business import Business, found_business
from demo.enrolment import enrol_students, open_classes, tag_staff
from demo.history import HistoryWriter
from demo.hours import OpeningHours
from demo.people import DEMO_AGE_DAYS, DEMO_COUNTRY, DEMO_NAME, DEMO_PASSWORD, DEMO_SLUG, DEMO_TIMEZONE
from demo.picture import sticker
from demo.teamwork import link_notes, save_replies, schedule_texts
from demo.threads_earlier import CLOSED
from demo.threads_now import OPEN, UNREAD


async def make_demo(settings: Settings, database_url: str) -> bool:
    """`fill_demo` with its own database and providers, for a command."""
    secrets = secret_box(settings)
    database = Database(database_url, pool_size=2, secrets=secrets)
    providers = Providers(settings)
    try:
        return await fill_demo(database, secrets=secrets, providers=providers)
    finally:
        await providers.close()
        await database.close()


async def fill_demo(database: Database, *, secrets: SecretBox, providers: Providers) -> bool:
    """Makes the organization `demo` with two weeks of history. Returns False, and changes nothing, if it exists.

    No message waits to be sent. Two processes that start at once make one demo.
    """
    async with database.transaction() as session:
        if await access.organization_by_slug(session, DEMO_SLUG) is not None:
            return False
    password_hash = await hash_password(DEMO_PASSWORD)
    async with database.transaction() as session:
        # A second process waits here until the first has committed.
        organization_id = await session.scalar(
            upsert(Organization)
            .values(id=new_id(), slug=DEMO_SLUG, name=DEMO_NAME, country=DEMO_COUNTRY, timezone=DEMO_TIMEZONE)
            .on_conflict_do_nothing(index_elements=["slug"])
            .returning(Organization.id)
        )
        if organization_id is None:
            return False
        business = found_business(
            await access.organization(session, organization_id),
            hours=OpeningHours(ZoneInfo(DEMO_TIMEZONE)),
            now=await database_time(session),
            password_hash=password_hash,
            credentials=_credentials(providers),
            secrets=secrets,
        )
        _furnish(business)
        HistoryWriter(business, picture=sticker()).write([*UNREAD, *OPEN, *CLOSED])
        schedule_texts(business)
        await _store(session, business.rows)
        entry_ids = await _record(session, business)
        await _store(session, link_notes(business, entry_ids))
    return True


def _furnish(business: Business) -> None:
    """Adds classes with their students, tags and saved replies."""
    early = business.hours.on(business.now, days_ago=DEMO_AGE_DAYS - 5, minute=240)
    enrol_students(business, open_classes(business, by="maria", at=early))
    tag_staff(business)
    save_replies(business, at=business.hours.on(business.now, days_ago=40, minute=260))


async def _record(session: AsyncSession, business: Business) -> dict[str, UUID]:
    """Writes the audit entries in the order of their times. Returns those of notes, by the note's id."""
    of_notes: dict[str, UUID] = {}
    in_order = sorted(business.entries, key=lambda recorded: recorded[0])
    for at, recorded in groupby(in_order, key=lambda recorded: recorded[0]):
        entries = [entry for _, entries in recorded for entry in entries]
        ids = await audit.record(session, business.id, *entries, at=at)
        for entry, entry_id in zip(entries, ids, strict=True):
            if entry.action is Action.NOTE_ADDED and entry.details is not None:
                of_notes[entry.details["note_id"]] = entry_id
    return of_notes


async def _store(session: AsyncSession, rows: Sequence[Base]) -> None:
    """Inserts rows before those that refer to them. Rows refer to each other by id only."""
    for table in Base.metadata.sorted_tables:
        session.add_all([row for row in rows if row.__table__ is table])
        await session.flush()


def _credentials(providers: Providers) -> dict[str, str]:
    """A new account at the simulator."""
    simulator = providers.get(ProviderName.SIMULATOR)
    assert simulator is not None, "the demo's lines are the simulator's"
    credentials = {"account_sid": f"AC{random_secrets.token_hex(16)}", "auth_token": random_secrets.token_hex(16)}
    required = {field.name for field in simulator.description.credential_fields if field.required}
    assert credentials.keys() == required, f"the simulator's lines need {', '.join(sorted(required))}"
    return credentials
