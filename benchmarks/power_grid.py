"""How well the power grid's anomaly model finds what the simulation injects, on months that it never learnt from.

Belongs here: measuring. Nothing of the model or the plant was chosen by these figures.
"""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.ingest.grid.resample import resample
from plant_assets.labels.label import label
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import model_spec
from plant_assets.models.train import train
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.simulate import SimulatedPlant, simulate
from plant_assets.validation.metrics import pr_auc, roc_auc

DAYS = 28
TAUGHT = datetime(2026, 1, 1, tzinfo=UTC), 7
FRESH = datetime(2027, 3, 1, tzinfo=UTC), (101, 102, 103)


def main() -> None:
    """Print a line for each fresh month."""
    profile = load_profile("power_grid")
    trained = _train(profile, simulate(profile, TAUGHT[0], DAYS, TAUGHT[1]))
    columns = ("seed", "anomalous rows", "ROC-AUC", "PR-AUC", "recall (rows)", "precision (rows)")
    print(" | ".join((*columns, "false positive rate (rows)", "anomalies detected")))
    for seed in FRESH[1]:
        print(" | ".join(_measure(profile, trained, simulate(profile, FRESH[0], DAYS, seed), seed)))


def _tables(profile: PlantProfile, simulation: SimulatedPlant) -> tuple[pl.DataFrame, pl.DataFrame]:
    sources = simulation.records.with_columns(file=pl.lit("simulated"), row=pl.int_range(pl.len()))
    raw = resample(sources, profile)
    return raw, compute_features(with_deviations(raw, profile), feature_specs(profile))


def _train(profile: PlantProfile, simulation: SimulatedPlant) -> TrainedModel:
    raw, features = _tables(profile, simulation)
    return train(
        model_spec("isolation_forest", profile), TrainingInputs(label(raw, profile), features), profile
    )


def _measure(profile: PlantProfile, trained: TrainedModel, fresh: SimulatedPlant, seed: int) -> list[str]:
    raw, features = _tables(profile, fresh)
    scores = trained.model.decisions(features.drop("timestamp").to_numpy())
    flagged, times = scores >= trained.model.threshold, raw["timestamp"]
    spans = [
        ((times >= onset) & (times < end)).to_numpy()
        for onset, end in fresh.events.select("onset", "end").iter_rows()
    ]
    truth = np.any(spans, axis=0)
    shares = (truth.mean(), roc_auc(truth, scores), pr_auc(truth, scores), flagged[truth].mean())
    shares += (truth[flagged].mean(), flagged[~truth].mean())
    found = sum(bool(flagged[span].any()) for span in spans)
    return [str(seed), *(f"{share:.3f}" for share in shares), f"{found} of {len(spans)}"]


if __name__ == "__main__":
    main()
