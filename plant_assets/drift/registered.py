"""What drift asks of the model registry: the answering model's training rows and scores; keeping reports there.

Belongs here: reading versions and bundles, publishing a report. Doesn't belong here: any judgement (`plant.py`).
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from plant_assets.drift.plant import LearnedRows
from plant_assets.drift.report import FILE, DriftReport
from plant_assets.profile.model import PlantProfile

if TYPE_CHECKING:
    from plant_assets.models.registry import ModelRegistry
    from plant_assets.models.registry_versions import PublishedVersion

_ALIASES = ("champion", "challenger", "previous")


def answering_version(
    registry: "ModelRegistry", profile: PlantProfile
) -> tuple["PublishedVersion", LearnedRows] | None:
    """The version that answers for a plant, and what it learned from; None where there is none."""
    name = profile.answering_name
    versions = [registry.by_alias(name, alias) for alias in _ALIASES]
    manifests = [None if version is None else registry.readable(version) for version in versions]
    champion, manifest = versions[0], manifests[0]
    if champion is None or manifest is None:
        return None
    first, last = manifest.lineage.first, manifest.lineage.last
    if first is None or last is None:
        return None
    newest = max(m.lineage.last for m in manifests if m is not None and m.lineage.last is not None)
    return champion, LearnedRows(profile.answering, champion.version, first, last, newest)


def version_scores(
    registry: "ModelRegistry", version: "PublishedVersion", learned: LearnedRows, features: pl.DataFrame
) -> pl.DataFrame | None:
    """A version's decisions: out-of-fold ones of its training rows, its own ones of rows after them.

    Returns:
        `timestamp` and `score`; None where the version has no out-of-fold table, or reads features that the plant
        no longer has.
    """
    from plant_assets.bundle.bundle import Bundle

    oof = registry.oof(version)
    if oof is None:
        return None
    known = oof.filter(pl.col("model") == learned.model).select("timestamp", score="decision")
    with TemporaryDirectory(prefix="forewarn-") as scratch:
        found = registry.fetch(version, "bundle", Path(scratch))
        if found is None or known.is_empty():
            return None
        bundle = Bundle.load(found)
        after = features.filter(pl.col("timestamp") > learned.last)
        if not set(bundle.names) <= set(features.columns):
            return None
        rows = after.select(pl.col(bundle.names).cast(pl.Float64).fill_null(float("nan"))).to_numpy()
        decided = bundle.score(rows) if len(rows) else rows[:, 0]
    own = after.select("timestamp", score=pl.Series(decided, dtype=pl.Float64))
    return pl.concat([known, own.cast(known.schema)])


def publish_report(registry: "ModelRegistry", report: DriftReport, dagster_run: str) -> str:
    """Keep a report in MLflow's experiment `<plant>_drift`; answers the id of its run."""
    figures = {
        f"{finding.name}.{name}": value
        for finding in report.findings
        for name, value in (("psi", finding.psi), ("ks", finding.ks))
        if value is not None
    }
    labels = {"plant": report.plant, "dagster_run": dagster_run, "version": str(report.version)}
    experiment = registry.experiment(f"{report.plant}_drift")
    with (
        registry.run(experiment, "drift", labels, {}, figures) as (run_id, _),
        TemporaryDirectory(prefix="forewarn-") as scratch,
    ):
        path = Path(scratch) / FILE
        path.write_text(report.to_json(), "utf-8")
        registry.attach(run_id, {FILE: path})
    return run_id
