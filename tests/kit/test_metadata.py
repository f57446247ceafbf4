"""What a request makes of metadata (decision 0058)."""

import pytest
from pydantic import ValidationError

from api.kit.metadata import (
    MAX_KEYS,
    MetadataChange,
    MetadataIn,
    TooManyKeysError,
    change_of,
    changed_keys,
    merged,
)
from api.kit.request_models import PatchModel, RequestModel

STORED = {"crm_id": "42", "source": "web"}


class Body(RequestModel):
    metadata: MetadataIn | None = None


class Patch(PatchModel):
    clearable = frozenset({"metadata"})

    metadata: MetadataIn | None = None


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (Patch(), STORED),
        (Patch(metadata={}), STORED),
        (Patch(metadata={"crm_id": "43"}), {"crm_id": "43", "source": "web"}),
        (Patch(metadata={"crm_id": None}), {"source": "web"}),
        (Patch(metadata={"crm_id": "", "level": "3"}), {"source": "web", "level": "3"}),
        (Patch(metadata={"unknown": None}), STORED),
        (Patch(metadata=None), {}),
        (Body(), STORED),
        (Body(metadata={}), {}),
        (Body(metadata=None), {}),
        (Body(metadata={"level": "3", "source": None}), {"level": "3"}),
    ],
)
def test_a_patch_merges_and_another_body_replaces(body: Body | Patch, after: dict[str, str]) -> None:
    assert merged(STORED, change_of(body)) == after


def test_a_record_has_a_bounded_number_of_keys_after_the_change() -> None:
    full = {f"key{number}": "1" for number in range(MAX_KEYS)}
    with pytest.raises(TooManyKeysError):
        merged(full, MetadataChange({"another": "1"}))
    assert len(merged(full, MetadataChange({"another": "1", "key0": None}))) == MAX_KEYS


def test_the_changed_keys_are_those_with_another_value() -> None:
    assert changed_keys(STORED, {"crm_id": "43", "level": "3", "source": "web"}) == ["crm_id", "level"]
    assert changed_keys(STORED, {}) == ["crm_id", "source"]


@pytest.mark.parametrize("key", ["", "k" * 41, "a[b", "a]", "a\nb", "\x7f", "a\x00", "\ud800"])
def test_a_bad_key_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        Patch(metadata={key: "1"})


@pytest.mark.parametrize("key", ["k" * 40, "crm:id", "ünï ✓", " ", '"', "a.b", "{"])
def test_any_other_key_is_taken(key: str) -> None:
    assert merged({}, change_of(Patch(metadata={key: "1"}))) == {key: "1"}


@pytest.mark.parametrize("value", ["v" * 501, 1, True, {}, "\x00", "\ud800"])
def test_a_bad_value_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Patch.model_validate({"metadata": {"key": value}})
