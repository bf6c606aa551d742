"""The inbox: every record once, the same again changes nothing, another value is kept beside the first."""

import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from serving.live.inbox import tables
from serving.live.inbox.inbox import ReadingInbox, StoredCounts
from serving.live.readings import AdmittedReading
from serving.settings import ServingSettings
from tests.serving.gateway.databases import both_databases

pytestmark = [pytest.mark.anyio, both_databases]
PLANT = "gas_treatment"


def record(time: int, value: float, column: str = "PDT31008", quality: str = "good") -> AdmittedReading:
    return AdmittedReading(column, time * 1_000_000, value, quality)  # type: ignore[arg-type]


@pytest.fixture
async def inbox(tmp_path: Path, database_address: str) -> AsyncIterator[ReadingInbox]:
    opened = ReadingInbox(ServingSettings(home=tmp_path / "home", database_url=database_address))
    await opened.open()
    yield opened
    async with opened._writer.begin() as connection:
        await connection.run_sync(tables.metadata.drop_all)
    await opened.close()


async def test_records_are_stored_once_and_other_values_are_corrections(inbox: ReadingInbox) -> None:
    first = [record(n, float(n)) for n in range(5)]
    assert await inbox.store([(PLANT, first)]) == [StoredCounts(5, 0, 0)]
    again = [*first, record(2, 20.0), record(3, math.nan, quality="bad"), record(9, 9.0, "LT301031")]
    assert await inbox.store([(PLANT, again)]) == [StoredCounts(1, 5, 2)]
    found = {(r.column, r.time_us // 1_000_000): (r.value, r.quality) for r in await inbox.since(PLANT, 0)}
    assert len(found) == 6
    assert found["PDT31008", 2] == (20.0, "good")
    assert math.isnan(found["PDT31008", 3][0])
    async with inbox._engine.connect() as connection:
        kept = (await connection.execute(sa.select(tables.corrections))).all()
    assert [(row.old_value, row.new_value) for row in kept] == [(2.0, 20.0), (3.0, None)]


async def test_batches_of_a_transaction_are_counted_apart(inbox: ReadingInbox) -> None:
    counts = await inbox.store(
        [(PLANT, [record(1, 1.0)]), ("demo", [record(1, 1.0)]), (PLANT, [record(1, 1.0), record(2, 2.0)])]
    )
    assert counts == [StoredCounts(1, 0, 0), StoredCounts(1, 0, 0), StoredCounts(1, 1, 0)]
    assert await inbox.plants() == ["demo", PLANT]
    assert await inbox.span(PLANT) == (1_000_000, 2_000_000)
    assert await inbox.first_after(PLANT, 1_500_000) == 2_000_000
    assert await inbox.span("power_grid") is None


async def test_what_lies_in_a_drop_is_forgotten_once_nothing_looks_back_to_it(inbox: ReadingInbox) -> None:
    await inbox.store([(PLANT, [record(n, float(n)) for n in range(10)])])
    assert await inbox.flushed_until(PLANT) is None
    await inbox.note_flush(PLANT, 8_000_000, 5_000_000)
    assert await inbox.flushed_until(PLANT) == 8_000_000
    assert [r.time_us // 1_000_000 for r in await inbox.since(PLANT, 0)] == [5, 6, 7, 8, 9]
    (newest,) = await inbox.last_before(PLANT, 8_000_000)
    assert newest.value == 7.0
