"""/plants/{plant}/history: the pipeline's tables as columns for the screen, read once and anew when they change."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plant_assets.profile.load import load_profile
from plant_assets.validation.oof import OOF_SCHEMA
from serving.settings import ServingSettings
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio
START = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 100
DEMO = load_profile("demo")
REASONS = {10: ["rule:high"], 11: ["rule:high", "period:noted; by hand"], 12: ["period:noted; by hand"]}


@pytest.fixture
def gateway_settings(tmp_path: Path) -> ServingSettings:
    return ServingSettings(home=tmp_path / "home", preview_seconds=60)


@pytest.fixture
async def mia(site: Site) -> Member:
    return await site.member("mia")


def times() -> list[datetime]:
    return [START + timedelta(hours=n) for n in range(COUNT)]


def labelled() -> pl.DataFrame:
    values = np.arange(COUNT, dtype=float)
    return pl.DataFrame(
        {
            "timestamp": times(),
            "PDT31008": [None, *values[1:]],
            "PDT31008_max": values + 0.123456789,
            "PDT31008_flags": pl.Series([16, *[0] * (COUNT - 1)], dtype=pl.UInt8),
            "TE301020_flags": pl.Series([0] * COUNT, dtype=pl.UInt8),
            "anomaly_label": pl.Series([int(n in REASONS) for n in range(COUNT)], dtype=pl.Int8),
            "regime": "normal",
            "label_source": [REASONS.get(n, []) for n in range(COUNT)],
        }
    )


def out_of_fold() -> pl.DataFrame:
    """The champion says alarm at rows 60 to 62; nothing is known of the first forty."""
    rows = range(40, COUNT)
    risks = [0.9 if 60 <= n <= 62 else 0.1 for n in rows]
    return pl.DataFrame(
        {
            "timestamp": [times()[n] for n in rows], "model": "champion", "horizon": 0, "fold": 1, "y": 0,
            "score": [2 * risk for risk in risks], "probability": risks, "threshold": 0.5, "decision": risks,
            "alarm": [risk > 0.5 for risk in risks],
        }
    ).cast(dict(OOF_SCHEMA))  # type: ignore[arg-type]  # fmt: skip


def write(site: Site, **tables: pl.DataFrame) -> None:
    folder = site.gateway.settings.home / "lake" / "demo" / "assets"
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")


def seconds(row: int) -> float:
    return times()[row].timestamp()


async def test_a_history_is_shown_whole_in_few_points_and_in_parts_row_by_row(
    mia: Member, site: Site
) -> None:
    write(site, labeled_dataset=labelled(), validation_report=out_of_fold())
    answer = (await mia.client.get("/plants/demo/history/overview?points=50")).json()
    assert (answer["rows"], answer["rows_per_point"], answer["interval_s"]) == (COUNT, 2, 3600)
    assert (answer["start"], answer["end"]) == (seconds(0), seconds(99))
    assert answer["low"]["PDT31008"][:2] == [1, 2]
    assert answer["high"]["PDT31008"][:2] == [1, 3]
    (now,) = answer["risk"]
    assert (now["hours"], now["model"], now["calibrated"]) == (0, DEMO.answering_name, True)
    assert (now["decision"][0], now["decision"][30], now["threshold"][30]) == (None, 0.9, 0.5)
    assert answer["labels"] == [
        {"kind": "rule", "name": "high", "start": seconds(10), "end": seconds(11)},
        {"kind": "period", "name": "noted; by hand", "start": seconds(11), "end": seconds(12)},
    ]
    assert answer["alarms"] == [[seconds(10), seconds(12)]]
    (warning,) = answer["warnings"]
    on, off = DEMO.budget.on_delay, DEMO.budget.off_delay
    assert (warning["start"], warning["end"]) == (seconds(60 + on), seconds(63 + off))
    assert (warning["horizon_hours"], warning["peak"], warning["alarm"]) == (0, pytest.approx(1.8), None)

    path = "/plants/demo/history/rows?since=2026-01-01T00:00:00Z&until=2026-01-01T10:00:00Z&limit=5"
    rows = (await mia.client.get(path)).json()
    assert rows["fingerprint"] == answer["fingerprint"]
    assert rows["times"] == [seconds(n) for n in range(5)]
    assert rows["next"] == seconds(5)
    assert rows["values"]["PDT31008"] == [None, 1, 2, 3, 4]
    assert rows["values"]["PDT31008_max"][0] == 0.123457
    assert rows["flags"] == {"PDT31008": [16, 0, 0, 0, 0]}
    last = (await mia.client.get("/plants/demo/history/rows?since=2026-01-05T02:00:00Z")).json()
    assert (last["times"], last["next"]) == ([seconds(98), seconds(99)], None)


async def test_it_is_read_anew_when_the_pipeline_has_written_it_anew_and_not_before(
    mia: Member, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, exporter = [], site.gateway.table_exporter
    command = exporter._command

    def noting(table: str, plant: str, folder: Path) -> list[str]:
        written.append(table)
        return command(table, plant, folder)

    monkeypatch.setattr(exporter, "_command", noting)
    write(site, labeled_dataset=labelled())
    first = (await mia.client.get("/plants/demo/history/overview")).json()
    assert (first["risk"], first["warnings"], first["high"]) == ([], [], None)
    again = (await mia.client.get("/plants/demo/history/overview")).json()
    assert again == first
    assert sorted(written) == ["labeled_dataset", "model_results"]
    write(site, labeled_dataset=labelled().head(50))
    path = site.gateway.settings.home / "lake" / "demo" / "assets" / "labeled_dataset.parquet"
    os.utime(path, ns=(1, 1))
    less = (await mia.client.get("/plants/demo/history/overview")).json()
    assert (less["rows"], less["fingerprint"] != first["fingerprint"]) == (50, True)


async def test_a_plant_without_a_history_names_the_command_that_makes_one(mia: Member, site: Site) -> None:
    answer = await mia.client.get("/plants/demo/history/overview")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "plant demo has no labeled_dataset yet; `forewarn train demo` makes it",
    )
    assert (await mia.client.get("/plants/nowhere/history/rows")).status_code == 404
    assert (await mia.client.get("/plants/demo/history/rows?since=yesterday")).status_code == 422
    assert (await mia.client.get("/plants/demo/history/overview?points=1")).status_code == 422
    assert (await site.client.get("/plants/demo/history/overview")).status_code == 401


async def test_a_table_of_something_else_is_a_fault_in_one_sentence(mia: Member, site: Site) -> None:
    write(site, labeled_dataset=pl.DataFrame({"timestamp": ["noon"]}))
    answer = await mia.client.get("/plants/demo/history/overview")
    assert answer.status_code == 502
    assert "the history of demo can't be read" in answer.json()["detail"]
