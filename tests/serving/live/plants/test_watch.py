"""A plant's task over pretended models: each row is told, scored and stored once, and warnings follow."""

import shutil
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plant_assets.profile.live_drops import live_drop_name
from plant_assets.profile.load import DEFS_FOLDER, PLANT_TYPE
from serving.gateway.accounts.sessions import CurrentUser
from serving.gateway.warnings.schemas import ShelveRequest
from serving.live.role import WAITING
from tests.serving.gateway.databases import both_databases
from tests.serving.live.plants.conftest import HOUR, LiveSite, data, eventually, role_of
from tests.serving.live.plants.pretend import PLANT, START

pytestmark = pytest.mark.anyio
HIGH = {"PDT31008": 700.0}


@both_databases
async def test_each_row_is_told_scored_and_stored(live: LiveSite) -> None:
    await live.scored(1)
    time = await live.push(PDT31008=250.0)
    score = (await live.scored(2))[-1]
    assert (score.plant, score.plant_time, score.risk, score.alarm) == ("demo", time, 0.25, False)
    assert [s["horizon_hours"] for s in score.scores] == [0, 1, 3, 6]
    now = score.scores[0]
    assert (now["low"], now["threshold"], now["model"], now["version"]) == (
        0.125,
        0.5,
        "demo_alarm_champion",
        3,
    )
    assert now["prediction_id"] == f"champion@{time.isoformat()}"
    first = int(START.timestamp()) // 3600
    assert [data(e)["number"] for e in await live.events("reading", 2)] == [first, first + 1]
    told = [data(e)["plant_time"] for e in await live.events("scores", 2)][-1]
    assert datetime.fromisoformat(told) == time


async def test_edited_delays_act_from_the_next_row_beside_a_plant_at_fault(
    site: LiveSite, tmp_path: Path
) -> None:
    defs = tmp_path / "defs"
    for name in ("demo", "gas_treatment"):
        shutil.copytree(DEFS_FOLDER / name, defs / name)
    site.settings = site.settings.model_copy(update={"defs": defs, "poll_seconds": 0.05})
    async with AsyncExitStack() as stack:
        await site.start(stack)
        await site.push()
        await site.scored(1)
        path = defs / "gas_treatment" / "defs.yaml"
        path.write_text(path.read_text("utf-8").replace("on_delay: 0", "on_delay: 1"), "utf-8")
        (defs / "broken").mkdir()
        (defs / "broken" / "defs.yaml").write_text(f"type: {PLANT_TYPE}\nattributes: {{name: [\n", "utf-8")

        async def faults() -> dict[str, str]:
            return site.live.reconciler.left_out

        await eventually(faults, lambda found: "broken" in found)
        await site.push(**HIGH)
        await site.scored(2)
        assert await site.warnings(0) == []
        since = await site.push(**HIGH)
        (warning,) = await site.warnings()
        assert (warning.since, warning.probability) == (since, 0.7)


@both_databases
async def test_a_high_risk_opens_a_warning_that_clears_after_the_off_delay(live: LiveSite) -> None:
    await live.scored(1)
    since = await live.push(**HIGH)
    warning = (await live.warnings())[0]
    assert (warning.kind, warning.horizon_hours, warning.since, warning.probability) == (
        "model",
        0,
        since,
        0.7,
    )
    assert warning.drivers[0] == {"tag": "PDT31008", "contribution": 1.5}
    assert warning.advice == [{"advice": "D304 is close to flooding", "urgency": "high"}]
    for n, pressure in enumerate((900.0, 460.0, 400.0, 400.0, 400.0), start=3):
        last = await live.push(PDT31008=pressure)
        await live.scored(n)
    cleared = await live.warning_with(warning.id, cleared_at=...)
    assert (cleared.cleared_time, cleared.peak, cleared.newest_time) == (last, 0.9, last)
    assert cleared.prediction_ids["peak"] == f"champion@{(since + timedelta(hours=1)).isoformat()}"
    assert await live.actions(warning.id) == ["opened", "cleared"]
    changes = [data(e)["change"] for e in await live.events("warning", 2)]
    assert changes == ["opened", "cleared"]
    assert data((await live.events("warning"))[-1])["warning"]["state"] == "cleared"


async def test_all_horizons_are_one_warning_and_a_rule_is_one_more(live: LiveSite) -> None:
    await live.scored(1)
    await live.push(LT301031=600.0)
    assert [w.horizon_hours for w in await live.warnings()] == [1]
    explained = live.models.explained
    assert explained == ["demo_alarm_forecaster_1h"]
    came = await live.push(LT301031=600.0, PDT31008_max=310.0)
    rule = (await live.warnings(2))[-1]
    assert (rule.kind, rule.rule, rule.threshold) == ("rule", "high_differential_pressure", None)
    ahead = await live.warning_with(1, came_time=came)
    assert ahead.came_time - ahead.since == timedelta(hours=1)


async def test_without_forecasters_the_risk_now_is_scored(live: LiveSite) -> None:
    live.models.away["forecast"] = "no forecaster yet"
    await live.push(**HIGH)
    score = (await live.scored(2))[-1]
    assert [s["horizon_hours"] for s in score.scores] == [0]
    assert live.status.services["inference"] == "forecasts: no forecaster yet"


async def test_a_warning_opens_without_its_drivers_and_says_so(live: LiveSite) -> None:
    for name in ("explain", "recommend"):
        live.models.away[name] = f"no {name}"
    await live.push(**HIGH)
    warning = (await live.warnings())[0]
    assert (warning.drivers, warning.advice) == (None, None)
    assert warning.missing == "drivers: no explain; advice: no recommend"


async def test_stale_readings_do_not_clear(live: LiveSite) -> None:
    await live.scored(1)
    await live.push(**HIGH)
    await live.warnings()
    for n in range(5):
        await live.push(gone=("PDT31008",))
        await live.scored(3 + n)
    warning = await live.warning_with(1, stale_since=...)
    assert warning.cleared_at is None
    for n in range(3):
        await live.push(gone=("TE301020",))  # no driver of this warning
        await live.scored(8 + n)
    await live.warning_with(1, cleared_at=...)
    assert await live.actions(1) == ["opened", "stale", "fresh", "cleared"]


async def test_a_backlog_is_scored_row_by_row(live: LiveSite) -> None:
    live.models.away["predict"] = "the bundle is damaged"
    newest = [await live.push() for _ in range(70)][-1]
    await eventually(_role(live), lambda role: role == "the bundle is damaged")
    assert len(await live.scored(1)) == 1
    del live.models.away["predict"]
    scores = await live.scored(71)
    assert [s.plant_time for s in scores] == [newest - n * HOUR for n in reversed(range(71))]
    assert sum(score.passed_over for score in scores) == 0


async def test_rows_of_a_plant_without_a_model_are_shown_and_not_scored(site: LiveSite) -> None:
    site.models.is_untrained = True
    site.models.away["predict"] = "no version has the alias @champion yet"
    async with AsyncExitStack() as stack:
        await site.start(stack)
        times = [await site.push() for _ in range(3)]
        told = [data(e) for e in await site.events("reading", 3)]
        assert [datetime.fromisoformat(one["timestamp"]) for one in told] == times
        assert [row.timestamp for row in site.live.watches.watches[PLANT].rows(24).rows] == times
        assert site.status.scored_time is None
        site.models.is_untrained = False
        del site.models.away["predict"]
        times.append(await site.push(**HIGH))
        (score,) = await site.scored(1)
        assert (score.plant_time, score.passed_over) == (times[-1], 0)
        assert len(await site.events("reading", 4)) == 4


@both_databases
async def test_readings_become_drops_before_there_is_a_model(site: LiveSite) -> None:
    site.settings = site.settings.model_copy(update={"live_flush_hours": 3})
    site.models.is_untrained = True
    site.models.away["predict"] = "no version has the alias @champion yet"
    folder = site.settings.drop / PLANT
    async with AsyncExitStack() as stack:
        await site.start(stack)
        for _ in range(7):
            await site.push()
        spans = [live_drop_name(START + n * HOUR, START + (n + 3) * HOUR) for n in (0, 3)]
        await eventually(_files(site), lambda found: found == spans)
    assert pl.read_parquet(folder / spans[0])["timestamp"].unique().to_list() == [
        START + n * HOUR for n in range(3)
    ]


async def test_the_first_drop_has_all_records_however_long_ago(site: LiveSite) -> None:
    """Rows are kept for people for four days; a drop may be longer."""
    site.settings = site.settings.model_copy(update={"live_flush_hours": 120})
    async with AsyncExitStack() as stack:
        await site.start(stack)
        for _ in range(121):
            await site.push()
        (path,) = await eventually(_files(site), lambda found: len(found) == 1)
    assert path == live_drop_name(START, START + 120 * HOUR)
    assert pl.read_parquet(site.settings.drop / PLANT / path)["timestamp"].n_unique() == 120


@both_databases
async def test_of_two_live_services_one_scores_and_the_other_takes_over(site: LiveSite) -> None:
    async with AsyncExitStack() as second_stack:
        async with AsyncExitStack() as first_stack:
            await site.start(first_stack)
            second = await site.start(second_stack, leads=False)
            await eventually(role_of(second), lambda fault: fault == WAITING)
            await site.push(**HIGH)
            assert len(await site.scored(1)) == 1
        site.apps.append(second)
        await eventually(role_of(second), lambda fault: not fault)
        await site.push(**HIGH)
        scores = await site.scored(2)
        assert [s.passed_over for s in scores] == [0, 0]
        assert len(await site.warnings()) == 1


@both_databases
async def test_a_restart_scores_nothing_again(site: LiveSite) -> None:
    async with AsyncExitStack() as stack:
        await site.start(stack)
        first = await site.push(**HIGH)
        await site.warnings()
    async with AsyncExitStack() as stack:
        await site.start(stack)
        second = await site.push(**HIGH)
        assert [s.plant_time for s in await site.scored(2)] == [first, second]
        assert len(await site.warnings()) == 1
        assert await site.actions(1) == ["opened"]
        assert len(await site.events("reading", 2)) == 2


async def test_a_shelf_holds_for_what_opens_on_the_same_track(live: LiveSite) -> None:
    user = CurrentUser(1, "maria", "operator", datetime.now(UTC))
    await live.scored(1)
    await live.push(**HIGH)
    await live.warnings()
    await live.gateway.warnings.shelve(1, user, ShelveRequest(hours=1, reason="maintenance"))
    for n in range(3):
        await live.push()
        await live.scored(3 + n)
    await live.warning_with(1, cleared_at=...)
    await live.push(**HIGH, PDT31008_max=310.0)
    second = await live.warning_with(2, shelved_reason="maintenance")
    assert second.shelved_by == "maria"
    rule = await live.warning_with(3, kind="rule")
    assert rule.shelved_until is None


def _files(site: LiveSite):
    folder = site.settings.drop / PLANT

    async def files() -> list[str]:
        return sorted(path.name for path in folder.glob("live-*"))

    return files


def _role(live: LiveSite):
    async def role() -> str:
        return live.status.role

    return role
