"""What moves the risk of the newest scored row: asked once a row, for all clients.

Belongs here: which rows are explained, and what is kept. Doesn't belong here: HTTP (`routes.py`).
"""

import asyncio
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from pydantic import JsonValue

from serving.errors import NotFound, Problem
from serving.gateway.drivers import schemas
from serving.gateway.infer.schemas import HOURS
from serving.gateway.problems import ServiceAway
from serving.gateway.readings.reader import LiveReader
from serving.gateway.upstream import ServiceClient, parse_answer
from serving.scores.tables import LiveScore
from serving.store.database import Database
from serving.web.parts import part

SPARE_HOURS = 48
"""The newest scored row may lie so far behind the newest one, as the plant goes on while it is asked for."""
MOST_FEATURES = 6


class DriverService:
    """What moves the current risk."""

    def __init__(self, database: Database, reader: LiveReader, inference: ServiceClient) -> None:
        self._database = database
        self._reader = reader
        self._inference = inference
        self._asking = asyncio.Lock()
        self._kept: dict[str, schemas.DriversAnswer] = {}

    async def of(self, plant: str) -> schemas.DriversAnswer:
        """Those of the plant's newest scored row.

        Raises:
            Problem: nothing is scored, the row is gone, or a service doesn't respond.
        """
        async with self._asking:
            score = await self._newest(plant)
            if plant not in self._kept or self._kept[plant].score_id != score.id:
                self._kept[plant] = await self._explain(score)
            return self._kept[plant]

    async def _newest(self, plant: str) -> LiveScore:
        query = sa.select(LiveScore).where(LiveScore.plant == plant).order_by(LiveScore.id.desc()).limit(1)
        async with self._database.read() as session:
            found = await session.scalar(query)
        if found is None:
            raise NotFound(f"no row of plant {plant} has been scored")
        return found

    async def _explain(self, score: LiveScore) -> schemas.DriversAnswer:
        base = f"/plants/{score.plant}"
        asked: dict[str, JsonValue] = {"readings": await self._readings(score.plant, score.plant_time)}
        explained, (advised, missing) = await asyncio.gather(
            self._inference.post(f"{base}/explain", asked), self._advice(base, asked)
        )
        found = parse_answer(schemas.RiskExplanation, explained, self._inference.name)
        return schemas.DriversAnswer(
            plant=score.plant,
            plant_time=score.plant_time,
            score_id=score.id,
            **found.model_dump(include={"model", "version", "base_value", "output", "space", "method"}),
            tags=_by_tag(found.tags, found.local_importance),
            advice=advised.recommendation if advised else None,
            why=advised.why if advised else missing,
        )

    async def _readings(self, plant: str, newest: datetime) -> list[JsonValue]:
        """The rows up to one, as inference takes them."""
        shown = await self._reader.rows(plant, HOURS + SPARE_HOURS)
        rows = [row for row in shown.rows if row.timestamp <= newest][-HOURS:]
        if not rows or rows[-1].timestamp != newest:
            raise ServiceAway(
                "the newest scored row is no longer among the live rows; try again", self._reader.service
            )
        return [{"timestamp": row.timestamp.isoformat(), **row.values} for row in rows]

    async def _advice(
        self, base: str, asked: dict[str, JsonValue]
    ) -> tuple[schemas.RecommendedAdvice | None, str]:
        """Advice, or why there is none: drivers are worth having without it."""
        try:
            answer = await self._inference.post(f"{base}/recommend", asked)
            return parse_answer(schemas.RecommendedAdvice, answer, self._inference.name), ""
        except Problem as problem:
            return None, problem.detail


DriversDep = Annotated[DriverService, part("drivers")]


def _by_tag(tags: list[schemas.DriverTag], parts: list[schemas.DriverFeature]) -> list[schemas.DrivingTag]:
    """Each tag with the features whose name begins with it; PDT31008_max_mean_3h is of PDT31008_max, if that is one."""
    features: dict[str, list[schemas.DriverFeature]] = {tag.tag: [] for tag in tags}
    longest = sorted(features, key=len, reverse=True)
    for share in parts:
        own = next((tag for tag in longest if f"{share.feature}_".startswith(f"{tag}_")), None)
        if own is not None and len(features[own]) < MOST_FEATURES:
            features[own].append(share)
    return [schemas.DrivingTag(**tag.model_dump(), features=features[tag.tag]) for tag in tags]
