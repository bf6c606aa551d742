"""What putting the probabilities of the horizons in order does to them, on simulated plants and the real unit.

`OMP_NUM_THREADS=1 python -m benchmarks.horizons [--seeds 10] [--days 90]` prints Markdown tables; the real unit is read
from `FOREWARN_REAL_DATA`. Seeds begin at 7001, which nothing was tuned on. Every figure is out of fold. The ways that
are compared: as each model says (`alone`), isotonic regression with equal weights (`equal`, which is answered), with
the inverse variance of each horizon's base rate as weights (`weighted`), in log-odds (`log-odds`), and the running
maximum from the nearest horizon on (`maximum`).
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.isotonic import isotonic_regression

from benchmarks.forecasters import real, simulate_inputs
from plant_assets.bundle.horizons import order_horizons
from plant_assets.features.arrays import Floats
from plant_assets.models.forecast import train_forecaster, walk_onset
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import model_specs
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.validation import metrics
from plant_assets.validation.events import debounce
from plant_assets.validation.oof import join_oof

FIRST_SEED = 7001
Way = Callable[[Floats, Floats], Floats]


def _weighted(probabilities: Floats, truths: Floats) -> Floats:
    """Isotonic regression whose weights are 1 / (r (1 - r)) of each horizon's base rate r."""
    rates = np.nanmean(truths, axis=1)
    weights = 1 / (rates * (1 - rates))
    return np.column_stack([isotonic_regression(row, sample_weight=weights) for row in probabilities.T])


def _in_log_odds(probabilities: Floats, truths: Floats) -> Floats:
    del truths
    clipped = probabilities.clip(1e-9, 1 - 1e-9)
    margins = order_horizons(np.log(clipped / (1 - clipped)))
    return 1 / (1 + np.exp(-margins))


WAYS: dict[str, Way] = {
    "alone": lambda probabilities, _: probabilities,
    "equal": lambda probabilities, _: order_horizons(probabilities),
    "weighted": _weighted,
    "log-odds": _in_log_odds,
    "maximum": lambda probabilities, _: np.maximum.accumulate(probabilities, axis=0),
}


def figures(inputs: TrainingInputs, profile: PlantProfile) -> dict[tuple[str, int], list[float]]:
    """(way, hours) → Brier, log loss, PR-AUC of the probability, false-alarm hours a day; ("", 0) → share out of order."""
    specs = [spec for spec in model_specs(profile) if spec.task == "onset"]
    walks = [walk_onset(spec, inputs, profile) for spec in specs]
    tables = [join_oof(walk.answers) for walk in walks]
    given = np.stack([table["probability"].to_numpy() for table in tables])
    truths = np.stack([table["y"].cast(float).fill_null(np.nan).to_numpy() for table in tables])
    found: dict[tuple[str, int], list[float]] = {
        ("", 0): [float((np.diff(given, axis=0) < 0).any(axis=0).mean())]
    }
    for name, way in WAYS.items():
        for place, ordered in enumerate(way(given, truths)):
            table, asked = tables[place], ~np.isnan(truths[place])
            parts = [(table["fold"] == fold).to_numpy() for fold in table["fold"].unique(maintain_order=True)]
            alarms = np.concatenate(
                [debounce(ordered[p], table["threshold"].to_numpy()[p][0], profile.budget) for p in parts]
            )
            y, p = truths[place][asked], ordered[asked]
            found[name, specs[place].horizon_hours] = [
                metrics.brier(y, p),
                _log_loss(y, p),
                metrics.pr_auc(y, p),
                float(alarms[asked][y == 0].mean() * 24),
            ]
    trained = train_forecaster(specs[0], inputs, profile).oof
    assert np.array_equal(trained["probability"].to_numpy(), order_horizons(given)[0])
    return found


def _log_loss(truth: Floats, probability: Floats) -> float:
    p = probability.clip(1e-9, 1 - 1e-9)
    return float(-(truth * np.log(p) + (1 - truth) * np.log1p(-p)).mean())


def table(sets: list[dict[tuple[str, int], list[float]]]) -> list[str]:
    """Markdown: means over data sets; the difference of Brier scores to `alone` with its standard error."""
    lines = [
        "| horizon | way | Brier | difference × 1000 | log loss | PR-AUC | false alarm h/day |",
        "|" + "---|" * 7,
    ]
    for hours in sorted({hours for _, hours in sets[0]} - {0}):
        alone = np.array([one["alone", hours][0] for one in sets])
        for name in WAYS:
            values = np.array([one[name, hours] for one in sets])
            gain = 1000 * (values[:, 0] - alone)
            error = f" ± {gain.std(ddof=1) / np.sqrt(len(gain)):.2f}" if len(gain) > 1 else ""
            brier, loss, pr, false = values.mean(axis=0)
            lines.append(
                f"| {hours} h | {name} | {brier:.4f} | {gain.mean():+.2f}{error} | {loss:.4f} | {pr:.3f} | {false:.2f} |"
            )
    share = np.mean([one["", 0][0] for one in sets])
    return [f"Out of order before: {share:.0%} of rows.\n", *lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--days", type=int, default=90)
    arguments = parser.parse_args()
    demo = load_profile("demo")
    for log, title in ((True, "operator log and rules"), (False, "rules alone")):
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        sets = [figures(simulate_inputs(demo, seed, arguments.days, log=log), demo) for seed in seeds]
        print(f"\n### {arguments.days} simulated days, {title}; mean of {arguments.seeds} seeds\n")
        print("\n".join(table(sets)), flush=True)
    if folder := os.environ.get("FOREWARN_REAL_DATA"):
        profile = load_profile("gas_treatment")
        print("\n### Real unit, 673 hours\n")
        print("\n".join(table([figures(real(profile, Path(folder)), profile)])))


if __name__ == "__main__":
    main()
