"""What becomes of a text on a sandbox line, by the number it goes to. Pure: nothing is posted."""

from collections.abc import Sequence
from uuid import UUID

from api.providers.port import (
    Accepted,
    CannotTell,
    Found,
    LaterEvent,
    MessageStatus,
    NotProcessed,
    OutcomeUnknown,
    OutgoingMessage,
    ReconcileOutcome,
    Rejected,
    SendOutcome,
    UnknownMessage,
)
from api.providers.sandbox.errors import ERRORS
from api.providers.sandbox.numbers import (
    BY_NUMBER,
    ECHO,
    RATE_LIMITED_ATTEMPTS,
    RATE_LIMITED_SECONDS,
    REPLIED_AFTER,
    Answer,
    Behavior,
    Code,
)
from api.providers.sandbox.receive import report_event, text_event


def provider_id(message_id: UUID) -> str:
    """The sandbox's id of a text: the same each time that the text is handed over."""
    return f"sandbox-{message_id}"


def outcome(message: OutgoingMessage) -> SendOutcome:
    behavior = BY_NUMBER.get(message.to)
    if behavior is None:
        return _refused(Code.NOT_A_TEST_NUMBER)
    match behavior.answer:
        case Answer.REFUSED:
            assert behavior.code is not None, "a refusal has a code"
            return _refused(behavior.code)
        case Answer.QUEUE_FULL:
            return NotProcessed(ERRORS.titles[Code.QUEUE_FULL], code=Code.QUEUE_FULL)
        case Answer.RATE_LIMITED if message.attempt <= RATE_LIMITED_ATTEMPTS:
            return NotProcessed(ERRORS.titles[Code.RATE_LIMITED], RATE_LIMITED_SECONDS, code=Code.RATE_LIMITED)
        case Answer.UNKNOWN | Answer.FOUND:
            return OutcomeUnknown("The sandbox did not answer, as it does for this test number.")
        case _:
            later = _later(behavior, message.message_id, body=None if message.is_automatic else message.body)
            return Accepted(provider_id(message.message_id), MessageStatus.SENT, later=later)


def found(message: UnknownMessage) -> ReconcileOutcome:
    """What the sandbox's records say of a text: that of `Answer.FOUND`, or one whose worker died before it settled.

    The phone answers a text only if it may still be handed over now, as `repeat` says.
    """
    behavior = BY_NUMBER.get(message.to)
    if behavior is None:
        return _refused(Code.NOT_A_TEST_NUMBER)
    match behavior.answer:
        case Answer.UNKNOWN:
            return CannotTell("The sandbox has no record of it, as for every text to this test number.")
        case Answer.REFUSED | Answer.QUEUE_FULL:
            assert behavior.code is not None, "a refusal has a code"
            return _refused(behavior.code)
        case _:
            repeat = message.repeat
            body = None if repeat is None or repeat.is_automatic else repeat.body
            message_id = provider_id(message.message_id)
            status = MessageStatus.DELIVERED if behavior.answer is Answer.FOUND else MessageStatus.SENT
            report = ERRORS.report(message_id, status.value, status=status, code=None)
            later = () if behavior.answer is Answer.FOUND else _later(behavior, message.message_id, body=body)
            return Found(report, later=later)


def _refused(code: str) -> Rejected:
    return Rejected(code, ERRORS.title(code), opted_out=ERRORS.is_opt_out(code))


def _later(behavior: Behavior, message_id: UUID, *, body: str | None) -> Sequence[LaterEvent]:
    """The report and the reply. `body`: the text that the phone answers; None for an automatic one, or one too old."""
    theirs, number = provider_id(message_id), behavior.phone_number
    later: list[LaterEvent] = []
    if behavior.report is not None:
        later.append(
            report_event(
                behavior.report_after, theirs, to=number, status=behavior.report, code=behavior.code, ref=message_id
            )
        )
    if behavior.reply is not None and body:
        words = behavior.reply.replace(ECHO, body)
        later.append(LaterEvent(text_event(f"{theirs}:reply", sender=number, body=words), REPLIED_AFTER))
    return later
