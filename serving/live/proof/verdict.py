"""A history on both sides, row by row: what the live service made of it, and what the batch makes of it.

Belongs here: which results are compared. Doesn't belong here: how two tables differ (`compare.py`), either side.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import sqlalchemy as sa

from plant_assets.features.arrays import Floats
from plant_assets.ingest.grid.resample import resample
from plant_assets.profile.model import PlantProfile
from serving.live.plants.rows import time_of
from serving.live.plants.scoring import LoadedModels
from serving.live.proof.batch import BatchRows, batch_changes, batch_rows, change_text
from serving.live.proof.compare import ComparedTable, compare_lists, compare_numbers, compare_words
from serving.live.proof.recorder import LiveRecord
from serving.store.database import Database
from serving.warnings.tables import PlantWarning, WarningAction
from serving.warnings.tracks import RISK, RULE

_CHANGES = ("opened", "escalated", "cleared")


@dataclass(frozen=True, slots=True)
class ReplayVerdict:
    """What came out of a replay.

    Attributes:
        tables: what was compared.
        passed_over: rows without any reading to look back to, which the live service doesn't score.
        warnings: that were opened.
    """

    tables: list[ComparedTable]
    passed_over: int
    warnings: int

    @property
    def is_equal(self) -> bool:
        return all(table.is_equal for table in self.tables)


async def compare_replay(
    records: pl.DataFrame,
    profile: PlantProfile,
    record: LiveRecord,
    models: LoadedModels,
    database: Database,
) -> ReplayVerdict:
    """Compare all rows of a history, and the warnings that follow from them.

    Args:
        records: of the history, as ingest has them.
        profile: of the plant.
        record: what the live service made of them.
        models: that it scored with.
        database: of the live service.
    """
    batch = batch_rows(resample(records, profile), profile, models)
    scored = record.rows
    known = [number for number, time_us in enumerate(batch.times_us) if time_us in scored]
    tables = [_row_times(batch, record), *_numbers(batch, known, record, profile, models)]
    drivers = {(t, key): brief.tags for t, row in scored.items() for key, brief in row.briefs.items()}
    changes = batch_changes(batch, profile, models, scored.keys(), drivers)
    live = await _live_changes(database, profile)
    tables.append(compare_lists("warnings", live, [_change_line(*change) for change in changes]))
    opened = sum(change.startswith("opened") for _, _, change in changes)
    return ReplayVerdict(tables, len(batch.times_us) - len(known), opened)


def _row_times(batch: BatchRows, record: LiveRecord) -> ComparedTable:
    """Which rows there are; a stretch without any value may be passed over."""
    empty: list[bool] = np.isnan(batch.values).all(axis=1).tolist()  # pyright: ignore[reportAssignmentType]
    expected = [
        t for t, is_empty in zip(batch.times_us, empty, strict=True) if not is_empty or t in record.rows
    ]
    words = [
        [f"row of {time_of(t):%Y-%m-%d %H:%M:%S} UTC" for t in times]
        for times in (sorted(record.rows), expected)
    ]
    return compare_lists("rows", *words)


def _numbers(
    batch: BatchRows,
    known: list[int],
    record: LiveRecord,
    profile: PlantProfile,
    models: LoadedModels,
) -> list[ComparedTable]:
    """What the rows hold, and what is said of them."""
    times = [batch.times_us[number] for number in known]
    live = [record.rows[time] for time in times]
    every = (models.champion, *models.ahead)
    titles = [model.registry_name.removeprefix(profile.registry_prefix) for model in every]
    values = _stacked([row.row.values for row in live], len(profile.columns))
    flags = _stacked([row.row.flags for row in live], len(profile.tag_names))
    scores = np.full((len(live), len(every)), np.nan)
    for place, row in enumerate(live):
        found = row.outcome.scores
        scores[place, : len(found)] = [score.probability for score in found]
    tables = [
        compare_numbers("values", times, profile.columns, values, batch.values[known]),
        compare_numbers("quality flags", times, profile.tag_names, flags, batch.flags[known]),
    ]
    for place, features in enumerate(batch.features):
        names = every[place].bundle.names
        made = _stacked([record.features[time][place] for time in times], len(names))
        tables.append(compare_numbers(f"features of {titles[place]}", times, names, made, features[known]))
    rules = [[rule.name for rule in row.outcome.shown] for row in live]
    return [
        *tables,
        compare_numbers("scores", times, titles, scores, batch.decisions[known]),
        compare_words("alarm rules", times, rules, [batch.rules[number] for number in known]),
    ]


def _stacked(rows: Sequence[np.ndarray], width: int) -> Floats:
    return np.array(rows, dtype=np.float64).reshape(len(rows), width)


async def _live_changes(database: Database, profile: PlantProfile) -> list[str]:
    """What the service's database tells of its warnings."""
    table = PlantWarning
    query = (
        sa.select(
            WarningAction.plant_time, WarningAction.action, table.kind, table.rule, table.opened_horizon_hours
        )
        .join(table, table.id == WarningAction.warning_id)
        .where(table.plant == profile.name, WarningAction.action.in_(_CHANGES))
        .order_by(WarningAction.id)
    )
    async with database.read() as session:
        found = (await session.execute(query)).all()
    return [
        _change_line(
            round(time.timestamp() * 1e6) if time else 0,
            RISK if kind == "model" else f"{RULE}{rule}",
            change_text(action, hours),
        )
        for time, action, kind, rule, hours in found
    ]


def _change_line(time_us: int, track: str, change: str) -> str:
    return f"{time_of(time_us):%Y-%m-%d %H:%M:%S} UTC {track} {change}"
