"""Dagster components that a `defs.yaml` may name."""

from plant_assets.components.plant import Plant

__all__ = ["Plant"]
