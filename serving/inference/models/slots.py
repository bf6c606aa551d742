"""The slots of models: which version each serves, what its manifest says, and whether it is in memory.

Belongs here: the state alone. Doesn't belong here: who changes it (`reconciler.py`), the memory's bound (`cache.py`).
"""

from asyncio import Task
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np

from plant_assets.bundle.bundle import Bundle, BundleScores
from plant_assets.bundle.horizons import order_horizons
from plant_assets.bundle.manifest import BundleManifest
from plant_assets.features.arrays import Floats
from plant_assets.profile.model import PlantProfile
from serving.inference.models.insight import ModelInsight
from serving.inference.rows.inputs import ModelInputs
from serving.registry import RegisteredModel

NO_VERSION = "no version has the alias @champion yet; drop an export, or wait until its training ends"
ModelStatus = Literal["ready", "stale", "failed", "loading", "absent"]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """One version, warm: its bundle, and how requests become its rows.

    Attributes:
        plant: the plant whose rules, ranges and advice hold for it.
        horizons: the plant's forecasters that are served, the nearest horizon first, where it is one of them.
    """

    registry_name: str
    version: int
    run_id: str
    bundle: Bundle
    inputs: ModelInputs
    insight: ModelInsight
    plant: PlantProfile
    horizons: tuple[Bundle, ...] = ()

    def evaluate(self, rows: Floats) -> BundleScores:
        """Its scores of rows (rows, features), and decisions; those of a forecaster in order with the other horizons'."""
        own = self.bundle.evaluate(rows)
        if len(self.horizons) < 2:
            return own
        decided = [own.decisions if one is self.bundle else self._decide(one, rows) for one in self.horizons]
        return BundleScores(own.scores, order_horizons(np.stack(decided))[self.horizons.index(self.bundle)])

    def score(self, rows: Floats) -> Floats:
        """The decision number of rows (rows, features), as it is answered."""
        return self.evaluate(rows).decisions

    def _decide(self, other: Bundle, rows: Floats) -> Floats:
        """What another horizon's model decides on rows of this one's features; what only that one reads is missing."""
        if other.names == self.bundle.names:
            return other.score(rows)
        place = {name: column for column, name in enumerate(self.bundle.names)}
        theirs = np.full((len(rows), len(other.names)), np.nan)
        for column, name in enumerate(other.names):
            if name in place:
                theirs[:, column] = rows[:, place[name]]
        return other.score(theirs)


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What /models says of a version whether or not it is in memory; as in its manifest."""

    features: tuple[str, ...]
    metrics: dict[str, float]
    data_fingerprint: str
    config_sha256: str
    files: dict[str, str]
    task: str
    algorithm: str
    learning_mode: str
    horizon_hours: float
    threshold: float | None
    created: datetime

    @classmethod
    def of(cls, manifest: BundleManifest) -> "VersionFacts":
        return cls(
            features=manifest.names,
            metrics=dict(manifest.metrics),
            data_fingerprint=manifest.lineage.data_fingerprint,
            config_sha256=manifest.lineage.config_sha256,
            files=dict(manifest.files),
            task=manifest.task,
            algorithm=manifest.builder,
            learning_mode=manifest.learning_mode,
            horizon_hours=manifest.horizon_hours,
            threshold=manifest.threshold,
            created=manifest.created,
        )


@dataclass(slots=True, eq=False)
class CachedVersion:
    """A version whose checked copy lies on this machine's disk.

    Attributes:
        registered_at: when its registered model was made; a registry made anew counts from 1 again.
        size: about how many bytes of memory it takes.
        since: since when it is served here.
        model: the model in memory; None while nobody asks for it.
        loading: the one load that all requests wait for.
        used: when it was asked last, by the monotonic clock.
        retry_at: a copy that couldn't be loaded is tried again from then on.
    """

    registry_name: str
    version: int
    run_id: str
    registered_at: int
    folder: Path
    size: int
    facts: VersionFacts
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    model: LoadedModel | None = None
    loading: "Task[LoadedModel | None] | None" = None
    used: float = 0.0
    retry_at: float = 0.0

    def is_version(self, version: int, registered: RegisteredModel) -> bool:
        return self.version == version and self.registered_at == registered.created


@dataclass(slots=True)
class ModelSlot:
    """One of a plant's models, and which of its versions is served.

    Attributes:
        current: the version that is served; replaced as a whole.
        previous: the one before it.
        aliases: alias → version, as last seen.
        desired: the version that the alias points at, and its registered model, where another one is served.
        loading: the version that is being copied and checked now.
        fault: why the desired version isn't served; empty if nothing is wrong.
        refused: a version that is no good, and until when it isn't tried again.
        swaps: how often `current` was replaced.
        hint: what can be done, or is, where no version has the alias.
    """

    plant: str
    model: str
    registry_name: str
    current: CachedVersion | None = None
    previous: CachedVersion | None = None
    aliases: dict[str, int] = field(default_factory=dict)
    desired: tuple[int, RegisteredModel] | None = None
    loading: int | None = None
    fault: str = ""
    refused: tuple[int, float] | None = None
    swaps: int = 0
    hint: str = NO_VERSION

    @property
    def status(self) -> ModelStatus:
        if self.current is None and self.loading is not None:
            return "loading"
        if self.current is None:
            return "failed" if self.fault else "absent"
        return "stale" if self.fault else "ready"

    @property
    def versions(self) -> list[CachedVersion]:
        """The one that is served, then the one that was before."""
        return [version for version in (self.current, self.previous) if version is not None]
