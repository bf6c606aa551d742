"""The one entrance for training: which kind a model is, and whether a plant's labels allow it.

Doesn't belong here: the way through the folds (`walk_forward.py`), what each kind fits and how it is judged.
"""

from collections.abc import Sequence

from plant_assets.models.candidates import train_champion
from plant_assets.models.deviation import train_deviation
from plant_assets.models.forecast import train_forecaster
from plant_assets.models.inputs import TrainingDataError, TrainingInputs
from plant_assets.models.nowcast_training import train_nowcast
from plant_assets.models.regime_training import train_regime
from plant_assets.models.spec import ModelSpec
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.model import PlantProfile


class NoLabelsError(TrainingDataError):
    """A supervised model asked of a plant where nothing is labelled."""


def train(
    spec: ModelSpec, inputs: TrainingInputs, profile: PlantProfile, metric: str = "pr_auc"
) -> TrainedModel:
    """Train one model: walk-forward for its figures, all rows for what answers.

    A champion is chosen by `metric`, `pr_auc` or `brier_skill`.

    Raises:
        NoLabelsError: the model needs labels and the plant has none.
        TrainingDataError: the tables don't fit.
        NotEnoughRowsError: fewer rows than the folds need.
    """
    if reason := untrainable([spec], profile, has_labels=inputs.has_labels):
        raise NoLabelsError(f"{spec.name}: {reason[spec.name]}")
    if spec.builder == "best_candidate":
        return train_champion(spec, inputs, profile, metric)
    trainers = {"onset": train_forecaster, "deviation": train_deviation, "regime": train_regime}
    return trainers.get(spec.task, train_nowcast)(spec, inputs, profile)


def untrainable(specs: Sequence[ModelSpec], profile: PlantProfile, *, has_labels: bool) -> dict[str, str]:
    """Models that can't be trained on a plant's labels → why, and what would help."""
    reason = (
        f"plant {profile.name} has no labels of both kinds; only unsupervised models can be trained. Expected alarm "
        "rules, known periods or an operator log"
    )
    return {} if has_labels else {spec.name: reason for spec in specs if spec.needs_labels}
