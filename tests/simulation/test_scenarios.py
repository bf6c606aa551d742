"""Scenarios develop: nothing at once, limits crossed hours later or not at all, and no jump back."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from plant_assets.simulation.effects import KIND_TAGS
from plant_assets.simulation.live import STEPS_PER_DAY
from plant_assets.simulation.scenario_names import SCENARIOS
from plant_assets.simulation.scenarios import KINDS, ScenarioSwitch, applies, draw_scenarios, lasting_switches
from plant_assets.simulation.unit import STEPS_PER_HOUR, ProcessUnit
from tests.simulation.conftest import START
from tests.simulation.test_live import live_records

SEEDS = range(24)
ALARMING = [name for name in SCENARIOS if name != "normal"]


def first_crossing(demo, scenario, seed) -> float | None:
    """Hours from the switch to the first limit crossed that isn't without it; None if none in 14 h."""
    switch = START + timedelta(days=1)
    tags = [demo.tag(tag) for kind in KINDS[scenario] for tag in KIND_TAGS[kind]]
    beyond = pl.any_horizontal(
        (pl.col("tag") == tag.name) & ~pl.col("value").is_between(tag.limits.L or -1e9, tag.limits.H or 1e9)
        for tag in tags
    )

    def crossings(switches) -> pl.DataFrame:
        window = pl.col("timestamp").is_between(switch, switch + timedelta(hours=14))
        return live_records(demo, 2, seed, switches).filter(window, beyond)

    quiet = crossings([])
    loud = crossings([ScenarioSwitch(STEPS_PER_DAY, scenario)]).filter(
        ~pl.col("tag").is_in(quiet["tag"].unique())
    )
    return (loud["timestamp"].min() - switch) / timedelta(hours=1) if loud.height else None


@pytest.mark.parametrize("scenario", ALARMING)
def test_limits_are_crossed_hours_later_or_not_at_all(demo, scenario):
    hours = [first_crossing(demo, scenario, seed) for seed in SEEDS]
    crossed = [h for h in hours if h is not None]

    assert len(crossed) >= 0.6 * len(hours)
    assert len(crossed) < len(hours), "some developments fade away"
    assert min(crossed) > 1.5
    assert np.median(crossed) > 4


def drawn(demo, switches, first, steps):
    canvas = ProcessUnit(demo).canvas(steps, first)
    draw_scenarios(canvas, switches, seed=2)
    return canvas


@pytest.mark.parametrize("scenario", ALARMING)
def test_switching_back_decays_instead_of_jumping(demo, scenario):
    hour, end = STEPS_PER_HOUR, 9 * STEPS_PER_HOUR
    on = drawn(demo, [ScenarioSwitch(0, scenario)], 0, 30 * hour)
    off = drawn(demo, [ScenarioSwitch(0, scenario), ScenarioSwitch(end, "normal")], 0, 30 * hour)

    assert np.abs(off.shift[:end]).max() > 1
    np.testing.assert_array_equal(off.shift[:end], on.shift[:end])
    np.testing.assert_allclose(off.shift[end], on.shift[end])
    remaining = np.abs(off.shift).max(axis=1) <= np.abs(on.shift).max(axis=1) + 1e-9
    assert remaining.all()
    assert not off.shift[end + 6 * hour :].any()
    assert not off.swing[end + 6 * hour :].any()


def test_an_active_scenario_goes_on_with_further_developments(demo):
    later = drawn(demo, [ScenarioSwitch(0, "pressure_rise")], 10 * STEPS_PER_DAY, STEPS_PER_DAY)
    assert later.shift.any()


def test_normal_adds_nothing(demo):
    canvas = drawn(demo, [ScenarioSwitch(0, "normal")], 0, STEPS_PER_DAY)
    assert not canvas.shift.any()
    assert not canvas.swing.any()
    assert not canvas.busy.any()


@pytest.mark.parametrize("cut", [0, 60, 100, 200, 288, 400])
def test_a_canvas_from_the_middle_on_shows_the_same(demo, cut):
    switches = [
        ScenarioSwitch(10, "level_swing"),
        ScenarioSwitch(200, "pressure_rise"),
        ScenarioSwitch(350, "normal"),
    ]
    whole, part = drawn(demo, switches, 0, 600), drawn(demo, switches, cut, 600 - cut)
    np.testing.assert_array_equal(part.shift, whole.shift[cut:])
    np.testing.assert_array_equal(part.swing, whole.swing[cut:])


def test_switches_long_past_are_forgotten_without_a_trace(demo):
    switches = [
        ScenarioSwitch(0, "multi_alarm"),
        ScenarioSwitch(300, "normal"),
        ScenarioSwitch(900, "level_swing"),
    ]
    step = 4 * STEPS_PER_DAY
    kept = lasting_switches(switches, step)

    assert kept == (ScenarioSwitch(900, "level_swing"),)
    np.testing.assert_array_equal(drawn(demo, kept, step, 300).shift, drawn(demo, switches, step, 300).shift)
    assert lasting_switches(switches, 310) == tuple(switches)
    assert lasting_switches([], 5) == ()


def test_a_plant_without_the_tags_has_normal_alone(demo):
    assert all(applies(name, demo.tag_names) for name in SCENARIOS)
    others = ["TI100", "FI200"]
    assert [name for name in SCENARIOS if applies(name, others)] == ["normal"]
