"""Time zones as titles and cells write them."""

from datetime import UTC, datetime, timedelta

import pytest

from plant_assets.ingest.decode.zones import find_zone, zone_in
from plant_assets.ingest.errors import Refusal


@pytest.mark.parametrize(
    ("title", "zone"),
    [
        ("Time (UTC+2)", "UTC+2"),
        ("Time (EST)", "EST"),
        ("Zeit (MEZ)", "MEZ"),
        ("Time [UTC]", "UTC"),
        ("time_utc", "utc"),
        ("Time GMT+01:00", "GMT+01:00"),
        ("Timestamp (Europe/Berlin)", "Europe/Berlin"),
        ("Time (+0530)", "+0530"),
        ("Time (ms)", ""),
        ("Time (h)", ""),
        ("Date (DMY)", ""),
        ("Time (local)", ""),
        ("Date/Time (LT)", ""),
        ("Time (PT)", "PT"),
        ("timestamp", ""),
        ("outcome", ""),
    ],
)
def test_a_title_tells_a_zone_or_none(title: str, zone: str) -> None:
    assert zone_in(title) == zone


@pytest.mark.parametrize(
    ("text", "plant", "hours"),
    [
        ("UTC", "Europe/Berlin", 0),
        ("Z", "Europe/Berlin", 0),
        ("UTC+2", "UTC", 2),
        ("+05:30", "UTC", 5.5),
        ("GMT-3", "UTC", -3),
        ("CET", "UTC", 1),
        ("CEST", "Europe/Berlin", 2),
        ("MESZ", "UTC", 2),
        ("EST", "UTC", -5),
        ("CST", "America/Chicago", -6),
        ("CST", "Asia/Shanghai", 8),
        ("IST", "Asia/Kolkata", 5.5),
        ("JST", "UTC", 9),
    ],
)
def test_a_zone_means_an_offset_by_the_plant_s_own_words_first(text: str, plant: str, hours: float) -> None:
    assert find_zone(text, plant, "row 1").utcoffset(None) == timedelta(hours=hours)


def test_a_region_has_summer_time() -> None:
    zone = find_zone("Europe/Berlin", "UTC", "row 1")
    offsets = [datetime(2025, month, 1, tzinfo=UTC).astimezone(zone).utcoffset() for month in (1, 7)]
    assert offsets == [timedelta(hours=1), timedelta(hours=2)]


@pytest.mark.parametrize(("text", "why"), [("CST", "is used for several zones"), ("QQT", "is no time zone")])
def test_what_is_unclear_or_unknown_is_refused(text: str, why: str) -> None:
    with pytest.raises(Refusal, match=rf"row 3: '{text}' {why}.*reading\.zone") as caught:
        find_zone(text, "Europe/Berlin", "row 3")
    assert caught.value.code == "unclear_zone"
