"""When drift or old labels ask for a training of a plant's models.

Belongs here: the causes and the cool-down, in the plant's own time. Doesn't belong here: Dagster, which acts on it.

Times are those of readings: nothing is asked for while no new rows come, as a training on the same rows would
change nothing, and a simulated plant that runs faster than the clock cools down as fast.
"""

from datetime import datetime, timedelta

import polars as pl

from plant_assets.drift.report import DriftFinding, LearnedLabelAge, RetrainingAdvice, drift_findings
from plant_assets.profile.model import PlantProfile

_NAMED = 5


def label_age(
    labelled: pl.DataFrame, profile: PlantProfile, trained: datetime, newest: datetime
) -> LearnedLabelAge | None:
    """How far the labels that a model learned from lie behind the newest row; None where nothing is labelled.

    Rules label every row. Where only people note alarms, a training finds newer labels only once there are some,
    so the age counts up to the newest of them.

    Args:
        trained: the last row that the model learned from.
        newest: the newest row.
    """
    if "anomaly_label" not in labelled.columns:
        return None
    alarms = labelled.filter(pl.col("anomaly_label") == 1)["timestamp"]
    if alarms.is_empty() or alarms.len() == labelled.height:
        return None
    until = newest if profile.labels.alarm_rules else alarms[-1]
    age = max(until - trained, timedelta())
    hour = timedelta(hours=1)
    return LearnedLabelAge(hours=age / hour, limit_hours=profile.drift.max_label_age / hour)


def retraining_advice(
    findings: tuple[DriftFinding, ...],
    labels: LearnedLabelAge | None,
    profile: PlantProfile,
    *,
    newest_trained: datetime,
    newest: datetime,
) -> RetrainingAdvice:
    """Whether a training is due: there is a cause, and the last training lies a cool-down behind.

    Args:
        newest_trained: last row of the newest version, whether it answers or not.
        newest: the newest row.
    """
    why = []
    for kind, what in (("tag", "tags"), ("score", "scores")):
        found = drift_findings(tuple(f for f in findings if f.kind == kind))
        if found:
            more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            names = ", ".join(f.name for f in found[:_NAMED])
            why.append(f"{len(found)} {what if len(found) > 1 else kind} drifted: {names}{more}")
    if labels is not None and labels.is_late:
        days, most = labels.hours / 24, labels.limit_hours / 24
        why.append(f"the training labels are {days:.0f} days old, more than {most:g}")
    not_before = newest_trained + profile.drift.cool_down
    return RetrainingAdvice(due=bool(why) and newest >= not_before, why=tuple(why), not_before=not_before)
