"""Names of a plant's assets, job and run tags, in one place, and what is found by them."""

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
ABLATION = "smote_ablation"
CHALLENGER, REPORT, CHAMPION = "challenger", "validation_report", "champion"
DRIFT, EXPLANATIONS = "drift", "explanations"
RETRAINING_TAG = "forewarn/retraining"
"""Why a run was asked for that trains anew; of no other run."""
RETRAINING_ROWS_TAG = "forewarn/retraining_rows"
"""The newest row when it was asked for."""


def asset_key(plant: str, asset: str) -> dg.AssetKey:
    return dg.AssetKey([plant, asset])


def job_name(plant: str) -> str:
    return f"{plant}__pipeline"


def active_run(instance: dg.DagsterInstance, plant: str) -> dg.DagsterRun | None:
    """A run of the plant that hasn't ended, if there is one."""
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

    runs = dg.RunsFilter(tags={PLANT_TAG: plant}, statuses=list(NOT_FINISHED_STATUSES))
    return next(iter(instance.get_runs(runs, limit=1)), None)
