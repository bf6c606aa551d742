"""The power grid's model as the platform trains it."""

from datetime import datetime
from pathlib import Path

import polars as pl

from plant_assets.features.polars_engine import compute_features, with_deviations
from plant_assets.features.spec import feature_specs
from plant_assets.ingest.grid.resample import resample
from plant_assets.labels.label import label
from plant_assets.models.export import export_bundle
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import model_spec
from plant_assets.models.train import train
from plant_assets.profile.load import load_profile
from plant_assets.simulation.origin import SEED
from plant_assets.simulation.simulate import simulate


def trained_bundle(start: datetime, folder: Path) -> Path:
    """The site's model, trained on its simulated past from a day on."""
    profile = load_profile("power_grid")
    records = simulate(profile, start, profile.simulation.past_days, SEED).records
    raw = resample(records.with_columns(file=pl.lit("simulated"), row=pl.int_range(pl.len())), profile)
    features = compute_features(with_deviations(raw, profile), feature_specs(profile))
    inputs = TrainingInputs(label(raw, profile), features)
    trained = train(model_spec("isolation_forest", profile), inputs, profile)
    export_bundle(trained, inputs, profile, folder)
    return folder
