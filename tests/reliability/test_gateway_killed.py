"""Kill -9 of the gateway before each write of a transaction: all of it is stored, or nothing, and nothing twice."""

import itertools
import json
import os
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import Response
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from serving.settings import ServingSettings
from serving.store.database import database_url
from serving.store.migrate import migrate
from tests.reliability import gateway_child
from tests.reliability.fork_server import ForkServer, fork_server
from tests.reliability.gateway_child import READINGS, SCORES
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.live.neighbours import Inference, Sensors
from tests.serving.gateway.processes import listening

pytestmark = pytest.mark.timeout(300)
MOST_STEPS = 30
STRIDE = 5
"""How many changes of a migration lie between two kills."""
WITHIN_S = 60
RESULTS = 50
"""As this one is stored, those above `KEPT_RESULTS` are deleted."""
KEPT_RESULTS = 10

Dump = Mapping[str, list[object]]
STATE = {
    "scores": "SELECT * FROM live_scores ORDER BY id",
    "warnings": "SELECT * FROM warnings ORDER BY id",
    "timelines": "SELECT * FROM warning_actions ORDER BY id",
    "events": "SELECT type, data FROM events WHERE type IN ('scores', 'warning') ORDER BY id",
    "tracks": "SELECT name, document FROM live_state WHERE name LIKE 'scores:%'",
}
"""What a live row's scores change in one transaction."""
TOLD = {
    "events": "SELECT data FROM events WHERE type = 'reading' ORDER BY id",
    "cursor": "SELECT document FROM live_state WHERE name LIKE 'readings:%'",
}
"""What the arrival of rows changes in one transaction."""


@dataclass(frozen=True, slots=True)
class PlantRow:
    """A row of the plant, and what inference says of it.

    Attributes:
        ahead: risk by horizon.
        advice: what is recommended; empty: the usual.
    """

    ahead: Mapping[int, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    quality: Mapping[str, str] = field(default_factory=dict)
    advice: str = ""


CROSSED = {"PDT31008_max": 310.0}
OPENS = PlantRow({3: 0.9}, CROSSED)
LIFE = [
    OPENS,
    PlantRow({3: 0.9}, CROSSED | {"PDT31008": 700.0}, advice="Reduce the reflux"),
    PlantRow(quality={"PDT31008": "stale"}),
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
    with fork_server(gateway_child.__name__) as server:
        yield server


class LivePlant:
    """A live plant with a database of its own."""

    def __init__(self, settings: ServingSettings, children: ForkServer, stack: ExitStack) -> None:
        self.sensors, self.inference = Sensors(), Inference()
        addresses = {
            "sensors_url": stack.enter_context(listening(self.sensors.app)),
            "inference_url": stack.enter_context(listening(self.inference.app)),
        }
        self._settings, self._children = settings.model_copy(update=addresses), children
        migrate(database_url(settings))
        self._engine = engine_of(settings)

    def add(self, row: PlantRow) -> None:
        self.inference.ahead = dict(row.ahead)
        self.inference.instead.clear()
        if row.advice:
            said = {"recommendation": [{"advice": row.advice, "urgency": "high"}]}
            self.inference.instead["recommend"] = Response(json.dumps(said), media_type="application/json")
        self.sensors.push(dict(row.quality), **row.values)

    def die(self, transaction: str, step: int = 0) -> None:
        """Run a gateway that dies at a step of the transaction that begins so, or once it is committed."""
        assert self._children.killed(gateway_child.live, self._settings, transaction, step)

    def live(self) -> int:
        """Start a gateway; its process."""
        return self._children.start(gateway_child.live, self._settings, "", 0)

    def dump(self, queries: Mapping[str, str] = STATE) -> Dump:
        """What is stored, without the wall clock's times."""
        with self._engine.connect() as connection:
            found = {name: connection.execute(sa.text(query)).mappings() for name, query in queries.items()}
            return {name: [_timeless(dict(row)) for row in rows] for name, rows in found.items()}

    def await_score(self) -> Dump:
        """What is stored once the newest row is scored."""
        number = self.sensors.rows[-1][0]
        attempts = Retrying(
            retry=retry_if_result(lambda dump: _newest(dump) != number),
            wait=wait_fixed(0.02),
            stop=stop_after_delay(WITHIN_S),
        )
        return attempts(self.dump)


def engine_of(settings: ServingSettings) -> sa.Engine:
    """For looks at a gateway's database from outside."""
    url = database_url(settings)
    if not settings.database_url:
        url = url.set(drivername="sqlite")
        settings.home.joinpath("gateway").mkdir(parents=True, exist_ok=True)
    return sa.create_engine(url, poolclass=sa.NullPool)


def _newest(dump: Dump) -> int:
    return dump["tracks"][0]["document"]["number"] if dump["tracks"] else -1  # type: ignore[index]


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
        home=tmp_path / "home",
        drop=tmp_path / "drop",
        database_url=database_address,
        dagster_url="http://127.0.0.1:1",
        history_rows=KEPT_RESULTS,
    )


@pytest.fixture
def plant(settings: ServingSettings, children: ForkServer) -> Iterator[LivePlant]:
    with ExitStack() as stack:
        yield LivePlant(settings, children, stack)


@pytest.fixture
def undisturbed(tmp_path: Path, settings: ServingSettings, children: ForkServer) -> list[Dump]:
    """What is stored after each row by a gateway that nobody kills."""
    with ExitStack() as stack:
        other = settings.model_copy(update={"home": tmp_path / "undisturbed", "database_url": ""})
        plant = LivePlant(other, children, stack)
        process = plant.live()
        found = [plant.await_score()]
        for row in LIFE:
            plant.add(row)
            found.append(plant.await_score())
        os.kill(process, signal.SIGKILL)
        assert children.died()
    return found


def _kill_at_each_step(
    plant: LivePlant, transaction: str, queries: Mapping[str, str] = STATE
) -> tuple[Dump, int]:
    """Kill a gateway at one step after the other until something is stored: what, and how many were killed."""
    before = plant.dump(queries)
    for step in range(1, MOST_STEPS):
        plant.die(transaction, step)
        if (found := plant.dump(queries)) != before:
            return found, step
    pytest.fail("nothing is ever stored")


def test_what_a_row_does_to_warnings_is_stored_whole_or_not_at_all(
    plant: LivePlant, undisturbed: list[Dump]
) -> None:
    found, kills = _kill_at_each_step(plant, SCORES)
    assert found == undisturbed[0]
    for number, row in enumerate(LIFE):
        plant.add(row)
        if number in KILLED:
            found, steps = _kill_at_each_step(plant, SCORES)
            kills += steps
        else:
            plant.die(SCORES)
            found = plant.dump()
        assert found == undisturbed[number + 1], f"row {number} is stored in part, or twice"
    assert kills >= 40
    assert [line["action"] for line in found["timelines"]] == TIMELINE  # type: ignore[index]
    told = [event["data"]["number"] for event in plant.dump(TOLD)["events"]]  # type: ignore[index]
    assert told == [number for number, _ in plant.sensors.rows[-len(LIFE) - 1 :]]


@pytest.mark.services
@pytest.mark.parametrize("database_address", ["postgres"], indirect=True)
def test_a_warning_opens_once_also_on_a_server(plant: LivePlant, undisturbed: list[Dump]) -> None:
    plant.die(SCORES)
    plant.add(OPENS)
    found, kills = _kill_at_each_step(plant, SCORES)
    assert kills >= 8
    for table in ("warnings", "timelines", "events"):
        assert len(found[table]) == len(undisturbed[1][table])
    assert {warning["kind"]: bool(warning["drivers"]) for warning in found["warnings"]} == {  # type: ignore[index]
        "model": True, "rule": True,
    }  # fmt: skip


@both_databases
def test_rows_are_told_with_their_cursor_or_not_at_all(plant: LivePlant) -> None:
    plant.die(SCORES)
    for _ in range(3):
        plant.sensors.push()
    found, kills = _kill_at_each_step(plant, READINGS, TOLD)
    assert [event["data"]["number"] for event in found["events"]] == [99, 100, 101, 102]  # type: ignore[index]
    assert found["cursor"][0]["document"]["number"] == 102  # type: ignore[index]
    assert kills >= 4
    plant.die(SCORES)
    assert plant.dump(TOLD) == found, "told twice"


def test_an_acknowledged_result_is_stored_and_no_other_is_lost_with_it(
    settings: ServingSettings, children: ForkServer, tmp_path: Path
) -> None:
    acknowledged, database = tmp_path / "acknowledged", str(database_url(settings).database)

    def store(count: int, step: int) -> tuple[list[int], list[int]]:
        """Store results, the last of which is killed at a step; ids of those acknowledged, and of those stored."""
        assert children.killed(gateway_child.store_results, settings, count, acknowledged, step)
        with closing(sqlite3.connect(database)) as connection:
            stored = [number for (number,) in connection.execute("SELECT id FROM history ORDER BY id")]
        return [int(line) for line in acknowledged.read_text().split()], stored

    before = list(range(1, RESULTS))
    for step in (1, 2, 3):
        assert store(RESULTS if step == 1 else 1, step) == (before, before)
    assert store(1, 0) == (before, list(range(RESULTS - KEPT_RESULTS + 1, RESULTS + 1)))


@both_databases
def test_database_is_migrated_whole_or_not_at_all(settings: ServingSettings, children: ForkServer) -> None:
    engine, kills = engine_of(settings), 0
    for step in itertools.count(1, STRIDE):
        if not children.killed(gateway_child.bring_up, settings, step):
            break
        kills += 1
        assert sa.inspect(engine).get_table_names() == [], f"half made when killed at change {step}"
    assert kills >= 5
    assert {"users", "warnings", "live_state", "gateway_alembic_version"} <= set(
        sa.inspect(engine).get_table_names()
    )
    migrate(database_url(settings))
