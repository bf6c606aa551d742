"""Explanations of one row, for every family of champion: how long they take, beside shap's own, and how true.

`OMP_NUM_THREADS=1 python -m benchmarks.explain [--rows 60] [--pairs 100]` prints Markdown tables. Models learn
from the real unit where `FOREWARN_REAL_DATA` names it, else from 60 simulated days. `--pairs 0` leaves the second
table out: errors against Shapley values sampled by so many pairs of permutations, some seconds a row.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from coniferest.isoforest import IsolationForest

from benchmarks.forecasters import real, simulate_inputs
from plant_assets.bundle.bundle import Bundle
from plant_assets.explain.explainer import ScoreExplainer
from plant_assets.models.export import export_bundle
from plant_assets.models.fitted import FittedModel
from plant_assets.models.fitting import fit_nowcast
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import CANDIDATES
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile

ENSEMBLE = "anomaly_ensemble"
Call = Callable[[np.ndarray], object]


def data() -> tuple[TrainingInputs, PlantProfile]:
    profile = load_profile("gas_treatment")
    if folder := os.environ.get("FOREWARN_REAL_DATA"):
        return real(profile, Path(folder)), profile
    return simulate_inputs(load_profile("demo"), 3001, 60, log=True), profile


def shap_of(model: FittedModel, bundle: Bundle) -> Call:
    """shap's explainer of the same question: one reference row, rows in the model's own scale."""
    import shap

    reference = model.preprocess.transform(bundle.fill[None])
    inner = getattr(model.estimator, "model", None)
    if model.estimator.kind == "logistic":
        pair = (model.estimator.coefficients, model.estimator.intercept)  # type: ignore[attr-defined]
        explainer = shap.LinearExplainer(pair, reference)
    elif inner is not None and not isinstance(inner, IsolationForest):  # shap doesn't know coniferest's
        explainer = shap.TreeExplainer(inner, data=reference, feature_perturbation="interventional")
        # shap 0.50 fails its own check on LightGBM's rows that lie on a split.
        return lambda row: explainer.shap_values(
            model.preprocess.transform(row[None]), check_additivity=False
        )
    else:
        sampled = shap.PermutationExplainer(
            model.estimator.score, shap.maskers.Independent(reference), seed=1
        )
        return lambda row: sampled(model.preprocess.transform(row[None]), silent=True)
    return lambda row: explainer.shap_values(model.preprocess.transform(row[None]))


def times_ms(call: Call, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wall clock and processor time of each row, the first one done once before."""
    call(rows[0])
    taken = []
    for row in rows:
        start = time.perf_counter(), time.thread_time()
        call(row)
        taken.append((time.perf_counter() - start[0], time.thread_time() - start[1]))
    wall, cpu = np.array(taken).T * 1e3
    return wall, cpu


def sampled_shapley(bundle: Bundle, row: np.ndarray, pairs: int, seed: int) -> np.ndarray:
    """Shapley values of the bundle's log-odds by antithetic permutations; (features,)."""
    random, width = np.random.default_rng(seed), len(row)
    found = np.zeros(width)
    for _ in range(pairs):
        order = random.permutation(width)
        for way in (order, order[::-1]):
            mixed = np.repeat(bundle.fill[None], width + 1, axis=0)
            for place, feature in enumerate(way):
                mixed[place + 1 :, feature] = row[feature]
            decided = bundle.score(mixed)
            found[way] += np.diff(np.log(decided) - np.log1p(-decided)) / (2 * pairs)
    return found


def errors(bundle: Bundle, explainer: ScoreExplainer, row: np.ndarray, pairs: int) -> list[float]:
    """Shares of the whole by which ours, one pair of permutations and the yardstick itself are off."""
    halves = [sampled_shapley(bundle, row, pairs // 2, seed) for seed in (1, 2)]
    truth = np.mean(halves, axis=0)
    driver = {d.feature: d.contribution for d in explainer.explain(row).contributions}
    ours = np.array([driver[name] for name in bundle.names])
    candidates = (ours, sampled_shapley(bundle, row, 1, 3), truth + (halves[0] - halves[1]) / 2)
    whole = np.abs(truth).sum()
    tags = np.abs(explainer.by_tag(truth)).sum()
    return [
        *(float(np.abs(found - truth).sum() / whole) for found in candidates),
        *(float(np.abs(explainer.by_tag(found - truth)).sum() / tags) for found in candidates),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=100)
    arguments = parser.parse_args()
    inputs, profile = data()
    matrix, names = inputs.matrix("features"), inputs.names("features")
    picked = np.linspace(24, len(matrix) - 1, arguments.rows).round().astype(int)
    print("| family | p50 ms | p99 ms | CPU ms | shap CPU ms | shap / ours | build ms |\n" + "|---" * 7 + "|")
    ensemble = None
    with tempfile.TemporaryDirectory() as folder:
        for spec in CANDIDATES:
            model = fit_nowcast(spec, names, matrix, inputs.labels, profile).model
            trained = TrainedModel(spec, model, pl.DataFrame(), builder=spec.builder)
            export_bundle(trained, inputs, profile, Path(folder) / spec.name)
            bundle = Bundle.load(Path(folder) / spec.name)
            rows = bundle.impute(matrix[picked])
            start = time.perf_counter()
            explainer = ScoreExplainer.of(bundle)
            built = (time.perf_counter() - start) * 1e3
            ours = times_ms(explainer.explain, rows)
            theirs = times_ms(shap_of(model, bundle), rows[:: 8 if spec.name == ENSEMBLE else 1])
            (p50, p99), cpu, shap_cpu = (
                np.quantile(ours[0], [0.5, 0.99]),
                np.median(ours[1]),
                np.median(theirs[1]),
            )
            print(
                f"| {spec.name} | {p50:.2f} | {p99:.2f} | {cpu:.2f} | {shap_cpu:.2f} | {shap_cpu / cpu:.2f} "
                f"| {built:.0f} |",
                flush=True,
            )
            if spec.name == ENSEMBLE:
                ensemble = bundle, explainer, rows
    if arguments.pairs and ensemble:
        print_errors(*ensemble, arguments.pairs)


def print_errors(bundle: Bundle, explainer: ScoreExplainer, rows: np.ndarray, pairs: int) -> None:
    decided = np.argsort(-bundle.score(rows))
    print(
        f"\n| {ENSEMBLE}, rank of the row | ours | one pair | {pairs} pairs | tags: ours | one pair | {pairs} pairs |"
    )
    print("|---" * 7 + "|")
    for share in (0.0, 0.1, 0.25, 0.5, 0.8):
        rank = int(share * (len(rows) - 1))
        found = errors(bundle, explainer, rows[decided[rank]], pairs)
        print(
            f"| {rank + 1} of {len(rows)} | " + " | ".join(f"{value:.1%}" for value in found) + " |",
            flush=True,
        )


if __name__ == "__main__":
    main()
