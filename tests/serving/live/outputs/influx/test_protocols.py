"""Requests to InfluxDB 2 and 3, which aren't there to be asked: their paths, headers and answers as documented."""

import gzip
import json

import httpx
import pytest

from serving.live.outputs.consumer import DeliveryError
from serving.live.outputs.influx.address import parse_address
from serving.live.outputs.influx.annotated_csv import StoredValue
from serving.live.outputs.influx.client import LinesRefused, StoreClient, StoreRefusal, new_client
from serving.live.outputs.influx.reader import PointSelection, read_values

pytestmark = pytest.mark.anyio
FLUX_ANSWER = (
    "#datatype,string,long,dateTime:RFC3339,double,string,string,string\r\n"
    "#group,false,false,false,false,true,true,true\r\n#default,_result,,,,,,\r\n"
    ",result,table,_time,_value,_field,_measurement,tag\r\n"
    ",,0,2025-01-01T00:00:00Z,1.5,value,m,FT101\r\n"
)


class RecordedStore:
    """Answers every request alike, and keeps them."""

    def __init__(self, url: str, answer: httpx.Response) -> None:
        self.asked: list[httpx.Request] = []
        address = parse_address(url)
        http = new_client(address, "the-secret")
        http._transport = httpx.MockTransport(lambda request: self._take(request, answer))
        self.client = StoreClient(address, http)

    def _take(self, request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        self.asked.append(request)
        return answer


@pytest.mark.parametrize(
    ("url", "target", "authorization"),
    [
        ("influx2://host/site/live", "/api/v2/write?org=site&bucket=live&precision=ns", "Token the-secret"),
        ("influx3://host/live", "/api/v2/write?bucket=live&precision=ns", "Token the-secret"),
        ("influx1://u@host/live", "/write?db=live&precision=ns", "Basic dTp0aGUtc2VjcmV0"),
        ("victoria://host", "/write?precision=ns", "Bearer the-secret"),
    ],
)
async def test_lines_are_written_as_each_store_takes_them(url: str, target: str, authorization: str) -> None:
    store = RecordedStore(url, httpx.Response(204))
    await store.client.write(["m v=1 1", "m v=2 2"])
    [request] = store.asked
    assert request.url.raw_path.decode() == target
    assert request.headers["authorization"] == authorization
    assert gzip.decompress(request.content) == b"m v=1 1\nm v=2 2\n"


async def test_influxdb_2_is_read_by_flux() -> None:
    store = RecordedStore("influx2://host/site/live", httpx.Response(200, text=FLUX_ANSWER))
    [found] = await read_values(store.client, PointSelection("m", 0, 10, {'a"b': "${x}"}))
    assert found == StoredValue("m", {"tag": "FT101"}, "value", 1.5, 1_735_689_600_000_000, "line 5")
    query = json.loads(store.asked[0].content)["query"]
    assert store.asked[0].url.raw_path.decode() == "/api/v2/query?org=site"
    assert "range(start: time(v: 0), stop: time(v: 10000))" in query
    assert 'r["_measurement"] == "m" and r["a\\"b"] == "\\${x}"' in query


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (401, '{"code":"unauthorized","message":"no"}', StoreRefusal, "401 no; is FOREWARN_TSDB_TOKEN_FILE"),
        (400, '{"error":"unable to parse"}', LinesRefused, "400 unable to parse"),
        (413, "too large", LinesRefused, "413 too large"),
        (429, "", DeliveryError, "429 Too Many Requests"),
        (503, "<html>\nbusy</html>", DeliveryError, "503 <html> busy</html>"),
    ],
)
async def test_what_an_answer_means(status: int, body: str, kind: type[DeliveryError], said: str) -> None:
    store = RecordedStore("influx2://host/site/live", httpx.Response(status, text=body))
    with pytest.raises(DeliveryError) as raised:
        await store.client.write(["m v=1 1"])
    assert type(raised.value) is kind
    assert said in str(raised.value)
    assert "the-secret" not in str(raised.value)


@pytest.mark.parametrize("body", ["nonsense", "[]", '{"results":[{"error":"no such thing"}]}'])
async def test_an_answer_that_is_not_understood_is_told(body: str) -> None:
    store = RecordedStore("influx1://host/live", httpx.Response(200, text=body))
    with pytest.raises(DeliveryError, match="an answer that isn't understood"):
        await read_values(store.client, PointSelection("m", 0, 10))
