"""What can be said of models where nothing is labelled: what each called unusual. Whether rightly, nobody knows.

Belongs here: the figures and sentences of such a report. Doesn't belong here: reports on labelled rows (`labelled.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.validation.evaluate import GroundTruth
from plant_assets.validation.events import episodes
from plant_assets.validation.report_data import FlaggedFold, FlaggedShare, ReportFindings, TestedRows
from plant_assets.validation.sentences import join_words, model_words, span
from plant_assets.validation.tested_rows import count_tested_rows

NO_LABELS = "there are no alarm rules, no known periods and no operator log"


def unlabelled_findings(
    ground: GroundTruth, models: pl.DataFrame, untrained: Mapping[str, str]
) -> ReportFindings:
    """What models of a plant without labels called unusual; `untrained` says which weren't trained, and why."""
    profile = ground.profile
    flagged = flagged_shares(models, profile)
    tested = count_tested_rows(ground, models)
    sentences = unlabelled_sentences(profile, tested, flagged, untrained)
    return ReportFindings(sentences, tested, _answering_model(profile, flagged), flagged=flagged)


def flagged_shares(oof: pl.DataFrame, profile: PlantProfile) -> tuple[FlaggedShare, ...]:
    """What each model called unusual among rows that it hadn't learnt from, in the table's order."""
    now = oof.filter(pl.col("horizon") == 0)
    return tuple(
        _of_model(name, now.filter(model=name).sort("timestamp"), profile)
        for name in now["model"].unique(maintain_order=True)
    )


def unlabelled_sentences(
    profile: PlantProfile, tested: TestedRows, flagged: Sequence[FlaggedShare], untrained: Mapping[str, str]
) -> tuple[str, str, str]:
    """What there is to learn from; what was trained and what not; what not to trust."""
    source = "simulated " if profile.simulated else ""
    span = f" ({tested.first:%-d %b %Y} to {tested.last:%-d %b %Y})" if tested.first and tested.last else ""
    what = (
        f"Nobody has labelled any of the {tested.rows} {source}rows of {profile.title}{span}: {NO_LABELS}. So only "
        "models that learn without labels can be trained."
    )
    return what, _training_sentence(tested, flagged, untrained), _doubts(profile, flagged)


def _answering_model(profile: PlantProfile, flagged: Sequence[FlaggedShare]) -> str | None:
    """The model that answers for the plant if it was scored, else the first that was."""
    names = [one.model for one in flagged]
    return profile.answering if profile.answering in names else next(iter(names), None)


def _of_model(name: str, rows: pl.DataFrame, profile: PlantProfile) -> FlaggedShare:
    alarm = rows["alarm"].fill_null(value=False).to_numpy()
    days = len(alarm) * (profile.sampling.interval / timedelta(days=1))
    folds = rows.group_by("fold", maintain_order=True).agg(
        pl.len(), pl.col("alarm").fill_null(value=False).mean(), pl.col("threshold").first()
    )
    return FlaggedShare(
        model=name,
        rows=len(alarm),
        share=float(np.mean(alarm)),
        stretches_per_day=len(episodes(alarm)) / days,
        folds=tuple(FlaggedFold(*row) for row in folds.iter_rows()),
    )


def _training_sentence(
    tested: TestedRows, flagged: Sequence[FlaggedShare], untrained: Mapping[str, str]
) -> str:
    parts = [
        f"the {model_words(f.model)}, which called {100 * f.share:.1f} % of {f.rows} rows unusual, in "
        f"{f.stretches_per_day:.1f} stretches per day"
        for f in flagged
    ]
    if not parts:
        text = "No model has judged rows that it hadn't learnt from"
    else:
        text = f"Trained: {'; '.join(parts)}, each row at least {span(tested.gap_hours)} after all that it was judged from"
    if untrained:
        names = join_words([f"the {model_words(name)}" for name in untrained])
        text += (
            f". Not trained, as only labels could teach {'it' if len(untrained) == 1 else 'them'}: {names}"
        )
    return f"{text}."


def _doubts(profile: PlantProfile, flagged: Sequence[FlaggedShare]) -> str:
    text = (
        "Don't trust it as a measure of how well faults are found: without labels there is no recall, no rate of false "
        "alarms and no probability. Alarm rules or known periods in the plant's profile, or an operator log dropped "
        "with the data, give the next report all of them"
    )
    if profile.simulated and flagged:
        text += "; and take no figure here as one of a real unit, as the data is simulated"
    return f"{text}."
