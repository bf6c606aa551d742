"""Folders by component or variable: what is told of them, the tags they become, and what is refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from plant_assets.draft.draft import draft_from
from plant_assets.imports.files import Arrangement, find_parts, label_file
from plant_assets.imports.reading import ImportedRecords, read_parts
from plant_assets.ingest.errors import FileRefusal
from tests.imports.folders import components, sensors, variables, write


def imported(folder: Path, arrangement: Arrangement | None = None, timezone: str = "UTC") -> ImportedRecords:
    return read_parts(find_parts(folder, label_file(folder), arrangement).parts, timezone=timezone)


def tags(found: ImportedRecords) -> dict[str, str]:
    return {one.name: found.process_units.get(one.name, "") for one in found.exports.series}


def test_sensors_of_components_keep_their_names_unless_another_has_it(tmp_path: Path) -> None:
    kind = find_parts(components(tmp_path), None, None).arrangement
    found = imported(tmp_path)
    assert kind == "components"
    assert tags(found) == {
        "fan_speed": "fan",
        "load": "fan",
        "pump_1_speed": "pump_1",
        "flow": "pump_1",
        "vibration": "pump_1",
    }
    assert {one.name: one.unit for one in found.exports.series}["flow"] == "m3/h"
    assert found.exports.records.height == 5 * 120
    draft = draft_from("site", found.exports, process_units=found.process_units)
    assert draft.profile.tag("flow").process_unit == "pump_1"


def test_one_file_a_component_is_a_component_of_its_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.csv", sensors("speed", "load"))
    assert set(tags(imported(tmp_path))) == {"a_speed", "a_load", "b_speed", "b_load"}


def test_one_file_a_variable_whatever_its_grid_and_style(tmp_path: Path) -> None:
    kind = find_parts(variables(tmp_path), None, None).arrangement
    found = imported(tmp_path)
    assert kind == "variables"
    assert set(tags(found)) == {"speed", "inlet_pressure", "level"}
    assert found.exports.records["tag"].value_counts().sort("tag")["count"].to_list() == [90, 60, 120]
    assert draft_from("site", found.exports).profile.sampling.interval >= timedelta(minutes=5)


def test_variables_in_folders_of_components_are_both(tmp_path: Path) -> None:
    for component in ("pump", "fan"):
        write(tmp_path / component / "speed.csv", sensors("value", time="timestamp"))
    assert tags(imported(tmp_path)) == {"fan_speed": "fan", "pump_speed": "pump"}


def test_a_column_of_values_with_a_name_may_be_told_to_be_a_variable(tmp_path: Path) -> None:
    write(tmp_path / "pump.csv", sensors("speed"))
    assert set(tags(imported(tmp_path, "components"))) == {"speed"}
    assert set(tags(imported(tmp_path, "variables"))) == {"pump"}


def test_offsets_and_local_times_meet_in_utc_and_doubled_times_count_once(tmp_path: Path) -> None:
    local = sensors("speed").replace("T00:00:00.000000", "T01:00:00.000000", 1)
    write(tmp_path / "a.csv", sensors("load").replace(".000000,", "Z,"))
    write(tmp_path / "b.csv", local)
    found = imported(tmp_path, timezone="Europe/Berlin")
    first = found.exports.records.group_by("tag").min().sort("tag")["timestamp"].dt.hour().to_list()
    assert first == [0, 23]
    assert found.duplicates == 1


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "pump-1/bad.csv",
            "Timestamp,t\n2024-01-01,oops\n2024-01-02,1\n2024-01-03,2\n",
            r"bad\.csv: row 2, column B",
        ),
        (
            "pump-1/note.csv",
            "Timestamp,note\n2024-01-01,a\n2024-01-02,b\n",
            r"note\.csv: no column of numbers",
        ),
        (
            "pump-1/late.csv",
            "Timestamp,t\n2924-01-01,1\n2924-01-02,2\n",
            r"late\.csv: .*row 2.*in the future",
        ),
        (
            "pump-1/cut.csv",
            "Timestamp,a,b\n2024-01-01,1,2\n2024-01-02,1",
            r"cut\.csv: row 3: the file ends within",
        ),
        ("pump-1/x.xlsx", "no workbook", r"x\.xlsx: the name ends in \.xlsx but the content is text"),
    ],
)
def test_a_refusal_names_file_row_and_what_was_expected(
    name: str, text: str, says: str, tmp_path: Path
) -> None:
    write(components(tmp_path) / name, text)
    with pytest.raises(FileRefusal, match=says):
        imported(tmp_path)


def test_files_without_a_value_are_passed_over(tmp_path: Path) -> None:
    write(components(tmp_path) / "pump-1" / "empty.csv", "")
    write(tmp_path / "fan" / "head.csv", "Timestamp,speed\n")
    contents = find_parts(tmp_path, None, None)
    assert contents.empty == ["fan/head.csv", "pump-1/empty.csv"]
    assert imported(tmp_path).files == 3


def test_a_folder_of_empty_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "")
    with pytest.raises(FileRefusal, match="no value in any file"):
        imported(tmp_path)


def test_an_arrangement_that_the_files_contradict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FileRefusal, match=r"fan/fan\.csv: series speed, load; expected a column of times and one of"
    ):
        imported(components(tmp_path), "variables")


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "readme.txt", "nothing")
    with pytest.raises(FileRefusal, match="no file to import; expected CSV, Excel or Parquet"):
        imported(tmp_path)
