"""Addresses of the pages that a command's words lead to."""

from serving.settings import read_settings


def run_page(run_id: str) -> str:
    """Dagster's page of a run, where `FOREWARN_DAGSTER_URL` or this machine has it."""
    return f"{read_settings().dagster_address}/runs/{run_id}"
