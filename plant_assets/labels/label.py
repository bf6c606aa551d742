"""Labels: what operators noted and which alarm rules are met, as one alarm label a row, with its reasons."""

from collections.abc import Sequence

import polars as pl

from plant_assets.features.polars_engine import named_features
from plant_assets.features.rules import check_rules, evaluate, missing_names
from plant_assets.profile.model import KnownPeriod, PlantProfile

LABEL_COLUMNS = ("anomaly_label", "regime", "label_source")


def label(raw: pl.DataFrame, profile: PlantProfile, periods: Sequence[KnownPeriod] = ()) -> pl.DataFrame:
    """Label every row of a raw table.

    A row is an alarm where an alarm rule is met or a period covers it (both of the period's ends belong
    to it); `transition` where only a transition rule is met. Causal: rules read features of rows up to
    their own.

    Args:
        raw: the raw table, `timestamp` and the profile's columns.
        profile: whose rules and known periods apply.
        periods: further ones, such as an operator log that was dropped.

    Returns:
        The raw table and `anomaly_label` Int8 {0, 1}, `regime`, `label_source` (List of
        `rule:<name>` and `period:<reason>`, empty where the row is no alarm). Label and regime are null
        where the plant has neither alarm rules nor periods: nobody has said what is normal.

    Raises:
        RuleError: a rule that can't be evaluated on this table.
    """
    alarms, transitions = profile.labels.alarm_rules, profile.labels.transition_rules
    table = _with_features(raw, profile)
    met = evaluate(table, alarms)
    sources = [
        *(pl.when(pl.col(rule.name)).then(pl.lit(f"rule:{rule.name}")) for rule in alarms),
        *(_period_source(period) for period in _unique((*profile.labels.periods, *periods))),
    ]
    moving = evaluate(table, transitions).select(moving=pl.any_horizontal(pl.all())) if transitions else None
    reasons = raw.select("timestamp").hstack(met).with_columns(label_source=_list_reasons(sources))
    is_alarm = pl.col("label_source").list.len() > 0
    if not sources:
        is_alarm = pl.lit(None, pl.Boolean)
    return (
        raw.drop(*LABEL_COLUMNS, strict=False)
        .with_columns(
            reasons["label_source"],
            (moving["moving"] if moving is not None else pl.lit(value=False)).alias("_moving"),
        )
        .with_columns(
            anomaly_label=is_alarm.cast(pl.Int8),
            regime=pl.when(is_alarm.is_null())
            .then(None)
            .when(is_alarm)
            .then(pl.lit("alarm"))
            .when(pl.col("_moving"))
            .then(pl.lit("transition"))
            .otherwise(pl.lit("normal")),
        )
        .drop("_moving")
        .select(pl.exclude("label_source"), "label_source")
    )


def is_unlabelled(labelled: pl.DataFrame) -> bool:
    """Whether nothing is known of any row: the plant has no labels at all."""
    return (
        "anomaly_label" not in labelled.columns or labelled["anomaly_label"].null_count() == labelled.height
    )


def read_periods(table: pl.DataFrame | None) -> tuple[KnownPeriod, ...]:
    """Periods of an operator log, a table with `start`, `end` and `reason`."""
    if table is None:
        return ()
    return tuple(
        KnownPeriod(start=row["start"], end=row["end"], reason=row["reason"] or "operator log")
        for row in table.select("start", "end", "reason").iter_rows(named=True)
    )


def _with_features(raw: pl.DataFrame, profile: PlantProfile) -> pl.DataFrame:
    check_rules(profile)
    rules = (*profile.labels.alarm_rules, *profile.labels.transition_rules)
    return named_features(raw, profile, missing_names(rules, raw.columns))


def _period_source(period: KnownPeriod) -> pl.Expr:
    covered = pl.col("timestamp").is_between(period.start, period.end)
    return pl.when(covered).then(pl.lit(f"period:{period.reason}"))


def _list_reasons(sources: list[pl.Expr]) -> pl.Expr:
    if not sources:
        return pl.lit([], dtype=pl.List(pl.String))
    return pl.concat_list(sources).list.drop_nulls()


def _unique(periods: Sequence[KnownPeriod]) -> list[KnownPeriod]:
    return list({(p.start, p.end, p.reason): p for p in periods}.values())
