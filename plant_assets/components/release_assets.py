"""The validation report, and the champion that the gate lets through.

Belongs here: wiring the report and the gate to assets. Doesn't belong here: what they compute.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from plant_assets.components.asset import plant_asset
from plant_assets.components.attempts import first_attempt
from plant_assets.components.checks import check_oof
from plant_assets.components.datasets import used_dataset
from plant_assets.components.metadata import records_table, table_metadata
from plant_assets.components.model_assets import model_names
from plant_assets.components.naming import CHAMPION, ENGINEERS, LABELLED, MODELLERS, REPORT
from plant_assets.models.spec import CHAMPION as CHAMPION_SPEC
from plant_assets.models.spec import model_specs
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.lake import LakeResource
from plant_assets.resources.model_store import ModelStore

if TYPE_CHECKING:
    from plant_assets.models.promotion import ReleaseOutcome
    from plant_assets.models.registry import ModelRegistry
    from plant_assets.validation.report_data import ValidationReport
    from plant_assets.validation.verdict import GateDecision


def release_assets(profile: PlantProfile) -> list[dg.AssetsDefinition]:
    """What a plant's models are judged by, and the one that answers."""
    return [_validation_report(profile), _champion(profile)]


def _validation_report(profile: PlantProfile) -> dg.AssetsDefinition:
    names = (LABELLED, *model_names(profile))

    @plant_asset(
        profile,
        REPORT,
        "release",
        "Out-of-fold metrics of every model and trivial baseline, on events, as HTML and JSON; contains "
        "their out-of-fold tables.",
        ins={name: name for name in names},
        owners=[MODELLERS, ENGINEERS],
        kinds=["polars", "mlflow"],
        checked_table=True,
    )
    def validation_report(
        context: dg.AssetExecutionContext, lake: LakeResource, model_store: ModelStore, **tables: pl.DataFrame
    ) -> dg.MaterializeResult:
        from plant_assets.components.judging import (
            calibrations,
            judge_challenger,
            registered_ablations,
            unscored_figures,
        )
        from plant_assets.labels.label import is_unlabelled
        from plant_assets.models.registry import DAGSTER_RUN
        from plant_assets.models.train import untrainable
        from plant_assets.validation.baselines import plant_baselines
        from plant_assets.validation.oof import empty_oof, join_oof
        from plant_assets.validation.report import build_report
        from plant_assets.validation.report_figures import ranking_table

        labelled = tables.pop(LABELLED)
        models = _once(tables)
        trivial = empty_oof() if is_unlabelled(labelled) else plant_baselines(labelled, profile)
        oof = join_oof([models, trivial])
        has_labels = labelled["anomaly_label"].drop_nulls().n_unique() > 1
        untrained = untrainable(model_specs(profile), profile, has_labels=has_labels)
        registry = model_store.registry()
        lineage = {
            "data_fingerprint": lake.history(profile.name).fingerprint(),
            DAGSTER_RUN: context.run_id,
        }
        report = build_report(
            models,
            labelled,
            profile,
            lineage,
            baselines_oof=trivial,
            verdict=judge_challenger(profile, registry, oof, labelled, model_store.promotion_metric),
            further=unscored_figures(profile, registry, models),
            titles={spec.name: spec.title for spec in model_specs(profile)},
            untrained=untrained,
            registered_ablations=registered_ablations(profile, registry, models),
            calibrations=calibrations(profile, registry),
        )
        parent = model_store.pipeline_run(profile.name, first_attempt(context.instance, context.run))
        page, run = _keep_report(
            report,
            profile,
            lake,
            registry,
            oof=oof,
            labelled=labelled,
            dagster_page=model_store.dagster_page(context.run_id),
            parent_run=parent,
        )
        return dg.MaterializeResult(
            value=oof,
            metadata={
                **table_metadata(oof, profile),
                "summary": dg.MetadataValue.md("\n\n".join(report.sentences)),
                "models": records_table(ranking_table(report)),
                **_not_trained(untrained),
                "report": dg.MetadataValue.path(page),
                "MLflow run": model_store.run_page(run),
            },
            check_results=[check_oof(REPORT, oof)],
        )

    return validation_report


def _not_trained(reasons: Mapping[str, str]) -> dict[str, dg.MetadataValue]:
    lines = [f"- {name}: {reason}" for name, reason in reasons.items()]
    return {"not trained": dg.MetadataValue.md("\n".join(lines))} if lines else {}


def _keep_report(
    report: "ValidationReport",
    profile: PlantProfile,
    lake: LakeResource,
    registry: "ModelRegistry",
    *,
    oof: pl.DataFrame,
    labelled: pl.DataFrame,
    dagster_page: str,
    parent_run: str,
) -> tuple[str, str]:
    """Keep the report as HTML and JSON in the lake, and in MLflow with each row's results.

    Returns:
        its page, and the id of the MLflow run.
    """
    from plant_assets.exports.tables import save_csv
    from plant_assets.models.registry import DAGSTER_PAGE, DAGSTER_RUN, dagster_link
    from plant_assets.validation.report import render_html
    from plant_assets.validation.report_figures import headline, report_figures

    link = f"{dagster_link(report.lineage[DAGSTER_RUN], dagster_page)}."
    texts = {"validation_report.html": render_html(report), "validation_report.json": report.to_json()}
    page = lake.write_report(profile.name, texts)
    with TemporaryDirectory(prefix="forewarn-") as scratch:
        files = {name: Path(scratch) / name for name in texts}
        for name, path in files.items():
            path.write_text(texts[name], "utf-8")
        results = save_csv("model_results", oof, Path(scratch))
        run = registry.log_report(
            profile,
            files | {results.name: results},
            report_figures(report),
            report.lineage | ({DAGSTER_PAGE: dagster_page} if dagster_page else {}),
            description="\n\n".join(filter(None, (*report.sentences, headline(report), link))),
            dataset=used_dataset(lake, profile.name, LABELLED, labelled),
            parent_run=parent_run,
        )
        return page, run


def _champion(profile: PlantProfile) -> dg.AssetsDefinition:
    @plant_asset(
        profile,
        CHAMPION,
        "release",
        "The serving model. The promotion gate compares the challenger with it; a challenger that passes "
        "is promoted (alias @champion) where the promotion mode allows it.",
        ins={"oof": REPORT, "labelled": LABELLED},
        kinds=["mlflow"],
    )
    def champion(
        context: dg.AssetExecutionContext, model_store: ModelStore, oof: pl.DataFrame, labelled: pl.DataFrame
    ) -> dg.MaterializeResult:
        from plant_assets.components.judging import judge_challenger, waiting_challengers
        from plant_assets.models.promotion import place, release

        registry = model_store.registry()
        verdict = judge_challenger(profile, registry, oof, labelled, model_store.promotion_metric)
        placements: list[ReleaseOutcome] = []
        found = waiting_challengers(profile, registry)
        for spec, version in found:
            if spec.name != CHAMPION_SPEC.name:
                placements.append(release(registry, version))
        for spec, version in found:
            if spec.name == CHAMPION_SPEC.name:
                passed = verdict is None or verdict.promote
                placements.append(place(registry, version, passed=passed, mode=model_store.promotion_mode))
        for placement in placements:
            context.log.info(placement.reason)
        if any(placement.move for placement in placements):
            context.log.info(model_store.tell_inference())
        return dg.MaterializeResult(metadata=_release_metadata(profile, model_store, placements, verdict))

    return champion


def _release_metadata(
    profile: PlantProfile,
    model_store: ModelStore,
    placements: list["ReleaseOutcome"],
    verdict: "GateDecision | None",
) -> dict[str, dg.MetadataValue]:
    now = model_store.registry().champion(CHAMPION_SPEC.registry_name(profile))
    found: dict[str, dg.MetadataValue] = {
        "promoted": dg.MetadataValue.md("\n".join(f"- {p.reason}" for p in placements) or "nothing"),
        "promotion mode": dg.MetadataValue.text(model_store.promotion_mode),
    }
    if now is not None:
        found["champion"] = model_store.version_page(now.name, now.version)
        found["champion's algorithm"] = dg.MetadataValue.text(now.tags.get("builder", "unknown"))
        found["MLflow run"] = model_store.run_page(now.run_id)
    if verdict is not None:
        words = {None: "not applicable", True: "passed", False: "failed"}
        rows = [
            {"condition": c.name, "result": words[c.passed], "reason": c.sentence} for c in verdict.conditions
        ]
        found["verdict"] = dg.MetadataValue.text(verdict.headline)
        found["gate"] = records_table(pl.DataFrame(rows))
    return found


def _once(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """All tables under each other; candidates that are models of their own too come in once."""
    return pl.concat(tables.values()).unique(
        ["model", "horizon", "timestamp"], keep="first", maintain_order=True
    )
