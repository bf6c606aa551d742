"""Trained models as a bundle's plain data: nodes of a scorer, named arrays, forests of trees.

Belongs here: one function a family of estimators. Doesn't belong here: trees themselves
(`compile_trees.py`), folders and parity (`bundle.py`), evaluation (`plant_assets.bundle.scorers`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from plant_assets.bundle import calibration, scorers
from plant_assets.models.anomaly import BOUND, AnomalyEnsemble, FeatureView, IsolationScore
from plant_assets.models.calibration import IsotonicScaling, PlattScaling, ScoreCalibration
from plant_assets.models.compile_trees import (
    TreeEnsemble,
    isolation_forest_trees,
    lightgbm_trees,
    random_forest_trees,
    to_onnx,
    xgboost_trees,
)
from plant_assets.models.fitted import BaseRate, Estimator, FittedModel
from plant_assets.models.nowcast import SPLIT_DECIMALS, LightGbm, LogisticModel, RandomForest, XgBoost
from plant_assets.models.regime import MultinomialModel
from plant_assets.models.ridge import Ridge

Model = TypeVar("Model")


class CompileError(TypeError):
    """An estimator that can't become plain data; says which, and what was expected."""


@dataclass(slots=True)
class BundleParts:
    """Arrays and forest files that scorer nodes refer to by name."""

    width: int
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    forests: dict[str, bytes] = field(default_factory=dict)

    def array(self, name: str, values: np.ndarray) -> str:
        self.arrays[name] = np.ascontiguousarray(values, dtype=np.float64)
        return name

    def forest(self, name: str, ensemble: TreeEnsemble) -> str:
        file = f"{name}.onnx"
        self.forests[file] = to_onnx(ensemble, self.width)
        return file


def compile_model(
    fitted: FittedModel,
) -> tuple[scorers.ScorerNode, calibration.Calibrator | None, BundleParts]:
    """The scorer, calibrator and parts of a fitted model.

    Raises:
        CompileError: its estimator is of no known family.
    """
    parts = BundleParts(width=len(fitted.feature_names))
    scaled = scorers.ScaledNode(
        centre=parts.array("centre", fitted.preprocess.center),
        scale=parts.array("scale", fitted.preprocess.scale),
        scorer=compile_estimator(fitted.estimator, parts),
    )
    return scaled, compile_calibrator(fitted.calibrator), parts


def compile_calibrator(fitted: ScoreCalibration | None) -> calibration.Calibrator | None:
    """A bundle's calibrator; None where the score itself is compared with the threshold.

    Raises:
        CompileError: it is of no known kind.
    """
    match fitted:
        case None:
            return None
        case PlattScaling(slope, intercept):
            return calibration.PlattCalibrator(slope=slope, intercept=intercept)
        case IsotonicScaling(scores, probabilities):
            return calibration.IsotonicCalibrator(scores=scores, probabilities=probabilities)
    raise CompileError(f"cannot compile a {type(fitted).__name__}: expected PlattScaling or IsotonicScaling")


def compile_estimator(estimator: Estimator, parts: BundleParts) -> scorers.ScorerNode:
    """The node of one estimator; its arrays and forests go into `parts`."""
    for family, compiler in _COMPILERS.items():
        if isinstance(estimator, family):
            return compiler(estimator, parts)
    known = ", ".join(family.__name__ for family in _COMPILERS)
    raise CompileError(f"cannot compile a {type(estimator).__name__}: expected one of {known}")


def _constant(estimator: BaseRate, parts: BundleParts) -> scorers.ScorerNode:
    del parts
    return scorers.ConstantNode(value=estimator.value)


def _linear(estimator: LogisticModel | Ridge, parts: BundleParts) -> scorers.ScorerNode:
    return scorers.LinearNode(
        coefficients=parts.array("coefficients", estimator.coefficients),
        intercept=parts.array("intercept", np.array([estimator.intercept])),
    )


def _multinomial(estimator: MultinomialModel, parts: BundleParts) -> scorers.ScorerNode:
    return scorers.LinearNode(
        coefficients=parts.array("coefficients", estimator.coefficients),
        intercept=parts.array("intercept", estimator.intercepts),
        link="softmax",
    )


def _random_forest(estimator: RandomForest, parts: BundleParts) -> scorers.ScorerNode:
    trees = random_forest_trees(_require_fitted(estimator.model, estimator))
    return scorers.ForestNode(file=parts.forest("trees", trees), rounds_input=True)


def _xgboost(estimator: XgBoost, parts: BundleParts) -> scorers.ScorerNode:
    trees = xgboost_trees(_require_fitted(estimator.model, estimator))
    return scorers.ForestNode(file=parts.forest("trees", trees), precision="float32", decimals=SPLIT_DECIMALS)


def _lightgbm(estimator: LightGbm, parts: BundleParts) -> scorers.ScorerNode:
    trees = lightgbm_trees(_require_fitted(estimator.model, estimator))
    return scorers.ForestNode(file=parts.forest("trees", trees), decimals=SPLIT_DECIMALS)


def _isolation(estimator: IsolationScore, parts: BundleParts) -> scorers.ScorerNode:
    trees, divisor = isolation_forest_trees(_require_fitted(estimator.model, estimator))
    file = parts.forest("isolation", trees)
    return scorers.ForestNode(file=file, output="isolation", divisor=divisor)


def _anomaly_ensemble(estimator: AnomalyEnsemble, parts: BundleParts) -> scorers.ScorerNode:
    members = [(_isolation(estimator.isolation, parts), False)]
    for number, view in enumerate(estimator.views):
        members += _view(view, f"view_{number}", parts)
    return scorers.MeanNode(
        by_surprise=estimator.by_surprise,
        parts=tuple(
            scorers.MeanMember(
                scorer=member, log=log, centre=float(centre), scale=float(scale), weight=float(weight)
            )
            for (member, log), centre, scale, weight in zip(
                members, estimator.centers, estimator.scales, estimator.weights, strict=True
            )
        ),
    )


def _view(view: FeatureView, name: str, parts: BundleParts) -> list[tuple[scorers.ScorerNode, bool]]:
    """Each member of a view, and whether its logarithm is taken."""
    columns = parts.array(name, view.columns)

    def among(judge: scorers.ScorerNode) -> scorers.ScorerNode:
        return scorers.SubsetNode(columns=columns, scorer=scorers.BoundedNode(limit=BOUND, scorer=judge))

    stored = parts.array(f"{name}_rows", view.stored_rows)
    members = [(among(scorers.NeighboursNode(rows=stored, k=view.neighbours)), True)]
    if (residuals := view.residuals) is not None:
        centre = parts.array(f"{name}_centre", residuals.centre)
        directions = parts.array(f"{name}_directions", residuals.directions)
        members.append((among(scorers.ResidualsNode(centre=centre, directions=directions)), False))
    return members


def _require_fitted(model: Model | None, estimator: Estimator) -> Model:
    if model is None:
        raise CompileError(f"{type(estimator).__name__}: not fitted; expected a trained model")
    return model


_COMPILERS: dict[type, Callable[..., scorers.ScorerNode]] = {
    BaseRate: _constant,
    LogisticModel: _linear,
    Ridge: _linear,
    MultinomialModel: _multinomial,
    RandomForest: _random_forest,
    XgBoost: _xgboost,
    LightGbm: _lightgbm,
    IsolationScore: _isolation,
    AnomalyEnsemble: _anomaly_ensemble,
}
