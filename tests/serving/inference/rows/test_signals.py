"""Bad signals by every door: the limit on their side counts as crossed, and the answer never calms."""

import asyncio

import httpx
import numpy as np
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.profile.model import PlantProfile
from serving.inference.rows.ranges import PhysicalRanges
from serving.settings import ServingSettings
from tests.bundle.factories import raw_table
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio

WINDOW = 80


@pytest.fixture
async def client(mlflow: FakeMlflow, serving_settings: ServingSettings):
    async with serve(mlflow, serving_settings) as client:
        yield client


@pytest.fixture
def normal(profile: PlantProfile) -> dict[str, float]:
    """Every tag and extreme at the middle of its band; set points at what they control."""
    middles = {tag.name: sum(tag.normal or (40.0, 60.0)) / 2 for tag in profile.tags}
    for roles in profile.controllers.values():
        middles[roles["sp"]] = middles[roles["pv"]]
    return {name: middles[name.removesuffix("_max").removesuffix("_min")] for name in profile.columns}


async def newest(client: httpx.AsyncClient, row: dict, **other: float) -> dict:
    """What /predict says of a row behind hours of normal ones."""
    answer = await client.post("/predict", json={"readings": [row] * (WINDOW - 1) + [row | other]})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_value_beyond_its_range_counts_as_crossing_the_limit_on_that_side(client, normal) -> None:
    calm = await newest(client, normal)
    assert (calm["alarm"], calm["rules"], calm["bad_signals"], calm["confidence"]) == (False, [], [], "full")
    answer = await newest(client, normal, PDT31008=1105.0, PDT31008_max=1105.0, PDT31008_min=1105.0)
    assert (answer["alarm"], answer["confidence"]) == (True, "reduced")
    assert answer["rules"] == [
        {
            "name": "high_differential_pressure",
            "description": "PDT31008 above 300 mbar at any time of the hour: bad signal",
            "bad_signal": True,
        }
    ]
    assert answer["bad_signals"][0] == {
        "name": "PDT31008",
        "value": 1105.0,
        "side": "high",
        "range": [-50.0, 1000.0],
        "crossed": ["high_differential_pressure", "H 280", "HH 300"],
    }


async def test_a_limit_that_a_sound_value_crosses_is_no_bad_signal_s(client, normal) -> None:
    answer = await newest(client, normal, PDT31008=1105.0, PDT31008_max=340.0, PDT31008_min=220.0)
    assert [(rule["name"], rule["bad_signal"]) for rule in answer["rules"]] == [
        ("high_differential_pressure", False)
    ]


@pytest.mark.parametrize("side", ["low", "high"])
async def test_any_tag_and_either_side_alarms_where_a_limit_lies_there(
    client, normal, profile: PlantProfile, side: str
) -> None:
    for tag in profile.tags:
        value = tag.range[0] - 1 if side == "low" else tag.range[1] + 1
        answer = await newest(client, normal, **dict.fromkeys((tag.name, *tag.extremes), value))
        limits = (tag.limits.L, tag.limits.LL) if side == "low" else (tag.limits.H, tag.limits.HH)
        has_limit = limits != (None, None)
        is_ruled = any(tag.name in rule.when for rule in profile.labels.alarm_rules)
        told = answer["bad_signals"][0]
        assert (told["name"], told["side"]) == (tag.name, side)
        assert answer["confidence"] != "full", tag.name
        assert answer["alarm"] is (has_limit or is_ruled), tag.name
        assert bool(told["crossed"]) is answer["alarm"], tag.name
        assert all(rule["bad_signal"] for rule in answer["rules"])


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"PDT31008_max": 1e9}, "high_differential_pressure"),
        ({"PDT31008_min": -1e9}, "PDT31008_L"),
        ({"LIC31002_PV_max": 400.0}, "level_deviation"),
        ({"LIC31002_PV_max": -400.0}, "level_deviation"),
        ({"LIC31002_SP": 9999.0}, "level_deviation"),
        ({"LT301031": 1e6}, "reboiler_level_swings"),
    ],
)
async def test_extremes_loops_set_points_and_features_of_rules_count_too(client, normal, given, rule) -> None:
    answer = await newest(client, normal, **given)
    assert answer["alarm"] is True
    assert rule in [told["name"] for told in answer["rules"]]


async def test_features_that_follow_from_a_tag_are_bad_beyond_what_it_allows(client) -> None:
    sound = {"TE301020": 108.0}
    for given in ({"LT301031_std_3h": 500.0}, {"LT301031_mean_3h": 500.0}, {"LIC31002_deviation": 500.0}):
        answer = (await client.post("/predict", json={"features": sound | given})).json()
        assert answer["out_of_range"] == [*given]
    answer = (await client.post("/predict", json={"features": sound | {"LT301031_std_3h": 500.0}})).json()
    assert [rule["name"] for rule in answer["rules"]] == ["reboiler_level_swings"]


@pytest.mark.parametrize(
    "body",
    [
        {"features": {"PDT31008": 99999}},
        {"features": {"PDT31008": 99999, "LT301031": None}},
        {"features": {"PDT31008": -9999, "TE301020": 5000}},
        {"readings": [{"PDT31008": 99999}]},
        {"readings": [{"PDT31008": None}, {"PDT31008": 99999}]},
    ],
)
async def test_nothing_usable_is_refused_and_says_why(client, body: dict) -> None:
    for path in ("/predict", "/explain", "/recommend"):
        answer = await client.post(path, json=body)
        assert answer.status_code == 422
        assert "bad signal, counts as an alarm" in answer.json()["detail"]


async def test_what_neither_the_model_nor_a_rule_uses_is_nothing_to_judge_by(client) -> None:
    answer = await client.post("/predict", json={"features": {"LT31013": 50.0}})
    assert (answer.status_code, "no usable value" in answer.json()["detail"]) == (422, True)


async def test_more_than_half_imputed_has_no_confidence(client, normal, bundles) -> None:
    names = Bundle.load(bundles["v1"]).names
    few = {"features": {"PDT31008": 240.0, "LT301031": 45.0}}
    answer = (await client.post("/predict", json=few)).json()
    assert (answer["confidence"], 2 * answer["n_imputed"] > len(names)) == ("none", True)
    blind = [normal] * (WINDOW - 1) + [dict.fromkeys(normal)]
    answer = (await client.post("/predict", json={"readings": blind})).json()
    assert answer["confidence"] == "none"


async def test_forecasts_say_it_too(client, normal) -> None:
    asked = {"recent_observations": [normal] * 11 + [normal | {"PDT31008": 1105.0}], "horizon": "all"}
    for forecast in (await client.post("/forecast", json=asked)).json()["forecasts"]:
        assert (forecast["alarm"], forecast["confidence"]) == (True, "reduced")
        assert forecast["bad_signals"][0]["name"] == "PDT31008"


async def test_a_batch_says_it_row_by_row(client) -> None:
    columns = {
        "pdt31008": [240.0, 1105.0, -9999.0, 99999.0, None],
        "te301020": [108.0, 108.0, 108.0, None, 5000.0],
    }
    answer = (await client.post("/predict/batch", json={"columns": columns})).json()
    high, low = ["high_differential_pressure"], ["PDT31008_L"]
    assert answer["rules"] == [[], high, low, high, ["TE301020_HH"]]
    assert answer["alarm"] == [False, True, True, True, True]
    assert [score is None for score in answer["risk_score"]] == [False, False, False, True, True]
    assert answer["confidence"] == ["none"] * 5
    assert {(b["name"], b["side"]): b["rows"] for b in answer["bad_signals"]} == {
        ("PDT31008", "high"): 2,
        ("PDT31008", "low"): 1,
        ("TE301020", "high"): 1,
    }


async def test_a_batch_answers_each_row_as_alone(client, profile: PlantProfile, normal) -> None:
    rows = raw_table(profile).tail(20).drop("timestamp").to_dicts()
    for row, tag in zip(rows, profile.tags, strict=False):
        row[tag.name] = tag.range[1] + 7
    whole = (await client.post("/predict/batch", json={"rows": rows})).json()
    asked = [client.post("/predict", json={"features": row}) for row in rows]
    alone = [answer.json() for answer in await asyncio.gather(*asked)]
    assert whole["alarm"] == [one["alarm"] for one in alone]
    assert whole["confidence"] == [one["confidence"] for one in alone]
    assert [sorted(names) for names in whole["rules"]] == [
        sorted(rule["name"] for rule in one["rules"]) for one in alone
    ]


async def test_the_open_inference_protocol_says_it_in_its_parameters(client, bundles) -> None:
    bundle = Bundle.load(bundles["v1"])
    rows = np.tile(bundle.fill, (3, 1))
    rows[1, bundle.names.index("PDT31008")] = 1105.0
    tensor = {"name": "features", "shape": [3, rows.shape[1]], "datatype": "FP64", "data": rows.tolist()}
    path = f"/v2/models/{CHAMPION_NAME}/infer"
    answer = (await client.post(path, json={"inputs": [tensor]})).json()
    assert answer["outputs"][1]["data"][1] is True
    told = answer["parameters"]
    assert (told["confidence"], told["rows_without_confidence"], told["imputed_values"]) == ("reduced", 0, 1)
    assert told["bad_signals"] == (
        "PDT31008 = 1105 can't be above 1000: bad signal, counts as an alarm: "
        "high_differential_pressure, H 280, HH 300"
    )
    one = {"name": "PDT31008", "shape": [1], "datatype": "FP64", "data": [240.0]}
    alone = (await client.post(path, json={"inputs": [one]})).json()["parameters"]
    assert (alone["confidence"], alone["rows_without_confidence"], alone["bad_signals"]) == ("none", 1, "")


async def test_advice_names_the_instrument(client, normal) -> None:
    readings = [normal] * (WINDOW - 1) + [normal | {"PDT31001": 900.0}]
    answer = (await client.post("/recommend", json={"readings": readings})).json()
    first = answer["recommendation"][0]
    assert (first["urgency"], answer["urgency"]) == ("high", "high")
    assert "PDT31001 above HH 20 mbar: bad signal" in first["advice"]
    assert first["check"] == ["PDT31001: its instrument, and another indication of the same"]


def test_ranges_follow_from_those_of_the_tags(profile: PlantProfile) -> None:
    ranges = PhysicalRanges(profile)
    found = ranges.of(["PDT31008_std_6h", "PDT31008_diff_1h", "PDT31008_t-3", "PDT31008_slope_3h", "nothing"])
    assert found["PDT31008_max"] == (-50, 1000)
    assert found["LIC31002_deviation"] == pytest.approx((-130, 130), abs=1e-3)
    assert found["PDT31008_std_6h"] == pytest.approx((0, 1050), abs=1e-2)
    assert found["PDT31008_diff_1h"] == pytest.approx((-1050, 1050), abs=1e-2)
    assert found["PDT31008_t-3"] == pytest.approx((-50, 1000), abs=1e-2)
    assert found.keys().isdisjoint({"PDT31008_slope_3h", "nothing"})
    assert [limit.name for limit in ranges.limits("PDT31008_mean_3h", "high")] == ["H", "HH"]
    assert ranges.limits("PDT31008_std_6h", "high") == ()
