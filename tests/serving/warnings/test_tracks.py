"""A row's effect on a plant's tracks: policies, rules, and what is trusted."""

import pytest

from plant_assets.profile.load import load_profile
from serving.scores.scores import FiredRule, ModelScore, RowScores
from serving.warnings.tracks import RISK, KeptTrack, RowEffects, evaluate_row, rule_tags

PLANT = load_profile("demo")
OPEN = KeptTrack(open=True, warning=1)
RULE = "rule:level_deviation"


def score(
    probability: float, horizon: float = 0, threshold: float | None = 0.5, calibrated: bool = True
) -> ModelScore:
    return ModelScore(
        horizon_hours=horizon, probability=probability, calibrated=calibrated, low=None, high=None,
        threshold=threshold, alarm=False, model="m", version=1, prediction_id="p",
    )  # fmt: skip


CALM = tuple(score(0.1, hours) for hours in (1, 3, 6))


def outcome(now: float = 0.1, ahead: tuple[ModelScore, ...] = CALM, rules: tuple[str, ...] = ()) -> RowScores:
    return RowScores(score(now), ahead, tuple(FiredRule(name=name) for name in rules))


def take(kept: dict[str, KeptTrack], said: RowScores, stale: set[str] | None = None, is_gap: bool = False):
    return evaluate_row(kept, said, PLANT, stale or set(), is_gap=is_gap)


def test_the_models_are_one_track_and_each_rule_is_another() -> None:
    turn = take({}, outcome(0.9, (score(0.6, 1), score(0.1, 6)), ("level_deviation",)))
    assert turn.changes == {RISK: "opened", RULE: "opened"}
    rules = {f"rule:{rule.name}" for rule in PLANT.labels.alarm_rules}
    assert turn.tracks.keys() == {RISK} | rules
    assert turn.signals[RULE].description == "LIC31002 more than 10 % from its set point"


@pytest.mark.parametrize(
    ("said", "below"),
    [
        (outcome(0.46), 0),  # within the deadband, a tenth of the threshold
        (outcome(0.44), 1),
        (RowScores(score(0.46, calibrated=False), CALM, ()), 0),
        (RowScores(score(4.4, threshold=5.0, calibrated=False), CALM, ()), 1),
        (outcome(ahead=(score(0.1, 1), score(0.46, 3), score(0.1, 6))), 0),
        (outcome(ahead=(score(0.1, 1), score(0.44, 3), score(0.1, 6))), 1),
    ],
)
def test_the_deadband_is_a_share_of_any_threshold(said: RowScores, below: int) -> None:
    assert take({RISK: OPEN}, said).tracks[RISK].below == below


def test_a_model_without_a_threshold_opens_nothing() -> None:
    assert take({}, RowScores(score(1.0, threshold=None), (), ())).changes == {}


def test_a_rule_clears_after_the_off_delay() -> None:
    kept = {RULE: OPEN}
    changes = []
    for _ in range(PLANT.budget.off_delay + 1):
        turn = take(kept, outcome())
        kept = turn.tracks
        changes.append(turn.changes.get(RULE))
    assert changes == [None, None, "cleared"]
    assert kept[RULE].warning is None


@pytest.mark.parametrize(
    ("kept", "stale", "is_trusted"),
    [
        (KeptTrack(open=True, tags=["PDT31008"]), {"PDT31008"}, False),
        (KeptTrack(open=True, tags=["PDT31008"]), {"LT301031"}, True),
        (KeptTrack(open=True, tags=["LIC31002"]), {"LIC31002_SP"}, False),
        (KeptTrack(open=True), {"LT301031"}, False),
        (KeptTrack(open=True), {"LT31013"}, True),  # not used by any model
    ],
)
def test_a_warning_stands_on_the_tags_that_moved_it(
    kept: KeptTrack, stale: set[str], is_trusted: bool
) -> None:
    turn = take({RISK: kept}, outcome(), stale)
    assert turn.signals[RISK].level.trusted is is_trusted
    assert turn.tracks[RISK].below == (1 if is_trusted else 0)


def test_a_rule_stands_on_its_own_tags() -> None:
    assert rule_tags("level_deviation", PLANT) == ["LIC31002_PV", "LIC31002_SP"]
    assert rule_tags("reboiler_level_swings", PLANT) == ["LT301031"]
    assert rule_tags("high_differential_pressure", PLANT) == ["PDT31008"]
    kept = {RULE: OPEN}
    assert take(kept, outcome(), {"LIC31002_PV"}).tracks[RULE].below == 0
    assert take(kept, outcome(), {"PDT31008"}).tracks[RULE].below == 1


def test_a_limit_that_counts_as_crossed_opens_a_warning_and_no_event() -> None:
    bad = FiredRule(name="PDT31008_L", description="PDT31008 below L 100 mbar: bad signal", bad_signal=True)
    turn = take({}, RowScores(score(0.1), CALM, (bad,)))
    key = "rule:PDT31008_L"
    assert (turn.changes, turn.fired) == ({key: "opened"}, False)
    assert turn.signals[key].description == bad.description
    assert rule_tags("PDT31008_L", PLANT) == ["PDT31008"]
    after = after_off_delay({key: OPEN}, outcome())
    assert (after.changes, after.signals[key].remark) == ({key: "cleared"}, "")
    assert take({key: OPEN}, outcome(), {"PDT31008"}).tracks[key].below == 0


def test_a_score_without_confidence_clears_nothing() -> None:
    unsure = score(0.1, 3).model_copy(update={"confidence": "none"})
    turn = take({RISK: OPEN}, outcome(ahead=(score(0.1, 1), unsure, score(0.1, 6))))
    assert (turn.tracks[RISK].below, turn.signals[RISK].doubt) == (0, "too many inputs missing for 3 h")


def test_a_long_tag_s_limit_has_a_name_that_fits_a_rule_s() -> None:
    tag = PLANT.tags[0].model_copy(update={"name": "T" * 64})
    plant = PLANT.model_copy(update={"tags": (*PLANT.tags, tag)})
    name = tag.limit_name("HH")
    assert (len(name), rule_tags(name, plant)) == (40, [tag.name])
    assert name != tag.model_copy(update={"name": "T" * 63}).limit_name("HH")


def test_after_a_gap_a_run_begins_anew() -> None:
    kept = {RISK: KeptTrack(open=True, below=PLANT.budget.off_delay)}
    assert take(kept, outcome()).changes == {RISK: "cleared"}
    assert take(kept, outcome(), is_gap=True).tracks[RISK].below == 1


def after_off_delay(kept: dict[str, KeptTrack], said: RowScores) -> RowEffects:
    for _ in range(PLANT.budget.off_delay):
        kept = take(kept, said).tracks
    return take(kept, said)


def test_a_rule_that_no_profile_has_any_more_clears_and_says_why() -> None:
    turn = after_off_delay({"rule:gone": OPEN, "rule:closed": KeptTrack()}, outcome())
    assert turn.changes == {"rule:gone": "cleared"}
    assert turn.signals["rule:gone"].remark == "the profile no longer has this rule"
    assert turn.signals[RULE].remark == ""
    assert "rule:closed" not in turn.signals


def test_a_rule_of_an_older_model_that_fires_keeps_its_warning_open() -> None:
    assert after_off_delay({"rule:gone": OPEN}, outcome(rules=("gone",))).tracks["rule:gone"].open


def test_a_horizon_that_the_profile_has_no_more_keeps_nothing_open() -> None:
    kept = {RISK: KeptTrack(open=True, warning=1, nearest=12)}
    assert after_off_delay(kept, outcome()).changes == {RISK: "cleared"}
