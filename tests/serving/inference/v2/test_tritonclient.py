"""A client that others wrote: NVIDIA's, in JSON and in binary, against a real server."""

from collections.abc import Iterator

import numpy as np
import pytest
import tritonclient.http as triton

from plant_assets.bundle.bundle import Bundle
from plant_assets.bundle.horizons import order_horizons
from tests.serving.inference.v2.conftest import NAMES

pytestmark = pytest.mark.services

CHAMPION = "plant_alarm_champion"
EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture
def client(server: str) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(server, network_timeout=60, connection_timeout=60) as client:
        yield client


def rows_of(bundle: Bundle, gaps: bool) -> np.ndarray:
    """Rows that the bundle knows, with gaps or filled, and rougher ones that can still be true."""
    known = bundle.reference_rows[:40]
    rough = np.random.default_rng(3).normal(1.0, 0.1, size=known.shape) * bundle.fill
    rows = np.vstack([known, rough])
    return rows if gaps else bundle.impute(rows)


def tensor(name: str, values: np.ndarray, *, binary: bool) -> triton.InferInput:
    given = triton.InferInput(name, values.shape, "FP64" if values.dtype == np.float64 else "FP32")
    given.set_data_from_numpy(values, binary_data=binary)
    return given


def decided(nine: dict[str, Bundle], name: str, rows: np.ndarray) -> np.ndarray:
    """What a bundle decides; a forecaster's probabilities in order with those of the other horizons."""
    if "forecaster" not in name:
        return nine[name].score(rows)
    ahead = [n for n in nine if "forecaster" in n]
    return order_horizons(np.stack([nine[n].score(rows) for n in ahead]))[ahead.index(name)]


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("name", NAMES)
def test_every_model_answers_as_its_bundle(client, nine, name: str, binary: bool) -> None:
    bundle: Bundle = nine[name]
    rows = rows_of(bundle, gaps=binary)
    outputs = client.get_model_metadata(name)["outputs"]
    wanted = [triton.InferRequestedOutput(o["name"], binary_data=binary) for o in outputs]
    answer = client.infer(name, [tensor("features", rows, binary=binary)], outputs=wanted, request_id="r-1")
    expected = bundle.evaluate(rows)
    decisions = decided(nine, name, rows)[:, None]
    decision = bundle.manifest.decision
    threshold = decision.threshold if decision else np.inf
    np.testing.assert_allclose(answer.as_numpy("risk_score"), decisions, **EXACT)
    np.testing.assert_array_equal(answer.as_numpy("alarm"), decisions >= threshold)
    own = "probabilities" if expected.scores.ndim == 2 else "score"
    scores = expected.scores if expected.scores.ndim == 2 else expected.scores[:, None]
    np.testing.assert_allclose(answer.as_numpy(own), scores, **EXACT)
    response = answer.get_response()
    assert (response["model_name"], response["model_version"], response["id"]) == (name, "1", "r-1")


def test_without_named_outputs_all_come_as_bytes(client, nine) -> None:
    rows = rows_of(nine[CHAMPION], gaps=True)
    answer = client.infer(CHAMPION, [tensor("features", rows, binary=True)])
    assert [o["name"] for o in answer.get_response()["outputs"]] == ["risk_score", "alarm", "score"]
    assert all(o["parameters"]["binary_data_size"] > 0 for o in answer.get_response()["outputs"])
    np.testing.assert_allclose(answer.as_numpy("risk_score")[:, 0], nine[CHAMPION].score(rows), **EXACT)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_one_tensor_a_feature_and_the_rest_is_imputed(client, nine, binary: bool) -> None:
    bundle: Bundle = nine[CHAMPION]
    given = {bundle.names[i]: bundle.fill[i] + np.arange(3.0) for i in (4, 0)}
    inputs = [
        tensor(name, column if i else column[:, None], binary=binary)
        for i, (name, column) in enumerate(given.items())
    ]
    rows = np.full((3, len(bundle.names)), np.nan)
    for name, column in given.items():
        rows[:, bundle.names.index(name)] = column
    answer = client.infer(CHAMPION, inputs)
    np.testing.assert_allclose(answer.as_numpy("risk_score")[:, 0], bundle.score(rows), **EXACT)
    assert answer.get_response()["parameters"]["imputed_values"] == 3 * (len(bundle.names) - 2)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_single_precision_is_taken_as_it_is(client, nine, binary: bool) -> None:
    rows = rows_of(nine[CHAMPION], gaps=False).astype(np.float32)
    answer = client.infer(CHAMPION, [tensor("features", rows, binary=binary)])
    expected = nine[CHAMPION].score(rows.astype(np.float64))
    np.testing.assert_allclose(answer.as_numpy("risk_score")[:, 0], expected, **EXACT)


def test_many_rows_come_in_one_answer(client, nine) -> None:
    bundle: Bundle = nine["plant_alarm_lr_soft_alarm"]
    rows = np.tile(rows_of(bundle, gaps=True), (50, 1))[:2000]
    answer = client.infer("plant_alarm_lr_soft_alarm", [tensor("features", rows, binary=True)])
    np.testing.assert_allclose(answer.as_numpy("risk_score")[:, 0], bundle.score(rows), **EXACT)


def test_the_server_says_what_it_is_and_has(client) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data", "model_repository_index"]
    assert all(client.is_model_ready(name, "1") for name in NAMES)
    assert not client.is_model_ready(CHAMPION, "2")
    ready = {entry["name"] for entry in client.get_model_repository_index() if entry["state"] == "READY"}
    assert ready == set(NAMES)


def test_what_is_wrong_reaches_the_client_in_words(client) -> None:
    with pytest.raises(
        triton.InferenceServerException, match="no model 'plant_alarm_champio'; did you mean"
    ) as absent:
        client.infer("plant_alarm_champio", [tensor("features", np.ones((1, 1)), binary=True)])
    assert absent.value.status() == "404"
    with pytest.raises(triton.InferenceServerException, match="expected \\[rows, 243\\]") as wrong:
        client.infer(CHAMPION, [tensor("features", np.ones((1, 1)), binary=True)])
    assert wrong.value.status() == "400"
