"""Supervised scores of whether a row is an alarm; higher is worse. Probabilities come from calibration."""

from typing import TYPE_CHECKING, Self

import numpy as np

from plant_assets.features.arrays import Floats, Labels
from plant_assets.models.fitted import Estimator

if TYPE_CHECKING:
    from lightgbm import Booster as LightGbmBooster
    from sklearn.ensemble import RandomForestClassifier
    from xgboost import Booster

ROUNDS = 150
"""Trees of an ensemble."""
PENALTY = 100.0
SPLIT_DECIMALS = 6
"""Boosted trees split at values of training rows; scaled features are rounded to so many decimals first, as the last bits of
a feature differ between the kernels, and would send the median row, which is 0, left or right by chance."""


class LogisticModel(Estimator):
    """L2 logistic regression with balanced classes; the score is the log-odds, before calibration."""

    kind = "logistic"

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.coefficients = np.empty(0)
        self.intercept = 0.0

    def fit(self, rows: Floats, labels: Labels) -> Self:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=1 / PENALTY, class_weight="balanced", max_iter=300)
        model.fit(rows, labels)
        self.coefficients = model.coef_[0].copy()
        self.intercept = float(np.asarray(model.intercept_)[0])
        return self

    def score(self, rows: Floats) -> Floats:
        return rows @ self.coefficients + self.intercept


class RandomForest(Estimator):
    """Share of alarm in the leaves of 150 balanced trees; in [0, 1]."""

    kind = "random_forest"

    def __init__(self, seed: int, trees: int = ROUNDS) -> None:
        self.seed = seed
        self.trees = trees
        self.model: RandomForestClassifier | None = None

    def fit(self, rows: Floats, labels: Labels) -> Self:
        from sklearn.ensemble import RandomForestClassifier

        self.model = RandomForestClassifier(
            n_estimators=self.trees,
            min_samples_leaf=3,
            class_weight="balanced_subsample",
            random_state=self.seed,
            n_jobs=1,
        ).fit(rows, labels)
        return self

    def score(self, rows: Floats) -> Floats:
        if self.model is None:
            raise RuntimeError("random forest: expected fit before score")
        return np.asarray(self.model.predict_proba(rows))[:, 1]


class XgBoost(Estimator):
    """Gradient-boosted trees by XGBoost; the score is the margin (log-odds)."""

    kind = "xgboost"

    def __init__(self, seed: int, rounds: int = ROUNDS) -> None:
        self.seed = seed
        self.rounds = rounds
        self.model: Booster | None = None

    def fit(self, rows: Floats, labels: Labels) -> Self:
        import xgboost

        parameters = {
            "objective": "binary:logistic",
            "max_depth": 3,
            "eta": 0.05,
            "tree_method": "hist",
            "max_bin": 64,
            "nthread": 1,
            "seed": self.seed,
            **self.strength(labels),
        }
        known = xgboost.DMatrix(np.round(rows, SPLIT_DECIMALS), labels, nthread=1)
        self.model = xgboost.train(parameters, known, self.rounds)
        return self

    def strength(self, labels: Labels) -> dict[str, float]:
        """Parameters that say how much of rows and features a tree sees, and how alarms weigh."""
        return {"subsample": 0.8, "colsample_bytree": 0.5, "scale_pos_weight": balance(labels)}

    def score(self, rows: Floats) -> Floats:
        if self.model is None:
            raise RuntimeError("xgboost: expected fit before score")
        known = np.round(rows, SPLIT_DECIMALS)
        return self.model.inplace_predict(known, predict_type="margin").astype(np.float64)


class LightGbm(Estimator):
    """Gradient-boosted trees by LightGBM; the score is the margin (log-odds)."""

    kind = "lightgbm"

    def __init__(self, seed: int, rounds: int = ROUNDS) -> None:
        self.seed = seed
        self.rounds = rounds
        self.model: LightGbmBooster | None = None

    def fit(self, rows: Floats, labels: Labels) -> Self:
        import lightgbm

        parameters = {
            "objective": "binary",
            "num_leaves": 7,
            "min_data_in_leaf": 10,
            "learning_rate": 0.05,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "feature_fraction": 0.5,
            "max_bin": 63,
            "scale_pos_weight": balance(labels),
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
            "seed": self.seed,
        }
        known = lightgbm.Dataset(np.round(rows, SPLIT_DECIMALS), labels)
        self.model = lightgbm.train(parameters, known, self.rounds)
        return self

    def score(self, rows: Floats) -> Floats:
        if self.model is None:
            raise RuntimeError("lightgbm: expected fit before score")
        known = np.round(rows, SPLIT_DECIMALS)
        return np.asarray(self.model.predict(known, raw_score=True, num_threads=1), dtype=np.float64)


def balance(labels: Labels) -> float:
    """How much an alarm row weighs so that both classes weigh the same."""
    positives = int(labels.sum())
    return (len(labels) - positives) / positives if positives else 1.0
