"""The power grid as it is simulated and trained: its documented readings, on whatever day it is trained."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serving.settings import ServingSettings
from tests.serving.conftest import serve
from tests.serving.inference.predict.grid import trained_bundle
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
PAGE = Path(__file__).parents[4] / "docs" / "power-grid.md"
DAYS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 7, 14, tzinfo=UTC))


def documented() -> tuple[dict, dict]:
    """The request that the page shows, and the answer."""
    text = PAGE.read_text()
    request = re.search(r"-d '(\{\"readings\".*?)'", text, re.DOTALL)
    answer = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert request
    assert answer
    return json.loads(request[1]), json.loads(answer[1])


async def test_the_documented_readings_are_usual_and_an_anomaly_whatever_the_day(
    tmp_path: Path, serving_settings: ServingSettings
) -> None:
    asked, shown = documented()
    answers = []
    for day in DAYS:
        mlflow, folder = FakeMlflow(), tmp_path / f"{day:%Y}"
        mlflow.publish("power_grid_isolation_forest", 1, trained_bundle(day, folder), "champion")
        here = serving_settings.model_copy(update={"home": tmp_path / f"home-{day:%Y}"})
        async with serve(mlflow, here) as client:
            answers.append((await client.post("/plants/power_grid/predict", json=asked)).json())
    answer = answers[0]
    assert [one["anomaly"] for one in answer["predictions"]] == [False, True]
    assert (answer["anomalies"], answer["total"]) == (1, 2)
    scores = [[one["score"] for one in found["predictions"]] for found in answers]
    assert scores[0] == pytest.approx(scores[1], abs=1e-9)
    assert scores[0] == pytest.approx([one["score"] for one in shown["predictions"]], abs=5e-4)
    assert answer["threshold"] == pytest.approx(shown["threshold"], abs=5e-4)
