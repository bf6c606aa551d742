"""Drafts from exports of many kinds: what they say, that they load, and that the same export then reads."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plant_assets.draft.draft import PlantDraft, draft_plant
from plant_assets.features.rules import check_rules
from plant_assets.features.spec import feature_specs
from plant_assets.ingest.errors import FileRefusal
from plant_assets.ingest.reading import read_drop_file
from plant_assets.profile.load import load_profile
from plant_assets.profile.model import PlantProfile
from plant_assets.simulation.drops import LAYOUTS, Layout, write_drop, write_operator_log
from plant_assets.simulation.simulate import simulate

START = datetime(2024, 1, 1)


def export(
    folder: Path, name: str = "export.csv", rows: int = 200, minutes: int = 5, **columns: object
) -> Path:
    """A CSV of random walks, and of the columns given."""
    rng = np.random.default_rng(7)
    times = [START + timedelta(minutes=minutes * i) for i in range(rows)]
    table = {
        "timestamp": times,
        **{k: v if v is not None else 50 + rng.normal(size=rows).cumsum() for k, v in columns.items()},
    }
    path = folder / name
    pl.DataFrame(table, strict=False).write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")
    return path


def loaded(draft: PlantDraft, folder: Path) -> PlantProfile:
    """The draft's text as a plant of its own; it must be the profile that the draft promises."""
    path = folder / "defs" / draft.profile.name / "defs.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(draft.text, "utf-8")
    profile = load_profile(draft.profile.name, folder / "defs")
    check_rules(profile)
    assert profile == draft.profile
    assert feature_specs(profile)
    return profile


def test_a_column_of_zeros_and_ones_becomes_a_state(tmp_path: Path) -> None:
    running = np.repeat([1, 0, 1], [120, 20, 60])
    draft = draft_plant("unit_8", [export(tmp_path, Flow=None, Pump_Status=running)])
    profile = loaded(draft, tmp_path)
    assert (profile.tag("Pump_Status").state, profile.tag("Flow").state) == (True, False)
    assert "# 0 and 1 alone: on and off, which may stay without being frozen" in draft.text
    assert draft.text.count("# limits:") == 1


def test_a_header_becomes_tags_with_units_and_loops(tmp_path: Path) -> None:
    path = export(
        tmp_path,
        **dict.fromkeys(
            ["Pressure [bar]", "T_in (degC)", "flow, m3/h", "FIC101.PV", "FIC101.SP", "FIC101.OP", "LONE.OP"]
        ),
    )
    draft = draft_plant("unit_7", [path])
    profile = loaded(draft, tmp_path)
    assert [(t.name, t.unit) for t in profile.tags[:3]] == [
        ("Pressure", "bar"),
        ("T_in", "degC"),
        ("flow", "m3/h"),
    ]
    assert profile.controllers == {"FIC101": {"pv": "FIC101_PV", "sp": "FIC101_SP", "op": "FIC101_OP"}}
    assert (profile.tag("LONE_OP").role, profile.tag("FIC101_SP").used) == ("indicator", False)
    assert profile.sampling.interval == timedelta(minutes=5)
    assert (profile.registry_prefix, profile.models) == ("unit_7_", ("isolation_forest", "champion"))
    assert profile.horizons == ()
    reading = read_drop_file(path, profile)
    assert (reading.report.absent, reading.records.height) == ([], 7 * 200)


def test_labels_and_what_was_computed_are_ignored(tmp_path: Path) -> None:
    rows = 200
    path = export(
        tmp_path,
        no=range(rows),
        level=None,
        flow=None,
        level_max=None,
        level_roll3h_mean=None,
        flow_max=None,
        flow_valve=None,
        anomaly=[0] * rows,
        changepoint=[0.0] * rows,
        hour_of_day=[1] * rows,
        comment=["fine"] * rows,
        nothing=[""] * rows,
    )
    draft = draft_plant("unit", [path])
    assert draft.profile.tag_names == ["level", "flow", "flow_valve"]
    assert draft.ignored == {
        "no": "row number",
        "level_max": "derived",
        "level_roll3h_mean": "derived",
        "flow_max": "derived",
        "anomaly": "label",
        "changepoint": "label",
        "hour_of_day": "calendar",
        "comment": "text",
        "nothing": "empty",
    }
    assert "not known" not in " ".join(read_drop_file(path, loaded(draft, tmp_path)).report.notes)


def test_columns_that_hold_something_and_are_no_tags_are_told(tmp_path: Path) -> None:
    path = export(tmp_path, level=None, Quality=[192.5, 10.0] * 100, blank=None, gone=[""] * 200, flow=None)
    head, body = path.read_text().split("\n", 1)
    path.write_text(head.replace("blank", "").replace("gone", "") + "\n" + body)
    draft = draft_plant("unit", [path])
    assert draft.profile.tag_names == ["level", "flow"]
    assert draft.ignored == {"Quality": "quality of no one tag"}
    assert draft.exports.unnamed == {"column D": "no name"}
    loaded(draft, tmp_path)


def test_nested_columns_are_told(tmp_path: Path) -> None:
    path = tmp_path / "export.parquet"
    table = pl.read_csv(export(tmp_path, level=None), try_parse_dates=True)
    table.with_columns(spectrum=pl.concat_list("level", "level")).write_parquet(path)
    draft = draft_plant("unit", [path])
    assert draft.ignored == {"spectrum": "nested values"}
    loaded(draft, tmp_path)


def test_constant_saturated_and_frozen_tags_are_flagged(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    walk = 50 + rng.normal(size=400).cumsum()
    frozen = walk.copy()
    frozen[200:] = frozen[200]
    coded = walk.copy()
    coded[[3, 50]] = -9999
    path = export(
        tmp_path,
        rows=400,
        good=walk,
        still=[3.5] * 400,
        brim=np.minimum(105 + rng.normal(0, 0.2, 400), 105.07),
        frozen=frozen,
        coded=coded,
    )
    draft = draft_plant("unit", [path])
    profile = loaded(draft, tmp_path)
    flags = {tag.series.name: " ".join(tag.bands.flags) for tag in draft.tags}
    assert flags["good"] == ""
    assert flags["still"] == "constant at 3.5"
    assert "saturated at its upper end" in flags["brim"]
    assert flags["frozen"].startswith("frozen at ")
    assert "-9999 (2 of coded) stands for no value" in draft.text
    assert profile.used_tags == ["good", "brim", "frozen", "coded"]
    assert profile.tag("brim").saturation[1] == pytest.approx(105.07)
    low, high = profile.tag("coded").range
    assert -9999 < low < walk.min() < walk.max() < high
    for flag in filter(None, flags.values()):
        assert flag in draft.text


def test_what_an_operator_should_hear_of_is_not_out_of_range(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    quiet = export(
        tmp_path, flow=rng.normal(123, 1, 200), swing=rng.normal(0, 1, 200), load=rng.normal(900, 9, 200)
    )
    profile = loaded(draft_plant("unit", [quiet]), tmp_path)
    later = tmp_path / "later.csv"
    later.write_text("timestamp,flow,swing,load\n2024-02-01,32,-5,0\n2024-02-02,0,5,2700\n")
    assert read_drop_file(later, profile).report.counts["out_of_range"] == 0
    later.write_text("timestamp,flow,swing,load\n2024-02-01,123000,0,-999\n2024-02-02,123,99,900\n")
    assert read_drop_file(later, profile).report.counts["out_of_range"] == 3


@pytest.mark.parametrize(
    ("step", "bounded"), [(timedelta(seconds=1), True), (timedelta(hours=1), False)], ids=["1s", "1h"]
)
def test_quick_plants_learn_from_what_fits_in_memory(step: timedelta, bounded: bool, tmp_path: Path) -> None:
    times = [START + step * i for i in range(300)]
    path = export(tmp_path, rows=300, timestamp=times, a=None, b=None, c=None)
    profile = loaded(draft_plant("unit", [path]), tmp_path)
    window = profile.history_window
    assert (window is not None) == bounded
    if window is not None:
        assert window >= timedelta(days=1)
        assert window / profile.sampling.interval * len(feature_specs(profile)) <= 60_000_000


@pytest.mark.parametrize(("seconds", "rows"), [(1, 30), (7, 5), (30, 2), (300, 2), (3600, 2)])
def test_an_alarm_of_a_draft_does_not_chatter(seconds: int, rows: int, tmp_path: Path) -> None:
    step = timedelta(seconds=seconds)
    times = [START + step * i for i in range(300)]
    profile = loaded(draft_plant("unit", [export(tmp_path, rows=300, timestamp=times, a=None)]), tmp_path)
    assert (profile.sampling.interval, profile.budget.off_delay) == (step, rows)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_that_can_be_dropped_can_be_drafted_from(
    layout: Layout, tmp_path: Path, profile: PlantProfile
) -> None:
    simulation = simulate(profile, datetime(2024, 1, 1, tzinfo=UTC), 5, 3)
    files = write_drop(simulation, layout, tmp_path / "drop")
    log = write_operator_log(simulation, tmp_path / "drop")
    draft = draft_plant("copy", [*files, log])
    mine = loaded(draft, tmp_path)
    assert {t.casefold() for t in mine.tag_names} == {t.casefold() for t in profile.tag_names}
    assert {k: set(v) for k, v in mine.controllers.items()} == {
        k: set(v) for k, v in profile.controllers.items()
    }
    read = pl.concat([read_drop_file(file, mine).records for file in files])
    assert read.height == pl.concat([read_drop_file(file, profile).records for file in files]).height
    assert mine.horizons


def test_event_driven_records_get_an_interval_that_people_use(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    seconds = rng.exponential(400, 2000).cumsum()
    times = [START + timedelta(seconds=float(s)) for s in seconds]
    path = tmp_path / "events.csv"
    pl.DataFrame({"timestamp": times, "level": rng.normal(50, 2, 2000)}).write_csv(path)
    draft = draft_plant("unit", [path])
    assert draft.profile.sampling.interval == timedelta(minutes=10)
    assert "event-driven" in draft.text
    assert draft.profile.sampling.hold_limit >= timedelta(minutes=30)


def test_files_of_one_variable_each_are_told_apart_by_their_names(tmp_path: Path) -> None:
    files = [export(tmp_path, f"{name}.csv", value=None) for name in ("speed", "inlet pressure")]
    draft = draft_plant("unit", files)
    mine = loaded(draft, tmp_path)
    assert mine.tag_names == ["speed", "inlet_pressure"]
    assert [read_drop_file(f, mine).report.tags for f in files] == [["speed"], ["inlet_pressure"]]


def test_brackets_that_hold_no_unit_tell_tags_apart(tmp_path: Path) -> None:
    path = export(tmp_path, **dict.fromkeys(["Temp (inlet)", "Temp (outlet)"]))
    profile = loaded(draft_plant("unit", [path]), tmp_path)
    assert profile.tag_names == ["Temp_inlet", "Temp_outlet"]
    assert read_drop_file(path, profile).report.tags == ["Temp_inlet", "Temp_outlet"]


def test_a_units_row_below_the_header_is_read(tmp_path: Path) -> None:
    path = export(tmp_path, **dict.fromkeys(["P", "T"]))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], ",bar,°C", *lines[1:]]) + "\n")
    assert [t.unit for t in loaded(draft_plant("unit", [path]), tmp_path).tags] == ["bar", "degC"]


def test_rows_of_several_assets_in_one_file_are_refused(tmp_path: Path) -> None:
    path = export(tmp_path, server=["a", "b"] * 100, load=None)
    table = pl.read_csv(path)
    table.with_columns(timestamp=table["timestamp"].gather(np.arange(200) // 2)).write_csv(path)
    with pytest.raises(
        FileRefusal, match=r"export\.csv: .*column 'server' seems to name the asset.*forewarn import"
    ):
        draft_plant("unit", [path])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("a,b\n1,2\n3,4\n", "no column of times"),
        ("timestamp,a\n2024-01-01,1\n2024-01-02,2\n", "2 rows of 24h; expected records over at least 12"),
        ("timestamp,note\n2024-01-01,x\n2024-01-02,y\n", r"no column can be a tag: 'note' \(text\)"),
        ("timestamp,a\n" + "".join(f"2024-01-{d:02},5\n" for d in range(1, 29)), "no tag varies: a"),
        ("timestamp,a\n2024-01-01,1\n2024-01-02,x\n2024-01-03,2\n", "row 3, column B"),
        (
            "time,a\n" + "".join(f"{n},2024-01-{n:02},{n % 7}\n" for n in range(1, 29)),
            "row 1: the header has 2 fields, the rows below it have 3",
        ),
        (
            "moment,a\n" + "".join(f"{n},2024-01-{n:02},{n % 7}\n" for n in range(1, 29)),
            "row 1: the header has 2 fields, the rows below it have 3",
        ),
        (
            "timestamp,a [bar]\n" + "".join(f"2024-01-{day:02},{day}e300\n" for day in range(2, 29)),
            r"such as 2e\+300; expected -1e\+300 to 1e\+300$",
        ),
        ("start,end\n2024-01-01,2024-01-02\n", "operator logs only"),
    ],
)
def test_an_export_that_no_plant_can_be_drafted_from_is_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(text)
    with pytest.raises(FileRefusal, match=rf"^export\.csv: .*{says}|^: .*{says}"):
        draft_plant("unit", [path])
