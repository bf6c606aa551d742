"""What inference answers, over the real app."""

import numpy as np
import orjson
import pytest

from plant_assets.bundle.bundle import Bundle
from serving.inference.v2 import routes
from tests.serving.inference.v2.bodies import CHAMPION, HEADER, binary_body, one_tag, post

pytestmark = pytest.mark.anyio


@pytest.fixture
def bundle(nine) -> Bundle:
    return nine[CHAMPION]


async def test_a_gap_is_imputed_as_null_and_as_nan(client, bundle: Bundle) -> None:
    row = np.full((1, len(bundle.names)), np.nan)
    flat = [None] * len(bundle.names)
    tensor = {"name": "features", "shape": [1, len(flat)], "datatype": "FP64"}
    null = (await post(client, {"inputs": [tensor | {"data": flat}]})).json()
    nested = (await post(client, {"inputs": [tensor | {"data": [flat]}]})).json()
    nan = (await post(client, *binary_body(row))).json()
    expected = float(bundle.score(row)[0])
    assert [a["outputs"][0]["data"] for a in (null, nested, nan)] == [[expected]] * 3
    assert null["parameters"]["imputed_values"] == len(flat)


async def test_optional_members_that_are_null_are_absent(client) -> None:
    nothing = {"id": None, "outputs": None, "parameters": {"binary_data_output": None, "headers": None}}
    plain, written = one_tag(), one_tag() | nothing
    written["inputs"] = [{**tensor, "parameters": None} for tensor in written["inputs"]]
    named = one_tag() | {"outputs": [{"name": "score", "parameters": None}], "parameters": None}
    expected, found, asked = [(await post(client, body)).json() for body in (plain, written, named)]
    assert found["outputs"] == expected["outputs"]
    assert [output["name"] for output in asked["outputs"]] == ["score"]


async def test_outputs_are_those_asked_for_in_that_order(client) -> None:
    asked = one_tag() | {"outputs": [{"name": "alarm"}, {"name": "risk_score"}]}
    outputs = (await post(client, asked)).json()["outputs"]
    assert [(o["name"], o["datatype"], o["shape"]) for o in outputs] == [
        ("alarm", "BOOL", [1, 1]),
        ("risk_score", "FP64", [1, 1]),
    ]
    assert type(outputs[0]["data"][0]) is bool


async def test_an_output_s_own_wish_comes_before_that_of_the_request(client, bundle: Bundle) -> None:
    wanted = [{"name": "alarm", "parameters": {"binary_data": False}}, {"name": "score"}]
    rows = bundle.reference_rows[:3]
    body, length = binary_body(rows, outputs=wanted, parameters={"binary_data_output": True})
    answer = await post(client, body, length)
    assert answer.headers["content-type"] == "application/octet-stream"
    end = int(answer.headers[HEADER])
    alarm, score = orjson.loads(answer.content[:end])["outputs"]
    assert (len(alarm["data"]), "parameters" in alarm) == (3, False)
    assert ("data" in score, score["parameters"]) == (False, {"binary_data_size": 24})
    np.testing.assert_array_equal(np.frombuffer(answer.content[end:], "<f8"), bundle.evaluate(rows).scores)


async def test_the_alarm_is_the_model_s_own_by_its_threshold(client, nine) -> None:
    name = "plant_alarm_lr_soft_alarm"
    decision = nine[name].manifest.decision
    body, length = binary_body(nine[name].reference_rows)
    risk, alarm, _ = (await post(client, body, length, name)).json()["outputs"]
    assert set(alarm["data"]) == {True, False}
    assert alarm["data"] == [r >= decision.threshold for r in risk["data"]]


async def test_without_an_id_there_is_none_and_the_prediction_can_be_traced(client) -> None:
    answer = (await post(client, one_tag())).json()
    assert "id" not in answer
    traced = client.app.state.ids.read(answer["parameters"]["prediction_id"])
    assert (traced.model, traced.version) == (CHAMPION, 1)


async def test_the_classifier_answers_a_probability_a_class(client) -> None:
    name = "plant_alarm_regime_classifier"
    described = (await client.get(f"/v2/models/{name}")).json()
    assert described["parameters"]["classes"] == ["normal", "transition", "alarm"]
    outputs = {o["name"]: o for o in (await post(client, one_tag(), model=name)).json()["outputs"]}
    assert outputs["probabilities"]["shape"] == [1, 3]
    assert sum(outputs["probabilities"]["data"]) == pytest.approx(1.0)
    assert outputs["risk_score"]["data"][0] == outputs["probabilities"]["data"][2]


async def test_a_thread_answers_as_the_loop_does(client, bundle: Bundle, monkeypatch) -> None:
    body, length = binary_body(bundle.reference_rows)
    answers = []
    for most in (10**9, 0):
        monkeypatch.setattr(routes, "LARGE_BODY_BYTES", most)
        monkeypatch.setattr(routes, "LARGE_ROWS", most)
        answers.append((await post(client, body, length)).json()["outputs"])
    assert answers[0] == answers[1]


async def test_members_that_the_protocol_may_add_are_passed_over(client) -> None:
    body = one_tag(parameters={"shared_memory_offset": 1}) | {"parameters": {"priority": 1}, "new": {}}
    assert (await post(client, body)).status_code == 200


async def test_ten_thousand_rows_are_answered(client) -> None:
    rows = {"shape": [10_000], "data": [240.0] * 10_000}
    answer = await post(client, one_tag(**rows), model="plant_alarm_lr_soft_alarm")
    assert answer.json()["outputs"][0]["shape"] == [10_000, 1]
