"""The protocol's health, metadata and versions."""

import pytest

from serving.settings import ServingSettings
from tests.serving.conftest import serve
from tests.serving.inference.v2.bodies import CHAMPION, one_tag, post
from tests.serving.inference.v2.conftest import NAMES
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


async def test_a_live_server_without_models_is_not_ready_and_says_why(
    serving_settings: ServingSettings,
) -> None:
    async with serve(FakeMlflow(), serving_settings) as client:
        live, ready = await client.get("/v2/health/live"), await client.get("/v2/health/ready")
        model, infer = await client.get(f"/v2/models/{CHAMPION}"), await post(client, one_tag())
        index = (await client.post("/v2/repository/index")).json()
    assert (live.status_code, live.json()) == (200, {"live": True})
    for answer in (ready, model, infer):
        assert answer.status_code == 503
        assert [*answer.json()] == ["error"]
        assert "is not loaded: no version has the alias @champion" in answer.json()["error"]
        assert int(answer.headers["retry-after"]) > 0
    states = {entry["name"]: (entry["state"], bool(entry["reason"])) for entry in index}
    assert states[CHAMPION] == ("UNAVAILABLE", True)
    assert set(states) >= set(NAMES)


async def test_metadata_describes_what_infer_takes_and_gives(client, nine) -> None:
    for name in NAMES:
        described = (await client.get(f"/v2/models/{name}")).json()
        assert (described["name"], described["versions"]) == (name, ["1"])
        features = [*nine[name].names]
        assert described["parameters"]["feature_names"] == features
        assert described["inputs"] == [{"name": "features", "datatype": "FP64", "shape": [-1, len(features)]}]
        tensor = {
            "name": "features",
            "shape": [1, len(features)],
            "datatype": "FP64",
            "data": [None] * len(features),
        }
        answered = (await post(client, {"inputs": [tensor]}, model=name)).json()["outputs"]
        given = [{key: output[key] for key in ("name", "datatype", "shape")} for output in answered]
        assert described["outputs"] == [{**o, "shape": [-1, *o["shape"][1:]]} for o in given]


async def test_the_version_before_still_answers_by_its_number(mlflow, bundles, serving_settings) -> None:
    mlflow.publish(CHAMPION, 2, bundles["v1"])
    async with serve(mlflow, serving_settings) as client:
        mlflow.aliases[CHAMPION]["champion"] = 2
        await client.app.state.reconciler.refresh()
        described = (await client.get(f"/v2/models/{CHAMPION}")).json()
        assert described["versions"] == ["2", "1"]
        answers = {
            v: await post(client, one_tag(), model=f"{CHAMPION}{v}")
            for v in ("", "/versions/2", "/versions/1")
        }
        versions = {v: answer.json()["model_version"] for v, answer in answers.items()}
        assert versions == {"": "2", "/versions/2": "2", "/versions/1": "1"}
        risks = {v: answer.json()["outputs"][0]["data"] for v, answer in answers.items()}
        assert risks[""] == risks["/versions/2"] != risks["/versions/1"]
        for path in ("", "/ready"):
            found = await client.get(f"/v2/models/{CHAMPION}/versions/1{path}")
            gone = await client.get(f"/v2/models/{CHAMPION}/versions/3{path}")
            assert (found.status_code, gone.status_code) == (200, 404)
            assert gone.json() == {"error": f"{CHAMPION}: version '3' is not loaded; expected 2 or 1"}
        entries = (await client.post("/v2/repository/index", json={"ready": True})).json()
    assert [e["version"] for e in entries if e["name"] == CHAMPION] == ["2", "1"]
    assert {e["state"] for e in entries} == {"READY"}


@pytest.mark.parametrize("path", ["/v2/models", "/v2"])
async def test_lists_are_plain(client, path: str) -> None:
    assert (await client.get(path)).status_code == 200


async def test_models_are_listed_by_their_registered_names(client) -> None:
    assert set((await client.get("/v2/models")).json()["models"]) >= set(NAMES)


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/v2/models/plant_alarm_champio", 404, "did you mean plant_alarm_champion?"),
        ("GET", "/v2/models/💥/ready", 404, "no model '💥'; expected one of GET /v2/models"),
        ("GET", "/v2/models/..%2F..%2Fetc", 404, "no such path"),
        ("GET", f"/v2/models/{CHAMPION}/versions/01", 404, "version '01' is not loaded; expected 1"),
        ("POST", "/v2/repository/models/x/load", 404, "no such path"),
        ("GET", f"/v2/models/{CHAMPION}/infer", 405, "method GET is not allowed here; expected POST"),
        ("DELETE", "/v2", 405, "method DELETE is not allowed here; expected GET"),
    ],
)
async def test_every_error_below_v2_has_the_protocol_s_form(client, method, path, status, said) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert [*answer.json()] == ["error"]
    assert said in answer.json()["error"]


async def test_elsewhere_errors_stay_problem_documents(client) -> None:
    for path in ("/v3", "/plants/none/ready"):
        assert (await client.get(path)).headers["content-type"] == "application/problem+json"


async def test_a_failure_of_our_own_is_told_in_that_form_too(client, nine, monkeypatch) -> None:
    slot = client.app.state.reconciler.slots["gas_treatment"]["champion"]
    monkeypatch.setattr(slot.current.model.bundle, "_scorer", lambda rows: 1 / 0)
    answer = await post(client, one_tag())
    assert (answer.status_code, [*answer.json()]) == (500, ["error"])


async def test_openapi_names_every_path_and_resolves_by_itself(client) -> None:
    document = (await client.get("/openapi.json")).json()
    infer = document["paths"]["/v2/models/{name}/versions/{version}/infer"]["post"]
    assert {"200", "400", "404", "413", "503"} <= set(infer["responses"])
    assert set(infer["requestBody"]["content"]) == {"application/json", "application/octet-stream"}
    assert "$defs" not in str(infer)
    assert "$ref" not in str(infer["requestBody"])
