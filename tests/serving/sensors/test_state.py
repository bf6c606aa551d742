"""What lies on disk: read back as it was, and refused with the place where it can't be."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plant_assets.simulation.origin import OriginError, OriginNote, PlantOrigin
from serving.sensors.plant import LivePlant
from serving.sensors.state import StateError, StateFile
from tests.serving.sensors.conftest import ORIGIN

NOW = datetime(2026, 5, 3, 14, 30, tzinfo=UTC)


def test_what_is_written_is_read_back(tmp_path, demo):
    plant = LivePlant(demo, ORIGIN)
    plant.activate("level_swing")
    file = StateFile(tmp_path, "demo")
    assert file.read(demo.tag_names) is None
    file.write(plant.state(), durable=True)
    assert file.read(demo.tag_names) == plant.state()
    assert [p.name for p in tmp_path.iterdir()] == ["demo.json"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "the document: Invalid JSON"),
        ('{"tags": [', "the document: Invalid JSON"),
        ("[]", "the document: "),
        ('{"tags": [], "position": -1, "published": 0}', "position: .*greater than or equal to 0"),
        (
            '{"tags": [], "position": 1, "published": 0, "switches": [{"step": 1, "scenario": "flood"}]}',
            "switches.0.scenario: ",
        ),
        ('{"tags": [], "position": 1, "published": 0, "speed": 1}', "speed: Extra"),
    ],
)
def test_a_damaged_state_is_refused_with_its_place(tmp_path: Path, content, words):
    (tmp_path / "demo.json").write_text(content)
    with pytest.raises(
        StateError,
        match=rf"demo\.json: {words}.*Remove .* and run `forewarn stream forget demo` to start a new plant",
    ):
        StateFile(tmp_path, "demo").read([])


def test_a_state_of_other_tags_is_refused(tmp_path, demo):
    file = StateFile(tmp_path, "demo")
    file.write(LivePlant(demo, ORIGIN).state())
    with pytest.raises(StateError, match="tags differ from the profile's"):
        file.read([*demo.tag_names, "NEW"])


def test_a_new_plant_has_its_past_behind_it_which_ends_today(tmp_path):
    origin = OriginNote(tmp_path, "demo").read_or_found(None, NOW, 90)
    assert origin == PlantOrigin(seed=7, start=datetime(2026, 2, 2, tzinfo=UTC), past_days=90)


def test_an_origin_that_was_noted_before_plants_chose_their_past_has_four_weeks(tmp_path):
    (tmp_path / "demo.origin.json").write_text('{"seed": 7, "start": "2026-04-05T00:00:00Z"}')
    origin = OriginNote(tmp_path, "demo").read_or_found(None, NOW, 90)
    assert origin == PlantOrigin(seed=7, start=datetime(2026, 4, 5, tzinfo=UTC), past_days=28)


def test_who_comes_later_gets_the_origin_that_was_noted(tmp_path):
    first = OriginNote(tmp_path, "demo").read_or_found(5, NOW, 90)
    later = OriginNote(tmp_path, "demo").read_or_found(None, NOW.replace(year=2031), 28)
    assert later == first
    assert [p.name for p in tmp_path.iterdir()] == ["demo.origin.json"]


def test_another_seed_than_the_plant_lives_with_is_refused(tmp_path):
    OriginNote(tmp_path, "demo").read_or_found(5, NOW, 90)
    with pytest.raises(OriginError, match="FOREWARN_SENSORS_SEED: 6, but plant demo uses seed 5"):
        OriginNote(tmp_path, "demo").read_or_found(6, NOW, 90)


@pytest.mark.parametrize(
    "note",
    [
        {"seed": -1, "start": "2026-01-01T00:00:00Z"},
        {"seed": 1},
        {"seed": 1, "start": "2026-01-01T00:00:00"},
        {"seed": 1, "start": "2026-01-01T00:30:00Z"},
        {"seed": 1, "start": "2026-01-01T00:00:00Z", "past_days": 0},
        {"seed": 1, "start": "2026-01-01T00:00:00+02:00"},
    ],
)
def test_a_damaged_note_of_the_origin_is_refused(tmp_path, note):
    (tmp_path / "demo.origin.json").write_text(json.dumps(note))
    with pytest.raises(OriginError, match="expected seed and start"):
        OriginNote(tmp_path, "demo").read_or_found(None, NOW, 90)
