"""The typed registry of models: what each learns from, in which mode, and which way its score points.

Belongs here: declarations. Doesn't belong here: training (`train.py`), estimators (one family a file).
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from plant_assets.profile.durations import format_duration
from plant_assets.profile.model import PlantProfile

Task = Literal["anomaly", "regime", "nowcast", "deviation", "onset"]
LearningMode = Literal["unsupervised", "supervised"]
ScoreDirection = Literal["higher_is_worse", "signed"]
FeatureSet = Literal["features", "window_features"]
Builder = Literal[
    "isolation_forest",
    "multinomial",
    "logistic",
    "random_forest",
    "xgboost",
    "lightgbm",
    "anomaly_ensemble",
    "ridge",
    "best_candidate",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model that a plant may train.

    Attributes:
        name: the asset's name, and the registry name after the plant's prefix.
        task: `anomaly`, `regime` and `nowcast` judge the row itself, `onset` what starts within
            `horizon`, `deviation` the next step's set-point deviation.
        learning_mode: unsupervised ones fit rows, alarms included; labels only calibrate them and set the
            threshold.
        score_direction: `higher_is_worse` for scores and probabilities, `signed` for a deviation.
        feature_set: the asset that it reads.
        builder: the estimator family; `best_candidate` chooses among several.
        horizon: how far ahead; zero is now.
        calibrated: whether its decision is a probability.
        resampled: whether its training rows are balanced by SMOTE, inside the fold.
    """

    name: str
    title: str
    task: Task
    learning_mode: LearningMode
    builder: Builder
    score_direction: ScoreDirection = "higher_is_worse"
    feature_set: FeatureSet = "features"
    horizon: timedelta = timedelta(0)
    calibrated: bool = False
    resampled: bool = False

    @property
    def needs_labels(self) -> bool:
        """Whether it can't be trained on a plant that nobody has labelled."""
        return self.task in ("regime", "onset") or (
            self.task == "nowcast" and self.learning_mode == "supervised" and self.builder != "best_candidate"
        )

    @property
    def horizon_hours(self) -> int:
        return int(self.horizon / timedelta(hours=1))

    def registry_name(self, profile: PlantProfile) -> str:
        return profile.registered_name(self.name)


def _soft_alarm(
    name: str,
    title: str,
    builder: Builder,
    learning_mode: LearningMode = "supervised",
    *,
    resampled: bool = False,
) -> ModelSpec:
    """A model whose decision is the probability that the row is an alarm."""
    return ModelSpec(
        name=name,
        title=title,
        task="nowcast",
        learning_mode=learning_mode,
        builder=builder,
        calibrated=True,
        resampled=resampled,
    )


ISOLATION_FOREST = ModelSpec(
    name="isolation_forest",
    title="IsolationForest, 300 trees",
    task="anomaly",
    learning_mode="unsupervised",
    builder="isolation_forest",
)
REGIME_CLASSIFIER = ModelSpec(
    name="regime_classifier",
    title="Multinomial logistic regression over normal, transition, alarm",
    task="regime",
    learning_mode="supervised",
    builder="multinomial",
)
DEVIATION_PREDICTOR = ModelSpec(
    name="deviation_predictor",
    title="Ridge for the next step's set-point deviation",
    task="deviation",
    learning_mode="supervised",
    builder="ridge",
    score_direction="signed",
)
LR_SOFT_ALARM = _soft_alarm("lr_soft_alarm", "Logistic regression, calibrated", "logistic")
RF_SOFT_ALARM = _soft_alarm("rf_soft_alarm", "Random forest, calibrated", "random_forest")
XGB_SOFT_ALARM = _soft_alarm("xgb_soft_alarm", "XGBoost, calibrated", "xgboost")
LGBM_SOFT_ALARM = _soft_alarm("lgbm_soft_alarm", "LightGBM, calibrated", "lightgbm")
CALIBRATED_ISOLATION = _soft_alarm(
    "isolation_soft_alarm", "IsolationForest, 300 trees, calibrated", "isolation_forest", "unsupervised"
)
LGBM_SMOTE = _soft_alarm(
    "lgbm_smote",
    "LightGBM on rows balanced by SMOTE, calibrated: an ablation, never the champion",
    "lightgbm",
    resampled=True,
)
SMOTE_ABLATION = replace(
    LGBM_SMOTE,
    name="smote_ablation",
    title="LightGBM on the rows of smote_features, calibrated: an ablation, never the champion",
)
"""What is registered of `LGBM_SMOTE`: fitted on the table of balanced rows."""
ANOMALY_ENSEMBLE = _soft_alarm(
    "anomaly_ensemble",
    "Mean of IsolationForest and of distances to the nearest training rows, in two views, calibrated",
    "anomaly_ensemble",
    "unsupervised",
)
CHAMPION = _soft_alarm("champion", "The best nowcast candidate", "best_candidate")
CANDIDATES = (
    CALIBRATED_ISOLATION,
    ANOMALY_ENSEMBLE,
    LR_SOFT_ALARM,
    RF_SOFT_ALARM,
    XGB_SOFT_ALARM,
    LGBM_SOFT_ALARM,
)
"""Nowcast candidates, the simplest first."""
_BY_NAME = {
    spec.name: spec
    for spec in (
        ISOLATION_FOREST,
        REGIME_CLASSIFIER,
        LR_SOFT_ALARM,
        RF_SOFT_ALARM,
        DEVIATION_PREDICTOR,
        CHAMPION,
    )
}


def forecaster(horizon: timedelta) -> ModelSpec:
    """The specification of the forecaster of one horizon, such as `forecaster_3h`."""
    text = format_duration(horizon)
    return ModelSpec(
        name=f"forecaster_{text}",
        title=f"XGBoost on windows, calibrated: an alarm starts within {text}",
        task="onset",
        learning_mode="supervised",
        builder="xgboost",
        feature_set="window_features",
        horizon=horizon,
        calibrated=True,
    )


def model_specs(profile: PlantProfile) -> tuple[ModelSpec, ...]:
    """The models of a plant's profile in its order; `forecaster` stands for one a horizon."""
    found: list[ModelSpec] = []
    for name in profile.models:
        found += [forecaster(h) for h in profile.horizons] if name == "forecaster" else [_BY_NAME[name]]
    trees = f"IsolationForest, {profile.isolation_forest.trees} trees"
    return tuple(replace(s, title=trees) if s.name == ISOLATION_FOREST.name else s for s in found)


def model_spec(name: str, profile: PlantProfile) -> ModelSpec:
    """One model by name, also the champion's candidates.

    Raises:
        KeyError: no such model; the message lists the known ones.
    """
    known = {spec.name: spec for spec in (*CANDIDATES, *model_specs(profile))}
    if name not in known:
        raise KeyError(f"no model {name!r} in plant {profile.name}: expected one of {', '.join(known)}")
    return known[name]
