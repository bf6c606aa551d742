"""Readings are of the plant's own tags; anomalous ones are beyond, and still can be true."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.load.plan import LoadError
from plant_assets.load.readings import ReadingBand, draw_readings, reading_bands
from plant_assets.profile.load import load_profile, plant_names
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import AlarmLimits, Tag


@pytest.mark.parametrize("name", plant_names())
def test_normal_readings_are_normal_and_anomalous_ones_true_and_beyond_every_limit(name: str) -> None:
    profile = load_profile(name)
    readings, anomalous = draw_readings(reading_bands(profile), 2000, 0.1, np.random.default_rng(1))
    assert anomalous.sum() == 200
    for reading, is_anomalous in zip(readings, anomalous, strict=True):
        assert list(reading) == profile.tag_names
        assert all(tag.range[0] <= reading[tag.name] <= tag.range[1] for tag in profile.tags)
        beyond = [tag for tag in profile.tags if tag.normal and not within(reading[tag.name], tag.normal)]
        if not is_anomalous:
            assert beyond == []
        assert len(beyond) <= 1
        for tag in beyond:
            crossed = within(reading[tag.name], (tag.limits.LL or -np.inf, tag.limits.HH or np.inf))
            assert not crossed or (tag.limits.LL is None) or (tag.limits.HH is None)


@st.composite
def tags(draw_one: st.DrawFn) -> Tag:
    """A tag whose band and limits lie within its range, each possibly absent."""
    points = draw_one(st.lists(st.integers(-1000, 1000), min_size=8, max_size=8, unique=True).map(sorted))
    ends, (ll, low, a, b, high, hh) = (points[0], points[-1]), points[1:7]
    maybe = st.booleans()
    limits = {n: v for n, v in (("LL", ll), ("L", low), ("H", high), ("HH", hh)) if draw_one(maybe)}
    return Tag(
        name="T1",
        description="",
        unit="",
        range=ends,
        normal=(a, b) if draw_one(maybe) else None,
        limits=AlarmLimits(**limits),
        process_unit="U",
    )


@given(tags())
def test_bands_keep_out_of_alarm_and_anomalies_out_of_the_band(tag: Tag) -> None:
    (band,) = reading_bands(PlantProfile.model_construct(tags=(tag,)))
    alarms = [v for v in (tag.limits.LL, tag.limits.L, tag.limits.H, tag.limits.HH) if v is not None]
    assert tag.range[0] <= band.normal[0] < band.normal[1] <= tag.range[1]
    assert not [limit for limit in alarms if band.normal[0] < limit < band.normal[1]]
    for low, high in band.beyond:
        assert tag.range[0] < low < high < tag.range[1]
        assert high < min([band.normal[0], *alarms]) or low > max([band.normal[1], *alarms])


def test_what_an_instrument_cannot_show_is_not_drawn(profile: PlantProfile) -> None:
    saturated = next(band for band in reading_bands(profile) if band.tag == "LT31013")
    assert saturated.normal[1] < 105
    assert saturated.beyond == (), "a tag that no feature is built from has no anomalies"


def test_a_set_point_stands_where_its_process_value_is_normal(profile: PlantProfile) -> None:
    found = {band.tag: band for band in reading_bands(profile)}
    assert found["FIC31011_SP"].normal == found["FIC31011_PV"].normal
    assert found["FIC31011_SP"].beyond == ()


@given(st.integers(1, 300), st.floats(0, 1))
def test_the_share_of_anomalies_is_the_one_asked_for(count: int, rate: float) -> None:
    band = ReadingBand("T1", (0.0, 1.0), ((2.0, 3.0),))
    readings, anomalous = draw_readings([band], count, rate, np.random.default_rng(0))
    assert anomalous.sum() == (max(1, round(rate * count)) if rate else 0)
    assert [reading["T1"] > 1 for reading in readings] == anomalous.tolist()


def test_a_plant_is_mostly_in_the_middle_of_its_band_and_never_beyond() -> None:
    readings, _ = draw_readings([ReadingBand("T1", (10.0, 20.0), ())], 5000, 0.0, np.random.default_rng(0))
    values = np.array([reading["T1"] for reading in readings])
    assert values.min() >= 10
    assert values.max() <= 20
    assert 0.8 < np.mean(np.abs(values - 15) < 2.5) < 0.95


def test_anomalies_of_a_plant_that_cannot_have_any_are_refused() -> None:
    with pytest.raises(LoadError, match="anomaly-rate: expected 0, no tag of this plant"):
        draw_readings([ReadingBand("T1", (0.0, 1.0), ())], 10, 0.5, np.random.default_rng(0))


def within(value: float, span: tuple[float, float]) -> bool:
    return span[0] <= value <= span[1]
