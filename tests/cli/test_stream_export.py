"""`forewarn stream export`: a store's range, or a CSV of the data explorer, as a drop that ingest reads, with labels."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import plant_assets.settings
import serving.settings
from plant_assets.cli.main import app
from plant_assets.draft.preview import preview_file
from plant_assets.profile.load import load_profile
from serving.live.outputs.influx.address import parse_address
from serving.live.outputs.influx.client import StoreClient, new_client
from serving.live.outputs.influx.lines import format_line
from serving.live.outputs.influx.points import point_of_reading
from tests.conftest import needs_service
from tests.stores import has_influx1, has_victoria, running_influx1, running_victoria

START_US = 1_735_689_600_000_000  # 2025-01-01
HOUR_US = 3_600_000_000
PLANT = "gas_treatment"
TAG = load_profile(PLANT).tag_names[0]
CSV = "\n".join(
    [
        "#datatype,string,long,dateTime:RFC3339,double,string,string,string",
        "#group,false,false,false,false,true,true,true",
        "#default,_result,,,,,,",
        ",result,table,_time,_value,_field,_measurement,tag",
        *(f",,0,2025-01-01T{hour:02}:00:00Z,{hour}.5,value,m,{TAG}" for hour in range(24)),
    ]
)


@pytest.fixture(params=["victoria", "influx1"])
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    needs_service(has_victoria() and has_influx1(), "VictoriaMetrics or InfluxDB 1")
    with running_victoria() if request.param == "victoria" else running_influx1() as server:
        asyncio.run(fill(server.url))
        yield server.url


async def fill(url: str) -> None:
    """Two days of hours, one corrected, one bad; and one of another plant."""
    points = [point_of_reading(PLANT, TAG, START_US + n * HOUR_US, n / 2, "good") for n in range(48)]
    points += [
        point_of_reading(PLANT, TAG, START_US, 7.0, "uncertain", correction=1),
        point_of_reading(PLANT, TAG, START_US + 48 * HOUR_US, None, "bad"),
        point_of_reading("other", TAG, START_US, 1.0, "good"),
    ]
    async with new_client(parse_address(url), "") as http:
        client = StoreClient(parse_address(url), http)
        await client.write([format_line(point) for point in points])
        await client.show_all()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Settings of the test's own, which are read once a process otherwise."""
    monkeypatch.setenv("FOREWARN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FOREWARN_DROP", str(tmp_path / "drop"))
    for read in (plant_assets.settings.read_settings, serving.settings.read_settings):
        read.cache_clear()
    yield tmp_path
    for read in (plant_assets.settings.read_settings, serving.settings.read_settings):
        read.cache_clear()


def run(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["stream", "export", *options])
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.services
def test_a_range_comes_back_as_a_drop_that_ingest_reads(store_url: str, home: Path) -> None:
    (home / "p.csv").write_text(
        'start_time,end_time,reason\n2025-01-01T03:00Z,2025-01-01T05:00Z,"a, ""b"""\n'
    )
    code, said = run(
        "--from", store_url, "--to", PLANT, "--start", "2025-01-01T00:00Z", "--end", "2025-01-04T00:00Z",
        "--periods", str(home / "p.csv"),
    )  # fmt: skip
    assert code == 0, said
    assert "49 records of 1 tags, 1 periods" in said
    [table] = (home / "drop" / PLANT).glob("*.parquet")
    rows = pl.read_parquet(table).rows()
    assert [row[1:] for row in rows[:2]] == [(TAG, 7.0, "uncertain"), (TAG, 0.5, "good")]
    assert rows[-1][1:] == (TAG, None, "bad")
    profile = load_profile(PLANT)
    read = preview_file(table, profile)
    assert read.refusal is None
    assert read.report.counts["records"] == 48
    [log] = (home / "drop" / PLANT).glob("*_periods.csv")
    told = preview_file(log, profile)
    assert told.report.layout == "periods"
    assert told.report.counts["periods"] == 1


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_export_of_the_data_explorer_is_read_too(home: Path, suffix: str) -> None:
    (home / "in.csv").write_text(CSV)
    target = home / f"out.{suffix}"
    code, said = run(
        "--from",
        str(home / "in.csv"),
        "--to",
        str(target),
        "--start",
        "2025-01-01T12:00Z",
        "--end",
        "2025-01-02T00:00Z",
    )
    assert code == 0, said
    read = preview_file(target, load_profile(PLANT))
    assert read.refusal is None
    assert read.report.counts["records"] == 12


def test_bad_rows_are_named_and_nothing_is_written(home: Path) -> None:
    (home / "in.csv").write_text(CSV.replace("2025-01-01T01:00:00Z", "soon").replace(",3.5,", ",much,"))
    code, said = run("--from", str(home / "in.csv"), "--to", str(home / "out.csv"))
    assert code == 1
    assert "line 6: _time is 'soon'" in said
    assert "line 8: _value is 'much'" in said
    assert not (home / "out.csv").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("start,end\n1,2\n", "no column end_time and start_time; expected start_time,end_time[,reason]"),
        ("start_time,end_time\nsoon,2025-01-01\n", "line 2, start_time: got 'soon'; expected a time such as"),
        ("start_time,end_time\n2025-01-02,2025-01-01\n", "line 2: ends before it begins"),
        ("start_time,end_time\n", "no period; expected rows"),
    ],
)
def test_bad_periods_are_named_and_nothing_is_written(home: Path, content: str, said: str) -> None:
    (home / "in.csv").write_text(CSV)
    (home / "p.csv").write_text(content)
    code, output = run(
        "--from", str(home / "in.csv"), "--to", str(home / "out.csv"), "--periods", str(home / "p.csv")
    )
    assert code == 1
    assert said in output
    assert not (home / "out.csv").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "http://host", "--to", "x.csv"), "--from: got 'http://host'; expected influx1://"),
        (("--from", "absent.csv", "--to", "x.csv"), "absent.csv: No such file"),
        (
            ("--from", "absent.csv", "--to", "nowhere"),
            "--to nowhere: expected a .csv or .parquet file, or one of",
        ),
        (
            ("--from", "a.csv", "--to", "x.csv", "--name-from", "colour"),
            "expected field, measurement or tag:KEY",
        ),
        (("--from", "a.csv", "--to", "x.csv", "--start", "soon"), "--start: got 'soon'; expected a time"),
        (
            ("--from", "a.csv", "--to", "x.csv", "--start", "2025-01-02", "--end", "2025-01-01"),
            "before the end",
        ),
        (("--from", "victoria://127.0.0.1:1", "--to", "x.csv"), "doesn't respond"),
    ],
)
def test_wrong_options_are_told_in_a_sentence(options: tuple[str, ...], said: str) -> None:
    code, output = run(*options)
    assert code == 1
    assert said in output
