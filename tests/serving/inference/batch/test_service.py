import io
import json
import tracemalloc

import httpx
import numpy as np
import pyarrow as pa
import pytest

from plant_assets.bundle.bundle import Bundle
from plant_assets.profile.model import PlantProfile
from serving.inference.batch.schemas import ARROW
from serving.settings import ServingSettings
from tests.bundle.factories import raw_table
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(mlflow: FakeMlflow, serving_settings: ServingSettings):
    async with serve(mlflow, serving_settings) as client:
        yield client


def stream(table: pa.Table, compression: str | None = None) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(
        sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)
    ) as writer:
        writer.write_table(table)
    return sink.getvalue()


async def post_arrow(client, content: bytes, accept: str = "application/json") -> httpx.Response:
    headers = {"content-type": ARROW, "accept": accept}
    return await client.post("/predict/batch", content=content, headers=headers)


async def alone(client, rows: list[dict]) -> list[dict]:
    return [(await client.post("/predict", json={"features": row})).json() for row in rows]


@pytest.fixture
def rows(profile: PlantProfile) -> list[dict]:
    """Raw rows with gaps; the third meets an alarm rule."""
    found = raw_table(profile).tail(30).drop("timestamp").to_dicts()
    found[2]["PDT31008_max"] = 350.0
    found[4]["LT301031"] = 1e9
    return [{name.lower(): value for name, value in row.items()} for row in found]


async def test_every_row_is_answered_as_by_itself(client, rows) -> None:
    expected = await alone(client, rows)
    by_rows = (await client.post("/predict/batch", json={"rows": rows})).json()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    by_columns = (await client.post("/predict/batch", json={"columns": columns})).json()
    arrow = (await post_arrow(client, stream(pa.table(columns)))).json()
    for answer in (by_rows, by_columns, arrow):
        assert answer["n_rows"] == len(rows)
        assert answer["risk_score"] == pytest.approx([e["risk_score"] for e in expected], abs=1e-12)
        assert answer["anomaly_probability"] == answer["risk_score"]
        assert answer["alarm"] == [e["alarm"] for e in expected]
        assert answer["rules"] == [[rule["name"] for rule in e["rules"]] for e in expected]
        assert "high_differential_pressure" in answer["rules"][2]
        assert answer["out_of_range"] == {"LT301031": 1}
        assert (answer["model"], answer["version"]) == (CHAMPION_NAME, 1)
        assert "PDT31008_max" in answer["unused"]
        assert "LT301031_*" in answer["imputed"]
        assert answer["n_imputed"] == expected[0]["n_imputed"]


async def test_a_value_stands_for_the_maximum_that_its_row_lacks(client) -> None:
    columns = {"pdt31008": [480.0, 480.0, None], "pdt31008_max": [None, 290.0, 310.0]}
    whole = (await client.post("/predict/batch", json={"columns": columns})).json()
    alone = (await client.post("/predict/batch", json={"columns": {"pdt31008": [480.0, 290.0]}})).json()
    held = ["high_differential_pressure"]
    assert (whole["rules"], alone["rules"]) == ([held, [], held], [held, []])
    assert (whole["alarm"][0], alone["alarm"][0]) == (True, True)


async def test_an_arrow_answer_holds_the_same(client, rows) -> None:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    answer = await post_arrow(client, stream(pa.table(columns)), accept=ARROW)
    assert answer.headers["content-type"] == ARROW
    found = pa.ipc.open_stream(answer.content).read_all()
    same = (await client.post("/predict/batch", json={"columns": columns})).json()
    assert found["risk_score"].to_pylist() == same["risk_score"]
    assert found["alarm"].to_pylist() == same["alarm"]
    assert found["rules"].to_pylist() == same["rules"]
    about = {key.decode(): json.loads(value) for key, value in found.schema.metadata.items()}
    assert (about["model"], about["version"], about["threshold"]) == (CHAMPION_NAME, 1, 0.5)
    traced = await client.get(f"/lineage/{about['prediction_id']}")
    assert traced.status_code == 200


async def test_a_row_without_any_value_is_answered_by_nulls(client) -> None:
    columns = {"pdt31008": [220.0, None, 230.0], "lt301031": [None, None, 40.0]}
    answer = (await client.post("/predict/batch", json={"columns": columns})).json()
    assert [score is None for score in answer["risk_score"]] == [False, True, False]
    assert answer["alarm"][1] is None
    found = pa.ipc.open_stream(
        (await post_arrow(client, stream(pa.table(columns)), ARROW)).content
    ).read_all()
    assert found["risk_score"].null_count == found["alarm"].null_count == 1


async def test_rows_of_all_features_score_as_the_bundle_does(client, bundles) -> None:
    bundle = Bundle.load(bundles["v1"])
    values = np.tile(bundle.reference_rows, (65, 1))[:2_000].astype(np.float32)
    table = pa.table({name: values[:, i] for i, name in enumerate(bundle.names)})
    answer = (await post_arrow(client, stream(table))).json()
    profile = bundle.manifest.profile
    bounds = [profile.tag(n).range if n in profile.tag_names else (-np.inf, np.inf) for n in bundle.names]
    low, high = np.array(bounds).T
    exact = values.astype(np.float64)
    expected = bundle.score(np.where((exact < low) | (exact > high), np.nan, exact))
    given = [score for score in answer["risk_score"] if score is not None]
    kept = ~np.isnan(exact).all(axis=1)
    assert given == pytest.approx(expected[kept], abs=1e-12)


async def test_whole_numbers_and_times_are_taken(client) -> None:
    times = pa.array([0, 3_600_000_000], pa.timestamp("us", "UTC"))
    table = pa.table(
        {"timestamp": times, "PDT31008": pa.array([220, None], pa.int16()), "LT301031": pa.nulls(2)}
    )
    answer = await post_arrow(client, stream(table))
    assert answer.status_code == 200, answer.text
    assert [score is None for score in answer.json()["risk_score"]] == [False, True]


async def test_each_row_may_spell_a_name_in_its_own_way(client) -> None:
    rows = [{"PDT31008": 220.0}, {"pdt31008": 230.0}, {"Pdt31008": None}]
    answer = (await client.post("/predict/batch", json={"rows": rows})).json()
    expected = await alone(client, rows[:2])
    assert answer["risk_score"] == [*(pytest.approx(e["risk_score"], abs=1e-12) for e in expected), None]
    twice = await client.post(
        "/predict/batch", json={"rows": [{"PDT31008": 1.0}, {"PDT31008": 1, "pdt31008": 2}]}
    )
    assert (twice.status_code, twice.json()["detail"][:28]) == (422, "rows.1.pdt31008: given twice")


async def test_times_are_left_out(client) -> None:
    values, times = [220.0, 230.0], ["2024-01-01T00:00Z", "2024-01-01T01:00Z"]
    asked = [
        {"rows": [{"timestamp": t, "PDT31008": v} for t, v in zip(times, values, strict=True)]},
        {"columns": {"Time": times, "PDT31008": values}},
        {"columns": {"PDT31008": values}},
    ]
    answers = [(await client.post("/predict/batch", json=one)).json()["risk_score"] for one in asked]
    assert answers[0] == answers[1] == answers[2]


async def test_a_table_of_few_bytes_and_many_cells_is_refused_before_it_is_built(client) -> None:
    rows = [{f"pdt31008_{row}_{name}_max": 1 for name in range(2)} for row in range(10_000)]
    tracemalloc.start()
    answer = await client.post("/predict/batch", json={"rows": rows})
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(
        "rows: 20000 names in 10000 rows; expected names times rows up to"
    )
    assert most < 100e6


WRONG_JSON = {
    "{}": "neither rows nor columns",
    '{"columns": {"time": ["2024-01-01T00:00Z"]}}': "columns: no value",
    '{"rows": [{}], "columns": {"a": [1]}}': "both rows and columns",
    '{"rows": []}': "rows: got 0; expected at least 1 item",
    '{"rows": [{}, {}]}': "rows: no value",
    '{"columns": {}}': "columns: got 0",
    '{"columns": {"pdt31008": []}}': "columns.pdt31008: got 0",
    '{"columns": {"pdt31008": [1, 2], "lt301031": [1]}}': "columns.lt301031: 1 values; expected 2, as pdt31008",
    '{"columns": {"pdt31008": [1, "x"]}}': "columns.pdt31008.1: got 'x'; expected a number or null",
    '{"columns": {"pdt31008": [1, true]}}': "columns.pdt31008.1",
    '{"rows": [{"pdt31008": 1}, {"pdt31008": "x"}]}': "rows.1.pdt31008: got 'x'",
    '{"rows": [{"pdt31008": 1}, {"pdt31008": 1e200}]}': "rows.1.pdt31008: not finite, or beyond 1e100",
    '{"rows": [{"pdt31008": NaN}]}': "rows.0.pdt31008: not finite",
    '{"rows": [{"pdt31008": Infinity}]}': "rows.0.pdt31008: not finite",
    '{"columns": {"pdt3108": [1]}}': "columns: gas_treatment has no 'pdt3108'; did you mean PDT31008?",
    '{"columns": {"pdt31008": [1], "PDT31008": [1]}}': "columns.PDT31008.0: given twice",
}


@pytest.mark.parametrize("body", WRONG_JSON)
async def test_what_is_wrong_in_json_is_named(client, body: str) -> None:
    answer = await client.post("/predict/batch", content=body)
    assert answer.status_code == 422, answer.text
    assert WRONG_JSON[body] in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [{"rows": [{"pdt31008": 1}] * 10_001}, {"columns": {"pdt31008": [1] * 10_001}}],
    ids=["rows", "columns"],
)
async def test_more_than_ten_thousand_rows_are_refused(client, body: dict) -> None:
    answer = await client.post("/predict/batch", json=body)
    assert answer.status_code == 422
    assert "at most 10000 items" in answer.json()["detail"]


def one(values: pa.Array) -> bytes:
    return stream(pa.table({"PDT31008": values}))


def with_dictionary() -> bytes:
    return one(pa.array(["a", "b"] * 5).dictionary_encode())


def twice() -> bytes:
    fields = [pa.field("PDT31008", pa.float64())] * 2
    return stream(pa.Table.from_arrays([pa.array([1.0])] * 2, schema=pa.schema(fields)))


def nested(depth: int) -> bytes:
    kind = pa.float64()
    for _ in range(depth):
        kind = pa.list_(kind)
    return one(pa.nulls(2, kind))


def wide(columns: int) -> bytes:
    return stream(pa.table({f"c{i}": [1.0] for i in range(columns)}))


WRONG_STREAMS = {
    "empty": (b"", "body: not readable"),
    "no stream": (b"PAR1" * 100, "body: "),
    "a file": (b"ARROW1\0\0" + one(pa.array([1.0])), "body: "),
    "cut": (one(pa.array([1.0] * 1000))[:-4000], "body: not readable"),
    "schema alone": (stream(pa.table({"PDT31008": pa.array([], pa.float64())})), "body: no rows"),
    "text": (
        one(pa.array(["a"])),
        "columns.PDT31008: of type string; expected a column of floats or integers",
    ),
    "truths": (one(pa.array([True])), "columns.PDT31008: of type bool"),
    "decimal": (one(pa.array([1]).cast(pa.decimal128(19, 0))), "columns.PDT31008: of type decimal128"),
    "dictionary": (with_dictionary(), "columns.PDT31008: of type dictionary; expected a column"),
    "nested": (nested(30), "columns.PDT31008: of type list; expected a column"),
    "wide": (wide(5_001), "body: 5001 columns; expected 1 to 5000 columns"),
    "long": (one(pa.array(np.zeros(10_001))), "body: too many rows"),
    "nothing, very often": (one(pa.nulls(2**20)), "body: too many rows"),
    "twice": (twice(), "columns.PDT31008: given twice"),
    "infinite": (one(pa.array([1.0, np.inf])), "columns.PDT31008.1: not finite"),
    "unknown": (stream(pa.table({"PDT3108": [1.0]})), "did you mean PDT31008?"),
    "compressed": (stream(pa.table({"PDT31008": np.zeros(10_000)}), "zstd"), "body: compressed columns"),
    "compressed lz4": (stream(pa.table({"PDT31008": np.zeros(10_000)}), "lz4"), "body: compressed columns"),
    "no columns": (stream(pa.table({})), "body: 0 columns"),
    "many empty columns": (
        stream(pa.table({f"c{i}": pa.nulls(10_000) for i in range(1_001)})),
        "body: 1001 columns of 10000 rows; expected at most 10000000 values",
    ),
    "times only": (
        stream(pa.table({"timestamp": pa.array([0], pa.timestamp("s"))})),
        "body: no numeric columns",
    ),
}


@pytest.mark.parametrize("case", WRONG_STREAMS)
async def test_what_is_wrong_in_a_stream_is_named(client, case: str) -> None:
    content, said = WRONG_STREAMS[case]
    answer = await post_arrow(client, content)
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]
    assert len(answer.content) < 5_000


async def test_no_changed_byte_of_a_stream_is_a_failure_of_the_service(client) -> None:
    sound = stream(pa.table({"PDT31008": [200.0, 210.0], "LT301031": [40.0, None]}))
    for place in range(0, len(sound), 3):
        for value in (0x00, 0x7F, 0xFF):
            changed = sound[:place] + bytes([value]) + sound[place + 1 :]
            assert (await post_arrow(client, changed)).status_code in (200, 422), (place, value)


async def test_a_stream_may_be_four_times_as_large_as_json(client) -> None:
    content = stream(pa.table({"PDT31008": np.full(10_000, 200.0)}))
    padded = content + b"\0" * (2 * 1024 * 1024)
    assert (await post_arrow(client, padded)).status_code != 413
    assert (await post_arrow(client, b"\0" * (4 * 1024 * 1024 + 1))).status_code == 413
    assert (await client.post("/predict/batch", content=b" " * (1024 * 1024 + 1))).status_code == 413


async def test_without_a_champion_it_is_503(mlflow: FakeMlflow, serving_settings: ServingSettings) -> None:
    mlflow.down = True
    async with serve(mlflow, serving_settings) as client:
        answer = await client.post("/predict/batch", json={"rows": [{"pdt31008": 1}]})
    assert (answer.status_code, answer.json()["missing"]) == (503, [CHAMPION_NAME])
