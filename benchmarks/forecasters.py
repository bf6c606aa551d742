"""Forecasters and deviation predictor on onsets: simulated quarters, and the real unit where it is at hand.

`OMP_NUM_THREADS=1 python -m benchmarks.forecasters [--seeds 5] [--days 90]` prints Markdown tables. The real
unit is read from `FOREWARN_REAL_DATA`. Seeds begin at 6001: the simulator was shaped and the models were
chosen on lower ones. Of the baselines the ones that come nearest are shown; the report of a plant has them all.
"""

import argparse
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.features.windows import window_features
from plant_assets.ingest.grid.resample import resample
from plant_assets.labels.label import label
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import model_spec, model_specs
from plant_assets.models.train import train
from plant_assets.models.walk_forward import plant_folds
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import KnownPeriod, PlantProfile
from plant_assets.simulation.simulate import simulate
from plant_assets.validation.baselines import baselines
from plant_assets.validation.evaluate import GroundTruth, ModelResult
from plant_assets.validation.oof import join_oof

FIRST_SEED = 6001
BASELINES = ("clock_only", "one_tag_limit", "pca_t2_spe")
WANTED_LIFT = 3.0
START = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = (
    "| model | horizon | base rate | onset PR-AUC | × base | ROC-AUC | Brier skill | onsets | recall "
    "| median lead h | false episodes/day | false alarm h/day |"
)
RULE = "|" + "---|" * 12


def inputs_of(table: pl.DataFrame, profile: PlantProfile, periods: list[KnownPeriod]) -> TrainingInputs:
    labelled = label(table, profile, periods)
    features = compute_features(with_deviations(table, profile), feature_specs(profile))
    return TrainingInputs(labelled, features, window_features(table, profile))


def simulate_inputs(profile: PlantProfile, seed: int, days: int, *, log: bool) -> TrainingInputs:
    simulation = simulate(profile, START, days, seed)
    records = simulation.records.with_columns(
        pl.lit("0" * 64).alias("file"), pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("row")
    )
    rows = simulation.operator_log.iter_rows() if log else []
    periods = [KnownPeriod(start=start, end=end, reason=reason) for start, end, reason in rows]
    return inputs_of(resample(records, profile), profile, periods)


def real(profile: PlantProfile, folder: Path) -> TrainingInputs:
    table = pl.read_csv(folder / "gas_treatment" / "labeled_dataset.csv", try_parse_dates=True)
    times = pl.col("timestamp").dt.replace_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    return inputs_of(table.with_columns(times).select("timestamp", *profile.columns), profile, [])


def evaluate_models(inputs: TrainingInputs, profile: PlantProfile) -> Iterator[ModelResult]:
    """Every forecaster and the nearest baselines at each horizon, by the protocol."""
    specs = [spec for spec in model_specs(profile) if spec.task == "onset"]
    tables = [train(spec, inputs, profile).oof for spec in specs]
    folds = plant_folds(inputs, profile)
    near = pl.col("model").is_in(BASELINES) & (pl.col("horizon") > 0)
    oof = join_oof([*tables, baselines(inputs.labelled, folds, profile).filter(near)])
    ground = GroundTruth(inputs.labelled, profile)
    for model, horizon in oof.select("model", "horizon").unique(maintain_order=True).rows():
        yield ground.evaluate(ground.select_scores(oof, model, horizon))


def figures(result: ModelResult) -> list[float]:
    pr = result.pr_auc.value
    return [
        result.base_rate,
        pr,
        pr / result.base_rate if result.base_rate else float("nan"),
        result.roc_auc.value,
        result.brier_skill.value,
        result.events.n_events,
        result.events.recall,
        result.events.lead_median_h,
        result.events.false_episodes_per_day,
        result.events.false_alarm_hours_per_day,
    ]


def table(results: list[list[ModelResult]]) -> list[str]:
    """Markdown rows, means over data sets; models first, then baselines, by horizon."""
    rows = []
    for group in zip(*results, strict=True):
        values = np.array([figures(result) for result in group], dtype=float)
        known = np.where(np.isfinite(values), values, np.nan)
        means = [np.nanmean(c) if np.isfinite(c).any() else np.nan for c in known.T]
        texts = [
            _text(value, digits) for value, digits in zip(means, (3, 3, 1, 2, 2, 0, 2, 1, 2, 1), strict=True)
        ]
        if len(group) > 1:
            texts[2] += _spread(known[:, 2])
        rows.append(((group[0].horizon, not group[0].model.startswith("forecaster")), group[0].model, texts))
    rows.sort(key=lambda row: row[0])
    return [HEAD, RULE, *(f"| {name} | {key[0]} h | {' | '.join(texts)} |" for key, name, texts in rows)]


def _spread(lifts: np.ndarray) -> str:
    """Standard error of the mean, the worst data set, and how many reach what is wanted."""
    error = lifts.std(ddof=1) / np.sqrt(len(lifts))
    reached = np.mean(lifts >= WANTED_LIFT)
    return f" ± {error:.1f} (least {lifts.min():.1f}; {reached:.0%} ≥ {WANTED_LIFT:.0f})"


def _text(value: float, digits: int) -> str:
    return "" if np.isnan(value) else f"{value:.{digits}f}"


def deviation_line(name: str, inputs: TrainingInputs, profile: PlantProfile) -> str:
    trained = train(model_spec("deviation_predictor", profile), inputs, profile)
    m = trained.metrics
    return (
        f"| {name} | {m['mae']:.3f} | {m['mae_zero']:.3f} | {m['mae_persistence']:.3f} "
        f"| {trained.params.get('share')} |"
    )


def time_training(inputs: TrainingInputs, profile: PlantProfile) -> str:
    train(model_spec("deviation_predictor", profile), inputs, profile)  # imports are not what is timed
    begin = time.process_time()
    for spec in model_specs(profile):
        if spec.task in ("onset", "deviation"):
            train(spec, inputs, profile)
    return f"{time.process_time() - begin:.1f} s of one core"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--days", type=int, default=90)
    arguments = parser.parse_args()
    demo, lines, deviations = load_profile("demo"), [], []
    for log, title in ((True, "operator log and rules"), (False, "rules alone")):
        sets = [
            simulate_inputs(demo, arguments.first_seed + i, arguments.days, log=log)
            for i in range(arguments.seeds)
        ]
        lines += [f"\n### {arguments.days} simulated days, {title}; mean of {arguments.seeds} seeds\n"]
        lines += table([list(evaluate_models(inputs, demo)) for inputs in sets])
        if log:
            deviations = [deviation_line(f"simulated, seed {arguments.first_seed}", sets[0], demo)]
    if folder := os.environ.get("FOREWARN_REAL_DATA"):
        profile = load_profile("gas_treatment")
        inputs = real(profile, Path(folder))
        lines += ["\n### Real unit, 673 hours\n", *table([list(evaluate_models(inputs, profile))])]
        deviations.insert(0, deviation_line("real", inputs, profile))
        lines += [
            f"\nThree forecasters and the deviation predictor train in {time_training(inputs, profile)}."
        ]
    lines += ["\n### Next hour's LIC31002 deviation, mean absolute error\n"]
    lines += [
        "| data | model | predicting 0 | persistence | share of the ridge's prediction |",
        "|---|---|---|---|---|",
        *deviations,
    ]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
