import pytest

from serving.settings import ServingSettings
from tests.serving.conftest import serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(mlflow: FakeMlflow, serving_settings: ServingSettings):
    async with serve(mlflow, serving_settings) as client:
        yield client


BAD_BODIES = {
    b'{"features": {"lt301031": NaN}}': (422, "features.lt301031"),
    b'{"features": {"lt301031": Infinity}}': (422, "features.lt301031"),
    b'{"features": {"lt301031": 1e999}}': (422, "features.lt301031"),
    b'{"features": {"lt301031": 1e200}}': (422, "features.lt301031"),
    b'{"features": {"lt301031": "8.0"}}': (422, "features.lt301031"),
    b'{"features": {"lt301031": true}}': (422, "features.lt301031"),
    b'{"features": {"lt301031": [1]}}': (422, "features.lt301031"),
    b'{"features": {"lt301031": 1, "LT301031": 2}}': (422, "given twice"),
    b'{"features": []}': (422, "features"),
    b'{"features": {}, "readings": [{}]}': (422, "both features and readings; expected one of the two"),
    b"{}": (422, "neither features nor readings; expected one of the two"),
    b"[]": (422, "body"),
    b'{"feature": {}}': (422, "feature"),
    b'{"readings": []}': (422, "readings"),
    b'{"readings": [1]}': (422, "readings.0"),
    b"": (400, "Invalid JSON"),
    b"\xff\xfe": (400, "Invalid JSON"),
    b'{"features": {': (400, "Invalid JSON"),
    b'{"features":' + b"[" * 50_000: (400, "recursion"),
    b'{"features": {"' + b"a" * 500_000 + b'": 1}}': (422, "has no 'aaa"),
    b'{"features": {"\\u0000\\ud83d\\ude00": 1}}': (422, "has no"),
    b'{"features": {"\\ud800": 1}}': (400, "Invalid JSON"),
    b"x" * 1_100_000: (413, "at most 1048576 bytes"),
}


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda b: b[:40].decode("latin-1"))
async def test_a_bad_body_is_a_problem_document(client, body: bytes) -> None:
    answer = await client.post("/predict", content=body)
    status, said = BAD_BODIES[body]
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert document["type"].startswith("urn:forewarn:problem:")
    assert said in document["detail"]
    assert len(answer.content) < 10_000


@pytest.mark.parametrize("path", ["/predict", "/recommend", "/forecast", "/predict/batch"])
async def test_a_million_faults_are_told_by_the_first(client, path: str) -> None:
    field = {"/forecast": "recent_observations", "/predict/batch": "rows"}.get(path, "readings")
    row = b"{" + b",".join(b'"%d":[]' % i for i in range(90)) + b"}"
    body = b'{"%b": [%b]}' % (field.encode(), b",".join([row] * 1_000))
    answer = await client.post(path, content=body)
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 20)
    assert answer.json()["detail"].startswith(f"{field}.0.0: got an array")


async def test_every_422_tells_what_is_wrong_and_what_would_be_right(client) -> None:
    bad = {"features": {"lt301031": True, "pdt31008": [1]}}
    assert (await client.post("/predict", json=bad)).json()["errors"] == [
        {"field": "features.lt301031", "message": "got true", "expected": "a number or null"},
        {"field": "features.pdt31008", "message": "got an array", "expected": "a number or null"},
    ]


async def test_a_body_without_declared_length_is_bounded_too(client) -> None:
    async def endless():
        for _ in range(300):
            yield b" " * 10_000

    assert (await client.post("/predict", content=endless())).status_code == 413
