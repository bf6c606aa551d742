"""When isotonic regression calibrates better than Platt's sigmoid under a prior, on simulated plants.

`OMP_NUM_THREADS=1 python -m benchmarks.calibration [--seeds 4] [--days 90 180 540]` prints a Markdown table. Each fold of
each candidate's walk-forward is one trial: both calibrators are fitted on the block of the fold's training rows that
training calibrates on, and judged on its test rows. Seeds begin at 8001, which nothing was tuned on.
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from benchmarks.forecasters import simulate_inputs
from plant_assets.features.arrays import Floats
from plant_assets.models.calibration import fit_isotonic, fit_platt
from plant_assets.models.fitting import fit_nowcast, rows_per_day
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import CALIBRATED_ISOLATION, LGBM_SOFT_ALARM, LR_SOFT_ALARM
from plant_assets.models.walk_forward import plant_folds
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.validation import metrics

FIRST_SEED = 8001
CANDIDATES = (CALIBRATED_ISOLATION, LR_SOFT_ALARM, LGBM_SOFT_ALARM)
DAYS_OF_RARER = (0, 5, 10, 20, 30, 50, 80, 1e9)


class CalibrationTrial(NamedTuple):
    """One fold: the size of its calibration block, and Brier score and log loss by both calibrators."""

    plant: tuple[int, int]
    model: str
    rows: int
    days_of_rarer: float
    platt: tuple[float, float]
    isotonic: tuple[float, float]
    pr_auc_lost: float


def trials(
    inputs: TrainingInputs, profile: PlantProfile, plant: tuple[int, int]
) -> Iterator[CalibrationTrial]:
    names, rows, labels = inputs.names("features"), inputs.matrix("features"), inputs.labels
    per_day = rows_per_day(profile)
    for spec in CANDIDATES:
        for fold in plant_folds(inputs, profile):
            fit = fit_nowcast(spec, names, rows[fold.train], labels[fold.train], profile)
            truth = labels[fold.test].astype(np.float64)
            if fit.model.calibrator is None or not 0 < truth.mean() < 1:
                continue
            seen = fit.model.calibrator.score(fit.reference.decisions)
            known = labels[fold.train][fit.reference.rows]
            scores = fit.model.scores(rows[fold.test])
            ours = [fitter(seen, known, per_day).probability(scores) for fitter in (fit_platt, fit_isotonic)]
            yield CalibrationTrial(
                plant,
                spec.name,
                len(known),
                min(known.sum(), len(known) - known.sum()) / per_day,
                *((metrics.brier(truth, p), log_loss(truth, p)) for p in ours),
                pr_auc_lost=metrics.pr_auc(truth, scores) - metrics.pr_auc(truth, ours[1]),
            )


def trials_of(plant: tuple[int, int]) -> list[CalibrationTrial]:
    """The trials of one simulated plant: seed and days."""
    seed, days = plant
    demo = load_profile("demo")
    return list(trials(simulate_inputs(demo, seed, days, log=True), demo, plant))


def log_loss(truth: Floats, probability: Floats) -> float:
    p = probability.clip(1e-9, 1 - 1e-9)
    return float(-(truth * np.log(p) + (1 - truth) * np.log1p(-p)).mean())


def table(found: list[CalibrationTrial]) -> list[str]:
    """Markdown rows by days of the rarer class; standard errors over plants, since folds of one plant share rows."""
    lines = [
        "| days of the rarer class | rows | trials | Brier by Platt | by isotonic | difference × 1000 | isotonic is better | log loss by Platt | by isotonic | PR-AUC lost |",
        "|" + "---|" * 10,
    ]
    for low, high in pairwise(DAYS_OF_RARER):
        group = [trial for trial in found if low <= trial.days_of_rarer < high]
        if not group:
            continue
        platt, isotonic = (np.array([getattr(t, kind) for t in group]) for kind in ("platt", "isotonic"))
        gain = 1000 * (isotonic - platt)[:, 0]
        plants = [gain[[t.plant == plant for t in group]].mean() for plant in {t.plant for t in group}]
        error = f" ± {np.std(plants, ddof=1) / np.sqrt(len(plants)):.1f}" if len(plants) > 1 else ""
        lines.append(
            f"| {low:g} to {high:g} | {min(t.rows for t in group)} to {max(t.rows for t in group)} | {len(group)} "
            f"| {platt[:, 0].mean():.4f} | {isotonic[:, 0].mean():.4f} | {gain.mean():+.1f}{error} | {(gain < 0).mean():.0%} "
            f"| {platt[:, 1].mean():.3f} | {isotonic[:, 1].mean():.3f} | {max(t.pr_auc_lost for t in group):.4f} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--days", type=int, nargs="+", default=[90, 180, 540])
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    plants = [(seed, days) for days in sorted(arguments.days, reverse=True) for seed in seeds]
    with ProcessPoolExecutor(arguments.jobs) as pool:
        found = [trial for one in pool.map(trials_of, plants) for trial in one]
    print("\n".join(table(found)))
    for spec in CANDIDATES:
        print(f"\n### {spec.name}\n")
        print("\n".join(table([trial for trial in found if trial.model == spec.name])))


if __name__ == "__main__":
    main()
