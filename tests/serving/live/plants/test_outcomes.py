"""What came of a forecast, row by row: came true, early, late, missed or false; and what a rule's warning says."""

import pytest

from serving.warnings.answers import members_of
from tests.serving.live.plants.conftest import LiveSite, data
from tests.serving.live.plants.pretend import ADVICE
from tests.serving.live.plants.test_escalation import CLEARING_ROWS, Course

pytestmark = pytest.mark.anyio
CROSSED = {"PDT31008_max": 310.0}
NEAR = {1: 0.9}


@pytest.fixture
def course(live: LiveSite) -> Course:
    return Course(live)


async def told(live: LiveSite, warning_id: int = 1) -> dict:
    found = {w.id: w for w in await live.warnings()}
    return {"row": found[warning_id], **members_of(found[warning_id])}


async def test_an_event_within_the_horizon_came_true(live: LiveSite, course: Course) -> None:
    await course.row(NEAR)
    assert ((await told(live))["outcome"], (await told(live))["lead_hours"]) == ("open", None)
    await course.row(NEAR, **CROSSED)
    found = await told(live)
    assert (found["outcome"], found["lead_hours"], found["missed_by_hours"]) == ("came_true", 1.0, None)


async def test_an_event_hours_after_its_horizon_is_early(live: LiveSite, course: Course) -> None:
    for _ in range(7):
        await course.row(NEAR)
    await course.row(NEAR, **CROSSED)
    found = await told(live)
    assert (found["outcome"], found["lead_hours"]) == ("early", 7.0)


async def test_what_escalated_in_time_came_true_by_its_last_escalation(
    live: LiveSite, course: Course
) -> None:
    await course.row({3: 0.9})
    for _ in range(4):
        await course.row({3: 0.9})
    await course.row({3: 0.9, 1: 0.9})
    await course.row({3: 0.9, 1: 0.9}, **CROSSED)
    found = await told(live)
    assert (found["outcome"], found["lead_hours"]) == ("came_true", 6.0)


async def test_an_escalation_at_the_event_itself_forecast_nothing(live: LiveSite, course: Course) -> None:
    for _ in range(4):
        await course.row(NEAR)
    await course.row(NEAR, PDT31008=700.0, **CROSSED)
    found = await told(live)
    assert (found["horizon_hours"], found["outcome"], found["lead_hours"]) == (0, "early", 4.0)


async def test_an_event_soon_after_it_cleared_is_missed(live: LiveSite, course: Course) -> None:
    await course.row(NEAR)
    await course.calm()
    assert (await told(live))["outcome"] == "false"
    await course.row()
    await course.row(**CROSSED)
    found = await told(live)
    assert (found["outcome"], found["lead_hours"], found["missed_by_hours"]) == ("missed", None, 2.0)
    assert (await live.actions(1))[-2:] == ["cleared", "missed"]
    assert data((await live.events("warning"))[-1])["warning"]["kind"] in ("model", "rule")


async def test_an_event_long_after_it_cleared_has_nothing_to_do_with_it(
    live: LiveSite, course: Course
) -> None:
    await course.row(NEAR)
    await course.calm()
    for _ in range(7):
        await course.row()
    await course.row(**CROSSED)
    assert (await told(live))["outcome"] == "false"


async def test_a_warning_after_the_event_began_is_late(live: LiveSite, course: Course) -> None:
    await course.row(**CROSSED)
    await course.row(NEAR, **CROSSED)
    found = await told(live, 2)
    assert (found["kind"], found["outcome"], found["lead_hours"]) == ("model", "late", None)
    assert (await told(live, 1))["outcome"] is None


async def test_a_rule_s_warning_is_led_by_the_rule_s_tag(live: LiveSite, course: Course) -> None:
    live.models.drivers = {"LT301031": 2.5, "PDT31008": -0.5}
    await course.row(**CROSSED)
    assert [driver["tag"] for driver in (await told(live))["row"].drivers] == ["PDT31008", "LT301031"]


async def test_a_rule_s_warning_has_its_tag_where_nobody_explains(live: LiveSite, course: Course) -> None:
    live.models.away["explain"] = "no explain"
    await course.row(**CROSSED)
    assert (await told(live))["row"].drivers == [{"tag": "PDT31008", "contribution": 0.0}]


async def test_advice_follows_the_readings_while_a_warning_is_open(live: LiveSite, course: Course) -> None:
    await course.row(NEAR)
    assert (await told(live))["row"].advice[0]["advice"] == "D304 is close to flooding"
    live.models.advised = "Reduce the reflux"
    await course.row(NEAR)
    assert (await told(live))["row"].advice[0]["advice"] == "Reduce the reflux"
    assert [data(e)["change"] for e in await live.events("warning", 2)] == ["opened", "advised"]
    assert await live.actions(1) == ["opened"]
    live.models.away["recommend"] = "away"
    await course.row(NEAR)
    assert (await told(live))["row"].advice[0]["advice"] == "Reduce the reflux"
    del live.models.away["recommend"]
    live.models.advised = ADVICE
    for _ in range(CLEARING_ROWS):
        await course.row()
    assert (await told(live))["row"].advice[0]["advice"] == "D304 is close to flooding"
