import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from plant_assets.explain.explainer import FeatureDriver, GlobalImportance, ScoreExplanation, TagDriver
from plant_assets.features.arrays import Floats
from plant_assets.profile.model import PlantProfile
from serving.inference.explain import service
from serving.inference.predict.schemas import PredictAnswer
from serving.inference.prediction_id import PredictionIds
from serving.inference.rows.inputs import ModelRow
from serving.inference.rows.recommendations import RecommendationRules
from serving.inference.rows.schemas import OperatorAdvice, PredictRequest
from serving.settings import ServingSettings
from tests.bundle.factories import raw_table
from tests.serving.conftest import CHAMPION_NAME, published, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
DOCUMENTED = {"failure_frequency_48": 9, "pdt31008_max": 340.0, "lic31002_deviation": 20.5, "lt301031": 8.0}


@pytest.fixture(scope="module", params=[1, 2], ids=["logistic", "ensemble"])
async def client(
    bundles: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
):
    settings = ServingSettings(home=tmp_path_factory.mktemp("home"), poll_seconds=3600, max_body_mb=1)
    async with serve(published(bundles, champion=request.param), settings) as client:
        yield client


SCORED = PredictAnswer(
    risk_score=0.6251,
    alarm=True,
    confidence="full",
    anomaly_probability=None,
    threshold=0.512,
    horizon_hours=0,
    model="unit_champion",
    version=4,
    prediction_id="p1",
    plant="unit",
    imputed=[],
    n_imputed=0,
    out_of_range=[],
    bad_signals=[],
    unused=[],
    rules=[],
)
TAGS = (("A", -0.5), ("B", 0.25), ("C", 0.125), ("D", 0.0625), ("E", 0.03125), ("F", 0.0))
ASKED = PredictRequest(features={"A": 1.0})


class FakeInsight:
    """Explains each row alike, gives the same advice to it, and remembers what it was asked."""

    def __init__(self, advice: list[OperatorAdvice], tags: Sequence[tuple[str, float]]) -> None:
        self.explainer, self.recommendations = self, self
        self.method, self.space = "linear_shap", "log_odds"
        self.advice, self.tags = advice, tuple(TagDriver(*one) for one in tags)
        self.asked: list[Any] = []

    def explain(self, values: Floats) -> ScoreExplanation:
        self.asked.append(values.tolist())
        drivers = (FeatureDriver("A_mean", 1.0, -0.5), FeatureDriver("B", 2.0, 0.25))
        return ScoreExplanation(-1.0, -1.25, "log_odds", "linear_shap", drivers, self.tags)

    def global_importance(self) -> GlobalImportance:
        return GlobalImportance((("A_mean", 0.75), ("B", 0.25)), (("A", 0.75), ("B", 0.25)), rows=9)

    def evaluate(self, values: dict[str, float], fired: list[Any]) -> list[OperatorAdvice]:
        self.asked.append((values, fired))
        return self.advice


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A model that answers `SCORED`."""

    def made(
        advice: Sequence[OperatorAdvice] = (),
        tags: Sequence[tuple[str, float]] = TAGS,
        known: Mapping[str, float] = MappingProxyType({"A": 3.0}),
        **changes: Any,
    ) -> Any:
        monkeypatch.setattr(service, "score_row", lambda *_: SCORED.model_copy(update=changes))
        row = ModelRow(np.array([1.0, 2.0]), [], 0, known=known)
        return SimpleNamespace(
            inputs=SimpleNamespace(names=("A_mean", "B"), from_request=lambda _: row),
            insight=FakeInsight(list(advice), tags),
            registry_name="unit_champion",
            version=4,
            bundle=SimpleNamespace(manifest=SimpleNamespace(plant="unit")),
        )

    return made


async def test_an_explanation_is_an_answer_with_what_moved_it(fake: Callable[..., Any]) -> None:
    model = fake()
    answer = service.explain_row(model, ASKED, PredictionIds(b"key")).model_dump()
    assert answer == SCORED.model_dump() | {
        "local_importance": [
            {"feature": "A_mean", "value": 1.0, "contribution": -0.5},
            {"feature": "B", "value": 2.0, "contribution": 0.25},
        ],
        "tags": [{"tag": tag, "contribution": worth} for tag, worth in TAGS],
        "base_value": -1.0,
        "output": -1.25,
        "space": "log_odds",
        "method": "linear_shap",
    }
    assert model.insight.asked == [[1.0, 2.0]]


async def test_importances_are_told_with_their_model(fake: Callable[..., Any]) -> None:
    assert service.global_shares(fake()).model_dump() == {
        "importances": [{"feature": "A_mean", "importance": 0.75}, {"feature": "B", "importance": 0.25}],
        "tags": [{"tag": "A", "importance": 0.75}, {"tag": "B", "importance": 0.25}],
        "rows": 9,
        "method": "linear_shap",
        "space": "log_odds",
        "model": "unit_champion",
        "version": 4,
        "plant": "unit",
    }


async def test_advice_is_told_with_each_check_once_and_what_raises_the_risk(fake: Callable[..., Any]) -> None:
    advice = [
        OperatorAdvice(advice="first", urgency="high", check=["valve", "pump"], why="A"),
        OperatorAdvice(advice="second", urgency="advice", check=["level", "valve"], why="B"),
    ]
    model = fake(advice, known={"A": 3.0, "failure_frequency_48": 4.0})
    answer = service.recommend_on_row(model, ASKED, PredictionIds(b"key")).model_dump()
    assert answer == SCORED.model_dump() | {
        "recommendation": [one.model_dump() for one in advice],
        "urgency": "high",
        "check": ["valve", "pump", "level"],
        "why": "The risk is 0.63; the threshold is 0.51. Main drivers: B, C, D. "
        "4 of the last 48 hours were in alarm.",
        "drivers": [{"tag": tag, "contribution": worth} for tag, worth in TAGS[1:4]],
        "failure_frequency_48": 4.0,
    }
    values = {"A_mean": 1.0, "B": 2.0, "A": 3.0, "risk_score": 0.6251, "failure_frequency_48": 4.0}
    assert model.insight.asked == [[1.0, 2.0], (values, [])]


async def test_where_nothing_raises_the_risk_and_nothing_is_known_of_alarms_neither_is_told(
    fake: Callable[..., Any],
) -> None:
    model = fake(tags=(("A", -0.5), ("F", 0.0)), threshold=None)
    answer = service.recommend_on_row(model, ASKED, PredictionIds(b"key"))
    assert (answer.why, answer.urgency, answer.drivers) == ("The risk is 0.63.", "none", [])
    assert (answer.check, answer.failure_frequency_48) == ([], None)


async def test_contributions_add_up_and_stand_by_magnitude(client) -> None:
    asked = {"features": {"pdt31008": 270.0, "LT301031_std_3h": 12.0, "lic31002_deviation": 4.0}}
    answer = (await client.post("/explain", json=asked)).json()
    score = (await client.post("/predict", json=asked)).json()["risk_score"]
    assert answer["risk_score"] == score
    worths = [one["contribution"] for one in answer["local_importance"]]
    assert [abs(w) for w in worths] == sorted((abs(w) for w in worths), reverse=True)
    assert answer["base_value"] + sum(worths) == pytest.approx(answer["output"], abs=1e-9)
    assert sum(one["contribution"] for one in answer["tags"]) == pytest.approx(sum(worths), abs=1e-9)
    assert (answer["space"], answer["version"]) == (
        "log_odds",
        (await client.get("/ready")).json()["champion"],
    )
    assert (await client.get(f"/lineage/{answer['prediction_id']}")).status_code == 200


async def test_a_forecaster_is_explained_by_either_of_its_names(client, profile: PlantProfile) -> None:
    readings = raw_table(profile).tail(12).drop("timestamp").to_dicts()
    answers = [
        (await client.post("/explain", json={"readings": readings, "model": name})).json()
        for name in ("forecaster_3h", "plant_alarm_forecaster_3h")
    ]
    assert {a["model"] for a in answers} == {"plant_alarm_forecaster_3h"}
    assert answers[0]["local_importance"] == answers[1]["local_importance"]


async def test_every_feature_is_explained_with_the_value_that_it_had(client) -> None:
    asked = {"features": {"pdt31008": 270.0, "lic31002_deviation": 4.0}}
    answer = (await client.post("/explain", json=asked)).json()
    values = {one["feature"]: one["value"] for one in answer["local_importance"]}
    assert len(values) == len(answer["local_importance"]) == answer["n_imputed"] + 2
    assert (values["PDT31008"], values["LIC31002_deviation"]) == (270.0, 4.0)
    known = (await client.get("/global_importance")).json()
    assert {one["feature"] for one in known["importances"]} == set(values)
    assert {one["tag"] for one in known["tags"]} == {one["tag"] for one in answer["tags"]}
    assert (known["method"], known["space"]) == (answer["method"], answer["space"])
    assert (known["version"], known["rows"] > 0) == (answer["version"], True)


async def test_importances_are_shares(client) -> None:
    answer = (await client.get("/global_importance")).json()
    shares = [one["importance"] for one in answer["importances"]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert sum(one["importance"] for one in answer["tags"]) == pytest.approx(1)
    assert (answer["model"], answer["plant"]) == (CHAMPION_NAME, "gas_treatment")


@pytest.mark.parametrize("name", ["nothing", "", "plant_alarm_", "../champion"])
async def test_an_unknown_model_is_named_with_the_known_ones(client, name: str) -> None:
    asked = {"features": {"pdt31008": 270.0}, "model": name}
    for answer in (
        await client.post("/explain", json=asked),
        await client.get("/global_importance", params={"model": name}),
    ):
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(f"model: got {name!r}; expected one of ")
        assert "forecaster_3h" in answer.json()["detail"]


async def test_an_absent_model_is_503(client) -> None:
    answer = await client.get("/global_importance", params={"model": "rf_soft_alarm"})
    assert (answer.status_code, answer.json()["missing"]) == (503, ["plant_alarm_rf_soft_alarm"])


async def test_the_documented_call_is_told_what_to_do(client) -> None:
    answer = (await client.post("/recommend", json={"features": DOCUMENTED})).json()
    assert answer["alarm"] is True
    assert answer["urgency"] == "high"
    first, *further = answer["recommendation"]
    assert first["advice"] == "Alarm rule met: PDT31008 above 300 mbar at any time of the hour"
    assert first["why"] == "PDT31008_max is 340 mbar (PDT31008_max > 300)"
    assert first["check"] == ["PDT31008: Differential pressure over column D304"]
    told = [one["advice"] for one in further]
    assert "LIC31002 leaves its set point" in told
    assert "Alarms have come again and again within two days" in told
    order = ["high", "warning", "advice"]
    urgencies = [one["urgency"] for one in answer["recommendation"]]
    assert urgencies == sorted(urgencies, key=order.index)
    checks = [check for one in answer["recommendation"] for check in one["check"]]
    assert answer["check"] == sorted(set(checks), key=checks.index)
    assert answer["failure_frequency_48"] == 9
    assert "9 of the last 48 hours were in alarm" in answer["why"]


@pytest.mark.parametrize("end", [0, 1], ids=["lowest", "highest"])
async def test_the_risk_is_told_with_the_three_tags_that_raise_it_most(
    client, profile: PlantProfile, end: int
) -> None:
    asked = {"features": {tag.name: tag.range[end] for tag in profile.tags}}
    answer = (await client.post("/recommend", json=asked)).json()
    tags = (await client.post("/explain", json=asked)).json()["tags"]
    raising = [one for one in tags if one["contribution"] > 0]
    assert len(raising) > 3
    assert answer["drivers"] == raising[:3]
    assert answer["why"] == (
        f"The risk is {answer['risk_score']:.2g}; the threshold is {answer['threshold']:.2g}. "
        f"Main drivers: {', '.join(one['tag'] for one in raising[:3])}."
    )


async def test_a_quiet_plant_is_left_alone(client, profile: PlantProfile) -> None:
    middle = {tag.name: sum(tag.normal) / 2 for tag in profile.tags if tag.normal}
    answer = (await client.post("/recommend", json={"features": middle})).json()
    advice = [one for one in answer["recommendation"] if "risk_score" not in one["why"]]
    assert advice == []
    assert answer["failure_frequency_48"] is None
    assert answer["why"].startswith(f"The risk is {answer['risk_score']:.2g}; the threshold is ")
    assert "48 hours" not in answer["why"]
    assert answer["urgency"] == (
        answer["recommendation"][0]["urgency"] if answer["recommendation"] else "none"
    )


async def test_recent_alarms_are_counted_in_the_readings(client) -> None:
    quiet = {"timestamp": None, "PDT31008": 220.0, "PDT31008_max": 230.0}
    high = {**quiet, "PDT31008_max": 320.0}
    readings = [high] * 20 + [quiet] * 41 + [high] * 7
    answer = (await client.post("/recommend", json={"readings": readings})).json()
    assert answer["failure_frequency_48"] == 7
    assert "Alarms have come again and again within two days" in [
        o["advice"] for o in answer["recommendation"]
    ]
    below = (await client.post("/recommend", json={"readings": [quiet] * 3})).json()
    assert below["failure_frequency_48"] == 0


async def test_advice_on_a_maximum_reads_the_value_where_none_is_given(profile: PlantProfile) -> None:
    advice = {"when": "PDT31008_max > 200", "advice": "Look", "urgency": "advice"}
    own = profile.model_validate(profile.model_dump() | {"recommendations": [advice]})
    holding = RecommendationRules(own).evaluate
    assert [one.advice for one in holding({"PDT31008": 240.0}, [])] == ["Look"]
    assert holding({"PDT31008": 240.0, "PDT31008_max": 190.0}, []) == []


@pytest.mark.parametrize(
    ("readings", "alarms"),
    [
        ([{"TE301020": 108.0}] * 3, None),
        ([{"PDT31008": 220.0}] + [{"TE301020": 108.0}] * 60, None),
        ([{"PDT31008": 480.0}] * 3, 3),
        ([{"pdt31008": 220.0}, {"PDT31008_MAX": 320.0}, {"PDT31008_max": 330.0}], 2),
    ],
    ids=["no rule's tag", "nothing of late", "values for maxima", "names in any case"],
)
async def test_alarms_are_counted_where_they_can_be_known(
    client, readings: list[dict], alarms: int | None
) -> None:
    answer = await client.post("/recommend", json={"readings": readings})
    assert (answer.status_code, answer.json().get("failure_frequency_48")) == (200, alarms), answer.text


@pytest.mark.parametrize("path", ["/explain", "/recommend"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"features": {}}, 422),
        ({"features": {"x": 1}}, 422),
        ({"features": {"pdt31008": "a"}}, 422),
    ],
)
async def test_what_predict_refuses_is_refused(client, path: str, body: dict, status: int) -> None:
    answer = await client.post(path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("champion", [1, 2])
async def test_many_first_questions_at_once_build_one_explainer(
    bundles: dict[str, Path],
    serving_settings: ServingSettings,
    monkeypatch: pytest.MonkeyPatch,
    champion: int,
) -> None:
    from plant_assets.explain.explainer import ScoreExplainer

    built: list[int] = []
    original = ScoreExplainer.of.__func__  # type: ignore[attr-defined]

    def counted(cls: type[ScoreExplainer], bundle):
        built.append(1)
        return original(cls, bundle)

    monkeypatch.setattr(ScoreExplainer, "of", classmethod(counted))
    asked = {"features": {"pdt31008": 270.0}}
    async with serve(published(bundles, champion), serving_settings) as client:
        answers = await asyncio.gather(*(client.post("/explain", json=asked) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(built) == 1


async def test_a_model_that_cannot_be_explained_says_so(
    mlflow: FakeMlflow, serving_settings: ServingSettings
) -> None:
    mlflow.aliases[CHAMPION_NAME]["champion"] = 2
    async with serve(mlflow, serving_settings) as client:
        folder: Path = client.app.state.reconciler.slots["gas_treatment"]["champion"].current.folder
        shutil.rmtree(folder)
        answer = await client.post("/explain", json={"features": {"pdt31008": 270.0}})
        assert (await client.post("/predict", json={"features": {"pdt31008": 270.0}})).status_code == 200
    assert answer.status_code == 503
    assert "cannot be explained" in answer.json()["detail"]
