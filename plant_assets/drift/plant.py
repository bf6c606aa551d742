"""A plant's drift: which rows are held against which, tag by tag and for the answering model's score.

Belongs here: stretches, trust in instruments, the report. Doesn't belong here: the comparison of one series
(`judge.py`), reading tables or models.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import polars as pl

from plant_assets.drift.judge import DriftLimits, DriftResult, RegularSeries, judge
from plant_assets.drift.report import DriftFinding, DriftReport, Kind, RowSpan
from plant_assets.drift.retraining import label_age, retraining_advice
from plant_assets.ingest.grid.quality import FROZEN, HELD, MISSING, SATURATED, STALE, UNCERTAIN, flag_column
from plant_assets.profile.durations import format_duration
from plant_assets.profile.model import PlantProfile

_UNTRUSTED = HELD | STALE | FROZEN | SATURATED | MISSING | UNCERTAIN
_UNTRUSTED_FOR_SCORES = STALE | FROZEN | SATURATED | MISSING | UNCERTAIN
"""A score looks at every tag; one that reports by exception is held in some row nearly always."""


@dataclass(frozen=True, slots=True)
class LearnedRows:
    """The answering model, and what it learned from.

    Attributes:
        first, last: rows that it learned from.
        newest_last: last row of the newest version, whether it answers or not.
    """

    model: str
    version: int
    first: datetime
    last: datetime
    newest_last: datetime


def learned_and_compared(
    table: pl.DataFrame, learned: LearnedRows, profile: PlantProfile
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that the model learned from, and of those after them the newest window."""
    time = pl.col("timestamp")
    window = profile.drift.comparison_window(profile.sampling.interval)
    newest = table["timestamp"][-1]
    return (
        table.filter(time.is_between(learned.first, learned.last)),
        table.filter((time > learned.last) & (time > newest - window)),
    )


def judge_plant(
    labelled: pl.DataFrame,
    learned: LearnedRows,
    profile: PlantProfile,
    scores: pl.DataFrame | None = None,
    before: DriftReport | None = None,
) -> DriftReport:
    """Judge every used tag and the answering model's score.

    Args:
        labelled: raw and labelled table on its regular grid, with flags.
        learned: the model that the plant is judged against.
        profile: tags and limits.
        scores: `timestamp` and `score`: out-of-fold ones of rows that the model learned from, its own of rows after
            them. A model's scores of its own training rows would be too sure of themselves.
        before: the report before this one, which knows since when what drifts.
    """
    reference, compared = learned_and_compared(labelled, learned, profile)
    newest = labelled["timestamp"][-1]
    least = profile.drift.least_rows(profile.sampling.interval)
    note = _note(reference, compared, least, profile)
    judged = _judge_all(reference, compared, scores, profile) if not note else []
    findings = [_to_finding(name, kind, unit, j, profile) for name, kind, unit, j in judged]
    findings = _with_since(findings, learned, newest, before)
    labels = label_age(labelled, profile, learned.last, newest)
    return DriftReport(
        plant=profile.name,
        created=datetime.now(UTC),
        model=learned.model,
        version=learned.version,
        trained=RowSpan(first=learned.first, last=learned.last, rows=reference.height),
        newest_trained=learned.newest_last,
        newest=newest,
        compared=None if note else RowSpan(first=compared["timestamp"][0], last=newest, rows=compared.height),
        note=note,
        false_alarms=profile.drift.false_alarms,
        tags=tuple(f for f in findings if f.kind == "tag"),
        scores=tuple(f for f in findings if f.kind == "score"),
        labels=labels,
        retraining=retraining_advice(
            tuple(findings), labels, profile, newest_trained=learned.newest_last, newest=newest
        ),
    )


def _note(reference: pl.DataFrame, compared: pl.DataFrame, least: int, profile: PlantProfile) -> str:
    if compared.is_empty():
        return "no rows after the model's training data"
    if compared.height < least:
        window = format_duration(profile.drift.comparison_window(profile.sampling.interval))
        return (
            f"{compared.height} rows since the model's training; a comparison needs {least} within {window}"
        )
    if reference.height < least:
        return f"the history holds {reference.height} training rows of the model; a comparison needs {least}"
    return ""


def _judge_all(
    reference: pl.DataFrame, compared: pl.DataFrame, scores: pl.DataFrame | None, profile: PlantProfile
) -> list[tuple[str, Kind, str, DriftResult]]:
    """Name, kind, unit and judgement of each tag and score."""
    drift, interval = profile.drift, profile.sampling.interval
    count = len(profile.used_tags) + (scores is not None)
    limits = DriftLimits(drift.psi, drift.ks, drift.false_alarms / count, drift.least_rows(interval))

    def of(
        column: str, flagged: Sequence[str], mask: int, parts: tuple[pl.DataFrame, pl.DataFrame]
    ) -> DriftResult:
        trusted = ~pl.any_horizontal((pl.col(flag_column(tag)) & mask) > 0 for tag in flagged)
        old, new = (
            RegularSeries(part["timestamp"], part[column], part.select(trusted).to_series()) for part in parts
        )
        return judge(old, new, limits, interval=interval, zone=profile.timezone)

    found: list[tuple[str, Kind, str, DriftResult]] = [
        (name, "tag", profile.tag(name).unit, of(name, [name], _UNTRUSTED, (reference, compared)))
        for name in profile.used_tags
    ]
    if scores is not None:
        joined = [
            part.join(scores, on="timestamp", how="left", maintain_order="left")
            for part in (reference, compared)
        ]
        judged = of("score", profile.used_tags, _UNTRUSTED_FOR_SCORES, (joined[0], joined[1]))
        found.append((profile.answering, "score", "", judged))
    return found


def _to_finding(name: str, kind: Kind, unit: str, judged: DriftResult, profile: PlantProfile) -> DriftFinding:
    return DriftFinding(
        name=name, kind=kind, unit=unit, psi_limit=profile.drift.psi, since=None, **asdict(judged)
    )


def _with_since(
    findings: list[DriftFinding], learned: LearnedRows, newest: datetime, before: DriftReport | None
) -> list[DriftFinding]:
    """Each drift with when it was seen first; against another model it counts anew."""
    known = {}
    if before is not None and (before.model, before.version) == (learned.model, learned.version):
        known = {(f.kind, f.name): f.since for f in before.findings if f.state == "drift"}
    return [
        f.model_copy(update={"since": known.get((f.kind, f.name)) or newest}) if f.state == "drift" else f
        for f in findings
    ]
