"""GET /exports/{table}.csv: a plant's tables, written by the pipeline's own command; nothing stays."""

import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from serving.gateway.exports import service
from serving.settings import ServingSettings
from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio


@pytest.fixture
def gateway_settings(tmp_path: Path) -> ServingSettings:
    return ServingSettings(home=tmp_path / "home", preview_seconds=60)


@pytest.fixture
async def mia(site: Site) -> Member:
    return await site.member("mia")


def saying(code: str) -> Callable[[str, str, Path], list[str]]:
    """In place of the pipeline's command: a program that has `table`, `plant` and `folder`."""
    return lambda table, plant, folder: [
        sys.executable, "-c", f"import sys, pathlib\n_, table, plant, folder = sys.argv\n{code}",
        table, plant, str(folder),
    ]  # fmt: skip


async def test_a_table_is_what_the_pipeline_made_last(mia: Member, site: Site) -> None:
    path = site.gateway.settings.home / "lake" / "demo" / "assets" / "labeled_dataset.parquet"
    path.parent.mkdir(parents=True)
    pl.DataFrame({"TE301020": [1.5, None], "regime": ["normal", "alarm"]}).write_parquet(path)
    answer = await mia.client.get("/exports/labeled_dataset.csv?plant=demo")
    assert (answer.status_code, answer.text) == (200, "TE301020,regime\n1.5,normal\n,alarm\n")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="demo_labeled_dataset.csv"'


async def test_a_table_that_is_not_there_yet_names_the_command_that_makes_it(mia: Member) -> None:
    answer = await mia.client.get("/exports/model_results.csv?plant=demo")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "plant demo has no model_results yet; `forewarn train demo` makes it"


async def test_unknown_tables_and_plants_and_strangers_are_refused(mia: Member, site: Site) -> None:
    assert (await mia.client.get("/exports/passwords.csv?plant=demo")).status_code == 422
    unknown = await mia.client.get("/exports/model_results.csv?plant=nowhere")
    assert (unknown.status_code, "no plant 'nowhere'" in unknown.json()["detail"]) == (404, True)
    assert (await site.client.get("/exports/model_results.csv?plant=demo")).status_code == 401


async def test_a_command_that_fails_or_takes_too_long_is_a_bad_answer(
    mia: Member, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = site.gateway.table_exporter
    monkeypatch.setattr(exporter, "_command", saying("sys.exit('error: secret: no room')"))
    failed = await mia.client.get("/exports/cleaned_dataset.csv?plant=demo")
    assert failed.status_code == 502
    assert "secret" not in failed.text
    monkeypatch.setattr(exporter, "_command", saying("import time; time.sleep(60)"))
    monkeypatch.setattr(exporter, "_limit_s", 0.2)
    late = await mia.client.get("/exports/cleaned_dataset.csv?plant=demo")
    assert (late.status_code, late.json()["detail"]) == (
        502,
        "writing cleaned_dataset took longer than 0.2 s",
    )


async def test_more_than_can_wait_are_refused(
    mia: Member, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = service.MOST_AT_ONCE + service.MOST_WAITING
    monkeypatch.setattr(site.gateway.table_exporter, "_inside", most)
    answer = await mia.client.get("/exports/cleaned_dataset.csv?plant=demo")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
