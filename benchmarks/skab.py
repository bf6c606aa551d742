"""SKAB's valve test bed as a plant that nobody prepared: each experiment a drop, models without labels.

`OMP_NUM_THREADS=1 FOREWARN_REAL_DATA=… python -m benchmarks.skab` prints Markdown tables. The plant is drafted from the
experiment without a fault, as `forewarn plant new` drafts one. Then each experiment with a fault goes its way alone:
a file, ingest, the grid, features, and the platform's own unsupervised fit on the experiment's first 400 readings,
with the threshold that the drafted budget gives. The readings after them are judged. Labels are read at the very end.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.skab_figures import AlarmingResult, differences, experiments_table, table
from benchmarks.skab_yardsticks import YARDSTICKS
from plant_assets.draft.draft import draft_plant
from plant_assets.features.arrays import Flags, Floats
from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.ingest.drop import ingest_drop
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.grid.resample import resample
from plant_assets.ingest.history.history import PlantHistory
from plant_assets.models.fitting import ModelFit, fit_nowcast
from plant_assets.models.spec import ANOMALY_ENSEMBLE, ISOLATION_FOREST, ModelSpec
from plant_assets.profile.model import PlantProfile
from plant_assets.validation.events import debounce

WITHOUT_FAULT = "anomaly-free/anomaly-free"
TRAINING_READINGS = 400
RESOLUTION = timedelta(seconds=1)
"""Of the file's times: a reading of a second is known at its end."""
SPECS = (ISOLATION_FOREST, ANOMALY_ENSEMBLE)
LABELS = ("anomaly", "changepoint")


@dataclass(frozen=True, slots=True)
class SkabExperiment:
    """One file of the test bed: readings in time order, and the truth of each."""

    name: str
    readings: pl.DataFrame
    truth: Floats


@dataclass(frozen=True, slots=True)
class PreparedExperiment:
    """An experiment as the platform sees it after its drop.

    Attributes:
        features: rows of the grid, `[rows, features]`, NaN = missing.
        training: how many of the rows were complete after the training readings.
        judged: for each reading after them the newest row that was complete by then.
    """

    names: tuple[str, ...]
    features: Floats
    training: int
    judged: NDArray[np.intp]


def experiments(folder: Path) -> list[SkabExperiment]:
    """All experiments of `<folder>/skab/skab.parquet`, in the file's order."""
    frame = pl.read_parquet(folder / "skab" / "skab.parquet")
    return [
        SkabExperiment(str(name), part.drop("experiment", *LABELS), part["anomaly"].fill_null(0).to_numpy())
        for (name,), part in frame.group_by("experiment", maintain_order=True)
    ]


def export(experiment: SkabExperiment, folder: Path) -> Path:
    """Write the readings alone, as the test bed's own files are: semicolons, local times to the second."""
    path = folder / f"{experiment.name.replace('/', '_')}.csv"
    experiment.readings.write_csv(path, separator=";", datetime_format="%Y-%m-%d %H:%M:%S")
    return path


def prepare(experiment: SkabExperiment, profile: PlantProfile, folder: Path) -> PreparedExperiment:
    """Drop the experiment into a history of its own and bring it to features.

    Raises:
        RuntimeError: ingest refused the file.
    """
    folder.mkdir()
    history, ledger = (
        PlantHistory(folder / "lake", profile.name),
        DropLedger(f"sqlite:///{folder / 'manifest.db'}"),
    )
    drop = ingest_drop(
        [export(experiment, folder)],
        profile,
        history,
        ledger,
        folder / "quarantine",
        datetime.now(UTC),
        drop_folder=folder,
    )
    ledger.close()
    if not drop.committed:
        raise RuntimeError(f"{experiment.name}: {drop.files[0].refusal or drop.files[0].message}")
    raw = resample(history.read(), profile)
    features = compute_features(with_deviations(raw, profile), feature_specs(profile)).drop("timestamp")
    newest = _newest_complete(raw["timestamp"], experiment.readings["datetime"], profile.sampling.interval)
    return PreparedExperiment(
        tuple(features.columns),
        features.fill_null(float("nan")).to_numpy(order="c"),
        int(newest[TRAINING_READINGS - 1]) + 1,
        newest[TRAINING_READINGS:],
    )


def _newest_complete(rows: pl.Series, readings: pl.Series, interval: timedelta) -> NDArray[np.intp]:
    """For each reading the position of the newest row that is complete once the reading is."""
    known = readings.dt.replace_time_zone("UTC") + RESOLUTION - interval
    return np.maximum(
        rows.search_sorted(known.cast(rows.dtype), side="right").to_numpy().astype(np.intp) - 1, 0
    )


def fit_experiment(spec: ModelSpec, prepared: PreparedExperiment, profile: PlantProfile) -> ModelFit:
    """The platform's own unsupervised fit on the training rows."""
    return fit_nowcast(spec, prepared.names, prepared.features[: prepared.training], None, profile)


def verdicts(tried: Sequence[SkabExperiment], profile: PlantProfile) -> list[AlarmingResult]:
    """The platform's models on experiments: their thresholds alone, then with the plant's delays."""
    found: dict[str, AlarmingResult] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, experiment in enumerate(tried):
            prepared = prepare(experiment, profile, Path(folder) / str(number))
            for spec in SPECS:
                for name, margin, alarm in _alarm_results(spec, prepared, profile):
                    found.setdefault(name, AlarmingResult(name, [], [])).add(margin, alarm)
    return list(found.values())


def _alarm_results(
    spec: ModelSpec, prepared: PreparedExperiment, profile: PlantProfile
) -> Iterator[tuple[str, Floats, Flags]]:
    """Per way of alarming: its name, each judged reading's score above the threshold, its alarm."""
    model = fit_experiment(spec, prepared, profile).model
    decisions = model.decisions(prepared.features)
    rows = prepared.judged
    margin = (decisions - model.threshold)[rows]
    yield f"{spec.name}, threshold alone", margin, margin >= 0
    stands = debounce(decisions, model.threshold, profile.budget)
    yield f"{spec.name}, with the off-delay", margin, stands[rows]


def draft_profile(without_fault: SkabExperiment, folder: Path) -> PlantProfile:
    """The plant as `forewarn plant new skab --from` drafts it from the experiment without a fault."""
    return draft_plant("skab", [export(without_fault, folder)]).profile


def yardsticks(tried: Sequence[SkabExperiment]) -> Iterator[AlarmingResult]:
    """The same rows by methods of a few lines, and by an alarm that always stands."""
    for name, judge in YARDSTICKS.items():
        verdict = AlarmingResult(name, [], [])
        for experiment in tried:
            values = experiment.readings.drop("datetime").to_numpy()
            margin = judge(values, TRAINING_READINGS)[TRAINING_READINGS:]
            verdict.add(margin, margin >= 0)
        yield verdict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=None, help="only the first so many")
    arguments = parser.parse_args()
    folder = os.environ.get("FOREWARN_REAL_DATA")
    if not folder:
        raise SystemExit("FOREWARN_REAL_DATA isn't set: expected the folder that holds skab/skab.parquet")
    everything = experiments(Path(folder))
    with tempfile.TemporaryDirectory() as exports:
        profile = draft_profile(next(e for e in everything if e.name == WITHOUT_FAULT), Path(exports))
    tried = [e for e in everything if e.name != WITHOUT_FAULT][: arguments.experiments]
    truth = [experiment.truth[TRAINING_READINGS:] for experiment in tried]
    begin = time.perf_counter()
    ours = verdicts(tried, profile)
    took = time.perf_counter() - begin
    print(f"\n### {len(tried)} experiments, {sum(map(len, truth)):,} judged readings\n")
    known = list(yardsticks(tried))
    print("\n".join(table([*ours, *known], truth)))
    champion = next(v for v in ours if v.name.startswith(ANOMALY_ENSEMBLE.name))
    print("\n### The same, experiment against experiment\n")
    print("\n".join(differences(champion, [v for v in known if v.name != "always alarm"], truth)))
    print(f"\nDrops, features and two fits an experiment: {took:.0f} s.\n\n### Experiment by experiment\n")
    print("\n".join(experiments_table(ours, [e.name for e in tried], truth)))


if __name__ == "__main__":
    main()
