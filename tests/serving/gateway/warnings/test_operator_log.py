"""What was judged true, as the pipeline reads it."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plant_assets.ingest.folder.listing import list_files
from plant_assets.ingest.reading import read_drop_file
from plant_assets.labels.label import label, read_periods
from plant_assets.profile.load import load_profile
from serving.gateway.warnings.operator_log import operator_log
from serving.scores.tables import LiveScore
from serving.settings import ServingSettings
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.site import Site
from tests.serving.gateway.warnings.made import SINCE, hours, kept, warning

pytestmark = pytest.mark.anyio
PLANT = load_profile("demo")
TRUE = {"verdict": "true", "verdict_note": "", "verdict_at": SINCE, "verdict_by": "maria"}


@pytest.fixture
def gateway_settings(tmp_path: Path, database_address: str) -> ServingSettings:
    return ServingSettings(home=tmp_path / "home", drop=tmp_path / "drop", database_url=database_address)


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


async def log_of(site: Site, name: str = "erika") -> list[list[str]]:
    """Begin and end of each row of the plant's log."""
    engineer = await site.member(name, "engineer")
    answer = await engineer.client.get("/warnings/operator_log.csv")
    return [line.split(",")[:2] for line in answer.text.splitlines()[1:]]


def told(*periods: tuple[float, float]) -> list[list[str]]:
    return [[hours(end).isoformat(" ", timespec="seconds") for end in period] for period in periods]


@both_databases
async def test_each_excursion_of_a_warning_is_a_period(site: Site) -> None:
    judged = {**TRUE, "since": hours(0), "newest_time": hours(40)}
    await scored(site, fired=(4, 5, 6, 20, 30, 31, 38), rows=range(41))
    (number,) = await kept(site, warning(**judged, came_time=hours(4), came_until=hours(38)))
    assert await log_of(site) == told((4, 6), (20, 20), (30, 31), (38, 38))
    viewer = await site.member("vera")
    judgement = (await viewer.client.get(f"/warnings/{number}")).json()["judgement"]
    assert [datetime.fromisoformat(end) for end in judgement["label"]] == [hours(4), hours(38)]


async def test_rows_that_were_not_scored_part_no_run_but_a_long_silence_does(site: Site) -> None:
    longest = PLANT.sampling.stale_after / timedelta(hours=1)
    rows = (0, 1, 3, 4 + longest)
    await scored(site, fired=rows, rows=rows)
    await kept(site, warning(**TRUE, came_time=hours(0), came_until=hours(4 + longest)))
    assert await log_of(site) == told((0, 3), (4 + longest, 4 + longest))


async def test_without_all_of_its_scores_a_warning_is_one_period(site: Site) -> None:
    await scored(site, fired=(5, 8), rows=range(5, 9))
    await kept(site, warning(**TRUE, came_time=hours(2), came_until=hours(8)))
    assert await log_of(site) == told((2, 8))


async def test_scores_of_another_past_count_for_its_own_warnings(site: Site) -> None:
    began_anew = datetime(2026, 3, 2, tzinfo=UTC)
    await scored(site, fired=(0, 4), rows=range(5), at=began_anew - timedelta(hours=1))
    await scored(site, fired=(0, 1, 2, 3, 4), rows=range(5), at=began_anew)
    cleared = {"cleared_time": hours(5), "cleared_at": began_anew - timedelta(minutes=1)}
    await kept(site, warning(**TRUE, **cleared, came_time=hours(0), came_until=hours(4)))
    assert await log_of(site) == told((0, 0), (4, 4))


async def test_a_given_period_is_not_parted(site: Site) -> None:
    await scored(site, fired=(0, 4), rows=range(5))
    given = {"verdict_start": hours(0), "verdict_end": hours(4)}
    await kept(site, warning(**TRUE, **given, came_time=hours(0), came_until=hours(4)))
    assert await log_of(site) == told((0, 4))


async def scored(site: Site, fired: Collection[float], rows: Iterable[float], at: datetime = SINCE) -> None:
    """Scores of rows by their hour, some of which a rule fired at."""
    async with site.gateway.database.write() as session:
        session.add_all(
            LiveScore(
                plant="demo", plant_time=hours(row), created_at=at, risk=0.1, alarm=row in fired, passed_over=0,
                scores=[], rules=["level_deviation"] if row in fired else [], stale=[],
            )
            for row in rows
        )  # fmt: skip


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
    assert answer.json()["detail"].startswith("plant gas_treatment has no warning with the verdict true")
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
