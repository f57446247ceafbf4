"""Senders of ten countries, each with what it is by a hand-written table: the oracle of R11."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Plan:
    """What the tests know of a country's mobile numbers, from its numbering plan and not from our code."""

    country: str
    code: str
    mobile: str
    """How a national mobile number begins."""
    rest: int
    """How many digits follow."""
    trunk: str = ""
    """What is dialled in front within the country, and sometimes written after the country's code."""
    dropped: Sequence[str] = ()
    """What stood in front of a mobile number until the plan dropped it."""
    variant: Callable[[str], str] | None = None
    """The other form of a national number, where the plan does not settle which is meant."""

    def national(self, serial: int) -> str:
        return f"{self.mobile}{serial:0{self.rest}}"


PLANS = (
    Plan("US", "1", "312555", 4),
    Plan("GB", "44", "7400", 6, trunk="0"),
    Plan("NZ", "64", "21", 7, trunk="0"),
    Plan("AU", "61", "412", 6, trunk="0"),
    Plan("MX", "52", "551", 7, dropped=("1", "01", "044", "045")),
    Plan("AR", "54", "9112", 7, trunk="0", variant=lambda national: national[1:]),
    Plan("BR", "55", "1198", 7, trunk="0", variant=lambda national: national[:2] + national[3:]),
    Plan("DE", "49", "170", 7, trunk="0"),
    Plan("ZA", "27", "82", 7, trunk="0"),
    Plan("IT", "39", "347", 7),
)


@dataclass(frozen=True)
class Sender:
    """What a provider names as the sender of a text, and what it is."""

    given: str
    number: str | None
    """Where it may be answered; None: nowhere."""
    spellings: Sequence[str] = ()
    """Everything under which a refusal of this person must hold."""

    @property
    def stored(self) -> str:
        return self.number or self.given


def a_person(chance: Random, plan: Plan, serial: int) -> Sender:
    """A phone number, in one of the spellings in which providers have been seen to give it."""
    national = plan.national(serial)
    number = f"+{plan.code}{national}"
    written = [f"+{plan.code}{each}{national}" for each in (plan.trunk, *plan.dropped) if each]
    refused = [number, *written]
    if plan.variant is not None:
        refused.append(f"+{plan.code}{plan.variant(national)}")
    return Sender(chance.choice([number, *written]), number, refused)


def no_number(chance: Random, plan: Plan, serial: int) -> Sender:
    """What is not `+` and the digits of a phone number. Most of it has been read as somebody's number before."""
    national = plan.national(serial)
    spaced = f"{national[:3]} {national[3:6]} {national[6:]}"
    wide = "".join(chr(0xFF10 + int(digit)) for digit in national)
    given = chance.choice(
        [
            str(10_000 + serial)[-5:],
            f"{serial % 900 + 100}{chance.randrange(10 ** chance.randrange(1, 5))}"[:7],
            f"{national[:3]}{chance.choice(['GYMTEAM', 'FLOWERS', 'TAXICAB', 'DANCERS'])}",
            f"1-800-{chance.choice(['FLOWERS', 'GYMNAST'])}-{serial}",
            f"Gym {serial}",
            f"ALERT{serial}",
            f"parent{serial}@example.com",
            f"{national}@sms.example.com",
            *(f"{scheme}:+{plan.code}{national}" for scheme in ("whatsapp", "rcs", "tel", "sip")),
            *(national, f"{plan.trunk or '0'}{national}", f"{plan.code}{national}", f"00{plan.code}{national}"),
            *(spaced, f"+{plan.code} {spaced}", f" +{plan.code}{national}", f"+{plan.code}{national} "),
            *(wide, f"+{plan.code}{wide}", f"\N{FULLWIDTH PLUS SIGN}{plan.code}{national}"),
            f"\N{LEFT-TO-RIGHT MARK}+{plan.code}{national}",
            f"+{plan.code}\N{NON-BREAKING HYPHEN}{national}",
            *(f"+{plan.code} (0){national}", f"+{plan.code}{national};ext=5", f"+{plan.code}{national}x5"),
            *(f"+999{national}", f"+0{national}", f"+{serial % 900 + 100}", f"++{plan.code}{national}"),
            *(f"+{plan.code}{national}{serial:08}", "x" * 400 + str(serial)),
        ]
    )
    return Sender(given, None)


def senders(chance: Random, count: int) -> list[tuple[Plan, Sender]]:
    """`count` different senders, half of them people's numbers. None is a number of the test's business (5550100 on)."""
    made: dict[str, tuple[Plan, Sender]] = {}
    serial = 1_000 + chance.randrange(1_000)
    while len(made) < count:
        plan = PLANS[len(made) % len(PLANS)]
        serial += 1
        sender = a_person(chance, plan, serial) if chance.random() < 0.5 else no_number(chance, plan, serial)
        if sender.stored not in made:
            made[sender.stored] = (plan, sender)
    return list(made.values())
