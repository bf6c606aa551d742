"""What drives each tree model of a plant, as pictures: the last asset of a run, so that no champion waits for it.

Belongs here: wiring explanations to Dagster's pages and MLflow's artifacts. Doesn't belong here: contributions and drawing
(`plant_assets/explain`).
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from plant_assets.components.asset import plant_asset
from plant_assets.components.attempts import first_attempt
from plant_assets.components.metadata import records_table
from plant_assets.components.naming import CHAMPION, EXPLANATIONS
from plant_assets.components.pictures import markdown_picture, svg_text
from plant_assets.models.spec import model_specs
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.model_store import ModelStore

if TYPE_CHECKING:
    from plant_assets.explain.explainer import ExplainedRows
    from plant_assets.models.registry import ModelRegistry
    from plant_assets.models.registry_versions import PublishedVersion
    from plant_assets.svg import SvgCanvas

ARTIFACTS = "explanations"
"""Folder of a model's MLflow run that holds its pictures."""
_LISTED = 5


def explanation_assets(profile: PlantProfile) -> list[dg.AssetsDefinition]:
    """The pictures of a plant's tree models."""

    @plant_asset(
        profile,
        EXPLANATIONS,
        "release",
        "What drives each tree model: Shapley values of its reference rows as a beeswarm, and over the values of its three largest features. "
        "The same pictures are artifacts of the model's MLflow run.",
        after=[CHAMPION],
        kinds=["mlflow"],
    )
    def explanations(context: dg.AssetExecutionContext, model_store: ModelStore) -> dg.MaterializeResult:
        registry = model_store.registry()
        model_store.pipeline_run(profile.name, first_attempt(context.instance, context.run))
        found: dict[str, dg.MetadataValue] = {}
        drivers: list[dict[str, str]] = []
        for spec in model_specs(profile):
            version = registry.newest(spec.registry_name(profile))
            if version is None or registry.readable(version) is None:
                continue
            pictured = _picture(registry, version, spec.name)
            if pictured is None:
                continue
            rows, pictures = pictured
            for kind, canvas in pictures.items():
                title = f"{spec.name}: {kind}"
                found[title] = dg.MetadataValue.md(markdown_picture(title, canvas))
            found[f"{spec.name}: MLflow run"] = model_store.run_page(version.run_id)
            largest = [rows.names[i] for i in rows.largest_first[:_LISTED]]
            drivers.append(
                {"model": spec.name, "version": str(version.version), "largest features": ", ".join(largest)}
            )
        return dg.MaterializeResult(metadata={"models": records_table(pl.DataFrame(drivers)), **found})

    return [explanations]


def _picture(
    registry: "ModelRegistry", version: "PublishedVersion", model: str
) -> "tuple[ExplainedRows, dict[str, SvgCanvas]] | None":
    """A tree model's explained rows and pictures, which go to its MLflow run; None of a model without trees."""
    from plant_assets.bundle.bundle import Bundle
    from plant_assets.explain.explainer import ScoreExplainer
    from plant_assets.explain.plots import beeswarm, dependence
    from plant_assets.models.registry import BUNDLE_PATH

    with TemporaryDirectory(prefix="forewarn-") as scratch:
        folder = registry.fetch(version, BUNDLE_PATH, Path(scratch))
        if folder is None or not any(folder.glob("*.onnx")):
            return None
        explainer = ScoreExplainer.of(Bundle.load(folder))
        rows = explainer.explain_reference_rows()
        pictures = {
            "beeswarm": beeswarm(rows, explainer.space),
            "dependence": dependence(rows, explainer.space),
        }
        target = Path(scratch) / ARTIFACTS
        target.mkdir()
        for name, canvas in pictures.items():
            (target / f"{name}.svg").write_text(svg_text(f"{model}: {name}", canvas), "utf-8")
        registry.attach(version.run_id, {ARTIFACTS: target})
        return rows, pictures
