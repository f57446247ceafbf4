"""Errors of mass texts."""

from api.kit.errors import Problem, ProblemBody


class ConfirmationRequiredBody(ProblemBody):
    recipients: int
    """How many get the text as it is now. The request names this number to confirm it."""


class ApprovalRequiredBody(ProblemBody):
    missing: int
    """How many more administrators have to agree."""


class ConfirmationRequired(Problem):
    status, type = 409, "/problems/confirmation-required"
    title = "Confirm the number of recipients"
    body_model = ConfirmationRequiredBody

    def __init__(self, recipients: int, *, confirmed: int | None) -> None:
        if confirmed is None:
            detail = f"This mass text goes to {recipients:,} numbers. Confirm the number to send it."
        else:
            detail = f"You confirmed {confirmed:,} recipients, and now there are {recipients:,}. Look at it again."
        super().__init__(detail, fields={"recipients": recipients})


class ApprovalRequired(Problem):
    status, type = 409, "/problems/approval-required"
    title = "Other administrators have to agree first"
    body_model = ApprovalRequiredBody

    def __init__(self, missing: int) -> None:
        whom = "Another administrator has" if missing == 1 else f"{missing} administrators have"
        super().__init__(f"{whom} to agree to this mass text before it goes.", fields={"missing": missing})
