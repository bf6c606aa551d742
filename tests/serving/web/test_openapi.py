"""What /docs of each service says, as its OpenAPI document has it."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from serving.gateway.app import create_app as gateway
from serving.inference.app import create_app as inference
from serving.live.app import create_app as live
from serving.sensors.app import create_app as sensors
from serving.settings import ServingSettings
from serving.web.openapi import json_body, problems

SERVICES = [inference, gateway, sensors, live]


class Inner(BaseModel):
    number: float


class Outer(BaseModel):
    first: Inner
    rest: list[Inner]


def document(create_app: Callable[[ServingSettings], FastAPI], home: Path) -> dict:
    return create_app(ServingSettings(home=home)).openapi()


def operations(paths: dict) -> list[tuple[str, dict]]:
    return [(f"{method} {path}", operation) for path, of in paths.items() for method, operation in of.items()]


@pytest.mark.parametrize("create_app", SERVICES)
def test_each_route_has_a_sentence_a_heading_and_problem_documents(create_app, tmp_path: Path) -> None:
    for name, operation in operations(document(create_app, tmp_path)["paths"]):
        assert re.fullmatch(r"[A-Z].*\.", operation["description"], re.DOTALL), name
        assert operation["tags"], name
        refused = {s: answer for s, answer in operation["responses"].items() if s >= "400"}
        foreign = "/v2" in name or name == "post /write"  # other protocols have errors of their own
        for status, answer in refused.items() if not foreign else ():
            assert "application/problem+json" in answer["content"], (name, status)


@pytest.mark.parametrize("create_app", SERVICES)
def test_each_route_says_in_a_line_what_it_does_and_what_its_path_names(create_app, tmp_path: Path) -> None:
    whole = document(create_app, tmp_path)
    for name, operation in operations(whole["paths"]):
        assert operation["description"].startswith(operation["summary"]), name
        assert not re.search(r"[.;]$", operation["summary"]), name
        for parameter in operation.get("parameters", ()):
            assert parameter["in"] != "path" or parameter.get("description"), (name, parameter["name"])
    assert "ValidationError" not in str(whole)


def test_the_protocol_s_routes_promise_no_status_that_they_never_answer(tmp_path: Path) -> None:
    paths = document(inference, tmp_path)["paths"]
    told = paths["/v2/models/{name}"]["get"]
    assert (told["summary"], set(told["responses"])) == (
        "Get a model's inputs and outputs",
        {"200", "404", "503"},
    )
    assert paths["/predict"]["post"]["responses"].keys() >= {"422"}


@pytest.mark.parametrize("create_app", SERVICES)
def test_the_services_tell_of_themselves_in_the_same_way(create_app, tmp_path: Path) -> None:
    paths = document(create_app, tmp_path)["paths"]
    assert {"/health", "/ready", "/metrics"} <= set(paths)
    assert paths["/health"]["get"]["tags"] == paths["/metrics"]["get"]["tags"] == ["the service"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("create_app", "path"),
    [
        (inference, "/predict"),
        (inference, "/predict/batch"),
        (gateway, "/auth/login"),
        (gateway, "/warnings/1/ack"),
        (gateway, "/drops?name=a.csv&plant=demo"),
        (sensors, "/scenarios/activate"),
    ],
)
@pytest.mark.parametrize("encoding", ["gzip", "identity, br", "DEFLATE"])
async def test_an_encoded_body_is_refused_by_each_service(
    create_app, path: str, encoding: str, tmp_path: Path
) -> None:
    transport = httpx.ASGITransport(create_app(ServingSettings(home=tmp_path)))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answer = await client.post(path, content=b"\x1f\x8b", headers={"Content-Encoding": encoding})
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert answer.json()["type"] == "urn:forewarn:problem:encoded-body"
    assert answer.json()["detail"] == f"Content-Encoding: got {encoding}; expected an uncompressed body"


def test_a_status_says_what_it_means_there() -> None:
    told = problems(503, 422, said={503: "The plant has stopped"})
    assert [*told] == [422, 503]
    assert told[503]["description"] == "The plant has stopped"
    with pytest.raises(KeyError):
        problems(503)


def test_a_body_s_schema_needs_nothing_from_elsewhere() -> None:
    body = json_body(Outer, "application/octet-stream")["requestBody"]
    assert "$ref" not in str(body)
    assert "$defs" not in str(body)
    assert [*body["content"]] == ["application/json", "application/octet-stream"]
