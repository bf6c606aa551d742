"""What a model learns from: aligned feature and label tables of one plant.

Belongs here: alignment and its checks. Doesn't belong here: features themselves, folds, estimators.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import polars as pl

from plant_assets.bundle.data_files import DataFiles
from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.features.windows import window_features
from plant_assets.ingest.grid.quality import learnt_values
from plant_assets.models.spec import FeatureSet, ModelSpec
from plant_assets.profile.model import PlantProfile

REGIMES = ("normal", "transition", "alarm")


class TrainingDataError(ValueError):
    """Tables a model can't be trained on; says which table, and what was expected."""


@dataclass(frozen=True, slots=True)
class TrainingInputs:
    """The tables of one training, one row per sampling interval, all on the same timestamps.

    Attributes:
        labelled: raw table with `anomaly_label` (0/1, null = unknown) and `regime`; a plant without
            labels has a frame without these columns or with nothing but nulls in them.
        features: `timestamp` and the kernel's features, nulls where the look-back is too short.
        window_features: `timestamp` and the 12-step windows; absent where nothing forecasts.
        data_fingerprint: the history's fingerprint, for lineage.
        data_files: the dropped files behind the rows, for lineage.
        walks: walk-forwards done on these tables, by model and profile; the champion's candidates that
            are models of their own are walked once.
    """

    labelled: pl.DataFrame
    features: pl.DataFrame
    window_features: pl.DataFrame | None = None
    data_fingerprint: str = ""
    data_files: DataFiles = field(default_factory=DataFiles)
    _memo: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)
    walks: dict[tuple[object, object], object] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.labelled.is_empty():
            raise TrainingDataError("labelled: no rows; expected at least one row to learn from")
        times = self.labelled["timestamp"]
        if not times.is_sorted() or times.n_unique() != len(times):
            raise TrainingDataError("labelled: timestamps are not ascending and unique; expected both")
        for name, frame in (("features", self.features), ("window_features", self.window_features)):
            if frame is not None and not frame["timestamp"].equals(times):
                raise TrainingDataError(f"{name}: timestamps differ from labelled's; expected the same rows")

    @classmethod
    def of(cls, labelled: pl.DataFrame, profile: PlantProfile, data_fingerprint: str = "") -> Self:
        """The tables that a plant's assets make of a labelled one, with its quality flags.

        Raises:
            FeatureError: a source is absent or no number, or the grid isn't regular.
        """
        learnt = learnt_values(labelled, profile)
        return cls(
            labelled,
            compute_features(with_deviations(learnt, profile), feature_specs(profile)),
            window_features(learnt, profile) if profile.looks_ahead else None,
            data_fingerprint,
        )

    @property
    def timestamps(self) -> pl.Series:
        return self.labelled["timestamp"]

    @property
    def has_labels(self) -> bool:
        """Whether both classes occur; without them only unsupervised parts can be trained."""
        return len(np.unique(self.labels)) > 1

    @property
    def labels(self) -> np.ndarray:
        """`anomaly_label` as int8; unknown counts as 0, since operators note what is abnormal."""
        if "anomaly_label" not in self.labelled.columns:
            return np.zeros(self.labelled.height, dtype=np.int8)
        return self.labelled["anomaly_label"].cast(pl.Int8).fill_null(0).to_numpy()

    @property
    def regimes(self) -> np.ndarray:
        """`regime` as the index into `REGIMES`."""
        if "regime" not in self.labelled.columns:
            return np.zeros(self.labelled.height, dtype=np.int8)
        known = self.labelled["regime"].fill_null(REGIMES[0])
        return known.replace_strict(
            {name: i for i, name in enumerate(REGIMES)}, return_dtype=pl.Int8
        ).to_numpy()

    def names(self, feature_set: FeatureSet) -> tuple[str, ...]:
        return tuple(c for c in self._frame(feature_set).columns if c != "timestamp")

    def matrix(self, feature_set: FeatureSet) -> np.ndarray:
        """Features as float64 (rows, features), NaN for null; computed once."""
        if feature_set not in self._memo:
            frame = self._frame(feature_set).drop("timestamp")
            self._memo[feature_set] = frame.cast(pl.Float64).fill_null(float("nan")).to_numpy(order="c")
        return self._memo[feature_set]

    def matrix_for(self, spec: ModelSpec) -> np.ndarray:
        return self.matrix(spec.feature_set)

    def _frame(self, feature_set: FeatureSet) -> pl.DataFrame:
        frame = self.features if feature_set == "features" else self.window_features
        if frame is None:
            raise TrainingDataError(f"{feature_set}: missing; expected it for a model of that feature set")
        return frame
