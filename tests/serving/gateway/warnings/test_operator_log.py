"""What was judged true, as the pipeline reads it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plant_assets.ingest.drop_folder import list_files
from plant_assets.ingest.reading import read_drop_file
from plant_assets.labels.label import label, read_periods
from plant_assets.profile.load import load_profile
from serving.gateway.warnings.operator_log import operator_log
from serving.settings import Settings
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.site import Site
from tests.serving.gateway.warnings.made import SINCE, hours, kept, warning

pytestmark = pytest.mark.anyio
PLANT = load_profile("demo")
TRUE = {"verdict": "true", "verdict_note": "", "verdict_at": SINCE, "verdict_by": "maria"}


@pytest.fixture
def gateway_settings(tmp_path: Path, database_address: str) -> Settings:
    return Settings(
        home=tmp_path / "home", drop=tmp_path / "drop", database_url=database_address, live_scoring=False
    )


def calm(first: datetime, rows: int) -> pl.DataFrame:
    """Raw rows of an uneventful plant."""
    times = [first + timedelta(hours=n) for n in range(rows)]
    values = {name: [60.0] * rows for name in PLANT.columns}
    return pl.DataFrame({"timestamp": times, **values}).with_columns(
        pl.col("timestamp").cast(pl.Datetime("us", "UTC"))
    )


def now(first: float, last: float) -> dict[str, object]:
    """Of a warning whose risk now crossed from one hour to another."""
    return {"horizon_hours": 0.0, "now_time": hours(first), "now_until": hours(last)}


@both_databases
async def test_the_exported_bytes_become_labels(site: Site, tmp_path: Path) -> None:
    await kept(
        site,
        warning(
            **TRUE | {"verdict_note": '=1+1; "foam", \nagain'}, verdict_start=hours(1), verdict_end=hours(2)
        ),
        warning(**TRUE, came_time=hours(4), came_until=hours(5)),
        warning(**TRUE, since=hours(7), newest_time=hours(11), **now(8, 9)),
        warning(**TRUE),  # a forecast that nothing followed
        warning(**TRUE | {"verdict": "false"}, **now(0, 1)),
        warning(**now(0, 1)),
        warning(**TRUE, plant="gas_treatment", **now(0, 1)),
    )
    engineer = await site.member("erika", "engineer")
    answer = await engineer.client.get("/warnings/operator_log.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    path = tmp_path / "operator_log.csv"
    path.write_bytes(answer.content)
    reading = read_drop_file(path, PLANT)
    assert reading.kind == "periods"
    periods = read_periods(reading.periods)
    assert [(p.start, p.end, p.reason) for p in periods] == [
        (hours(1), hours(2), 'warning 1 (alarm within 3 h): =1+1; "foam", again'),
        (hours(4), hours(5), "warning 2 (alarm within 3 h)"),
        (hours(8), hours(9), "warning 3 (alarm)"),
    ]
    labelled = label(calm(SINCE, 12), PLANT, periods)
    alarms = labelled.filter(anomaly_label=1)["timestamp"].to_list()
    assert alarms == [hours(n) for n in (1, 2, 4, 5, 8, 9)]


def test_times_carry_the_offset_of_the_plant(tmp_path: Path) -> None:
    berlin = PLANT.model_copy(update={"timezone": "Europe/Berlin"})
    # The hour that comes twice: 00:30 and 01:30 UTC are both 02:30 there.
    twice = [datetime(2025, 10, 26, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    log = operator_log([_numbered(**TRUE, verdict_start=twice[0], verdict_end=twice[1])], berlin.zone)
    path = tmp_path / "log.csv"
    path.write_bytes(log.content)
    periods = read_drop_file(path, berlin).periods
    assert periods is not None
    assert periods.select("start", "end").row(0) == tuple(twice)


def test_what_overlaps_is_one_period(tmp_path: Path) -> None:
    rule = {"kind": "rule", "rule": "level_deviation"}
    log = operator_log(
        [
            _numbered(**TRUE, **now(5, 9)),
            _numbered(**TRUE, **rule, came_time=hours(2), came_until=hours(5)),
            _numbered(**TRUE, verdict_start=hours(3), verdict_end=hours(4)),
            _numbered(**TRUE, **now(10, 11)),
            _numbered(**TRUE),
        ],
        PLANT.zone,
    )
    assert (log.periods, log.left_out) == (2, 1)
    path = tmp_path / "log.csv"
    path.write_bytes(log.content)
    periods = read_periods(read_drop_file(path, PLANT).periods)
    assert [(p.start, p.end, p.reason) for p in periods] == [
        (
            hours(2),
            hours(9),
            "warning 7 (level_deviation); warning 7 (alarm within 3 h); warning 7 (alarm)",
        ),
        (hours(10), hours(11), "warning 7 (alarm)"),
    ]


def test_a_long_note_keeps_the_reason_short() -> None:
    log = operator_log([_numbered(**TRUE | {"verdict_note": "x" * 500}, **now(0, 1))], PLANT.zone)
    assert len(log.content.decode().splitlines()[1].split(",")[2]) == 200


async def test_a_drop_is_whole_and_the_same_log_is_dropped_once(site: Site) -> None:
    await kept(site, warning(**TRUE, **now(0, 1)), warning(**TRUE))
    engineer = await site.member("erika", "engineer")
    first = (await engineer.client.post("/warnings/operator_log/drop")).json()
    assert (first["periods"], first["left_out"], first["written"]) == (1, 1, True)
    folder = site.gateway.settings.drop / "demo"
    assert (
        [found.path.name for found in list_files(folder)]
        == [first["file"]]
        == [p.name for p in folder.iterdir()]
    )
    exported = await engineer.client.get("/warnings/operator_log.csv")
    assert (folder / first["file"]).read_bytes() == exported.content
    again = (await engineer.client.post("/warnings/operator_log/drop")).json()
    assert again == first | {"written": False}
    await kept(site, warning(**TRUE, **now(3, 4)))
    more = (await engineer.client.post("/warnings/operator_log/drop")).json()
    assert (more["periods"], more["written"]) == (2, True)
    assert more["file"] != first["file"]


async def test_nothing_to_drop_is_a_conflict(site: Site) -> None:
    engineer = await site.member("erika", "engineer")
    answer = await engineer.client.post("/warnings/operator_log/drop?plant=gas_treatment")
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("no warning of plant gas_treatment was judged true")
    assert not (site.gateway.settings.drop / "gas_treatment").exists()


async def test_a_folder_that_can_not_be_written_is_told(site: Site) -> None:
    await kept(site, warning(**TRUE, **now(0, 1)))
    site.gateway.settings.drop.write_text("a file, no folder")
    engineer = await site.member("erika", "engineer")
    answer = await engineer.client.post("/warnings/operator_log/drop")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:forewarn:problem:drop-folder-away")


@pytest.mark.parametrize(("plant", "status"), [("nowhere", 404), ("../demo", 422), ("Demo", 422), ("", 422)])
async def test_other_plants_are_refused(site: Site, plant: str, status: int) -> None:
    engineer = await site.member("erika", "engineer")
    for answer in (
        await engineer.client.get("/warnings/operator_log.csv", params={"plant": plant}),
        await engineer.client.post("/warnings/operator_log/drop", params={"plant": plant}),
    ):
        assert answer.status_code == status


def _numbered(**columns: object):
    made = warning(**columns)
    made.id = 7
    return made
