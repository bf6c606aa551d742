"""When a training is asked for: a cause, and a cool-down since the last one, in the plant's time."""

from datetime import datetime, timedelta

import pytest

from plant_assets.drift.plant import judge_plant
from plant_assets.drift.report import LearnedLabelAge
from plant_assets.drift.retraining import label_age, retraining_advice
from plant_assets.profile.model import LabelOptions, PlantProfile
from tests.drift.plants import LEARNED_ONE, labelled, moved, small
from tests.drift.series import HOUR, LEARNED, START

DAY = timedelta(days=1)
TRAINED = LEARNED_ONE.last
OLD = LearnedLabelAge(hours=91 * 24, limit_hours=90 * 24)


def requested_training(
    profile: PlantProfile, labels: LearnedLabelAge | None, newest: datetime
) -> tuple[bool, tuple[str, ...]]:
    found = retraining_advice((), labels, profile, newest_trained=TRAINED, newest=newest)
    return found.due, found.why


def test_nothing_is_asked_for_without_a_cause(profile: PlantProfile) -> None:
    assert requested_training(profile, None, TRAINED + 400 * DAY) == (False, ())
    assert requested_training(
        profile, LearnedLabelAge(hours=90 * 24, limit_hours=90 * 24), TRAINED + 90 * DAY
    ) == (
        False,
        (),
    )


def test_old_labels_ask_for_a_training(profile: PlantProfile) -> None:
    due, why = requested_training(profile, OLD, TRAINED + 91 * DAY)
    assert due
    assert why == ("the training labels are 91 days old, more than 90",)


@pytest.mark.parametrize(("after", "due"), [(6.99, False), (7, True)])
def test_a_cause_waits_for_the_cool_down(profile: PlantProfile, after: float, due: bool) -> None:
    assert requested_training(profile, OLD, TRAINED + after * DAY)[0] is due


def test_the_cool_down_counts_from_a_version_that_only_waits(profile: PlantProfile) -> None:
    found = retraining_advice((), OLD, profile, newest_trained=TRAINED + 90 * DAY, newest=TRAINED + 92 * DAY)
    assert (found.due, found.not_before) == (False, TRAINED + 97 * DAY)


def test_many_tags_are_counted_and_some_named(profile: PlantProfile) -> None:
    table = labelled()
    for name in ("TE301020", "PDT31008", "LT301031"):
        table = moved(table, name, 3)
    found = judge_plant(table, LEARNED_ONE, small(profile)).tags * 2
    why = retraining_advice(found, None, profile, newest_trained=TRAINED, newest=TRAINED + 8 * DAY).why
    assert why[0].startswith("6 tags drifted: ")
    assert why[0].endswith(" and 1 more")


def test_rules_label_up_to_the_newest_row(profile: PlantProfile) -> None:
    found = label_age(labelled(), profile, TRAINED, START + (LEARNED + 167) * HOUR)
    assert found == LearnedLabelAge(hours=168, limit_hours=2160)


def test_without_rules_labels_are_as_new_as_the_last_alarm_that_somebody_noted(profile: PlantProfile) -> None:
    noted = profile.model_copy(update={"labels": LabelOptions()})
    newest = START + (LEARNED + 167) * HOUR
    age = label_age(labelled(alarms=slice(LEARNED + 50, LEARNED + 60)), noted, TRAINED, newest)
    assert age is not None
    assert age.hours == 60
    nothing_new = label_age(labelled(), noted, TRAINED, newest)
    assert nothing_new is not None
    assert (nothing_new.hours, nothing_new.is_late) == (0, False)


@pytest.mark.parametrize("alarms", [slice(0, 0), slice(None)])
def test_a_plant_without_labels_has_none_that_age(profile: PlantProfile, alarms: slice) -> None:
    assert label_age(labelled(alarms=alarms), profile, TRAINED, TRAINED + 300 * DAY) is None
    assert label_age(labelled().drop("anomaly_label"), profile, TRAINED, TRAINED + 300 * DAY) is None
