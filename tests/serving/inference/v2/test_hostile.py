"""Requests of nearly the right form: whatever is in them, the server answers and says what is wrong."""

import json
import string
from urllib.parse import quote

import httpx
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.serving.inference.v2.bodies import CHAMPION, HEADER

pytestmark = pytest.mark.services

NUMBERS = st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(), st.none(), st.booleans())
ANY = st.recursive(
    st.one_of(NUMBERS, st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NEAR = {
    "name": st.sampled_from(["features", "LT301031", "x"]) | ANY,
    "shape": st.lists(NUMBERS | st.integers(0, 3), max_size=3) | ANY,
    "datatype": st.sampled_from(["FP64", "BYTES"]) | ANY,
    "data": st.lists(NUMBERS, max_size=4) | ANY,
    "parameters": st.fixed_dictionaries({"binary_data_size": NUMBERS | st.integers(0, 40)}) | ANY,
}
OUTPUT = st.fixed_dictionaries(
    {"name": st.sampled_from(["alarm", "score"]) | ANY},
    optional={"parameters": st.dictionaries(st.sampled_from(["binary_data", "classification"]), ANY) | ANY},
)
AROUND = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(max_size=3) | ANY,
        "parameters": st.fixed_dictionaries({"binary_data_output": st.booleans() | ANY}) | ANY,
        "outputs": st.lists(OUTPUT, max_size=2) | ANY,
    },
)


@st.composite
def tensors(draw: st.DrawFn) -> dict:
    """A sound tensor of a few rows, in JSON or with its bytes elsewhere, of which at most one member is spoilt."""
    rows = draw(st.integers(1, 3))
    tensor = {"name": "PDT31008", "shape": draw(st.sampled_from([[rows], [rows, 1]])), "datatype": "FP32"}
    if draw(st.booleans()):
        tensor["parameters"] = {"binary_data_size": 4 * rows}
    else:
        tensor["data"] = draw(
            st.lists(st.floats(-1e9, 1e9) | st.none() | NUMBERS, min_size=rows, max_size=rows)
        )
    spoilt = draw(st.none() | st.sampled_from(sorted(NEAR)))
    return tensor if spoilt is None else tensor | {spoilt: draw(NEAR[spoilt])}


@st.composite
def requests(draw: st.DrawFn) -> object:
    if draw(st.integers(0, 9)) == 0:
        return draw(ANY)
    inputs = draw(st.lists(tensors(), min_size=1, max_size=2))
    return {"inputs": inputs} | (draw(AROUND) if draw(st.booleans()) else {})


TAILS = st.integers(0, 6).map(lambda n: b"\x00\x00\xc0\x7f" * n) | st.binary(max_size=40)
HEADERS = st.just("right") | st.integers(-2, 2000).map(str) | st.text(string.ascii_letters + string.digits)


@pytest.fixture(scope="module")
def http(server: str):
    with httpx.Client(base_url=f"http://{server}", timeout=60, trust_env=False) as client:
        yield client


@settings(max_examples=300)
@given(asked=requests(), tail=TAILS, header=st.sampled_from([None, "right"]) | HEADERS)
def test_nothing_in_a_request_makes_the_server_fail(
    http: httpx.Client, asked: object, tail: bytes, header: str | None
) -> None:
    head = json.dumps(asked).encode()  # writes NaN and lone surrogates, which are no JSON
    headers = {} if header is None else {HEADER: str(len(head)) if header == "right" else header}
    body = head if header is None else head + tail
    answer = http.post(f"/v2/models/{CHAMPION}/infer", content=body, headers=headers)
    event(str(answer.status_code))
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        assert [*answer.json()] == ["error"]
        assert len(answer.json()["error"]) < 1000


@settings(max_examples=100)
@given(name=st.text(min_size=1, max_size=20), version=st.text(min_size=1, max_size=20))
def test_no_name_makes_the_server_fail(http: httpx.Client, name: str, version: str) -> None:
    for path in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}/ready"):
        answer = http.get(httpx.URL(http.base_url).copy_with(raw_path=_quoted(path)))
        assert answer.status_code == 404
        assert len(answer.content) < 1000


def _quoted(path: str) -> bytes:
    return quote(path, errors="surrogatepass").encode()
