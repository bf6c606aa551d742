"""`forewarn train`: a plant's job here and now, once however many ask for it, and what is said where it fails."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from plant_assets.components.naming import PLANT_TAG
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.models.registry import ModelRegistry
from plant_assets.profile.load import PLANT_TYPE
from plant_assets.settings import read_settings
from tests.conftest import copy_mlflow

PLANT = f"""\
type: {PLANT_TYPE}
attributes:
  name: {{name}}
  title: Mains
  simulated: {{simulated}}
  registry_prefix: {{name}}_
  sampling: {{{{interval: 1h, hold_limit: 6h, stale_after: 6h, frozen_after: 24h}}}}
  tags:
    - {{{{name: voltage, description: Voltage, unit: V, range: [0, 500], normal: [220, 240], process_unit: feeder}}}}
    - {{{{name: current, description: Current, unit: A, range: [0, 500], normal: [40, 90], process_unit: feeder}}}}
  features: {{{{}}}}
  judges: each_reading
  models: [isolation_forest]
  isolation_forest: {{{{trees: 10, contamination: 0.05}}}}
  budget: {{{{false_alarm_hours_per_day: 1, false_episodes_per_day: 2}}}}
  validation: {{{{folds: 2, gap: {{gap}}}}}}
"""
PLANTS = {
    "mains": {"simulated": "true", "gap": "24h"},
    "patient": {"simulated": "true", "gap": "9000h"},
    "measured": {"simulated": "false", "gap": "24h"},
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, empty_mlflow: Path) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("train")
    copy_mlflow(empty_mlflow, folder / "home")
    for name, parts in PLANTS.items():
        path = folder / "defs" / name / "defs.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(PLANT.format(name=name, **parts), "utf-8")
    given = {
        "FOREWARN_HOME": str(folder / "home"),
        "FOREWARN_DROP": str(folder / "drop"),
        "FOREWARN_DEFS": str(folder / "defs"),
        "FOREWARN_PORT_INFERENCE": "1",
        "DAGSTER_HOME": str(folder / "home" / "dagster"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        read_settings.cache_clear()
        yield {**os.environ, **given}
    read_settings.cache_clear()


def started(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "plant_assets.cli", "train", *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=300)
    return process.returncode, " ".join(said.split())


@pytest.fixture(scope="module")
def both(environment: dict[str, str]) -> list[tuple[int, str]]:
    """What two say that were started at once."""
    return [ended(one) for one in [started(environment, "mains", "--missing") for _ in range(2)]]


def test_two_starts_train_once(both: list[tuple[int, str]]) -> None:
    assert [status for status, _ in both] == [0, 0]
    words = sorted((said for _, said in both), key=len)
    assert "mains: isolation_forest version 1 is serving already; nothing was trained." in words[0]
    assert "no history yet, so 28 days are simulated" in words[1]
    assert words[1].endswith("mains: isolation_forest version 1 is serving.")
    assert "✓ isolation forest" in words[1]
    assert "DEBUG" not in words[1], "Dagster keeps its own log with the run"


def test_the_model_is_published_with_its_lineage_and_the_run_stands_in_dagster(
    both: list[tuple[int, str]],
) -> None:
    registry = ModelRegistry.from_settings()
    version = registry.champion("mains_isolation_forest")
    assert version is not None
    manifest = registry.manifest(version)
    assert len(manifest.lineage.config_sha256) == len(manifest.lineage.data_fingerprint) == 64
    assert version.tags["config_sha256"] == manifest.lineage.config_sha256
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs(dg.RunsFilter(tags={PLANT_TAG: "mains"}))
        assert run.run_id == manifest.lineage.dagster_run
        assert run.is_success
        told = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        assert any("Started process for run (pid: " in event.message for event in told)
    assert list((read_settings().drop / "mains").iterdir()) == [], "a file there would start another run"


def test_a_run_whose_process_is_gone_is_not_waited_for(
    both: list[tuple[int, str]], environment: dict[str, str]
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with dg.DagsterInstance.get() as instance:
        run = dg.DagsterRun("mains__pipeline", status=dg.DagsterRunStatus.STARTED, tags={PLANT_TAG: "mains"})
        instance.add_run(run)
        instance.report_engine_event(f"Started process for run (pid: {gone.pid}).", run)
        status, said = ended(started(environment, "mains", "--missing"))
        assert (status, "nothing was trained" in said) == (0, True)
        ran = instance.get_run_by_id(run.run_id)
        assert ran is not None
        assert ran.is_failure_or_canceled


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        (
            "patient",
            "error: patient wasn't trained: raw_sensor_data_schema: 1 fault; the most frequent: timestamp",
        ),
        ("measured", "error: measured wasn't trained: it has no history; drop an export into"),
        ("nowhere", "error: no plant 'nowhere'"),
    ],
)
def test_a_plant_that_can_not_be_trained_is_told_with_the_reason(
    environment: dict[str, str], plant: str, says: str
) -> None:
    status, said = ended(started(environment, plant))
    assert status == 1
    assert says in said
    assert "Traceback" not in said


def test_files_that_wait_are_ingested_first_and_a_refused_one_is_told(environment: dict[str, str]) -> None:
    folder = read_settings().drop
    (folder / "measured").mkdir(parents=True, exist_ok=True)
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [f"{begin + timedelta(hours=i)},{230 + 5 * math.sin(i / 3)},{60 + i % 7}\n" for i in range(600)]
    (folder / "measured" / "waiting.csv").write_text("time,voltage,current\n" + "".join(rows))
    (folder / "measured" / "other.csv").write_text("time,pressure\n2025-01-01,1\n")
    status, said = ended(started(environment, "measured"))
    assert "measured: other.csv, waiting.csv of its drop folder is ingested first." in said
    assert (status, said.endswith("measured: isolation_forest version 1 is serving.")) == (0, True), said
    ledger = DropLedger(read_settings().state_url)
    assert {e.path.name: e.state for e in ledger.entries("measured")} == {
        "waiting.csv": "ingested",
        "other.csv": "refused",
    }
    status, said = ended(started(environment, "measured"))
    assert (status, "is ingested first" in said) == (0, False), "what went in waits no more"
