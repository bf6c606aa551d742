"""The whole platform: drops in, models that answer, and whatever is killed meanwhile.

One platform for all tests, which follow each other as a day at the plant does.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import httpx
import polars as pl
import pytest
from typer.testing import CliRunner

from benchmarks.platform import platform
from plant_assets.cli import supervision
from plant_assets.cli.main import app
from plant_assets.components.naming import RETRAINING_TAG
from plant_assets.models.spec import model_specs
from plant_assets.settings import read_settings
from tests.e2e.site import Site
from tests.imports.folders import components
from tests.reliability.plants import SMALL, write_defs
from tests.reliability.run_site import answering_models

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]
DAYS = 14
DRIFTED_FROM = 40
SEED = 20141223


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a platform that runs."""
    folder = tmp_path_factory.mktemp("platform")
    defs = str(write_defs(folder / "defs"))
    with pytest.MonkeyPatch.context() as patch:
        with platform(folder, FOREWARN_DEMO="0", FOREWARN_DEFS=defs) as environment:
            for name in environment:
                if name.startswith("FOREWARN_"):
                    patch.setenv(name, environment[name])
            patch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
            read_settings.cache_clear()
            (folder / "staging").mkdir()
            yield folder
        assert [process.cmdline() for process in supervision.living_processes(read_settings())] == [], (
            "`down` left a process"
        )
        read_settings.cache_clear()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def demo(folder: Path) -> Site:
    return Site("demo", folder / "staging")


@pytest.fixture(scope="module")
def small(folder: Path) -> Site:
    return Site(SMALL, folder / "staging")


def test_first_drop_trains_all_models_and_they_answer(demo: Site) -> None:
    demo.await_finished(demo.drop_days(0, DAYS, seed=7))
    assert demo.records().equals(demo.expected)
    names = {spec.name for spec in model_specs(demo.profile)}
    assert len(names) == 9

    def ready() -> set[str]:
        return {m["name"] for m in demo.ask("models").json()["models"] if m["status"] == "ready"}

    demo.await_true(lambda: len(ready()) == 9, "all nine models ready")
    answer = demo.ask("predict", {"features": {"PDT31008": 240.0, "lic31002_deviation": 1.5}})
    assert answer.status_code == 200, answer.text
    assert 0 <= answer.json()["risk_score"] <= 1
    forecasts = demo.ask("forecast", {"recent_observations": _newest_rows(demo, 24), "horizon": "all"})
    assert forecasts.status_code == 200, forecasts.text
    assert [f["horizon_hours"] for f in forecasts.json()["forecasts"]] == [1, 3, 6]
    probabilities = [f["anomaly_probability"] for f in forecasts.json()["forecasts"]]
    assert probabilities == sorted(probabilities)


def test_refused_file_is_put_aside_and_the_others_go_on(small: Site, folder: Path) -> None:
    small.drop_text("shifts.csv", "name,shift\nA,night\n")
    small.await_finished(small.drop_days(0, DAYS, seed=1))
    small.await_true(lambda: small.states().get("shifts.csv") == "refused", "shifts.csv refused")
    (report,) = (folder / "home" / "quarantine" / SMALL).glob("shifts*.report.json")
    assert json.loads(report.read_text("utf-8"))["expected"]
    assert not (folder / "drop" / SMALL / "shifts.csv").exists()
    assert small.records().equals(small.expected)


def test_two_drops_at_once_go_in_one_after_the_other(small: Site) -> None:
    before = len(small.runs())
    first = small.drop_days(2, DAYS, seed=2)
    small.await_run()
    second = small.drop_days(1, DAYS, seed=3)
    small.await_finished(first, second)
    assert len(small.runs()) == before + 2
    assert small.records().equals(small.expected)


def _kill_code_and_run(site: Site) -> None:
    run = site.started()[0]
    site.kill_service("code")
    site.kill_run(run)


def _kill_mlflow_and_inference(site: Site) -> None:
    site.kill_service("mlflow")
    site.kill_service("inference")


KILLS: dict[str, Callable[[Site], None]] = {
    "the run": lambda site: site.kill_run(site.started()[0]),
    "the daemon": lambda site: site.kill_service("daemon"),
    "the code server": lambda site: site.kill_service("code"),
    "the code server and the run": _kill_code_and_run,
    "mlflow and inference": _kill_mlflow_and_inference,
}


@pytest.mark.parametrize("what", KILLS)
def test_drop_is_finished_whatever_is_killed(small: Site, what: str) -> None:
    number = list(KILLS).index(what)
    chance = random.Random(SEED + number)
    usual = small.events(small.runs()[0])
    name = small.drop_days(number + 3, DAYS, seed=10 + number)
    small.await_run(events=chance.randint(5, int(usual * 0.8)))
    KILLS[what](small)
    small.await_finished(name)
    small.await_true(small.all_services_run, "all services run again")
    small.await_true(small.answers, "the champion answers")
    assert not small.active()
    assert small.records().equals(small.expected)
    assert set(small.states().values()) == {"ingested", "refused"}
    fingerprints = answering_models(small.profile, small.registry)
    assert fingerprints["isolation_forest"] == small.history.fingerprint()


def test_a_plant_that_drifts_is_trained_again_and_by_itself(small: Site) -> None:
    before = answering_models(small.profile, small.registry)
    small.drop_live(DRIFTED_FROM, days=9, seed=20, shift=3.0)

    def requested_runs() -> list[dg.DagsterRun]:
        return [run for run in small.runs() if "drifted" in run.tags.get(RETRAINING_TAG, "")]

    small.await_true(lambda: bool(requested_runs()), "a training asked for")
    small.await_true(lambda: requested_runs()[0].is_finished, "the training finished")
    assert requested_runs()[0].is_success
    after = answering_models(small.profile, small.registry)
    assert after["isolation_forest"] == small.history.fingerprint() != before["isolation_forest"]
    assert len(requested_runs()) == 1


def test_an_imported_folder_is_a_plant_at_once_and_trains(folder: Path) -> None:
    status, text = _command("import", components(folder / "export"), "--plant", "site", "--no-follow")
    assert (status, "Dagster has loaded demo, gas_treatment, site, small" in text) == (0, True), text
    site = Site("site", folder / "staging")
    site.await_finished("site_import.parquet")
    assert answering_models(site.profile, site.registry).keys() == {"isolation_forest", "champion"}


def test_an_edit_shows_in_dagster_after_a_reload(folder: Path) -> None:
    yaml = folder / "defs" / "site" / "defs.yaml"
    before = yaml.read_text("utf-8")
    assert "H 123.5" not in _readings_of("site")
    yaml.write_text(
        before.replace("process_unit: fan", "limits: {H: 123.5}\n      process_unit: fan", 1), "utf-8"
    )
    assert _command("plant", "check", "site") == (0, "site: no faults")
    assert _command("plant", "reload")[0] == 0
    assert "H 123.5" in _readings_of("site")


def test_a_broken_edit_is_told_by_line_and_leaves_the_other_plants(folder: Path) -> None:
    yaml = folder / "defs" / "site" / "defs.yaml"
    before = yaml.read_text("utf-8")
    line = next(i for i, text in enumerate(before.splitlines(), 1) if "interval:" in text)
    yaml.write_text(before.replace("interval: ", "interval: about ", 1), "utf-8")
    status, text = _command("plant", "reload")
    assert (status, "Dagster has loaded demo, gas_treatment, small." in text) == (1, True), text
    assert f"site/defs.yaml:{line}: attributes.sampling.interval: expected a duration such as" in text
    assert _readings_of("small")
    assert "expected a duration" in _description("site", "faulty_profile")
    yaml.write_text(before, "utf-8")
    assert _command("plant", "reload")[0] == 0
    assert "H 123.5" in _readings_of("site")


def _command(*arguments: object) -> tuple[int, str]:
    """Exit status of a command and everything printed, on one line."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())


def _readings_of(plant: str) -> str:
    return _description(plant, "raw_sensor_data")


def _description(plant: str, asset: str) -> str:
    """What Dagster shows of an asset."""
    query = "query Described($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { description } } }"
    url = f"http://127.0.0.1:{read_settings().port_dagster}/graphql"
    body = {"query": query, "variables": {"key": {"path": [plant, asset]}}}
    return httpx.post(url, json=body, timeout=30).json()["data"]["assetNodeOrError"]["description"]


def _newest_rows(site: Site, count: int) -> list[dict[str, object]]:
    """The newest raw rows as a client would send them."""
    raw = pl.read_parquet(Path(site.settings.lake_root) / "demo" / "assets" / "raw_sensor_data.parquet")
    tags = [name for name in site.profile.tag_names if name in raw.columns]
    rows = raw.select("timestamp", *tags).tail(count).to_dicts()
    assert rows[-1]["timestamp"] - rows[0]["timestamp"] == timedelta(hours=count - 1)
    return [{**row, "timestamp": row["timestamp"].isoformat()} for row in rows]
