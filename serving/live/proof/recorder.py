"""Keeps what a live service makes of each row: the row, the models' inputs, their scores, and what follows.

Belongs here: listening at the service's own seams. Doesn't belong here: what it is held against (`batch.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from plant_assets.features.arrays import Floats
from serving.events.log import EventLog
from serving.live.plants.scoring import FIELD, LoadedModels, PlantWindow, ServedModels
from serving.live.plants.writer import RowWriter, ScoredGridRow
from serving.scores.scores import RowScores
from serving.settings import ServingSettings
from serving.store.database import Database


@dataclass(slots=True)
class LiveRecord:
    """What a live service made of the rows of one plant; a row that was scored again, after a fault, as it was last.

    Attributes:
        rows: by time, in microseconds since 1970.
        features: each model's inputs of a row, by time; none of models that judge each reading by itself.
        models: that scored the newest row.
    """

    rows: dict[int, ScoredGridRow] = field(default_factory=dict)
    features: dict[int, tuple[Floats, ...]] = field(default_factory=dict)
    models: LoadedModels | None = None


@dataclass(frozen=True, slots=True)
class RecordedModels(ServedModels):
    """The models as they are served; what they make of rows is kept."""

    record: LiveRecord

    async def ready(self) -> "_HeardModels":  # pyright: ignore[reportIncompatibleMethodOverride]
        loaded = await ServedModels.ready(self)
        self.record.models = loaded
        return _HeardModels(loaded, self.record)


@dataclass(frozen=True, slots=True)
class _HeardModels:
    """Models whose inputs of each row are kept."""

    loaded: LoadedModels
    record: LiveRecord

    @property
    def fault(self) -> str:
        return self.loaded.fault

    def score(self, window: PlantWindow) -> RowScores:
        loaded = self.loaded
        if not loaded.champion.inputs.is_pointwise:
            self.record.features[round(window.newest.timestamp() * 1e6)] = tuple(
                model.inputs.from_window(
                    window.newest_rows(model.inputs.rows_needed),
                    window.columns,
                    FIELD,
                    window.learnt_rows(model.inputs.rows_needed),
                ).values
                for model in (loaded.champion, *loaded.ahead)
            )
        return loaded.score(window)


class RowRecorder(RowWriter):
    """Writes the rows of a plant, and keeps them."""

    def __init__(
        self, plant: str, settings: ServingSettings, database: Database, events: EventLog, record: LiveRecord
    ) -> None:
        super().__init__(plant, settings, database, events)
        self._record = record

    async def write(self, rows: Sequence[ScoredGridRow]) -> None:
        await super().write(rows)
        self._record.rows |= {row.row.time_us: row for row in rows}
