"""A text that is longer than its line's provider takes is refused before it is queued, whatever way it came."""

import pytest

from api.conversations.message_rules import MAX_BODY_CHARACTERS, segments, too_much
from api.providers.port import SendLimits
from api.providers.registry import ProviderName, send_limits
from tests.providers.dialects import every_dialect
from tests.providers.dialects.dialect import PARENT, Dialect
from tests.providers.peer import Peer
from tests.providers.wire import Wire
from tests.support.world import World

TELNYX = send_limits("telnyx")
TWILIO = send_limits("twilio")

BODIES: list[tuple[str, SendLimits, int, bool]] = [
    # Text, limits, files; whether it is taken.
    ("x" * 1600, TWILIO, 0, True),
    ("x" * 1601, TWILIO, 0, False),
    ("🤸" * 800, TWILIO, 0, True),
    ("é" * 1600, TWILIO, 10, True),
    ("", TWILIO, 11, False),
    ("x" * 1530, TELNYX, 0, True),
    ("x" * 1531, TELNYX, 0, False),
    ("€" * 760, TELNYX, 0, True),
    ("€" * 761, TELNYX, 0, False),
    ("ā" * 670, TELNYX, 0, True),
    ("ā" * 671, TELNYX, 0, False),
    ("🤸" * 330, TELNYX, 0, True),
    ("🤸" * 331, TELNYX, 0, False),
    # Parts are counted of texts alone: a picture message goes another way.
    ("x" * 1531, TELNYX, 1, True),
    ("x" * 1600, send_limits("bandwidth"), 0, True),
    ("x" * 1601, send_limits("bandwidth"), 0, False),
    ("x" * 1601, TELNYX, 1, False),
    ("x" * 1600, SendLimits(), 0, True),
    ("x" * 161, SendLimits(segments=1), 0, False),
]


@pytest.mark.parametrize(("body", "limits", "media", "taken"), BODIES, ids=range(len(BODIES)))
def test_what_a_provider_takes(body: str, limits: SendLimits, media: int, taken: bool) -> None:
    excess = too_much(body, media=media, limits=limits)
    assert (excess is None) is taken
    if excess is not None:
        pointer, detail = excess
        assert pointer == ("/media_urls" if not body else "/body")
        assert detail.endswith(".")


def test_every_provider_has_its_limits() -> None:
    limits = [send_limits(name) for name in ProviderName]
    assert all((each.characters or MAX_BODY_CHARACTERS) >= MAX_BODY_CHARACTERS for each in limits)


@pytest.fixture
async def wire(world: World, dialect: Dialect, peer: Peer) -> Wire:
    await world.family("Smith", PARENT)
    return await Wire.laid(world, dialect, peer)


@every_dialect
async def test_what_is_too_long_is_422_with_the_limit_and_is_not_queued(wire: Wire) -> None:
    limits = send_limits(wire.dialect.name)
    longest = "ā" * (67 * limits.segments) if limits.segments else "x" * MAX_BODY_CHARACTERS
    assert segments(longest).count <= 11
    message_id = await wire.queues(longest)
    path = f"/api/v1/conversations/{(await wire.message(message_id))['conversation_id']}/messages"
    before = await wire.world.table_sizes()
    refused = await wire.world.maria.post(path, json={"body": longest + longest[0]})
    assert refused.status_code == 422
    assert refused.json()["type"] == "/problems/validation"
    ((pointer, detail),) = [(each["pointer"], each["detail"]) for each in refused.json()["errors"]]
    assert pointer == "/body"
    assert (f"{limits.segments} parts" if limits.segments else "1600") in detail.replace(",", "")
    assert await wire.world.table_sizes() == before


@every_dialect
async def test_a_failed_text_of_a_longer_time_is_not_retried_past_the_limit(wire: Wire) -> None:
    if send_limits(wire.dialect.name).segments is None:
        return  # Nothing that such a provider refuses was ever stored.
    wire.peer.answer = wire.dialect.refuses(400, wire.dialect.landline_code)
    message_id = await wire.queues()
    await wire.delivers()
    await wire.world.rows("UPDATE messages SET body = :body RETURNING id", body="ā" * 1600)
    refused = await wire.world.maria.post(f"/api/v1/messages/{message_id}/retry")
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/body"]
    assert await wire.world.rows("SELECT 1 FROM outbox") == []
