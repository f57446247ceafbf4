"""What crosses the wire of the preview of a mass text."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.broadcasts.rules import WarningKind
from api.broadcasts.service import Preview
from api.conversations.message_rules import Encoding, segments
from api.kit.money import MoneyOut


class LeftOutOut(BaseModel):
    model_config = ConfigDict(title="BroadcastLeftOutCount")

    reason: str
    """A reason of the opt-in check, or one of `duplicate`, `another_contact`, `no_number`, `unknown`, `not_mobile`,
    `own_number`, `missing_field`, `too_long`, `no_lawful_hour`."""
    count: int
    """How many are left out for this reason."""


class SegmentsOut(BaseModel):
    model_config = ConfigDict(title="BroadcastSegments")

    least: int | None
    """Parts of the shortest text. Null without a recipient."""
    most: int | None
    """Parts of the longest text. Null without a recipient."""
    total: int
    """Parts of all texts together."""


class ExampleOut(BaseModel):
    """The text that one recipient gets, header, footer and fields in it."""

    model_config = ConfigDict(title="BroadcastExample")

    phone_number: str
    """The recipient's number, in E.164."""
    name: str | None
    """Of the contact or staff member who holds the number."""
    text: str
    """The whole text."""
    segments: int
    """How many parts the text has."""
    encoding: Encoding
    """The alphabet in which it is sent."""


class HoursOut(BaseModel):
    """How many can be reached when it goes, and when the others can (MASS-HOURS)."""

    model_config = ConfigDict(title="BroadcastHours")

    now: int
    """How many may be texted when it leaves."""
    later: int
    """How many wait for their hours."""
    opens_at: datetime | None
    """When the first of the others can be reached."""
    last_opens_at: datetime | None
    """When the last of the others can be reached."""


class LineShareOut(BaseModel):
    model_config = ConfigDict(title="BroadcastLine")

    line_id: UUID
    label: str
    """The line's label."""
    recipients: int
    """How many texts leave on it."""
    seconds: float | None
    """How long the line takes them. Null if it has no rate limit."""
    later: int
    """Of these, those that wait for a later day: the line may not send more of mass texts on the first."""


class WarningOut(BaseModel):
    model_config = ConfigDict(title="BroadcastWarning")

    kind: WarningKind
    """What it is about."""
    detail: str
    """What to look at, for people."""


class PreviewOut(BaseModel):
    """`considered` is the sum of `recipients` and of everybody in `left_out`."""

    model_config = ConfigDict(title="BroadcastPreview")

    considered: int
    """All whom the audience finds: the sum of `recipients` and of everybody in `left_out`."""
    recipients: int
    """How many numbers get it."""
    left_out: list[LeftOutOut]
    """How many do not get it, by reason, the most frequent first."""
    unknown: list[str]
    """The first given numbers and external ids that are nobody's."""
    segments: SegmentsOut
    """How many parts the texts have."""
    costs: list[MoneyOut]
    """What it is expected to cost, by currency. Texts without a price are in none."""
    without_price: int
    """Recipients for whose country their line has no price, or no price list."""
    examples: list[ExampleOut]
    """The texts of a few recipients."""
    hours: HoursOut
    """How many can be reached when it leaves, and when the others can."""
    lines: list[LineShareOut]
    """How the texts are spread over the lines."""
    seconds: float | None
    """How long the slowest line takes. Null if no line has a rate limit."""
    warnings: list[WarningOut]
    """What a person should look at before they send it."""
    needs_confirmation: bool
    """Sending has to name the number of recipients."""
    missing_approvals: int
    """How many more administrators have to agree."""

    @classmethod
    def of(cls, preview: Preview) -> "PreviewOut":
        tally = preview.tally
        known = [each.seconds for each in preview.lines if each.seconds is not None]
        return cls(
            considered=tally.considered,
            recipients=tally.recipients,
            left_out=[LeftOutOut(reason=reason, count=count) for reason, count in tally.left_out.most_common()],
            unknown=list(preview.unknown),
            segments=SegmentsOut(least=tally.segments.least, most=tally.segments.most, total=tally.segments.total),
            costs=[MoneyOut.of(amount, currency) for currency, amount in sorted(tally.estimate.costs.items())],
            without_price=tally.estimate.without_price,
            examples=[
                ExampleOut(
                    phone_number=each.number,
                    name=each.name,
                    text=each.text,
                    segments=each.segments,
                    encoding=segments(each.text).encoding,
                )
                for each in tally.examples
            ],
            hours=HoursOut(**vars(preview.hours)),
            lines=[
                LineShareOut(
                    line_id=each.line.id,
                    label=each.line.label,
                    recipients=each.recipients,
                    seconds=each.seconds,
                    later=each.later,
                )
                for each in preview.lines
            ],
            seconds=max(known, default=None),
            warnings=[WarningOut(kind=each.kind, detail=each.detail) for each in preview.warnings],
            needs_confirmation=tally.recipients > preview.confirm_above,
            missing_approvals=preview.missing_approvals,
        )
