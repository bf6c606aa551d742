"""The live loop against sensors and an inference on the network."""

import shutil
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from plant_assets.profile.load import DEFS_FOLDER, PLANT_TYPE
from serving.gateway.accounts.sessions import CurrentUser
from serving.gateway.live.status import WAITING
from serving.gateway.warnings.schemas import ShelveRequest
from serving.settings import ServingSettings
from tests.serving.gateway.databases import both_databases
from tests.serving.gateway.fakes import problem
from tests.serving.gateway.live.conftest import LiveSite, data, eventually
from tests.serving.gateway.live.neighbours import Inference, Sensors

pytestmark = pytest.mark.anyio
HIGH = {"PDT31008": 700.0}


@both_databases
async def test_each_row_is_told_scored_and_stored(live: LiveSite) -> None:
    await live.scored(1)
    time = live.sensors.push(PDT31008=250.0)
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
    readings = next(body["readings"] for name, body in reversed(live.inference.asked) if name == "predict")
    assert len(readings) == 96
    assert [data(e)["number"] for e in await live.events("reading", 2)] == [99, 100]
    told = [data(e)["plant_time"] for e in await live.events("scores", 2)][-1]
    assert datetime.fromisoformat(told) == time


async def test_edited_delays_act_from_the_next_row_beside_a_plant_at_fault(
    live_settings: ServingSettings, sensors: Sensors, inference: Inference, tmp_path: Path
) -> None:
    defs = tmp_path / "defs"
    for name in ("demo", "gas_treatment"):
        shutil.copytree(DEFS_FOLDER / name, defs / name)
    site = LiveSite(live_settings.model_copy(update={"defs": defs}), sensors, inference)
    async with AsyncExitStack() as stack:
        await site.start(stack)
        await site.scored(1)
        path = defs / "gas_treatment" / "defs.yaml"
        path.write_text(path.read_text("utf-8").replace("on_delay: 0", "on_delay: 1"), "utf-8")
        (defs / "broken").mkdir()
        (defs / "broken" / "defs.yaml").write_text(f"type: {PLANT_TYPE}\nattributes: {{name: [\n", "utf-8")
        site.sensors.push(**HIGH)
        await site.scored(2)
        assert await site.warnings(0) == []
        since = site.sensors.push(**HIGH)
        (warning,) = await site.warnings()
        assert (warning.since, warning.probability) == (since, 0.7)


@both_databases
async def test_a_high_risk_opens_a_warning_that_clears_after_the_off_delay(live: LiveSite) -> None:
    await live.scored(1)
    since = live.sensors.push(**HIGH)
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
        last = live.sensors.push(PDT31008=pressure)
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
    live.sensors.push(LT301031=600.0)
    assert [w.horizon_hours for w in await live.warnings()] == [1]
    explained = [body["model"] for name, body in live.inference.asked if name == "explain"]
    assert explained == ["demo_alarm_forecaster_1h"]
    came = live.sensors.push(LT301031=600.0, PDT31008_max=310.0)
    rule = (await live.warnings(2))[-1]
    assert (rule.kind, rule.rule, rule.threshold) == ("rule", "high_differential_pressure", None)
    ahead = await live.warning_with(1, came_time=came)
    assert ahead.came_time - ahead.since == timedelta(hours=1)


async def test_while_inference_is_away_nothing_is_invented_and_rows_are_passed_over(live: LiveSite) -> None:
    await live.scored(1)
    live.inference.instead["predict"] = problem(503, "not-ready", "no champion yet")
    for _ in range(3):
        live.sensors.push(**HIGH)
    await eventually(_status(live, "inference"), lambda state: state == "no champion yet")
    assert live.gateway.live.sentence == "no champion yet"
    await live.events("reading", 4)
    assert len(await live.scored(1)) == 1
    del live.inference.instead["predict"]
    score = (await live.scored(2))[-1]
    assert (score.passed_over, score.risk) == (2, 0.7)
    assert live.gateway.live.sentence == "scores"
    assert "no champion yet" in await live.told("inference", "answers")


async def test_without_forecasters_the_risk_now_is_scored(live: LiveSite) -> None:
    live.inference.instead["forecast"] = problem(503, "not-ready", "no forecaster yet")
    live.sensors.push(**HIGH)
    score = (await live.scored(1))[-1]
    assert [s["horizon_hours"] for s in score.scores] == [0]
    assert live.gateway.live.services["inference"] == "forecasts: no forecaster yet"


async def test_a_warning_opens_without_its_drivers_and_says_so(live: LiveSite) -> None:
    for name in ("explain", "recommend"):
        live.inference.instead[name] = problem(503, "not-ready", f"no {name}")
    live.sensors.push(**HIGH)
    warning = (await live.warnings())[0]
    assert (warning.drivers, warning.advice) == (None, None)
    assert warning.missing == "drivers: no explain; advice: no recommend"


async def test_stale_readings_do_not_clear(live: LiveSite) -> None:
    await live.scored(1)
    live.sensors.push(**HIGH)
    await live.warnings()
    for n in range(5):
        live.sensors.push({"PDT31008": "stale"})
        await live.scored(3 + n)
    warning = await live.warning_with(1, stale_since=...)
    assert warning.cleared_at is None
    for n in range(3):
        live.sensors.push({"TE301020": "frozen"})  # no driver of this warning
        await live.scored(8 + n)
    await live.warning_with(1, cleared_at=...)
    assert await live.actions(1) == ["opened", "stale", "fresh", "cleared"]


async def test_rows_that_come_faster_than_scores_are_passed_over(live: LiveSite) -> None:
    await live.scored(1)
    live.inference.wait_s = 0.3
    newest = [live.sensors.push() for _ in range(40)][-1]
    scores = await eventually(partial(live.scored, 1), lambda rows: rows[-1].plant_time == newest)
    assert len(scores) < 10
    assert sum(score.passed_over for score in scores) + len(scores) == 41
    assert len(await live.events("reading", 41)) == 41


@both_databases
async def test_of_two_gateways_one_scores_and_the_other_takes_over(live_settings, sensors, inference) -> None:
    site = LiveSite(live_settings, sensors, inference)
    async with AsyncExitStack() as second_stack:
        async with AsyncExitStack() as first_stack:
            first = await site.start(first_stack)
            await site.scored(1)
            second = await site.start(second_stack)
            await eventually(_role(second), lambda role: role == WAITING)
            sensors.push(**HIGH)
            assert len(await site.scored(2)) == 2
            assert first.state.live.sentence == "scores"
        await eventually(_role(second), lambda role: role == "scores")
        sensors.push(**HIGH)
        scores = await site.scored(3)
        assert [s.passed_over for s in scores] == [0, 0, 0]
        assert len(await site.warnings()) == 1


@both_databases
async def test_a_restart_scores_nothing_again(live_settings, sensors, inference) -> None:
    site = LiveSite(live_settings, sensors, inference)
    sensors.push(**HIGH)
    async with AsyncExitStack() as stack:
        await site.start(stack)
        await site.warnings()
    async with AsyncExitStack() as stack:
        await site.start(stack)
        await eventually(_status(site, "plant"), lambda state: state == "answers")
        newest = sensors.push(**HIGH)
        scores = await eventually(partial(site.scored, 2), lambda rows: rows[-1].plant_time == newest)
        assert [s.plant_time for s in scores] == [newest - timedelta(hours=1), newest]
        assert len(await site.warnings()) == 1
        assert await site.actions(1) == ["opened"]
        assert len(await site.events("reading", 2)) == 2


async def test_other_sensors_close_what_was_open(live_settings, sensors, inference) -> None:
    site = LiveSite(live_settings, sensors, inference)
    async with AsyncExitStack() as stack:
        await site.start(stack)
        sensors.push(**HIGH)
        await site.warnings()
    sensors.rows.clear()
    sensors.start = datetime(2025, 6, 1, tzinfo=UTC)
    sensors.__post_init__()
    async with AsyncExitStack() as stack:
        await site.start(stack)
        await site.warning_with(1, cleared_at=...)
        scores = await site.scored(2)
        assert scores[-1].plant_time.year == 2025
        assert await site.actions(1) == ["opened", "cleared"]


async def test_a_shelf_holds_for_what_opens_on_the_same_track(live: LiveSite) -> None:
    user = CurrentUser(1, "maria", "operator", datetime.now(UTC))
    await live.scored(1)
    live.sensors.push(**HIGH)
    await live.warnings()
    await live.gateway.warnings.shelve(1, user, ShelveRequest(hours=1, reason="maintenance"))
    for n in range(3):
        live.sensors.push()
        await live.scored(3 + n)
    await live.warning_with(1, cleared_at=...)
    live.sensors.push(**HIGH, PDT31008_max=310.0)
    second = await live.warning_with(2, shelved_reason="maintenance")
    assert second.shelved_by == "maria"
    rule = await live.warning_with(3, kind="rule")
    assert rule.shelved_until is None


async def test_a_gap_in_the_stream_is_read_from_the_history(live: LiveSite) -> None:
    await live.scored(1)
    live.sensors.rows.append((102, {**live.sensors.rows[-1][1], "timestamp": "2026-01-05T06:00:00+00:00"}))
    live.sensors.rows.insert(
        -1, (100, {**live.sensors.rows[-2][1], "timestamp": "2026-01-05T04:00:00+00:00"})
    )
    live.sensors.rows.insert(
        -1, (101, {**live.sensors.rows[-3][1], "timestamp": "2026-01-05T05:00:00+00:00"})
    )
    numbers = [data(e)["number"] for e in await live.events("reading", 4)]
    assert numbers == [99, 100, 101, 102]


def _status(live: LiveSite, service: str):
    async def state() -> str | None:
        return live.gateway.live.services.get(service)

    return state


def _role(app):
    async def role() -> str:
        return app.state.live.role

    return role
