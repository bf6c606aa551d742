"""The quick reader answers as the one that knows lines, or leaves it to that one."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from plant_assets.profile.load import DEFS_FOLDER, plant_names
from plant_assets.profile.plain_yaml import read_plain

ALIKE = [
    "a: NO",
    "a: [yes, off, on, y, N, true, False, TRUE]",
    "a: [~, null, Null, '', ]",
    "a: [0, -7, 12_000x, 1.5, -1e-3, 1e3, 3., .5]",
    "a: ['1', \"0x10\", 1h, 22:30:00]",
    "a: 2014-12-25",
    "a: {b: &x [1, 2], c: *x}",
    "a: >\n  folded\n  text\nb: |\n  kept\n",
    "a: °C\nb: m³/h",
    "# a comment\na: b # another",
]
LEFT_TO_THE_OTHER = [
    "a: 1\na: 2",
    "a: &x {b: 1}\nc: {<<: *x, d: 2}",
    "a: [010, 0o17, 0x1F, 1_000]",
    "a: [.inf, .nan]",
    "a: !!python/object:os.system {}",
    "a: !!binary aGk=",
    "a: [",
    "a: b: c",
    "- a",
    "a",
    "",
    "a: " + "[" * 100_000 + "]" * 100_000,
    "a: " + "{b: " * 100_000,
    "- " * 100_000,
    "? " * 100_000,
]


@pytest.mark.parametrize("text", ALIKE)
def test_what_it_reads_is_what_the_other_reader_reads(text: str) -> None:
    found = read_plain(text)
    assert found is not None
    assert found == YAML(typ="rt").load(text)
    assert repr(found) == repr(YAML(typ="safe", pure=True).load(text)), "types too"


@pytest.mark.parametrize("text", LEFT_TO_THE_OTHER)
def test_what_is_unusual_or_at_fault_is_left_to_the_other_reader(text: str) -> None:
    assert read_plain(text) is None


def test_every_plant_of_the_project_is_read_quickly() -> None:
    for name in plant_names():
        text = Path(DEFS_FOLDER / name / "defs.yaml").read_text("utf-8")
        assert read_plain(text) == YAML(typ="rt").load(text)
