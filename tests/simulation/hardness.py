"""Measures a plant's table the same way whether real or simulated, to hold the simulator to the real unit.

The yardstick detector is untuned: PCA keeps 90 % of the variance, and nothing was chosen by its score.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from plant_assets.features.arrays import Flags, Floats, Index
from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.events import episodes
from plant_assets.validation.folds import expanding_folds
from plant_assets.validation.metrics import pr_auc, roc_auc

_PAST = 6


@dataclass(frozen=True, slots=True)
class Hardness:
    """How hard a plant is, in figures that mean the same on real and simulated data.

    Attributes:
        label_rate: share of hours in alarm.
        episodes: alarm episodes per 28 days.
        excursion_share: share of normal hours with |z| > 3 of some used tag in the hour or the six before;
            z over median and standard deviation of normal hours.
        excursion_share_robust: the same with 1.4826 MAD in place of the standard deviation.
        base_rate, pr_auc, roc_auc: of the PCA detector, out of fold.
    """

    label_rate: float
    episodes: float
    excursion_share: float
    excursion_share_robust: float
    base_rate: float
    pr_auc: float
    roc_auc: float


def hardness(table: pl.DataFrame, label: Floats, profile: PlantProfile) -> Hardness:
    """Measure a raw table (`timestamp` and the profile's columns) with its 0/1 labels."""
    tags = table.select(profile.used_tags).to_numpy()
    normal: Flags = np.equal(label, 0)
    spread = np.nanstd(tags[normal], axis=0)
    mad = 1.4826 * np.nanmedian(np.abs(tags[normal] - np.nanmedian(tags[normal], axis=0)), axis=0)
    score, rows = pca_nowcast(table, label, profile)
    return Hardness(
        label_rate=float(label.mean()),
        episodes=len(episodes(label > 0)) / (len(label) / 24 / 28),
        excursion_share=_excursions(tags, normal, spread),
        excursion_share_robust=_excursions(tags, normal, mad),
        base_rate=float(label[rows].mean()),
        pr_auc=pr_auc(label[rows], score),
        roc_auc=roc_auc(label[rows], score),
    )


def _excursions(tags: Floats, normal: Flags, spread: Floats) -> float:
    z = np.abs(tags - np.nanmedian(tags[normal], axis=0)) / spread
    beyond = np.greater(np.nanmax(z, axis=1), 3.0)
    padded = np.concatenate([np.zeros(_PAST, dtype=bool), beyond])
    recent = np.convolve(padded, np.ones(_PAST + 1), mode="valid") > 0
    return float(np.mean(recent[normal]))


def pca_nowcast(table: pl.DataFrame, label: Floats, profile: PlantProfile) -> tuple[Floats, Index]:
    """Score rows out of fold by PCA's T² plus SPE; higher = more anomalous.

    Learning mode: unsupervised, fitted on the training fold's normal rows. Source: Jackson and Mudholkar
    (1979); both parts are divided by their 99 % quantile on the training rows.

    Returns:
        Scores and the positions of the rows they belong to.
    """
    frame = with_deviations(table, profile)
    features = compute_features(frame, feature_specs(profile)).drop("timestamp")
    x = features.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    gap = profile.steps(profile.validation.gap)
    scores, rows = [], []
    for fold in expanding_folds(len(x), profile.validation.folds, gap):
        train = fold.train[label[fold.train] == 0]
        scores.append(_t2_spe(x[train], x[fold.test]))
        rows.append(fold.test)
    return np.concatenate(scores), np.concatenate(rows)


def _t2_spe(train: Floats, test: Floats) -> Floats:
    known = np.isfinite(train).any(axis=0)
    train, test = train[:, known], test[:, known]
    middle = np.nanmedian(train, axis=0)
    quartiles = np.nanquantile(train, [0.25, 0.75], axis=0)
    width = (quartiles[1] - quartiles[0]) / 1.349
    used = np.isfinite(middle) & (width > 1e-9)
    a, b = (np.nan_to_num((x[:, used] - middle[used]) / width[used]).clip(-12, 12) for x in (train, test))
    centre = a.mean(axis=0)
    _, values, vectors = np.linalg.svd(a - centre, full_matrices=False)
    keep = int(np.searchsorted(np.cumsum(values**2) / np.sum(values**2), 0.9)) + 1
    variance = values[:keep] ** 2 / max(1, len(a) - 1)

    def parts(x: Floats) -> Floats:
        projected = (x - centre) @ vectors[:keep].T
        residual = (x - centre) - projected @ vectors[:keep]
        return np.column_stack([(projected**2 / variance).sum(axis=1), (residual**2).sum(axis=1)])

    return (parts(b) / np.quantile(parts(a), 0.99, axis=0)).sum(axis=1)
