"""What inference refuses, where it says the fault is, and that nothing makes it fail."""

import numpy as np
import orjson
import pytest

from tests.serving.inference.v2.bodies import CHAMPION, binary_body, one_tag, post

pytestmark = pytest.mark.anyio

WIDTH = 243
FEATURES = {"name": "features", "shape": [1, WIDTH], "data": [1.0] * WIDTH}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "inputs: absent"),
        ({"inputs": []}, "inputs: "),
        ({"inputs": {}}, "inputs: "),
        ([], "body: got an array; expected an object"),
        ({"inputs": [7]}, "inputs.0: got 7; expected an object"),
        (one_tag(name=None), "inputs.0.name: absent"),
        (one_tag(name=7), "inputs.0.name: got 7"),
        (
            one_tag(name="PDT31O08"),
            "inputs.0.name: the model has no input 'PDT31O08'; did you mean PDT31008?",
        ),
        (
            one_tag(name="pdt31008"),
            "inputs.0.name: the model has no input 'pdt31008'; did you mean PDT31008?",
        ),
        (one_tag(shape=[-1]), "inputs.0.shape.0: got -1"),
        (one_tag(shape=[1.0]), "inputs.0.shape.0: got 1.0"),
        (one_tag(shape=[True]), "inputs.0.shape.0: got true"),
        (one_tag(shape=[]), "inputs.0.shape: "),
        (one_tag(shape=[1, 1, 1]), "inputs.0.shape: "),
        (one_tag(shape=[0], data=[]), "inputs.0.shape: 0 rows; expected 1 to 10000"),
        (one_tag(shape=[10_001]), "inputs.0.shape: 10001 rows; expected 1 to 10000"),
        (one_tag(shape=[2**63]), "inputs.0.shape: 9223372036854775808 rows"),
        (
            one_tag(shape=[1, 2**62]),
            "inputs.0.shape: got [1, 4611686018427387904]; expected [rows] or [rows, 1]",
        ),
        (one_tag(shape=[2]), "inputs.0.data: got 1 values; expected 2, as shape is [2]"),
        (one_tag(datatype="INT64"), "inputs.0.datatype: got 'INT64'; expected 'FP64' or 'FP32'"),
        (one_tag(data=["240"]), "inputs.0.data: value 0: got '240'; expected a number or null"),
        (one_tag(data=[True]), "inputs.0.data: value 0: got true; expected a number or null"),
        (one_tag(data=[[]]), "inputs.0.data: "),
        (one_tag(data=[{}]), "inputs.0.data: value 0: got an object"),
        (one_tag(data=[1e101]), "inputs.0: value at [0] is infinite or beyond 1e100"),
        (one_tag(data=[1e39], datatype="FP32"), "inputs.0: value at [0] is infinite or beyond 1e100"),
        (one_tag(data=None), "inputs.0: neither data nor parameters.binary_data_size"),
        (one_tag(parameters={"binary_data_size": 8}), "inputs.0: both data and parameters.binary_data_size"),
        (
            one_tag(shape=[2, 1], data=[[1.0], [1.0, 2.0]]),
            "inputs.0.data: row 1: got 2 values; expected a list of 1",
        ),
        (one_tag(shape=[2, 1], data=[[1.0], 2.0]), "inputs.0.data: row 1: got 2.0; expected a list of 1"),
        (
            {"inputs": [FEATURES | {"datatype": "FP64", "shape": [1, 2]}]},
            "inputs.0.shape: got [1, 2]; expected [rows, 243]",
        ),
        (
            {"inputs": [FEATURES | {"datatype": "FP64", "shape": [WIDTH]}]},
            "inputs.0.shape: got [243]; expected [rows, 243]",
        ),
        (
            {"inputs": [FEATURES | {"datatype": "FP64"}, *one_tag()["inputs"]]},
            "inputs: got features and single features",
        ),
        ({"inputs": one_tag()["inputs"] * 2}, "inputs: a name appears twice"),
        (
            {"inputs": [*one_tag()["inputs"], *one_tag(name="LT301031", shape=[2])["inputs"]]},
            "inputs.1.shape: 2 rows; expected 1",
        ),
        (
            one_tag() | {"outputs": [{"name": "risk"}]},
            "outputs.0.name: got 'risk'; expected one of risk_score, alarm, score",
        ),
        (one_tag() | {"outputs": [{"name": "alarm"}] * 2}, "outputs.1.name: alarm appears twice"),
        (one_tag() | {"outputs": [{"name": "alarm"}] * 101}, "outputs: got 101; expected at most 100 items"),
        (
            one_tag() | {"outputs": [{"name": "alarm", "parameters": {"classification": 2}}]},
            "outputs.0.parameters.classification",
        ),
        (
            one_tag() | {"outputs": [{"name": "alarm", "parameters": {"binary_data": 1}}]},
            "outputs.0.parameters.binary_data",
        ),
        (one_tag() | {"id": 42}, "id: got 42"),
    ],
)
async def test_the_place_is_named(client, body, said: str) -> None:
    answer = await post(client, orjson.dumps(body))
    assert answer.status_code == 400, answer.text
    assert [*answer.json()] == ["error"]
    assert answer.json()["error"].startswith(said)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        orjson.dumps(one_tag()).replace(b"240.0", b"NaN"),
        orjson.dumps(one_tag()).replace(b"240.0", b"-Infinity"),
        orjson.dumps(one_tag()).replace(b"240.0", b"1e999"),
        orjson.dumps(one_tag()).replace(b"240.0", b"[" * 5000 + b"]" * 5000),
        orjson.dumps(one_tag()).replace(b"PDT31008", b"\\ud800"),
        orjson.dumps(one_tag()) + b"\x00" * 8,
    ],
)
async def test_what_is_no_json_is_refused(client, content: bytes) -> None:
    answer = await post(client, content)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the body is not valid JSON: ")


ROW = np.ones((1, WIDTH))
SIZE = ROW.nbytes


@pytest.mark.parametrize(
    ("declared", "cut", "length", "said"),
    [
        (None, 0, "-1", "Inference-Header-Content-Length: got '-1'; expected a count of bytes"),
        (None, 0, "²", "Inference-Header-Content-Length: "),
        (None, 0, "9" * 500, "Inference-Header-Content-Length: "),
        (None, 0, "0", "Inference-Header-Content-Length: got 0; expected 1 to "),
        (None, 0, "999999", "Inference-Header-Content-Length: got 999999; expected 1 to "),
        (None, 0, "7", "the body is not valid JSON: "),
        (None, 8, None, "inputs.0.parameters.binary_data_size: got 1944; expected at most 1936"),
        (
            SIZE - 8,
            0,
            None,
            "inputs.0.parameters.binary_data_size: got 1936; expected 1944 bytes, as it is FP64",
        ),
        (SIZE + 8, 0, None, "inputs.0.parameters.binary_data_size: got 1952; expected at most 1944"),
        (2**63, 0, None, "inputs.0.parameters.binary_data_size: got 9223372036854775808"),
        (-1, 0, None, "inputs.0.parameters.binary_data_size: got -1"),
        (None, -3, None, "the body: 3 bytes after the last tensor; expected none"),
    ],
)
async def test_lies_about_lengths_are_told(client, declared, cut: int, length, said: str) -> None:
    body, true_length = binary_body(ROW, declared=declared)
    body = body[: len(body) - cut] if cut >= 0 else body + b"x" * -cut
    header = str(true_length) if length is None else length
    answer = await post(client, body, header)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(said)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e101])
async def test_bytes_that_are_no_usable_number_are_named(client, value: float) -> None:
    rows = np.ones((2, WIDTH))
    rows[1, 5] = value
    answer = await post(client, *binary_body(rows))
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("inputs.0: value at [1, 5] is infinite or beyond 1e100")


async def test_a_body_over_the_limit_is_413(client) -> None:
    answer = await post(client, b" " * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()) == (
        413,
        {"error": "the body is too large; expected at most 1048576 bytes"},
    )


async def test_a_compressed_body_is_415_whatever_lengths_it_tells(client) -> None:
    headers = {"Content-Encoding": "gzip", "Inference-Header-Content-Length": "141"}
    answer = await client.post(f"/v2/models/{CHAMPION}/infer", content=b"\x1f\x8b" * 60, headers=headers)
    said = {"error": "Content-Encoding: got gzip; expected an uncompressed body"}
    assert (answer.status_code, answer.json()) == (415, said)
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("content", [b"[]", b"nope", b'{"ready": 1}'])
async def test_the_index_refuses_what_it_can_t_read(client, content: bytes) -> None:
    answer = await client.post("/v2/repository/index", content=content)
    assert (answer.status_code, [*answer.json()]) == (400, ["error"])
