"""A provider described as data: the credentials it needs, its limits, and how an administrator sets it up."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.providers.port.sending import SendLimits


@dataclass(frozen=True)
class CredentialField:
    """One field of a line's credentials. By default it is a secret that every line needs."""

    name: str
    label: str
    help: str | None = None
    """For an administrator: where the value is found at the provider."""
    secret: bool = True
    required: bool = True
    """False for every field with an `alternative`."""
    pattern: re.Pattern[str] | None = None
    """A regular expression that the whole value matches, in the syntax that Python and JavaScript share."""
    pattern_help: str | None = None
    """The error if the value does not match `pattern`."""
    alternative: str | None = None
    """The field belongs to this `Alternative`, and is needed exactly if that one is chosen."""
    needs: str | None = None
    """The name of a field that must be given together with this one."""


@dataclass(frozen=True)
class Alternative:
    """One of several ways to sign in to a provider. A line's credentials use exactly one."""

    id: str
    label: str
    help: str | None = None


@dataclass(frozen=True)
class SandboxNumber:
    """A number of nobody, and what happens to a text to it."""

    phone_number: str
    name: str
    """A name for programs."""
    description: str
    """For people: what happens."""


@dataclass(frozen=True)
class ProviderDescription:
    label: str
    credential_fields: Sequence[CredentialField]
    answers_keywords: bool
    """The provider answers STOP, START and HELP itself. If not, we do (OPTIN-CONFIRM)."""
    limits: SendLimits
    setup_steps: Sequence[str]
    """What an administrator does at the provider, in order. `{phone_number}` stands for the line's number."""
    status_address_help: str
    """Where the address for delivery reports is entered at the provider."""
    alternatives: Sequence[Alternative] = ()
    """The first is the one to offer."""
    own_numbers: Sequence[str] = ()
    """The numbers that its lines may have. Empty: any."""
    test_numbers: Sequence[SandboxNumber] = ()
    """The only numbers that its lines text, and that no other line texts. Empty: it texts real numbers."""

    def problems(self, credentials: Mapping[str, str]) -> Mapping[str, str]:
        """What is wrong with the credentials of a line, by field name; empty if nothing is. Never quotes a value."""
        known = {field.name for field in self.credential_fields}
        unknown = {name: f"{self.label} lines have no {name}." for name in credentials if name not in known}
        return unknown | self._missing(credentials) or self._malformed(credentials)

    def is_complete(self, credentials: Mapping[str, str]) -> bool:
        """Whether the credentials can replace stored ones as a whole."""
        return not self._missing(credentials) and not self._malformed(credentials)

    def _missing(self, credentials: Mapping[str, str]) -> dict[str, str]:
        needed = f"{self.label} needs this."
        problems = {
            field.name: needed for field in self.credential_fields if field.required and field.name not in credentials
        }
        if not self.alternatives:
            return problems
        given = {
            field.alternative
            for field in self.credential_fields
            if field.alternative is not None and field.name in credentials
        }
        chosen = given or {self.alternatives[0].id}
        for field in self.credential_fields:
            if field.alternative is None:
                continue
            if len(chosen) > 1 and field.name in credentials:
                labels = " or ".join(each.label for each in self.alternatives)
                problems[field.name] = f"Give one of these, not both: {labels}."
            elif len(chosen) == 1 and field.alternative in chosen and field.name not in credentials:
                problems[field.name] = needed
        return problems

    def _malformed(self, credentials: Mapping[str, str]) -> dict[str, str]:
        problems: dict[str, str] = {}
        for field in self.credential_fields:
            value = credentials.get(field.name)
            if value is None:
                continue
            if field.pattern is not None and field.pattern.fullmatch(value) is None:
                problems[field.name] = field.pattern_help or "This does not look right."
            if field.needs is not None and field.needs not in credentials:
                problems[field.needs] = f"{self._label(field.name)} needs this one too."
        return problems

    def _label(self, name: str) -> str:
        return next(field.label for field in self.credential_fields if field.name == name)


UUID_PATTERN = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

NO_COLON = re.compile("[^:]*")
"""HTTP Basic authentication ends the user name at the first colon (RFC 7617)."""

WHILE_ROTATED = (
    "Only while it is being changed: webhooks that are signed with either one are accepted. "
    "All other fields typed without it remove it."
)

SENT_WITH_EVERY_TEXT = "Nothing to do: this address goes along with every text."
"""The `status_address_help` of providers that take the address with each message."""
