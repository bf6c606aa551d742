"""The drift asset of a plant: its newest readings and scores held against what the answering model learned from.

Belongs here: wiring the judgement to tables, registry, checks and the request for a training.
Doesn't belong here: the judgement (`plant_assets/drift`), who acts on the request (`retraining.py`).
"""

from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from plant_assets.components.asset import plant_asset
from plant_assets.components.drift_metadata import report_metadata
from plant_assets.components.naming import DRIFT, FEATURES, LABELLED, MODELLERS, WINDOWS, asset_key
from plant_assets.components.retraining import REQUEST, RetrainingDue, request
from plant_assets.profile.model import PlantProfile
from plant_assets.resources.lake import LakeResource
from plant_assets.resources.model_store import ModelStore

if TYPE_CHECKING:
    from plant_assets.drift.report import DriftFinding, DriftReport
    from plant_assets.models.registry import ModelRegistry

TAGS_CHECK, SCORES_CHECK = "no_drifted_tags", "no_drifted_scores"


def drift_assets(profile: PlantProfile) -> list[dg.AssetsDefinition]:
    """What tells whether a plant still is what its models learned."""
    key = asset_key(profile.name, DRIFT)
    looks_at_windows = profile.answering.startswith("forecaster")

    @plant_asset(
        profile,
        DRIFT,
        "release",
        "How far recent readings and scores lie from the training data of the serving model, by PSI and "
        "Kolmogorov-Smirnov; rows that are stale or frozen are excluded. Drift, or labels that are too old, request "
        "a training of all models.",
        ins={"labelled": LABELLED, "features": WINDOWS if looks_at_windows else FEATURES},
        owners=[MODELLERS],
        checks=[
            dg.AssetCheckSpec(
                TAGS_CHECK, asset=key, description="Tags whose recent data drifted from the training data."
            ),
            dg.AssetCheckSpec(
                SCORES_CHECK, asset=key, description="Scores that drifted from those of the training data."
            ),
        ],
        automation=RetrainingDue(),
        first=True,
    )
    def drift(
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        model_store: ModelStore,
        labelled: pl.DataFrame,
        features: pl.DataFrame,
    ) -> dg.MaterializeResult:
        from plant_assets.drift.registered import publish_report

        registry = model_store.registry()
        report = _evaluate_drift(profile, lake, registry, labelled, features)
        if report is None:
            why = "not evaluated: no model is serving yet"
            return dg.MaterializeResult(
                metadata={"state": why},
                check_results=[_check_result(TAGS_CHECK, why), _check_result(SCORES_CHECK, why)],
            )
        page = model_store.run_page(publish_report(registry, report, context.run_id))
        return dg.MaterializeResult(
            metadata={**report_metadata(report), REQUEST: request(report, profile), "MLflow run": page},
            check_results=[
                _result(TAGS_CHECK, report.tags, report.note),
                _result(SCORES_CHECK, report.scores, report.note),
            ],
        )

    return [drift]


def _evaluate_drift(
    profile: PlantProfile,
    lake: LakeResource,
    registry: "ModelRegistry",
    labelled: pl.DataFrame,
    features: pl.DataFrame,
) -> "DriftReport | None":
    """The report, which is kept in the lake; None where no model is serving."""
    from plant_assets.drift.plant import judge_plant
    from plant_assets.drift.registered import answering_version, version_scores
    from plant_assets.drift.report import FILE

    found = answering_version(registry, profile)
    if found is None:
        return None
    version, learned = found
    before = _before(lake.read_report(profile.name, FILE))
    decided = version_scores(registry, version, learned, features)
    report = judge_plant(labelled, learned, profile, decided, before)
    lake.write_report(profile.name, {FILE: report.to_json()})
    return report


def _before(content: bytes | None) -> "DriftReport | None":
    """The last report; one of another shape tells nothing."""
    from pydantic import ValidationError

    from plant_assets.drift.report import DriftReport

    try:
        return None if content is None else DriftReport.model_validate_json(content)
    except ValidationError:
        return None


def _result(name: str, findings: "tuple[DriftFinding, ...]", note: str) -> dg.AssetCheckResult:
    from plant_assets.drift.report import drift_findings

    far = drift_findings(findings)
    untrusted = [f.name for f in findings if f.state == "instrument"]
    said = f"drifted: {', '.join(f.name for f in far)}" if far else note or "no drift"
    if untrusted:
        said += f"; excluded, instrument fault: {', '.join(untrusted)}"
    return dg.AssetCheckResult(
        check_name=name, passed=not far, severity=dg.AssetCheckSeverity.WARN, description=said
    )


def _check_result(name: str, why: str) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name, passed=True, severity=dg.AssetCheckSeverity.WARN, description=why
    )
