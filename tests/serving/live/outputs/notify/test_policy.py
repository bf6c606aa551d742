"""When a message is due: on-delay from the opening, quiet hours by the plant's zone, over changes of clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from serving.live.outputs.influx.points import ChangedWarning
from serving.live.outputs.notify.options import NotifyTarget, QuietHours
from serving.live.outputs.notify.policy import after_quiet_hours, due_at, is_wanted, severity_of, step_of

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(start="22:00", end="06:00")


def make_warning(**given: object) -> ChangedWarning:
    now = datetime(2025, 6, 1, 10, tzinfo=UTC)
    return ChangedWarning.model_validate(
        {
            "id": 7, "plant": "demo", "state": "new", "kind": "model", "horizon_hours": 3, "peak": 0.6, "since": now,
            "opened_at": now, "newest_time": now,
            "crossed": {"rule": None, "description": "", "probability": 0.6, "threshold": 0.5}, **given,
        }
    )  # fmt: skip


def make_target(**given: object) -> NotifyTarget:
    return NotifyTarget.model_validate({"name": "shift", "url": "json://127.0.0.1:1/x", **given})


@pytest.mark.parametrize(
    ("moment", "free"),
    [
        ("2025-06-01T19:59:00Z", "2025-06-01T19:59:00Z"),
        ("2025-06-01T20:00:00Z", "2025-06-02T04:00:00Z"),
        ("2025-06-02T03:59:59Z", "2025-06-02T04:00:00Z"),
        ("2025-06-02T04:00:00Z", "2025-06-02T04:00:00Z"),
        ("2025-03-29T23:00:00Z", "2025-03-30T04:00:00Z"),  # the night in which clocks go forward
        ("2025-10-25T22:00:00Z", "2025-10-26T05:00:00Z"),  # and back
    ],
)
def test_the_night_ends_by_the_clock_of_the_plant(moment: str, free: str) -> None:
    found = after_quiet_hours(datetime.fromisoformat(moment), NIGHT, "warning", BERLIN)
    assert found == datetime.fromisoformat(free)


def test_quiet_hours_within_a_day() -> None:
    noon = QuietHours(start="12:00", end="13:00")
    quiet = datetime(2025, 1, 1, 11, 30, tzinfo=UTC)
    assert after_quiet_hours(quiet, noon, "warning", BERLIN) == datetime(2025, 1, 1, 12, tzinfo=UTC)
    assert after_quiet_hours(quiet, noon, "high", BERLIN) == quiet
    nothing_passes = QuietHours(start="12:00", end="13:00", passes=None)
    assert after_quiet_hours(quiet, nothing_passes, "high", BERLIN) > quiet


def test_an_on_delay_counts_from_the_opening_and_then_come_quiet_hours() -> None:
    warning = make_warning()
    target = make_target(on_delay="30m", quiet_hours={"start": "12:15", "end": "14:00"})
    now = warning.opened_at + timedelta(minutes=10)
    assert due_at(make_target(on_delay="30m"), warning, now, BERLIN) == warning.opened_at + timedelta(
        minutes=30
    )
    assert due_at(target, warning, now, BERLIN) == datetime(2025, 6, 1, 12, tzinfo=UTC)
    late = warning.opened_at + timedelta(hours=5)
    assert due_at(target, warning, late, BERLIN) == late


def test_who_wants_what() -> None:
    ahead, now, rule = make_warning(), make_warning(horizon_hours=0), make_warning(kind="rule")
    assert [severity_of(w) for w in (ahead, now, rule)] == ["warning", "high", "high"]
    high = make_target(severity="high")
    assert [is_wanted(high, w) for w in (ahead, now, rule)] == [False, True, True]
    assert is_wanted(make_target(plants=["demo"]), ahead)
    assert not is_wanted(make_target(plants=["other"]), ahead)


def test_openings_and_each_escalation_are_told_of() -> None:
    warning = make_warning(horizon_hours=1)
    steps = [
        step_of(change, warning) for change in ("opened", "escalated", "cleared", "advised", "acknowledged")
    ]
    assert steps == ["opened", "escalated:1", "", "", ""]
