"""Events as the live service tells them."""

from datetime import UTC, datetime

from serving.events.kinds import LiveEvent
from tests.serving.gateway.events.made import event

START_US = 1_735_689_600_000_000  # 2025-01-01


def iso(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1e6, UTC).isoformat()


def score(hours: float, probability: float) -> dict[str, object]:
    return {
        "horizon_hours": hours, "probability": probability, "calibrated": True, "threshold": 0.5,
        "alarm": probability >= 0.5, "model": "champion", "version": 3,
    }  # fmt: skip


def tell_scores(plant: str, time_us: int) -> LiveEvent:
    return event(
        "scores", plant=plant, plant_time=iso(time_us), risk=0.25, alarm=True, scores=[score(0, 0.25), score(3, 0.75)],
        rules=[], stale=["FT102"], number=1, id=1, passed_over=0,
    )  # fmt: skip


def tell_warning(plant: str, time_us: int, change: str, number: int, **given: object) -> LiveEvent:
    warning = {
        "id": number, "plant": plant, "state": "new", "kind": "model", "horizon_hours": 3.0, "peak": 0.75,
        "crossed": {"rule": None, "description": "", "probability": 0.75, "threshold": 0.5},
        "since": iso(time_us), "opened_at": datetime.now(UTC).isoformat(), "newest_time": iso(time_us), "model": "champion",
        "repeat": 1, "judgement": None, **given,
    }  # fmt: skip
    return event("warning", change=change, warning=warning)
