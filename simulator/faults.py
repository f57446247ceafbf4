"""Misbehaviour on demand: rules that say where, what and how often."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Where(StrEnum):
    SEND = "send"
    """A request that hands a message over."""

    LIST = "list"
    """A request that reads messages or numbers."""

    TOKEN = "token"  # noqa: S105 (a place, not a secret)
    """A request that exchanges credentials for a token."""

    INBOUND = "inbound"
    """A webhook that reports a text from a handset."""

    STATUS = "status"
    """A webhook that reports the fate of a message."""

    DELIVERY = "delivery"
    """A text's arrival at the handset, long after it was accepted."""


class Kind(StrEnum):
    DELAY = "delay"
    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    STATUS_429 = "status_429"
    STATUS_5XX = "status_5xx"
    HANG = "hang"
    ACCEPT_THEN_DISCONNECT = "accept_then_disconnect"
    REJECT = "reject"
    ACCEPT_FAILED = "accept_failed"


POSSIBLE: dict[Where, frozenset[Kind]] = {
    Where.SEND: frozenset(
        {
            Kind.DELAY,
            Kind.DROP,
            Kind.STATUS_429,
            Kind.STATUS_5XX,
            Kind.HANG,
            Kind.ACCEPT_THEN_DISCONNECT,
            Kind.REJECT,
            Kind.ACCEPT_FAILED,
        }
    ),
    Where.LIST: frozenset({Kind.DELAY, Kind.DROP, Kind.STATUS_429, Kind.STATUS_5XX, Kind.HANG, Kind.REJECT}),
    Where.TOKEN: frozenset({Kind.DELAY, Kind.DROP, Kind.STATUS_429, Kind.STATUS_5XX, Kind.HANG, Kind.REJECT}),
    Where.DELIVERY: frozenset({Kind.REJECT}),
    Where.INBOUND: frozenset(
        {Kind.DELAY, Kind.DROP, Kind.DUPLICATE, Kind.REORDER, Kind.HANG, Kind.ACCEPT_THEN_DISCONNECT}
    ),
    Where.STATUS: frozenset(
        {Kind.DELAY, Kind.DROP, Kind.DUPLICATE, Kind.REORDER, Kind.HANG, Kind.ACCEPT_THEN_DISCONNECT}
    ),
}
"""Which misbehaviour has a meaning where."""

BEFORE_POSTING = frozenset({Kind.DELAY, Kind.DROP, Kind.DUPLICATE, Kind.REORDER})
"""Decided once for a webhook. The other kinds are decided for each attempt to post it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a rule can be matched against."""

    sender: str = ""
    recipient: str = ""
    body: str = ""
    status: str = ""


@dataclass(slots=True, kw_only=True)
class Rule:
    """`next_n` affects that many matching events and is spent; `probability` rolls a die for each; with
    neither, every matching event is affected."""

    where: Where
    kind: Kind
    probability: float | None = None
    next_n: int | None = None
    seconds: float | None = None
    retry_after: int | None = None
    code: int | None = None
    status_code: int | None = None
    copies: int = 2
    accepted: bool = False
    sender: str | None = None
    recipient: str | None = None
    body_contains: str | None = None
    status: str | None = None
    hits: int = field(default=0)

    def __post_init__(self) -> None:
        """Raises ValueError for a misbehaviour that has no meaning where it is asked for."""
        if self.kind not in POSSIBLE[self.where]:
            allowed = ", ".join(sorted(POSSIBLE[self.where]))
            raise ValueError(f"{self.kind} cannot happen to {self.where}; what can: {allowed}")
        if self.kind in (Kind.REJECT, Kind.ACCEPT_FAILED) and self.code is None:
            raise ValueError(f"{self.kind} needs the provider's error code")

    def matches(self, where: Where, facts: Facts) -> bool:
        return (
            self.where is where
            and (self.sender is None or self.sender == facts.sender)
            and (self.recipient is None or self.recipient == facts.recipient)
            and (self.status is None or self.status == facts.status)
            and (self.body_contains is None or self.body_contains in facts.body)
        )


@dataclass(slots=True)
class Effects:
    """What happens to one event. Delays add up; at most one `rule` says how it ends."""

    delay: float = 0.0
    accept_before_delay: bool = False
    copies: int = 1
    hold: float | None = None
    rule: Rule | None = None


NO_EFFECTS = Effects()


class Faults:
    """The rules in force and the dice. Rules are tried in their order; each has its own chance."""

    def __init__(self, seed: int | None = None) -> None:
        self.rules: list[Rule] = []
        self.replace((), seed=seed)

    def replace(self, rules: Iterable[Rule], *, seed: int | None = None) -> None:
        self.rules = list(rules)
        self.seed = seed if seed is not None else random.SystemRandom().randrange(2**32)
        self._dice = random.Random(self.seed)  # noqa: S311 (dice, not secrets)

    def decide(self, where: Where, facts: Facts, kinds: frozenset[Kind] | None = None) -> Effects:
        """What happens to this event, counting only rules of `kinds`."""
        if not self.rules:
            return NO_EFFECTS
        effects = Effects()
        for rule in self.rules:
            if (kinds is not None and rule.kind not in kinds) or not rule.matches(where, facts):
                continue
            if not self._strikes(rule):
                continue
            match rule.kind:
                case Kind.DELAY:
                    effects.delay += 1.0 if rule.seconds is None else rule.seconds
                    effects.accept_before_delay |= rule.accepted
                case Kind.DUPLICATE:
                    effects.copies += rule.copies - 1
                case Kind.REORDER:
                    effects.hold = 2.0 if rule.seconds is None else rule.seconds
                case _:
                    effects.rule = rule
                    return effects
        return effects

    def _strikes(self, rule: Rule) -> bool:
        if rule.next_n is not None:
            if rule.next_n <= 0:
                return False
            if rule.probability is not None and self._dice.random() >= rule.probability:
                return False
            rule.next_n -= 1
        elif rule.probability is not None and self._dice.random() >= rule.probability:
            return False
        rule.hits += 1
        return True
