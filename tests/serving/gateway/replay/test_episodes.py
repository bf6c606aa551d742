"""The warnings that there would have been: the live machine over out-of-fold decisions."""

import numpy as np
import pytest

from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.events import debounce, episodes
from serving.gateway.replay.episodes import HorizonDecisions, PastEpisode, find_episodes, runs

HOUR = 3600.0
NAN = float("nan")


def of_budget(on_delay: int = 0, off_delay: int = 0, deadband: float = 0.0) -> PlantProfile:
    demo = load_profile("demo")
    delays = {"on_delay": on_delay, "off_delay": off_delay, "deadband": deadband}
    return demo.model_copy(update={"budget": demo.budget.model_copy(update=delays)})


def decisions(values: list[float], hours: float = 0.0, threshold: float = 0.5) -> HorizonDecisions:
    return HorizonDecisions(hours, "m", True, np.array(values), np.full(len(values), threshold))


def found(
    *risk: HorizonDecisions, profile: PlantProfile, alarms: list[int] | None = None
) -> list[PastEpisode]:
    count = len(risk[0].decision)
    labelled = np.array(alarms or [0] * count) == 1
    return list(find_episodes(np.arange(count) * HOUR, risk, labelled, profile))


@pytest.mark.parametrize("seed", range(5))
def test_one_model_opens_and_clears_as_the_validation_counted(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = np.clip(np.convolve(random.random(400), np.ones(5) / 5, "same") * 1.2, 0, 1)
    values[random.random(400) < 0.05] = NAN
    profile = of_budget(on_delay=1, off_delay=3, deadband=0.1)

    ends = [(one.start, one.end) for one in found(decisions(values.tolist(), threshold=0.6), profile=profile)]

    expected = episodes(debounce(values, 0.6, profile.budget))
    assert len(expected) > 3
    rows = [(first * HOUR, None if stop == len(values) else stop * HOUR) for first, stop in expected]
    assert ends == rows


def test_now_and_ahead_are_one_warning_that_comes_nearer() -> None:
    now = decisions([0.1, 0.1, 0.9, 0.9, 0.1, 0.1])
    ahead = decisions([0.1, 0.6, 0.9, 0.1, 0.1, 0.1], hours=3)
    (one,) = found(now, ahead, profile=of_budget())
    assert (one.start, one.end, one.opened_hours, one.hours) == (1 * HOUR, 4 * HOUR, 3, 0)
    assert one.peak == pytest.approx(1.8)


def test_a_row_that_lacks_a_horizon_clears_nothing() -> None:
    now = decisions([0.9, 0.1, 0.1, 0.1])
    ahead = decisions([0.1, NAN, NAN, 0.1], hours=3)
    (one,) = found(now, ahead, profile=of_budget())
    assert one.end == 3 * HOUR


def test_what_came_is_the_first_labelled_alarm_within_the_warning_or_its_horizon() -> None:
    risk = decisions([0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.9, 0.1], hours=3)
    first, second = found(risk, profile=of_budget(), alarms=[0, 0, 0, 0, 1, 1, 0, 0])
    assert (first.end, first.alarm) == (2 * HOUR, 4 * HOUR)
    assert second.alarm is None


def test_a_threshold_that_is_never_reached_warns_of_nothing_and_no_models_of_nothing() -> None:
    assert found(decisions([0.9, 0.99], threshold=float("inf")), profile=of_budget()) == []
    assert find_episodes(np.arange(2) * HOUR, (), np.zeros(2, dtype=bool), of_budget()) == ()


def test_runs_have_both_ends() -> None:
    assert runs(np.array([True, False, True, True])) == [(0, 0), (2, 3)]
