"""The places of models: which version answers in each, what it says of itself, and whether it is in memory.

Belongs here: the state alone. Doesn't belong here: who changes it (`reconciler.py`), the memory's bound (`cache.py`).
"""

import math
from asyncio import Task
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from plant_assets.bundle.bundle import Bundle
from plant_assets.bundle.manifest import Manifest
from plant_assets.profile.model import PlantProfile
from serving.inference.explain.insight import Insight
from serving.inference.rows.inputs import Inputs
from serving.registry import Entry

NO_VERSION = "it has no version with the alias @champion yet; drop an export, or wait while one trains"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """One version, warm: what it answers with and how requests become its rows.

    Attributes:
        plant: the plant whose rules, ranges and advice it tells.
    """

    registry_name: str
    version: int
    run_id: str
    bundle: Bundle
    inputs: Inputs
    insight: Insight
    plant: PlantProfile


@dataclass(frozen=True, slots=True)
class Facts:
    """What is told of a version whether or not it is in memory; as in its manifest."""

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
    def of(cls, manifest: Manifest) -> "Facts":
        threshold = manifest.decision.threshold if manifest.decision else math.inf
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
            threshold=threshold if math.isfinite(threshold) else None,
            created=manifest.created,
        )


@dataclass(slots=True, eq=False)
class Kept:
    """A version whose checked copy lies on this machine's disk.

    Attributes:
        registered_at: when its registered model was made; a registry made anew counts from 1 again.
        folder: the copy.
        size: about how many bytes of memory it takes.
        facts: what its manifest says.
        since: since when it answers here.
        loaded: the model in memory; None while nobody asks for it.
        loading: the one load that all who ask wait for.
        used: when it was asked last, by the monotonic clock.
        retry_at: a copy that couldn't be loaded is tried again from then on.
    """

    registry_name: str
    version: int
    run_id: str
    registered_at: int
    folder: Path
    size: int
    facts: Facts
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    loaded: LoadedModel | None = None
    loading: "Task[LoadedModel | None] | None" = None
    used: float = 0.0
    retry_at: float = 0.0

    def is_version(self, version: int, entry: Entry) -> bool:
        return self.version == version and self.registered_at == entry.created


@dataclass(slots=True)
class Slot:
    """The place of one of a plant's models.

    Attributes:
        current: what answers; replaced as a whole.
        previous: what answered before.
        aliases: alias → version, as last seen.
        wanted: the version that should answer, and its model's entry, where it is another one.
        loading: the version that is being copied and proved now.
        fault: why the wanted version doesn't answer; empty if nothing is wrong.
        refused: a version that is no good, and until when it isn't tried again.
        swaps: how often `current` was replaced.
        hint: what can be done, or is, where no version has the alias.
    """

    plant: str
    model: str
    registry_name: str
    current: Kept | None = None
    previous: Kept | None = None
    aliases: dict[str, int] = field(default_factory=dict)
    wanted: tuple[int, Entry] | None = None
    loading: int | None = None
    fault: str = ""
    refused: tuple[int, float] | None = None
    swaps: int = 0
    hint: str = NO_VERSION

    @property
    def status(self) -> str:
        if self.current is None and self.loading is not None:
            return "loading"
        if self.current is None:
            return "failed" if self.fault else "absent"
        return "stale" if self.fault else "ready"

    @property
    def kept(self) -> list[Kept]:
        """What answers, then what answered before."""
        return [version for version in (self.current, self.previous) if version is not None]
