"""Errors of mass texts."""

from api.kit.errors import Problem


class ConfirmationRequired(Problem):
    """`recipients`: how many get the text as it is now. The request names this number to confirm it."""

    status, type = 409, "/problems/confirmation-required"
    title = "Confirm the number of recipients"

    def __init__(self, recipients: int, *, confirmed: int | None) -> None:
        if confirmed is None:
            detail = f"This mass text goes to {recipients:,} numbers. Confirm the number to send it."
        else:
            detail = f"You confirmed {confirmed:,} recipients, and now there are {recipients:,}. Look at it again."
        super().__init__(detail, fields={"recipients": recipients})


class ApprovalRequired(Problem):
    """`missing`: how many more administrators have to agree."""

    status, type = 409, "/problems/approval-required"
    title = "Other administrators have to agree first"

    def __init__(self, missing: int) -> None:
        whom = "Another administrator has" if missing == 1 else f"{missing} administrators have"
        super().__init__(f"{whom} to agree to this mass text before it goes.", fields={"missing": missing})
