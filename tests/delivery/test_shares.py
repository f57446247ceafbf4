"""How a claim is divided among lines, priorities and mass texts (MASS-FAIR)."""

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from api.delivery.shares import (
    CLAIM_BATCH,
    MAX_POSTING,
    MAX_POSTING_MASS_TEXTS,
    MAX_POSTING_OF_ORGANIZATION,
    Capacity,
    Lane,
    shares,
)

GYM = UUID(int=1)


def lane(line: int, priority: int, broadcast: int | None = None) -> Lane:
    return Lane(GYM, UUID(int=line), priority, None if broadcast is None else UUID(int=broadcast), 0.0)


lanes_of_a_business = st.lists(
    st.one_of(
        st.builds(lane, st.integers(1, 40), st.integers(0, 1)),
        st.builds(lane, st.integers(1, 40), st.just(2), st.integers(1, 6)),
    ),
    unique=True,
    max_size=60,
)


@given(lanes_of_a_business, st.dictionaries(st.integers(1, 40), st.integers(0, CLAIM_BATCH)))
def test_MASS_FAIR_no_line_sends_more_than_it_may_and_no_lane_before_one_of_a_higher_priority(
    lanes: list[Lane], per_line: dict[int, int]
) -> None:
    allowed = {UUID(int=line): texts for line, texts in per_line.items()}
    taken = shares(lanes, allowed, {}, limit=CLAIM_BATCH)
    by_line = Counter[UUID]()
    for share in taken:
        by_line[share.line_id] += share.texts
        best = min(each.priority for each in lanes if each.line_id == share.line_id)
        assert share.priority == best
    assert all(texts <= allowed[line] for line, texts in by_line.items())
    wanted = sum(allowed.get(line, 0) for line in {each.line_id for each in lanes})
    assert by_line.total() == min(CLAIM_BATCH, wanted), "nothing is left over while a line may send"
    for line in {each.line_id for each in lanes}:
        assert by_line[line] >= min(allowed.get(line, 0), max(by_line.values(), default=0) - 1), "lines share evenly"


@given(st.sets(st.integers(1, 9), min_size=1), st.lists(st.integers(1, CLAIM_BATCH), min_size=1, max_size=30))
def test_MASS_FAIR_mass_texts_of_a_line_get_the_same_whatever_each_claim_takes(
    broadcasts: set[int], claims: list[int]
) -> None:
    turns: dict[UUID, UUID] = {}
    got = Counter[UUID | None]()
    for texts in claims:
        for share in shares([lane(1, 2, each) for each in broadcasts], {UUID(int=1): texts}, turns, limit=CLAIM_BATCH):
            got[share.broadcast_id] += share.texts
    counts = [got[UUID(int=each)] for each in broadcasts]
    assert max(counts) - min(counts) <= 1


def test_a_worker_under_load_takes_replies_before_it_takes_mass_texts() -> None:
    line = UUID(int=1)
    reply, mass_text, elsewhere = lane(1, 1), lane(1, 2, 5), lane(2, 2, 5)
    posting = Counter({line: MAX_POSTING_MASS_TEXTS - CLAIM_BATCH + 1})
    assert [Capacity(posting).of(each) for each in (reply, mass_text, elsewhere)] == [CLAIM_BATCH, 0, CLAIM_BATCH]
    posting[line] = MAX_POSTING
    assert [Capacity(posting).of(each) for each in (reply, mass_text, elsewhere)] == [0, 0, CLAIM_BATCH]
    posting[UUID(int=3)] = MAX_POSTING_OF_ORGANIZATION - MAX_POSTING
    assert Capacity(posting).of(elsewhere) == 0
