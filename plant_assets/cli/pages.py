"""Addresses of the pages that a command's words lead to."""

import httpx

from plant_assets.profile.model import models_experiment
from serving.settings import read_settings

_ANSWERS_WITHIN_S = 5.0


def run_page(run_id: str) -> str:
    """Dagster's page of a run, where `FOREWARN_DAGSTER_URL` or this machine has it."""
    return f"{read_settings().dagster_address}/runs/{run_id}"


def models_page(mlflow: str, plant: str) -> str:
    """MLflow's page of a plant's models; the one that it starts with, which is about language models, where there are none.

    Args:
        mlflow: root of MLflow's pages.
        plant: whose models.
    """
    try:
        answer = httpx.get(
            f"{mlflow}/api/2.0/mlflow/experiments/get-by-name",
            params={"experiment_name": models_experiment(plant)},
            timeout=_ANSWERS_WITHIN_S,
            trust_env=False,
        )
        return f"{mlflow}/#/experiments/{answer.json()['experiment']['experiment_id']}/runs"
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return mlflow
