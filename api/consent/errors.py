"""The error of a text that consent forbids."""

from api.consent.rules import OptInCheck, explanation
from api.consent.shapes import NotAllowedToTextBody
from api.kit.errors import Conflict


class NotAllowedToText(Conflict):
    """The opt-in check refused (OPTIN-ALL). The answer carries the check, which names what blocks."""

    type, title = "/problems/not-allowed-to-text", "This number may not be texted"
    body_model = NotAllowedToTextBody

    def __init__(self, check: OptInCheck) -> None:
        super().__init__(explanation(check), fields={"check": check.as_json()})
