"""The drift asset with a real registry: nothing without a model, then checks, tables, pictures and a request."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import dagster as dg
import polars as pl
import pytest

from plant_assets.components.plant import plant_definitions
from plant_assets.components.retraining import REQUEST
from plant_assets.defs.resources import resources
from plant_assets.drift.plant import LearnedRows
from plant_assets.drift.report import DriftReport
from plant_assets.ingest.grid.quality import FROZEN, flag_column
from plant_assets.models.registry import ModelRegistry
from plant_assets.models.registry_versions import PublishedVersion
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.options import IsolationForest
from plant_assets.settings import read_settings
from plant_assets.simulation.drops import write_drop
from plant_assets.simulation.simulate import simulate

LEARNED = 28 * 24
TABLES = ("labeled_dataset", "features")


class Judged:
    """A plant whose anomaly model learned from four weeks, and tables of later rows that a test may change."""

    def __init__(self, profile: PlantProfile, folder: Path) -> None:
        self.profile = profile
        self.definitions = dg.Definitions.merge(resources(), plant_definitions(profile, 2))
        self.instance = dg.DagsterInstance.ephemeral()
        self._assets = Path(read_settings().lake_root) / profile.name / "assets"
        self._drop = folder / "drop" / profile.name
        self._job = self.definitions.resolve_job_def(f"{profile.name}__pipeline")
        self._whole: dict[str, pl.DataFrame] = {}

    def run(self, *names: str, files: list[str] | None = None) -> dg.ExecuteInProcessResult:
        raw = f"{self.profile.name}__raw_sensor_data"
        return self._job.execute_in_process(
            instance=self.instance,
            run_config={"ops": {raw: {"config": {"files": files}}}} if files else None,
            asset_selection=[dg.AssetKey([self.profile.name, name]) for name in names],
        )

    def train(self) -> None:
        self._drop.mkdir(parents=True)
        simulation = simulate(self.profile, datetime(2026, 1, 1, tzinfo=UTC), 42, 7)
        files = [str(path) for path in write_drop(simulation, "long_csv", self._drop)]
        assert self.run("raw_sensor_data", *TABLES, files=files).success
        self._whole = {name: pl.read_parquet(self._assets / f"{name}.parquet") for name in TABLES}
        self.hold(rows=LEARNED)
        assert self.run("isolation_forest").success
        registry = ModelRegistry.from_settings()
        registry.promote(f"{self.profile.registry_prefix}isolation_forest")

    def hold(self, *changes: pl.Expr, rows: int | None = None) -> None:
        """Tables as they were after so many rows, those after the training changed."""
        for name, table in self._whole.items():
            late = pl.int_range(pl.len()) >= LEARNED
            own = [c for c in changes if c.meta.output_name() in table.columns]
            changed = table.with_columns(
                pl.when(late).then(c).otherwise(pl.col(c.meta.output_name())).alias(c.meta.output_name())
                for c in own
            )
            changed.head(rows or table.height).write_parquet(self._assets / f"{name}.parquet")

    def drift(
        self,
    ) -> tuple[DriftReport | None, dict[str, dg.MetadataValue], dict[str, dg.AssetCheckEvaluation]]:
        result = self.run("drift")
        assert result.success
        (event,) = result.asset_materializations_for_node(f"{self.profile.name}__drift")
        path = self._assets.parent / "reports" / "drift.json"
        report = DriftReport.model_validate_json(path.read_bytes()) if path.exists() else None
        checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
        return report, dict(event.metadata), checks


@pytest.fixture(scope="module")
def judged(home: Path) -> Judged:
    demo = load_profile("demo")
    quick = demo.validation.model_copy(update={"folds": 2})
    found = Judged(
        demo.model_copy(
            update={
                "models": ("isolation_forest",),
                "isolation_forest": IsolationForest(trees=30),
                "validation": quick,
            }
        ),
        home,
    )
    found.train()
    return found


def test_without_a_model_there_is_nothing_to_compare(judged: Judged) -> None:
    name = f"{judged.profile.registry_prefix}isolation_forest"
    client = ModelRegistry.from_settings().client
    client.delete_registered_model_alias(name, "champion")
    try:
        _, metadata, checks = judged.drift()
    finally:
        client.set_registered_model_alias(name, "champion", "1")
    assert "no model is serving yet" in str(metadata["state"].value)
    assert REQUEST not in metadata
    assert all(check.passed for check in checks.values())


def test_a_model_of_another_release_is_none(judged: Judged) -> None:
    champion = ModelRegistry.from_settings().champion(f"{judged.profile.registry_prefix}isolation_forest")
    assert champion is not None
    path = Path(urlsplit(champion.source).path) / "bundle.json"
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b'"format_version"', b'"another_version"'))
    try:
        _, metadata, _ = judged.drift()
    finally:
        path.write_bytes(kept)
    assert "no model is serving yet" in str(metadata["state"].value)


def test_rows_that_the_model_knows_are_not_judged(judged: Judged) -> None:
    judged.hold(rows=LEARNED)
    report, metadata, checks = judged.drift()
    assert report is not None
    assert report.findings == ()
    assert "no rows after the model's training data" in str(metadata["state"].value)
    assert set(checks) == {"no_drifted_tags", "no_drifted_scores"}


def test_a_tag_that_moved_fails_its_check_and_asks_for_a_training(judged: Judged) -> None:
    judged.hold(pl.col("PDT31001") + 30)
    report, metadata, checks = judged.drift()
    assert report is not None
    assert (report.trained.rows, report.model, report.version) == (LEARNED, "isolation_forest", 1)
    check = checks["no_drifted_tags"]
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert "PDT31001" in (check.description or "")
    request = metadata[REQUEST].value
    assert isinstance(request, dict)
    # The demo cools down for four weeks, and two have passed.
    assert (request["due"], "PDT31001" in str(request["why"])) == (False, True)
    assert "next request possible from 2026-02-2" in str(metadata["state"].value)
    found = metadata["findings"]
    assert isinstance(found, dg.TableMetadataValue)
    assert found.records[0].data["state"] == "▲ drift"
    assert "data:image/svg+xml" in str(
        metadata["distribution of training data (grey) and recent data (black)"].value
    )
    assert "/#/runs/" in str(metadata["MLflow run"].value)


def test_a_cause_is_answered_once_the_plant_has_cooled_down(judged: Judged) -> None:
    quick = judged.profile.drift.model_copy(update={"cool_down": timedelta(days=14)})
    other = Judged(judged.profile.model_copy(update={"drift": quick}), Path())
    judged.hold(pl.col("PDT31001") + 30)
    _, metadata, _ = other.drift()
    assert dict(metadata[REQUEST].value)["due"]  # type: ignore[call-overload]


def test_scores_that_moved_fail_their_own_check(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    from plant_assets.drift import registered

    own = registered.version_scores

    def higher(
        registry: ModelRegistry, version: PublishedVersion, learned: LearnedRows, features: pl.DataFrame
    ) -> pl.DataFrame:
        found = own(registry, version, learned, features)
        assert found is not None
        late = pl.col("timestamp") > learned.last
        return found.with_columns(score=pl.when(late).then(pl.col("score") + 1).otherwise("score"))

    judged.hold()
    monkeypatch.setattr(registered, "version_scores", higher)
    report, _, checks = judged.drift()
    assert report is not None
    (found,) = report.scores
    assert (found.name, found.state) == ("isolation_forest", "drift")
    assert found.rows > 100
    assert not checks["no_drifted_scores"].passed


def test_a_frozen_tag_is_told_as_the_instruments_fault(judged: Judged) -> None:
    flag = flag_column("PDT31001")
    judged.hold(pl.lit(90.0).alias("PDT31001"), (pl.col(flag) | pl.lit(FROZEN, pl.UInt8)).alias(flag))
    report, _, checks = judged.drift()
    assert report is not None
    assert next(f.state for f in report.tags if f.name == "PDT31001") == "instrument"
    assert "excluded, instrument fault: PDT31001" in (checks["no_drifted_tags"].description or "")


def test_reports_are_kept_in_mlflow(judged: Judged, tmp_path: Path) -> None:
    judged.hold()
    report, _, _ = judged.drift()
    registry = ModelRegistry.from_settings()
    experiment = registry.experiment("demo_drift")
    newest = registry.client.search_runs(
        [experiment], order_by=["attributes.start_time DESC"], max_results=1
    )[0]
    content = Path(
        registry.client.download_artifacts(newest.info.run_id, "drift.json", str(tmp_path))
    ).read_bytes()
    assert DriftReport.model_validate_json(content) == report
    assert "PDT31001/psi" in newest.data.metrics
