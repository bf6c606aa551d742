"""Simulate a plant: raw historian records, the events behind them, and the operators' log.

Pure: the same profile, start, days, seed and parameters give the same records in any process, and a longer
simulation begins with the shorter one (PCG64, one generator a day).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.anomalies import KIND as ANOMALY
from plant_assets.simulation.anomalies import PlantAnomalies
from plant_assets.simulation.effects import KIND_TAGS, DisturbanceArrays, draw_disturbance, faulty_tag
from plant_assets.simulation.events import ALARMING, Disturbance, DisturbanceScheduler
from plant_assets.simulation.parameters import PlantParameters
from plant_assets.simulation.process import HOURS, DayDraws, join
from plant_assets.simulation.unit import STEPS_PER_HOUR, ProcessUnit, day_generator

EVENTS_SCHEMA = {
    "kind": pl.Utf8,
    "precursor_start": pl.Datetime("us", "UTC"),
    "onset": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
    "has_precursor": pl.Boolean,
    "campaign": pl.Int32,
    "detail": pl.Utf8,
    "tags": pl.List(pl.Utf8),
}
_REASONS = {
    "flooding": "PDT31008 high differential pressure",
    "reboiler_swings": "LT301031 level swings",
    "controller_upset": "LIC31002 level deviation",
    "set_point_kick": "FIC31011 reflux flow spike",
}


@dataclass(frozen=True, slots=True)
class SimulatedPlant:
    """What a simulated plant leaves behind.

    Attributes:
        start: first moment (UTC).
        records: timestamp, tag, value, quality; ordered by time; event-driven, a few a tag and hour.
        events: what happened, with known onsets: kind, precursor_start (null: none), onset, end,
            has_precursor, campaign (-1: none), detail, tags. Precursors that faded away are of kind
            `false_start`; sensor faults raise no alarm by themselves; an injected `anomaly` has its shape as detail.
        operator_log: start_time, end_time, reason: campaigns from the hour of their first excursion to that
            of their last, and kicks from their hour to two hours after.
    """

    profile: PlantProfile
    start: datetime
    days: int
    records: pl.DataFrame
    events: pl.DataFrame
    operator_log: pl.DataFrame


def simulate(
    profile: PlantProfile,
    start: datetime,
    days: int,
    seed: int,
    *,
    event_rate: float = 1.0,
    anomaly_rate: float | None = None,
    parameters: PlantParameters | None = None,
) -> SimulatedPlant:
    """Simulate `days` days of a plant.

    Args:
        profile: tags, ranges, saturation and controllers; tags without measured facts get plain noise
            within their normal band, and loads a daily cycle.
        start: first moment, with time zone.
        days: at least 1.
        seed: any non-negative number.
        event_rate: factor on how often campaigns, isolated excursions and kicks begin; 1 is the rate of
            the real unit (about a dozen episodes, 30 single excursions in 28 days), 0 is a quiet plant.
        anomaly_rate: share of rows within an injected anomaly, 0 to 0.5; by default the profile's.
        parameters: another unit's parameters.

    Raises:
        ValueError: a start without time zone, fewer than one day, a negative seed or event rate, or such an anomaly rate.
    """
    _check(start, days, seed, event_rate)
    unit = ProcessUnit(profile, parameters)
    start = start.astimezone(UTC)
    scheduler = DisturbanceScheduler(unit.parameters.hazards.scale(event_rate), STEPS_PER_HOUR, unit.kinds)
    anomalies = PlantAnomalies(profile, seed, STEPS_PER_HOUR, anomaly_rate)
    daily: list[DayDraws] = []
    disturbances: list[Disturbance] = []
    for day in range(days):
        rng = day_generator(seed, day)
        disturbances += [*scheduler.day(day * HOURS * STEPS_PER_HOUR, rng), *anomalies.day(day)]
        daily.append(unit.draw_day(rng))
    canvas = unit.canvas(days * HOURS * STEPS_PER_HOUR)
    for disturbance in disturbances:
        draw_disturbance(canvas, disturbance)
    records, _ = unit.records(start, join(daily), canvas, disturbances)
    events = _events(start, days, canvas, disturbances)
    return SimulatedPlant(profile, start, days, records, events, _operator_log(events, start, days))


def _check(start: datetime, days: int, seed: int, event_rate: float) -> None:
    if start.tzinfo is None:
        raise ValueError(f"start: expected a time with time zone, got {start.isoformat()}")
    if days < 1:
        raise ValueError(f"days: expected at least 1, got {days}")
    if seed < 0:
        raise ValueError(f"seed: expected 0 or more, got {seed}")
    if event_rate < 0:
        raise ValueError(f"event_rate: expected 0 or more, got {event_rate}")


def _events(
    start: datetime, days: int, canvas: DisturbanceArrays, disturbances: list[Disturbance]
) -> pl.DataFrame:
    shown = (*ALARMING, "set_point_kick", "sensor_fault", "false_start", ANOMALY)
    rows = []
    for d in sorted(disturbances, key=lambda d: d.onset):
        moment = start + timedelta(hours=d.onset / STEPS_PER_HOUR)
        if d.kind not in shown or moment >= start + timedelta(days=days):
            continue
        tags = KIND_TAGS.get(d.detail if d.kind == "false_start" else d.kind)
        begin = start + timedelta(hours=d.begin / STEPS_PER_HOUR)
        rows.append(
            {
                "kind": d.kind,
                "precursor_start": begin if d.precursor else None,
                "onset": moment,
                "end": start + timedelta(hours=d.end / STEPS_PER_HOUR),
                "has_precursor": d.precursor,
                "campaign": d.campaign,
                "detail": d.detail,
                "tags": list(tags) if tags else [faulty_tag(d, canvas.column)],
            }
        )
    return pl.DataFrame(rows, schema=EVENTS_SCHEMA)


def _operator_log(events: pl.DataFrame, start: datetime, days: int) -> pl.DataFrame:
    end = start + timedelta(days=days)
    campaigns = (
        events.filter(pl.col("campaign") >= 0)
        .group_by("campaign", maintain_order=True)
        .agg(pl.col("kind").first(), pl.col("onset").min(), pl.col("end").max())
        .select(
            pl.col("onset").dt.truncate("1h").alias("start_time"),
            pl.col("end").dt.truncate("1h").alias("end_time"),
            pl.col("kind").replace_strict(_REASONS).alias("reason"),
        )
    )
    kicks = events.filter(pl.col("kind") == "set_point_kick").select(
        pl.col("onset").dt.truncate("1h").alias("start_time"),
        pl.col("onset").dt.truncate("1h").dt.offset_by("2h").alias("end_time"),
        pl.col("kind").replace_strict(_REASONS).alias("reason"),
    )
    log = pl.concat([campaigns, kicks]).sort("start_time")
    return log.with_columns(
        pl.max_horizontal("start_time", pl.lit(start).cast(pl.Datetime("us", "UTC"))).alias("start_time"),
        pl.min_horizontal("end_time", pl.lit(end).cast(pl.Datetime("us", "UTC"))).alias("end_time"),
    )
