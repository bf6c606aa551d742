"""Kill -9 of the live service before each write of a row's transaction: all of it is stored, or nothing, and nothing twice."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from serving.settings import ServingSettings
from serving.store.database import database_url
from serving.store.migrate import migrate
from tests.reliability import warnings_child
from tests.reliability.databases import engine_of
from tests.reliability.fork_server import ForkServer, fork_server
from tests.reliability.warnings_child import PlantRow

pytestmark = pytest.mark.timeout(300)
MOST_STEPS = 30

Dump = Mapping[str, list[object]]
STATE = {
    "scores": "SELECT * FROM live_scores ORDER BY id",
    "warnings": "SELECT * FROM warnings ORDER BY id",
    "timelines": "SELECT * FROM warning_actions ORDER BY id",
    "events": "SELECT type, data FROM events WHERE type IN ('reading', 'scores', 'warning') ORDER BY id",
    "tracks": "SELECT name, document FROM live_state WHERE name LIKE 'scores:%'",
}
"""What a live row's scores change in one transaction."""
CROSSED = {"PDT31008_max": 310.0}
OPENS = PlantRow({3: 0.9}, CROSSED)
LIFE = [
    OPENS,
    PlantRow({3: 0.9}, CROSSED | {"PDT31008": 700.0}, advice="Reduce the reflux"),
    PlantRow(gone=("PDT31008",)),
    PlantRow(),
    PlantRow(),
    PlantRow(),
    PlantRow(values=CROSSED),
]  # fmt: skip
"""The rows of a forecast's warning and a rule's, from their opening to what came after both had cleared."""
TIMELINE = [
    "opened", "opened", "escalated", "stale", "stale", "fresh", "fresh", "cleared", "cleared", "opened",
]  # fmt: skip
KILLED = (0, 1, 5, 6)
"""Those at each of whose writes the gateway is killed; at the others, once they are stored."""


@pytest.fixture(scope="module")
def children() -> Iterator[ForkServer]:
    with fork_server(warnings_child.__name__) as server:
        yield server


class LivePlant:
    """A live plant with a database of its own."""

    def __init__(self, settings: ServingSettings, children: ForkServer) -> None:
        self.rows = [PlantRow()]
        self._settings, self._children = settings, children
        migrate(database_url(settings))
        self._engine = engine_of(settings)

    def die(self, step: int = 0) -> None:
        """Run a live service that dies at a step of the newest row's transaction, or once it is committed."""
        assert self._children.killed(warnings_child.live, self._settings, self.rows, step)

    def score(self) -> Dump:
        """Run one that scores the newest row; what is stored then."""
        assert not self._children.killed(warnings_child.live, self._settings, self.rows, -1)
        return self.dump()

    def dump(self) -> Dump:
        """What is stored, without the wall clock's times."""
        with self._engine.connect() as connection:
            found = {name: connection.execute(sa.text(query)).mappings() for name, query in STATE.items()}
            return {name: [_timeless(dict(row)) for row in rows] for name, rows in found.items()}


def _timeless(stored: object) -> object:
    """What is stored without times of the wall clock; of documents what they mean, as databases write them differently."""
    if isinstance(stored, dict):
        return {
            name: value is not None if str(name).endswith("_at") or name == "at" else _timeless(value)
            for name, value in stored.items()
        }
    if isinstance(stored, str) and stored[:1] in ("{", "["):
        return _timeless(json.loads(stored))
    return [_timeless(one) for one in stored] if isinstance(stored, list) else stored


@pytest.fixture
def settings(tmp_path: Path, database_address: str) -> ServingSettings:
    return ServingSettings(
        home=tmp_path / "home", drop=tmp_path / "drop", database_url=database_address, live_flush_hours=0
    )


@pytest.fixture
def plant(settings: ServingSettings, children: ForkServer) -> LivePlant:
    return LivePlant(settings, children)


@pytest.fixture
def undisturbed(tmp_path: Path, settings: ServingSettings, children: ForkServer) -> list[Dump]:
    """What is stored after each row by a live service that nobody kills."""
    plant = LivePlant(
        settings.model_copy(update={"home": tmp_path / "undisturbed", "database_url": ""}), children
    )
    found = [plant.score()]
    for row in LIFE:
        plant.rows.append(row)
        found.append(plant.score())
    return found


def _kill_at_each_step(plant: LivePlant) -> tuple[Dump, int]:
    """Kill a live service at one step after the other until something is stored: what, and how many were killed."""
    before = plant.dump()
    for step in range(1, MOST_STEPS):
        plant.die(step)
        if (found := plant.dump()) != before:
            return found, step
    pytest.fail("nothing is ever stored")


def test_what_a_row_does_to_warnings_is_stored_whole_or_not_at_all(
    plant: LivePlant, undisturbed: list[Dump]
) -> None:
    found, kills = _kill_at_each_step(plant)
    assert found == undisturbed[0]
    for number, row in enumerate(LIFE):
        plant.rows.append(row)
        if number in KILLED:
            found, steps = _kill_at_each_step(plant)
            kills += steps
        else:
            plant.die()
            found = plant.dump()
        assert found == undisturbed[number + 1], f"row {number} is stored in part, or twice"
    assert kills >= 40
    assert [line["action"] for line in found["timelines"]] == TIMELINE  # type: ignore[index]
    told = [event["data"]["number"] for event in found["events"] if event["type"] == "reading"]  # type: ignore[index]
    assert told == list(range(told[0], told[0] + len(plant.rows)))


@pytest.mark.services
@pytest.mark.parametrize("database_address", ["postgres"], indirect=True)
def test_a_warning_opens_once_also_on_a_server(plant: LivePlant, undisturbed: list[Dump]) -> None:
    plant.die()
    plant.rows.append(OPENS)
    found, kills = _kill_at_each_step(plant)
    assert kills >= 8
    for table in ("warnings", "timelines", "events"):
        assert len(found[table]) == len(undisturbed[1][table])
    assert {warning["kind"]: bool(warning["drivers"]) for warning in found["warnings"]} == {  # type: ignore[index]
        "model": True, "rule": True,
    }  # fmt: skip
