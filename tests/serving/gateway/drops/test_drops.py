"""GET /drops and /quarantine/{id}: what the pipeline's own ledger and quarantine say."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.folder.ledger import DropLedger
from plant_assets.ingest.folder.ledger_tables import FILES
from plant_assets.ingest.folder.listing import FoundFile, look_at
from plant_assets.ingest.folder.quarantine import quarantine
from serving.gateway.drops.tables import DROP_FILES, SHOWN
from tests.serving.gateway.site import Site

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
REFUSAL = Refusal(
    "text_in_number_column", "'n/v' is no number", place="row 12, column C ('PDT31008')", expected="a number"
)


@pytest.fixture
def ledger(site: Site) -> DropLedger:
    """As the pipeline makes it, where the gateway looks for it."""
    here = site.gateway.settings
    return DropLedger(here.database_url or f"sqlite:///{here.home / 'manifest.db'}")


def dropped(folder: Path, name: str, content: str = "x") -> FoundFile:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)
    return look_at(folder / name)


@pytest.mark.parametrize("database_address", ["sqlite", "postgres"], indirect=True)
async def test_each_file_is_told_with_its_state(site: Site, ledger: DropLedger, tmp_path: Path) -> None:
    maria = await site.member("maria")
    first, second = dropped(tmp_path, "a.csv"), dropped(tmp_path, "b.csv", "yy")
    ledger.mark(
        "demo", first, "a" * 64, "ingested", NOW, message="3960 records; its content was ingested before"
    )
    ledger.scan(tmp_path, "demo", NOW)
    ledger.scan(tmp_path, "demo", NOW)
    ledger.request([e for e in ledger.entries("demo") if e.path == second.path], "key-1", NOW)
    answer = (await maria.client.get("/drops", params={"plant": "demo"})).json()
    assert [(d["file"], d["state"], d["rows"], d["drop"], d["size"]) for d in answer["drops"]] == [
        ("b.csv", "running", None, "key-1", 2),
        ("a.csv", "ingested", 3960, "", 1),
    ]
    assert answer["drops"][1]["reason"] == "its content was ingested before"
    assert datetime.fromisoformat(answer["drops"][1]["changed_at"]) == NOW
    assert (await maria.client.get("/drops?plant=gas_treatment")).json()["drops"] == []


async def test_before_the_pipeline_ran_nothing_is_there_and_nothing_is_made(site: Site) -> None:
    maria = await site.member("maria")
    assert (await maria.client.get("/drops")).json()["drops"] == []
    assert not (site.gateway.settings.home / "manifest.db").exists()


def test_the_pipelines_table_has_what_the_gateway_reads() -> None:
    assert DROP_FILES.name == FILES.name
    for column in DROP_FILES.c:
        assert column.name in FILES.c
        assert FILES.c[column.name].type.python_type is column.type.python_type
    assert set(SHOWN) == {"seen", "settled", "requested", "ingested", "refused", "failed", "superseded"}


async def test_a_refused_file_says_where_and_what_was_expected(
    site: Site, ledger: DropLedger, tmp_path: Path
) -> None:
    maria = await site.member("maria")
    found = dropped(tmp_path / "drop", "export.csv")
    done = quarantine(found.path, REFUSAL, site.gateway.settings.home / "quarantine" / "demo", plant="demo")
    sha256 = Path(done.report).read_text().split('"sha256": "')[1][:64]
    ledger.mark("demo", found, sha256, "refused", NOW, message=str(REFUSAL))
    row = (await maria.client.get("/drops")).json()["drops"][0]
    assert (row["state"], row["has_report"], row["reason"]) == ("quarantined", True, str(REFUSAL))
    report = (await maria.client.get(f"/quarantine/{row['id']}")).json()
    assert {key: report[key] for key in ("code", "message", "place", "expected")} == REFUSAL.as_dict()
    assert report["file"] == "export.csv"
    os.truncate(done.report, 20)
    assert (await maria.client.get(f"/quarantine/{row['id']}")).status_code == 502
    done.report.unlink()
    assert (await maria.client.get(f"/quarantine/{row['id']}")).status_code == 404


async def test_what_was_not_refused_has_no_report(site: Site, ledger: DropLedger, tmp_path: Path) -> None:
    maria = await site.member("maria")
    ledger.mark("demo", dropped(tmp_path, "a.csv"), "a" * 64, "ingested", NOW, message="1 records")
    for number in (1, 99):
        answer = await maria.client.get(f"/quarantine/{number}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:forewarn:problem:not-found")
    for number in ("0", "x", "../secret"):
        assert (await maria.client.get(f"/quarantine/{number}")).status_code in (404, 422)


@pytest.mark.parametrize("query", ["plant=../x", "limit=0", "limit=9999"])
async def test_a_wrong_question_is_refused(site: Site, query: str) -> None:
    maria = await site.member("maria")
    assert (await maria.client.get(f"/drops?{query}")).status_code == 422


@pytest.mark.parametrize("path", ["/drops", "/quarantine/1", "/runs", "/runs/abcdef12"])
async def test_who_is_not_logged_in_is_told_nothing(site: Site, path: str) -> None:
    assert (await site.client.get(path)).status_code == 401
