"""One development is one warning: it escalates as it comes nearer."""

from datetime import UTC, datetime

import pytest

from serving.gateway.accounts.sessions import CurrentUser
from serving.gateway.warnings.schemas import AckRequest, ShelveRequest, VerdictRequest
from serving.warnings.answers import label_of
from serving.warnings.tables import WarningAction
from tests.serving.gateway.databases import both_databases
from tests.serving.live.plants.conftest import LiveSite, data

pytestmark = pytest.mark.anyio
MARIA = CurrentUser(1, "maria", "operator", datetime.now(UTC))
FAR = {6: 0.9}
NEARER = {6: 0.95, 3: 0.6}
SHELVE = ShelveRequest(hours=1, reason="maintenance")
CLEARING_ROWS = 3


class Course:
    """Rows, one after the other, each scored before the next."""

    def __init__(self, live: LiveSite) -> None:
        self.live = live
        self._rows = 1

    async def row(self, ahead: dict[int, float] | None = None, **values: float) -> datetime:
        await self.live.scored(self._rows)
        self.live.models.ahead = ahead or {}
        time = await self.live.push(**values)
        self._rows += 1
        await self.live.scored(self._rows)
        return time

    async def calm(self) -> None:
        for _ in range(CLEARING_ROWS):
            await self.row()


@pytest.fixture
def course(live: LiveSite) -> Course:
    return Course(live)


async def story(live: LiveSite, warning_id: int = 1) -> list[WarningAction]:
    return list((await live.gateway.warnings.story(warning_id))[1])


@both_databases
async def test_horizons_that_cross_in_turn_are_one_warning(live: LiveSite, course: Course) -> None:
    since = await course.row({6: 0.6})
    await course.row({6: 0.9, 3: 0.55})
    await course.row({6: 0.9, 3: 0.8, 1: 0.51})
    nearest = await course.row({6: 0.9, 3: 0.9, 1: 0.9}, PDT31008=623.0)
    (warning,) = await live.warnings()
    assert (warning.since, warning.opened_horizon_hours, warning.horizon_hours) == (since, 6, 0)
    assert (warning.model, warning.probability, warning.threshold) == ("demo_alarm_champion", 0.623, 0.5)
    assert (warning.peak, warning.peak_time) == (0.623, nearest)
    ids = {"opened": f"forecaster_6h@{since.isoformat()}"}
    ids |= dict.fromkeys(("escalated", "peak"), f"champion@{nearest.isoformat()}")
    assert warning.prediction_ids == ids
    assert [(a.action, a.note) for a in await story(live)] == [
        ("opened", "within 6 h: 60 % (threshold 50 %)"),
        ("escalated", "now within 3 h: 55 % (threshold 50 %)"),
        ("escalated", "now within 1 h: 51 % (threshold 50 %)"),
        ("escalated", "now: 62.3 % (threshold 50 %)"),
    ]
    explained = live.models.explained
    forecasters = [f"demo_alarm_forecaster_{h}h" for h in (6, 3, 1)]
    assert explained == [*forecasters, "demo_alarm_champion"]
    told = [data(e) for e in await live.events("warning", 4)]
    assert [(e["change"], e["warning"]["horizon_hours"]) for e in told] == [
        ("opened", 6), ("escalated", 3), ("escalated", 1), ("escalated", 0),
    ]  # fmt: skip
    await course.row(FAR)
    await course.calm()
    cleared = await live.warning_with(1, cleared_at=...)
    assert (cleared.horizon_hours, cleared.now_time, cleared.now_until) == (0, nearest, nearest)
    assert len(await live.warnings()) == 1


@both_databases
async def test_what_was_acknowledged_is_new_once_it_escalates(live: LiveSite, course: Course) -> None:
    await course.row(FAR)
    await live.gateway.warnings.acknowledge(1, MARIA, AckRequest(note="far away"))
    await course.row(NEARER)
    warning = await live.warning_with(1, horizon_hours=3.0)
    assert (warning.acknowledged_at, warning.acknowledged_by) == (None, None)
    await live.gateway.warnings.acknowledge(1, MARIA, AckRequest(note="near"))
    await course.row(FAR)  # farther again: nothing new
    assert (await live.warning_with(1)).acknowledged_by == "maria"
    noted = [(a.action, a.user_name, a.note) for a in await story(live)]
    assert noted[1] == ("acknowledged", "maria", "far away")
    assert [action for action, _, _ in noted] == ["opened", "acknowledged", "escalated", "acknowledged"]


async def test_peaks_of_other_horizons_do_not_count(live: LiveSite, course: Course) -> None:
    await course.row(FAR)
    nearer = await course.row(NEARER)
    await course.row({6: 0.99, 3: 0.1})
    assert (await live.warning_with(1)).peak_time == nearer
    higher = await course.row({6: 0.99, 3: 0.7})
    warning = await live.warning_with(1)
    assert (warning.peak, warning.peak_time) == (0.7, higher)


async def test_a_shelf_holds_ahead_and_ends_with_an_alarm_now(live: LiveSite, course: Course) -> None:
    await course.row(FAR)
    await live.gateway.warnings.shelve(1, MARIA, SHELVE)
    await course.row(NEARER)
    assert (await live.warning_with(1, horizon_hours=3.0)).shelved_by == "maria"
    await course.row(NEARER, PDT31008=700.0)
    warning = await live.warning_with(1, horizon_hours=0.0)
    assert (warning.shelved_until, warning.shelved_by, warning.shelved_reason) == (None, None, None)
    last = (await story(live))[-1]
    assert (last.action, last.user_name, last.note) == (
        "unshelved", None, "the shelved warning was of a future alarm; this one is of an alarm now",
    )  # fmt: skip
    told = [data(e) for e in await live.events("warning")]
    assert [e["warning"]["state"] for e in told][-2:] == ["new", "new"]
    await course.calm()
    await course.row(FAR)
    assert (await live.warnings(2))[-1].shelved_until is None


async def test_a_shelf_of_an_alarm_ahead_does_not_hide_one_that_opens_now(
    live: LiveSite, course: Course
) -> None:
    await course.row(FAR)
    await live.gateway.warnings.shelve(1, MARIA, SHELVE)
    await course.calm()
    await course.row({3: 0.8})
    assert (await live.warnings(2))[-1].shelved_by == "maria"
    await course.calm()
    await course.row(PDT31008=700.0)
    assert (await live.warnings(3))[-1].shelved_until is None
    assert (await story(live, 3))[0].note == (
        "now: 70 % (threshold 50 %); not shelved as warning 2 is: "
        "the shelved warning was of a future alarm; this one is of an alarm now"
    )


async def test_what_was_unshelved_stays_so_for_what_opens_next(live: LiveSite, course: Course) -> None:
    await course.row(FAR)
    await live.gateway.warnings.shelve(1, MARIA, SHELVE)
    await course.calm()
    await course.row(FAR)
    await live.gateway.warnings.unshelve(2, MARIA, "")
    await course.calm()
    await course.row(FAR)
    assert (await live.warnings(3))[-1].shelved_until is None


@both_databases
async def test_while_forecasts_are_missing_nothing_clears(live: LiveSite, course: Course) -> None:
    await course.row(FAR)
    live.models.away["forecast"] = "no forecaster yet"
    await course.calm()
    await course.row()
    assert (await live.warning_with(1, stale_since=...)).cleared_at is None
    del live.models.away["forecast"]
    await course.calm()
    await live.warning_with(1, cleared_at=...)
    assert [(a.action, a.note) for a in await story(live)][1:] == [
        ("stale", "no forecast for 1 h, 3 h, 6 h"), ("fresh", ""), ("cleared", ""),
    ]  # fmt: skip


async def test_a_true_verdict_labels_the_hours_of_the_alarm_now_alone(live: LiveSite, course: Course) -> None:
    await course.row(FAR)
    first = await course.row(FAR, PDT31008=700.0)
    await course.row(FAR, PDT31008=480.0)
    last = await course.row(PDT31008=800.0)
    await course.row(FAR)
    judged = await live.gateway.warnings.judge(1, MARIA, VerdictRequest(verdict="true"))
    assert label_of(judged) == (first, last)


async def test_what_opens_soon_after_its_track_cleared_is_a_repeat(live: LiveSite, course: Course) -> None:
    await course.row(FAR)
    await course.calm()
    await course.row({3: 0.8})
    await course.calm()
    for _ in range(int(live.settings.repeat_hours)):
        await course.row()
    await course.row(FAR)
    first, second, third = await live.warnings(3)
    assert (first.first_id, first.repeat) == (None, 1)
    assert (second.first_id, second.first_time, second.repeat) == (first.id, first.since, 2)
    assert (third.first_id, third.first_time, third.repeat) == (None, None, 1)
    opened = [data(e)["warning"] for e in await live.events("warning") if data(e)["change"] == "opened"]
    assert [(w["group_id"], w["repeat"]) for w in opened] == [(1, 1), (1, 2), (3, 1)]
