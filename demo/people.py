"""Staff and families of the demo gym. The American numbers are from the range reserved for fiction (555-01xx)."""

from dataclasses import dataclass

from api.access.rules import Permission
from api.directory.rules import OptInSource, OptInState
from api.lines.rules import LineKind

DEMO_SLUG = "demo"
DEMO_NAME = "Tumble & Turn Gymnastics"
DEMO_COUNTRY = "US"
DEMO_TIMEZONE = "America/Chicago"
DEMO_PASSWORD = "gymnastics-demo"  # noqa: S105  # It is printed at every start.
DEMO_AGE_DAYS = 300
"""Days since the gym became a customer."""

FRONT_DESK = "+13125550199"
AOTEAROA = "3456"
LINES = (
    (FRONT_DESK, "Front desk", LineKind.LONG_CODE, "US"),
    (AOTEAROA, "Aotearoa short code", LineKind.SHORT_CODE, "NZ"),
)
"""(number, label, kind, country)."""


@dataclass(frozen=True)
class SignIn:
    """A staff member in the table of sign-ins that `messenger up` prints."""

    name: str
    email: str
    may: str


DEMO_SIGN_INS = (
    SignIn("Ada Lindgren", "ada@demo.test", "everything: administrator"),
    SignIn("Maria Delgado", "maria@demo.test", "read and answer: SMS Logs and Mass Text"),
    SignIn("Daniel Kim", "daniel@demo.test", "read, open and close: SMS Logs only"),
    SignIn("Grace Obi", "grace@demo.test", "nothing in the Messenger: Mass Text without SMS Logs"),
    SignIn("Noah Brooks", "noah@demo.test", "nothing in the Messenger: neither permission"),
)


@dataclass(frozen=True)
class Mobile:
    """A phone record. `state` and `source` are its first ones; a thread may change them later."""

    number: str
    state: OptInState = OptInState.OPTED_IN
    source: OptInSource | None = OptInSource.PORTAL
    label: str = "Mobile"


@dataclass(frozen=True)
class Staff:
    """`hired`: days ago."""

    name: str
    hired: int
    permissions: tuple[Permission, ...] = ()
    is_admin: bool = False
    mobile: Mobile | None = None

    @property
    def key(self) -> str:
        """The person's name in the threads, and the first part of the email address."""
        return self.name.split()[0].lower().replace("á", "a")


@dataclass(frozen=True)
class Guardian:
    name: str
    relation: str
    mobile: Mobile


@dataclass(frozen=True)
class Household:
    """`joined` and `left`: days ago."""

    name: str
    joined: int
    guardians: tuple[Guardian, ...]
    left: int | None = None


def us(last_digits: str) -> str:
    return f"+1312555{last_digits}"


def _mobile(last_digits: str, *, joined: int) -> Mobile:
    # The first families were imported; later ones opted in when they signed up.
    return Mobile(us(last_digits), source=OptInSource.IMPORT if joined > 285 else OptInSource.PORTAL)


def _family(name: str, joined: int, *guardians: tuple[str, str, str | Mobile], left: int | None = None) -> Household:
    return Household(
        name=f"{name} family",
        joined=joined,
        guardians=tuple(
            Guardian(who, relation, given if isinstance(given, Mobile) else _mobile(given, joined=joined))
            for who, relation, given in guardians
        ),
        left=left,
    )


_VERBAL = OptInSource.VERBAL
_FRONT_DESK = (Permission.SMS_LOGS, Permission.MASS_TEXT, Permission.DIRECTORY)

STAFF = (
    Staff("Ada Lindgren", 300, is_admin=True, mobile=Mobile(us("0160"), source=_VERBAL)),
    Staff("Maria Delgado", 299, _FRONT_DESK, mobile=Mobile(us("0161"), source=_VERBAL)),
    Staff("Daniel Kim", 299, (Permission.SMS_LOGS,), mobile=Mobile(us("0162"), source=_VERBAL)),
    Staff("Grace Obi", 298, (Permission.MASS_TEXT,)),
    Staff("Noah Brooks", 298, mobile=Mobile(us("0163"), source=_VERBAL)),
    # A coach whose own child does gymnastics: her number is on her family's record too.
    Staff("Maya Smith", 240, mobile=Mobile(us("0101"), source=_VERBAL)),
    Staff("Tomás Rivera", 180, mobile=Mobile(us("0164"), source=_VERBAL)),
    Staff("Aroha Ngata", 120, _FRONT_DESK, mobile=Mobile("+64215550110", source=_VERBAL)),
)

FAMILIES = (
    _family("Smith", 290, ("Maya Smith", "mother", "0101"), ("Ben Smith", "father", "0100")),
    _family("Okafor", 210, ("Ruth Okafor", "mother", "0102"), ("Emeka Okafor", "father", "0103")),
    _family("Patel", 290, ("Anika Patel", "mother", "0104"), ("Rohan Patel", "father", "0105")),
    _family("Lindqvist", 290, ("Jonas Lindqvist", "father", "0106"), ("Karin Lindqvist", "mother", "0107")),
    _family("Walker", 175, ("Tia Walker", "mother", "0108")),
    _family("Nguyen", 290, ("Linh Nguyen", "mother", "0109"), ("Minh Nguyen", "father", "0110")),
    # Two families share a grandmother and her telephone. One of them opts out, which blocks it for both.
    _family("Garcia", 260, ("Rosa Garcia", "mother", "0111"), ("Carmen Garcia", "grandmother", "0112")),
    _family("Castillo", 150, ("Elena Castillo", "mother", "0113"), ("Carmen Garcia", "grandmother", "0112")),
    _family("Haddad", 140, ("Yasmin Haddad", "mother", "0114"), ("Omar Haddad", "father", "0115")),
    _family("Johnson", 290, ("Keisha Johnson", "mother", "0116"), ("Marcus Johnson", "father", "0117")),
    _family("O'Brien", 290, ("Siobhan O'Brien", "mother", "0118")),
    _family("Kowalski", 200, ("Marta Kowalska", "mother", "0119"), ("Piotr Kowalski", "father", "0120")),
    _family("Rossi", 132, ("Giulia Rossi", "mother", "0121")),
    _family("Chen", 290, ("Wei Chen", "father", "0122"), ("Jia Chen", "mother", "0123")),
    _family("Abramov", 118, ("Natalia Abramova", "mother", "0124")),
    _family("Williams", 290, ("Denise Williams", "mother", "0125"), ("Terrell Williams", "father", "0126")),
    _family("Müller-Wright", 96, ("Hannah Müller-Wright", "mother", "0127")),
    _family("Tanaka", 27, ("Yuki Tanaka", "mother", "0128"), ("Kenji Tanaka", "father", "0129")),
    _family("Singh", 290, ("Harpreet Singh", "mother", "0130"), ("Gurdeep Singh", "father", "0131")),
    _family("Brown", 88, ("Ashley Brown", "mother", "0132")),
    _family("Mensah", 290, ("Abena Mensah", "mother", "0133"), ("Kofi Mensah", "father", "0134")),
    _family("Cohen", 290, ("Rachel Cohen", "mother", "0135"), ("Adam Cohen", "father", "0136")),
    _family("Flores", 74, ("Lucía Flores", "mother", "0137")),
    _family("Park", 61, ("Min-ji Park", "mother", "0138")),
    _family("Schmidt", 290, ("Katrin Schmidt", "mother", "0139"), ("Jan Schmidt", "father", "0140")),
    _family(
        "Thompson",
        290,
        ("Erin Thompson", "mother", "0141"),
        ("Dorothy Thompson", "grandmother", Mobile(us("0142"), source=OptInSource.IMPORT, label="Home")),
    ),
    _family(
        "Wolfeschlegelsteinhausen-Bergerdorff and Papadopoulos-Venkataraman",
        54,
        ("Alexandra Papadopoulos-Venkataraman", "mother", "0143"),
        ("Maximilian Wolfeschlegelsteinhausen-Bergerdorff", "father", "0144"),
    ),
    _family("Ali", 290, ("Fatima Ali", "mother", "0145"), ("Yusuf Ali", "father", "0146")),
    _family("Martin", 47, ("Claire Martin", "mother", "0147"), ("Josh Martin", "father", "0148")),
    _family("Nakamura-Reyes", 290, ("Sofia Nakamura-Reyes", "mother", "0149")),
    # Signed up on paper, without a question about texts.
    _family("Davis", 20, ("Brittany Davis", "mother", Mobile(us("0150"), OptInState.UNKNOWN, None))),
    _family("Hall", 290, ("Greg Hall", "father", "0151"), ("Monica Hall", "mother", "0152")),
    _family("Adeyemi", 40, ("Folake Adeyemi", "mother", "0153"), ("Tunde Adeyemi", "father", "0154")),
    _family("Kealoha", 33, ("Leilani Kealoha", "aunt", "0155")),
    _family("Parata", 110, ("Hinemoa Parata", "mother", Mobile("+64215550131"))),
    _family(
        "Wilson",
        104,
        ("Sarah Wilson", "mother", Mobile("+64215550142")),
        ("Pita Wilson", "father", Mobile("+64215550143")),
    ),
    _family("Baker", 290, ("Jen Baker", "mother", "0156"), left=6),
)
