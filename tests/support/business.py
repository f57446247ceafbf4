"""A small business in the database: a line, staff of every permission, each with a session."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from api.access import service as access
from api.access.models import StaffMember
from api.access.rules import Permission
from api.access.sign_in import start_session
from api.directory import service as directory
from api.directory.schemas import StaffMemberIn
from api.kit.database import Database, database_time
from api.kit.secrets import SecretBox
from api.lines import service as lines
from api.lines.schemas import LineIn
from api.providers.registry import Providers

PASSWORD = "correct horse battery"
ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "token-of-the-test-account"
LINE_NUMBER = "+13125550199"

PEOPLE = {
    "maria": [Permission.SMS_LOGS, Permission.MASS_TEXT, Permission.DIRECTORY],
    "daniel": [Permission.SMS_LOGS],
    "grace": [Permission.MASS_TEXT],
    "olga": [Permission.DIRECTORY],
    "noah": [],
}


@dataclass(frozen=True)
class Business:
    organization_id: UUID
    slug: str
    line_id: UUID
    staff_ids: dict[str, UUID]
    """`admin` and each of `PEOPLE`."""
    tokens: dict[str, str]
    """What the session cookie of each carries."""


async def create_business(
    database: Database, *, providers: Providers, secrets: SecretBox, slug: str | None = None
) -> Business:
    slug = slug or f"gym-{uuid4().hex[:8]}"
    async with database.transaction() as session:
        organization, admin = await access.create_organization(
            session,
            slug=slug,
            name="Tumble Gymnastics",
            country="US",
            timezone="America/Chicago",
            admin=access.FirstAdministrator(name="Ada", email="ada@gym.test", password=PASSWORD),
        )
        principal = access.staff_principal(admin, credential_id=admin.id)
        people: dict[str, StaffMember] = {"admin": admin}
        for name, permissions in PEOPLE.items():
            people[name] = await directory.create_staff_member(
                session,
                principal=principal,
                new=StaffMemberIn(name=name.capitalize(), email=f"{name}@gym.test", permissions=permissions),
                password_hash=None,
            )
        line = await lines.create_line(
            session,
            principal,
            LineIn.model_validate(
                {
                    "label": "Front desk",
                    "phone_number": LINE_NUMBER,
                    "kind": "long_code",
                    "country": "US",
                    "provider": "simulator",
                    "credentials": {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN},
                    # Tests of thousands of texts are not about a day's limit.
                    "settings": {"texts_per_day": 1_000_000, "texts_per_person_per_day": 1_000_000},
                }
            ).new_line(),
            providers=providers,
            secrets=secrets,
        )
        at = await database_time(session)
        tokens = {
            name: await start_session(session, person, address="test", lifetime=timedelta(days=1), at=at)
            for name, person in people.items()
        }
    return Business(
        organization_id=organization.id,
        slug=slug,
        line_id=line.id,
        staff_ids={name: person.id for name, person in people.items()},
        tokens=tokens,
    )
