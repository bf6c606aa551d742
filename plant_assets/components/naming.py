"""Names of a plant's assets, groups, job, sensor and run tags, in one place."""

from typing import Literal

import dagster as dg

Stage = Literal["data", "features", "models", "release"]
PLANT_TAG = "forewarn/plant"
DROP_TAG = "forewarn/drop"
ATTEMPT_TAG = "forewarn/attempt"
ENGINEERS = "team:process_engineering"
MODELLERS = "team:machine_learning"

RAW, LABELLED = "raw_sensor_data", "labeled_dataset"
FEATURES, WINDOWS, SMOTE = "features", "window_features", "smote_features"
CHALLENGER, REPORT, CHAMPION = "challenger", "validation_report", "champion"
DRIFT = "drift"
RETRAINING_TAG = "forewarn/retraining"
"""Why a run was asked for that trains anew; of no other run."""
RETRAINING_ROWS_TAG = "forewarn/retraining_rows"
"""The newest row when it was asked for."""


def asset_key(plant: str, asset: str) -> dg.AssetKey:
    return dg.AssetKey([plant, asset])


def job_name(plant: str) -> str:
    return f"{plant}__pipeline"


def sensor_name(plant: str) -> str:
    return f"{plant}__drop_folder"


def group(plant: str, stage: Stage) -> str:
    """Group of assets: `gas_treatment_data`, `…_features`, `…_models`, `…_release`."""
    return f"{plant}_{stage}"
