"""Businesses for the browser tests: reads a line, makes a business, prints it as one line of JSON; ends with its input.

Each has Ada, an administrator, and Maria and Daniel of the front desk, with a session each: hashing and checking their
passwords would take longer than everything else. One process makes all of them: starting Python takes a second.
"""

import asyncio
import json
import sys
from datetime import timedelta
from uuid import uuid4

from api.access import service as access
from api.access.models import StaffMember
from api.access.rules import Permission
from api.access.sign_in import start_session
from api.commands.base import started
from api.directory import service as directory
from api.directory.rules import OwnerKind, WantedRecord
from api.kit.database import Database, database_time

PASSWORD = "gymnastics-demo"  # As in frontend/e2e/support.ts.
FRONT_DESK = ("Maria Delgado", "Daniel Kim")
PERMISSIONS = sorted([Permission.SMS_LOGS, Permission.MASS_TEXT, Permission.DIRECTORY])


async def make_business(database: Database) -> dict[str, object]:
    """The slug of a new business, and the session tokens of its people by first name."""
    slug = f"gym-{uuid4().hex[:12]}"
    async with database.transaction() as session:
        organization, ada = await access.create_organization(
            session,
            slug=slug,
            name="Corner Gym",
            country="US",
            timezone="America/Chicago",
            admin=access.FirstAdministrator(name="Ada Lindgren", email=f"ada@{slug}.test", password=PASSWORD),
        )
        people = {"ada": ada}
        for name in FRONT_DESK:
            first = name.split()[0].lower()
            wanted = WantedRecord(
                OwnerKind.STAFF_MEMBER, name=name, email=f"{first}@{slug}.test", permissions=PERMISSIONS
            )
            created = await directory.change(session, access.staff_principal(ada, credential_id=ada.id), wanted)
            people[first] = await session.get_one(StaffMember, (organization.id, created.id))
            people[first].password_hash = ada.password_hash
        at = await database_time(session)
        tokens = {
            name: await start_session(session, person, address="test", lifetime=timedelta(days=1), at=at)
            for name, person in people.items()
        }
    return {"slug": slug, "tokens": tokens}


async def serve(url: str) -> None:
    async with Database(url, pool_size=1) as database:
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await make_business(database)), flush=True)


if __name__ == "__main__":
    with started() as (_, urls):
        asyncio.run(serve(urls.app))
