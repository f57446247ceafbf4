"""A provider's error codes, and the values that its answers and events make of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from api.kit.money import Money
from api.providers.http import retry_after
from api.providers.port import (
    Accepted,
    MessageStatus,
    NotProcessed,
    OutcomeUnknown,
    Rejected,
    SendOutcome,
    StatusReport,
)

MAX_WORDS = 300
"""Characters of a provider's own words that are kept."""


@dataclass(frozen=True)
class ErrorTable:
    """The error codes of one provider. Codes are compared in lower case."""

    titles: Mapping[str, str]
    """A sentence for a front desk, by code. Sentences that several tables share are in `error_words`."""
    opted_out: str
    """The code of a message to a person who has opted out."""
    never_processed: frozenset[str]
    """Codes of an answer to a send that prove that the provider did not take the message: too many at once, or a full
    queue. They count whatever the HTTP status."""
    no_error: frozenset[str] = frozenset({"0"})
    """Codes of a message without an error."""
    ambiguous: frozenset[int] = frozenset({408})
    """Statuses from 400 to 499 of an answer to a send that do not prove a refusal."""

    def title(self, code: str, said: str | None = None) -> str:
        """The table's words for a code, else the provider's own (`said`, cut to `MAX_WORDS`), else the code alone."""
        known = self.titles.get(code.lower())
        if known is not None:
            return known
        own = " ".join(said.split()) if said else ""
        if len(own) > MAX_WORDS:
            own = own[: MAX_WORDS - 1].rstrip() + "…"
        return own or f"The provider refused it (error {code})."

    def is_opt_out(self, code: str | None) -> bool:
        return code is not None and code.lower() == self.opted_out.lower()

    def report(
        self,
        message_id: str,
        word: str,
        *,
        status: MessageStatus | None,
        code: str | None,
        said: str | None = None,
        at: datetime | None = None,
        price: Money | None = None,
    ) -> StatusReport:
        """The report of a message's status. `word` is the provider's own for it, `status` ours."""
        if code in self.no_error:
            code = None
        return StatusReport(
            provider_message_id=message_id,
            status=status,
            provider_status=word,
            error_code=code,
            error_title=self.title(code, said) if code else None,
            opted_out=self.is_opt_out(code),
            provider_time=at,
            price=price,
        )

    def accepted(
        self, message_id: str | None, *, status: MessageStatus | None, code: str | None, said: str | None = None
    ) -> Accepted | OutcomeUnknown:
        """The outcome of a successful answer to a send. `code` is an error of the message that it carries already.

        A message to a person who has opted out has failed, whatever status the answer gives it.
        """
        if message_id is None:
            return OutcomeUnknown("The provider accepted it without saying under which id.")
        status, code = status or MessageStatus.SENT, None if code in self.no_error else code
        opted_out = self.is_opt_out(code)
        if opted_out and status is MessageStatus.SENT:
            status = MessageStatus.FAILED
        title = self.title(code, said) if code else None
        return Accepted(message_id, status, code=code, title=title, opted_out=opted_out)

    def refused(self, response: httpx.Response, *, code: str | None, said: str | None) -> SendOutcome:
        """What an answer to a send proves that is not a success. An ambiguous one is unknown."""
        http_status = response.status_code
        code = code or str(http_status)
        if http_status == 429 or code.lower() in self.never_processed:
            detail = self.titles.get(code.lower(), "The provider asked for a slower pace.")
            return NotProcessed(detail, retry_after_seconds=retry_after(response), code=code)
        if 400 <= http_status < 500 and http_status not in self.ambiguous:
            return Rejected(code, self.title(code, said), opted_out=self.is_opt_out(code))
        return OutcomeUnknown(f"The provider answered {http_status}.")
