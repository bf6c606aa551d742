"""Warnings as the loop would have made them."""

from datetime import UTC, datetime, timedelta

from serving.warnings.tables import PlantWarning
from tests.serving.gateway.site import Site

SINCE = datetime(2026, 3, 1, 6, tzinfo=UTC)


def hours(count: float) -> datetime:
    """So many hours of plant time after the warning opened."""
    return SINCE + timedelta(hours=count)


def warning(**columns: object) -> PlantWarning:
    """An open warning of an alarm within three hours, scored for five hours."""
    given = {
        "plant": "demo", "kind": "model", "horizon_hours": 3.0, "opened_horizon_hours": 3.0, "rule": "", "description": "", "since": SINCE,
        "opened_at": datetime.now(UTC), "probability": 0.7, "threshold": 0.5, "model": "demo_alarm_forecaster_3h",
        "version": 3, "peak": 0.9, "peak_time": hours(2), "newest_time": hours(5), "drivers": [], "advice": [],
        "missing": "", "prediction_ids": {"opened": "a", "peak": "b"},
    }  # fmt: skip
    return PlantWarning(**(given | columns))


async def kept(site: Site, *warnings: PlantWarning) -> list[int]:
    """Their ids, once they are in the database."""
    async with site.gateway.database.write() as session:
        session.add_all(warnings)
        await session.flush()
        return [w.id for w in warnings]


CLEARED = {"cleared_time": hours(5), "cleared_at": datetime(2026, 3, 1, 12, tzinfo=UTC)}
