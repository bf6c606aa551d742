import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from serving.inference.prediction_id import PredictionIdError, PredictionIds
from serving.uuid7 import uuid7_hex

IDS = PredictionIds(b"a key of more than sixteen bytes")


def test_a_name_says_model_version_and_time() -> None:
    before = datetime.now(UTC)
    found = IDS.read(IDS.new("plant_alarm_champion", 12))
    assert (found.model, found.version) == ("plant_alarm_champion", 12)
    assert before - timedelta(milliseconds=1) <= found.at <= datetime.now(UTC)


def test_names_are_unique_and_stand_in_the_order_of_their_time() -> None:
    first = IDS.new("m", 1)
    time.sleep(0.002)
    later = [IDS.new("m", 1) for _ in range(500)]
    assert len({first, *later}) == 501
    assert all(first < name for name in later)


def test_the_time_is_that_of_a_uuid_of_version_7() -> None:
    made = uuid.UUID(uuid7_hex())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


@pytest.mark.parametrize("place", range(0, 71, 5))
def test_no_character_can_be_changed(place: int) -> None:
    name = IDS.new("plant_alarm_champion", 3)
    changed = "1" if name[place] == "0" else "0"
    with pytest.raises(PredictionIdError):
        IDS.read(name[:place] + changed + name[place + 1 :])


@pytest.mark.parametrize(
    "text",
    ["", "x", "a.1.b.c", "\u0661" * 90, "plant_alarm_champion.1." + "0" * 32 + "." + "0" * 16, "a" * 10_000],
)
def test_what_nobody_signed_is_refused(text: str) -> None:
    with pytest.raises(PredictionIdError):
        IDS.read(text)


def test_a_name_under_another_key_is_refused() -> None:
    with pytest.raises(PredictionIdError):
        PredictionIds(b"another key of sixteen").read(IDS.new("plant_alarm_champion", 1))


def test_nothing_may_follow_a_name() -> None:
    with pytest.raises(PredictionIdError):
        IDS.read(IDS.new("m", 1) + "\n")
